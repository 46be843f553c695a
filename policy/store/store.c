/* SPDX-License-Identifier: BSD-2-Clause */
/* The model: chooses the backend by the URL's scheme, checks arguments once for all of them, and
 * gives the backends that answer at once their queries. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model_lines.h"
#include "store_order.h"
#include "store_ops.h"

static const struct {
    const char *scheme;
    store_open_fn *open;
} backends[] = {
    {"lmdb:", store_lmdb_open},
    {"redis://", store_redis_tcp_open},
    {"redis+unix:", store_redis_unix_open},
    {"memory:", store_memory_open},
    {"fail:", store_fail_open},
};
#define BACKEND_COUNT (sizeof backends / sizeof *backends)

struct store *store_refuse(const char *scheme, const char *rest, const char *why, char *error_r,
                           size_t size)
{
    /* what may be a password is not repeated */
    snprintf(error_r, size, "store '%s%s': %s", scheme, strchr(rest, '@') ? "..." : rest, why);
    errno = EINVAL;
    return NULL;
}

static const char *unknown_scheme(const char *url)
{
    return strncmp(url, "rediss:", 7) == 0
               ? "Redis over TLS is not supported; use redis+unix:PATH to a TLS proxy on this host"
               : "not a store; accepted: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH, memory:, "
                 "memory:FILE, none";
}

struct store *store_open(const char *url, const struct store_options *options, char *error_r,
                         size_t size)
{
    store_open_fn *opener = NULL;
    const char *rest = "";
    assert(options->half_life > 0);
    if (strcmp(url, "none") == 0)
        opener = store_none_open;
    for (size_t i = 0; i < BACKEND_COUNT && !opener; i++) {
        size_t n = strlen(backends[i].scheme);
        if (strncmp(url, backends[i].scheme, n) == 0) {
            opener = backends[i].open;
            rest = url + n;
        }
    }
    if (!opener)
        return store_refuse("", url, unknown_scheme(url), error_r, size);
    if (options->version && !store_version_valid(options->version))
        return store_refuse("", url, "a version's name is 1 to 32 letters, digits, '.', '_', '-'",
                            error_r, size);
    struct store *s = opener(rest, options, error_r, size);
    if (s) {
        s->read_only = options->read_only;
        s->half_life = options->half_life;
        if (options->version)
            snprintf(s->version, sizeof s->version, "%s", options->version);
    }
    return s;
}

void store_close(struct store **sp)
{
    if (*sp) {
        store_fits_free(*sp);
        (*sp)->ops->close(*sp);
    }
    *sp = NULL;
}

/* The query of a backend that answers at once: it has its answer from the beginning. */
struct answered {
    struct store_query query;
    int outcome;
    size_t count;
    struct store_value values[];
};

static struct store_query *answer(struct store *s, const struct store_key *keys, size_t count)
{
    if (count > (SIZE_MAX - sizeof(struct answered)) / sizeof(struct store_value))
        return NULL;
    struct answered *a = malloc(sizeof *a + count * sizeof *a->values);
    if (!a)
        return NULL;
    a->query.store = s;
    a->count = count;
    a->outcome = s->ops->get(s, keys, count, a->values);
    return &a->query;
}

struct store_query *store_ask(struct store *s, const struct store_key *keys, size_t count)
{
    return s->ops->get ? answer(s, keys, count) : s->ops->ask(s, keys, count);
}

bool store_ready(struct store_query *q)
{
    return q->store->ops->get || q->store->ops->ready(q);
}

int store_wait(struct store_query **qp, int64_t deadline_ms, struct store_value *values_r)
{
    struct store_query *q = *qp;
    *qp = NULL;
    if (!q->store->ops->get)
        return q->store->ops->wait(q, deadline_ms, values_r);
    struct answered *a = (struct answered *)q;
    int outcome = a->outcome;
    if (a->count)
        memcpy(values_r, a->values, a->count * sizeof *values_r);
    free(a);
    return outcome;
}

void store_cancel(struct store_query **qp)
{
    struct store_query *q = *qp;
    *qp = NULL;
    if (!q)
        return;
    if (q->store->ops->get)
        free(q);
    else
        q->store->ops->cancel(q);
}

int store_check_write(const struct store *s, const void *items, size_t size, size_t count,
                      const char *writer)
{
    if (s->read_only) {
        errno = EROFS;
        return VOUCH_E_IO;
    }
    for (size_t i = 0; i < count; i++)
        if (!model_key_valid((const void *)((const char *)items + i * size)))
            return VOUCH_E_RANGE;
    return strlen(writer) > STORE_WRITER_MAX ? VOUCH_E_RANGE : 0;
}

int store_change(struct store *s, const struct store_key *keys, size_t count,
                 store_compute *compute, void *arg, const char *writer, uint64_t watermark)
{
    struct store_order order;
    int rc = store_check_write(s, keys, sizeof *keys, count, writer);
    if (rc != 0)
        return rc;
    rc = store_order_init(&order, keys, count, compute, arg);
    if (rc == 0)
        rc = s->ops->change(s, order.keys, count, order.compute, order.arg, writer, watermark);
    store_order_clear(&order);
    return rc;
}

int store_watermark(struct store *s, const char *writer, uint64_t *watermark_r)
{
    return s->ops->watermark(s, writer, watermark_r);
}

int store_watermarks(struct store *s, int (*each)(void *, const char *writer, uint64_t watermark),
                     void *arg)
{
    return s->ops->watermarks(s, each, arg);
}

int store_scan_bytes(struct store *s,
                     int (*each)(void *, const struct store_key *, struct span value), void *arg)
{
    return s->ops->scan_bytes(s, each, arg);
}

int store_remove(struct store *s, bool (*match)(void *, const struct store_key *), void *arg,
                 uint64_t *removed_r)
{
    int rc = store_check_write(s, NULL, 0, 0, "");
    *removed_r = 0;
    return rc ? rc : s->ops->remove(s, match, arg, removed_r);
}

bool store_version_valid(const char *version)
{
    size_t n = strspn(version, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return n > 0 && n <= STORE_VERSION_MAX && version[n] == '\0';
}

int store_versions(struct store *s, int (*each)(void *, const struct store_version_info *),
                   void *arg)
{
    return s->ops->versions(s, each, arg);
}

int store_activate(struct store *s, const char *version)
{
    int rc = store_check_write(s, NULL, 0, 0, "");
    if (rc != 0 || !store_version_valid(version))
        return rc ? rc : VOUCH_E_RANGE;
    return s->ops->activate(s, version);
}

int store_drop(struct store *s, const char *version)
{
    int rc = store_check_write(s, NULL, 0, 0, "");
    if (rc != 0 || !store_version_valid(version))
        return rc ? rc : VOUCH_E_RANGE;
    return s->ops->drop(s, version);
}

const char *store_version(struct store *s)
{
    return s->ops->version(s);
}

enum store_breaker store_breaker(struct store *s)
{
    return s->ops->breaker ? s->ops->breaker(s) : STORE_BREAKER_CLOSED;
}

void store_state(struct store *s, char *text_r, size_t size)
{
    s->ops->state(s, text_r, size);
    size_t n = strlen(text_r);
    if (atomic_load(&s->unreadable))
        snprintf(text_r + n, size - n, "%sholds values of another version of vouch",
                 n > 0 ? "; " : "");
}
