/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a Redis is, from the URL of a store. Users and passwords do not stand in URLs, which end up
 * in logs and process lists. */
#include <stdio.h>
#include <string.h>
#include "errors.h"
#include "redis_address.h"
#include "span.h"

static int wrong(char *error_r, size_t size, const char *why)
{
    snprintf(error_r, size, "%s", why);
    return VOUCH_E_SYNTAX;
}

static int copy(struct span s, char *to, size_t size)
{
    if (s.len == 0 || s.len >= size || memchr(s.p, '\0', s.len))
        return VOUCH_E_SYNTAX;
    memcpy(to, s.p, s.len);
    to[s.len] = '\0';
    return 0;
}

static int parse_db(struct span s, unsigned *db_r, char *error_r, size_t size)
{
    uint64_t db;
    if (span_uint(s, REDIS_DB_MAX, &db) != 0)
        return wrong(error_r, size, "the database must be a number from 0 to 99999");
    *db_r = (unsigned)db;
    return 0;
}

/* Takes the host off *rest: up to the ':' before the port, or all; "[...]" for IPv6. */
static struct span take_host(struct span *rest)
{
    struct span host;
    ptrdiff_t end;
    if (rest->len > 0 && rest->p[0] == '[' && (end = span_index(*rest, ']', 1)) > 0) {
        host = span_slice(*rest, 1, (size_t)end);
        end++;
    } else {
        end = span_index(*rest, ':', 0);
        if (end < 0)
            end = (ptrdiff_t)rest->len;
        host = span_slice(*rest, 0, (size_t)end);
    }
    *rest = span_slice(*rest, (size_t)end, rest->len);
    return host;
}

int redis_address_tcp(const char *text, struct redis_address *a_r, char *error_r, size_t size)
{
    struct span rest = span_of(text);
    ptrdiff_t slash = span_index(rest, '/', 0);
    uint64_t port = 6379;
    memset(a_r, 0, sizeof *a_r);
    if (span_index(rest, '@', 0) >= 0)
        return wrong(error_r, size,
                     "user and password do not belong into a URL: vouch.conf has settings and a "
                     "password file for them");
    if (slash >= 0) {
        struct span db = span_slice(rest, (size_t)slash + 1, rest.len);
        if (db.len > 0 && parse_db(db, &a_r->db, error_r, size) != 0)
            return VOUCH_E_SYNTAX;
        rest = span_slice(rest, 0, (size_t)slash);
    }
    if (copy(take_host(&rest), a_r->host, sizeof a_r->host) != 0)
        return wrong(error_r, size, "the host is missing or too long");
    if (rest.len > 0 && (rest.p[0] != ':' ||
                         span_uint(span_slice(rest, 1, rest.len), 65535, &port) != 0 || port == 0))
        return wrong(error_r, size, "the port must be a number from 1 to 65535");
    snprintf(a_r->port, sizeof a_r->port, "%u", (unsigned)port);
    return 0;
}

int redis_address_unix(const char *text, struct redis_address *a_r, char *error_r, size_t size)
{
    struct span path = span_of(text), db;
    ptrdiff_t question = span_index(path, '?', 0);
    memset(a_r, 0, sizeof *a_r);
    if (question >= 0) {
        db = span_slice(path, (size_t)question + 1, path.len);
        path = span_slice(path, 0, (size_t)question);
        if (!span_istarts(db, "db="))
            return wrong(error_r, size, "only ?db=N may follow the path");
        if (parse_db(span_slice(db, 3, db.len), &a_r->db, error_r, size) != 0)
            return VOUCH_E_SYNTAX;
    }
    if (path.len == 0 || path.p[0] != '/')
        return wrong(error_r, size, "the path of the socket must begin with '/'");
    if (copy(path, a_r->path, sizeof a_r->path) != 0)
        return wrong(error_r, size, "the path of the socket is too long (at most 107 bytes)");
    return 0;
}
