/* SPDX-License-Identifier: BSD-2-Clause */
/* The forms that the text values of vouch.conf must have. Nothing is looked up here: whether a
 * file, user or server exists is seen by the program that uses it. */
#include "schema.h"
#include <string.h>
#include "arena.h"
#include "ascii.h"
#include "http_address.h"
#include "ipaddr.h"

static bool all_of(const char *value, const char *extra)
{
    for (const char *p = value; *p; p++)
        if (!ascii_is_alnum(*p) && !strchr(extra, *p))
            return false;
    return *value != '\0';
}

static const char *after(const char *value, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(value, prefix, n) == 0 ? value + n : NULL;
}

static bool is_port(const char *text, size_t len)
{
    uint64_t port;
    return span_uint(span_make(text, len), 65535, &port) == 0 && port > 0;
}

bool schema_check_text(struct arena *arena, const char *value, const char **value_r)
{
    (void)arena;
    for (const char *p = value; *p; p++)
        if (!ascii_is_visible(*p) && *p != ' ')
            return false;
    *value_r = value;
    return true;
}

bool schema_check_name(struct arena *arena, const char *value, const char **value_r)
{
    (void)arena;
    *value_r = value;
    return all_of(value, "_-.");
}

bool schema_check_account(struct arena *arena, const char *value, const char **value_r)
{
    (void)arena;
    *value_r = value;
    return all_of(value, "_-.") && value[0] != '-';
}

bool schema_check_domain(struct arena *arena, const char *value, const char **value_r)
{
    char domain[DOMAIN_MAX + 1];
    *value_r = domain_normalize(span_of(value), domain) == 0 ? arena_strdup(arena, domain) : NULL;
    return *value_r != NULL;
}

/* The local-part stays as it is written, the domain becomes A-labels: this goes to the MTA. */
bool schema_check_mailbox(struct arena *arena, const char *value, const char **value_r)
{
    char domain[DOMAIN_MAX + 1];
    const char *at = strrchr(value, '@'), *plain;
    if (!at || at == value || strpbrk(value, " ,;<>") ||
        domain_normalize(span_of(at + 1), domain) != 0)
        return false;
    *value_r = arena_printf(arena, "%.*s@%s", (int)(at - value), value, domain);
    return *value_r && schema_check_text(arena, *value_r, &plain);
}

bool schema_check_release(struct arena *arena, const char *value, const char **value_r)
{
    const char *port = strrchr(value, ':');
    bool sendmail = strncmp(value, "sendmail:/", 10) == 0;
    bool smtp = strncmp(value, "smtp://", 7) == 0 && port > value + 7 && port[1];
    return (sendmail || smtp) && schema_check_text(arena, value, value_r);
}

bool schema_check_path(struct arena *arena, const char *value, const char **value_r)
{
    return value[0] == '/' && value[1] != '\0' && schema_check_text(arena, value, value_r);
}

/* A path, or "" for none. */
bool schema_check_directory(struct arena *arena, const char *value, const char **value_r)
{
    *value_r = value;
    return value[0] == '\0' || schema_check_path(arena, value, value_r);
}

/* It becomes the name of a directory. */
bool schema_check_writer(struct arena *arena, const char *value, const char **value_r)
{
    return value[0] != '.' && schema_check_account(arena, value, value_r);
}

/* RFC 5322 s3.6.8: visible characters but ":". What vouch writes itself is no other filter's. */
static bool is_filter_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_visible(name.p[i]))
            return false;
    return name.len > 0 && !span_istarts(name, "X-Vouch");
}

/* Brought into the form "Name: pattern". */
bool schema_check_filter(struct arena *arena, const char *value, const char **value_r)
{
    struct span pattern = span_of(value), name;
    if (!schema_check_text(arena, value, value_r) || !span_split(&pattern, ':', &name))
        return false;
    pattern = span_trim(pattern);
    if (!is_filter_name(name) || pattern.len == 0)
        return false;
    *value_r = arena_printf(arena, "%.*s: %.*s", SPAN_ARGS(name), SPAN_ARGS(pattern));
    return *value_r != NULL;
}

bool schema_check_store(struct arena *arena, const char *value, const char **value_r)
{
    static const char *const with_more[] = {"lmdb:/", "redis://", "redis+unix:/"};
    static const char *const whole[] = {"memory:", "none", "fail:", "fail:uncertain"};
    if (!schema_check_text(arena, value, value_r) || strchr(value, '@'))
        return false;
    for (size_t i = 0; i < sizeof with_more / sizeof *with_more; i++) {
        const char *rest = after(value, with_more[i]);
        if (rest && *rest)
            return true;
    }
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strcmp(value, whole[i]) == 0)
            return true;
    return after(value, "memory:/") != NULL;
}

bool schema_check_socket(struct arena *arena, const char *value, const char **value_r)
{
    const char *path = after(value, "unix:");
    const char *port = after(value, "inet:") ? after(value, "inet:") : after(value, "inet6:");
    const char *at = port ? strchr(port, '@') : NULL;
    if (!schema_check_text(arena, value, value_r))
        return false;
    if (path)
        return path[0] == '/' && path[1] != '\0';
    return at && is_port(port, (size_t)(at - port)) && all_of(at + 1, ".:-_");
}

bool schema_check_dns_server(struct arena *arena, const char *value, const char **value_r)
{
    struct ipaddr ip;
    char text[IPADDR_TEXT];
    const char *at = strchr(value, '@');
    size_t len = at ? (size_t)(at - value) : strlen(value);
    if (ipaddr_parse(span_make(value, len), &ip) != 0 || (at && !is_port(at + 1, strlen(at + 1))))
        return false;
    *value_r = arena_printf(arena, "%s%s", ipaddr_format(&ip, text), at ? at : "");
    return *value_r != NULL;
}

bool schema_check_http(struct arena *arena, const char *value, const char **value_r)
{
    struct http_address address;
    return schema_check_text(arena, value, value_r) && http_address_parse(value, &address) == 0;
}

bool schema_check_log(struct arena *arena, const char *value, const char **value_r)
{
    (void)arena;
    *value_r = value;
    return strcmp(value, "syslog") == 0 || strcmp(value, "stderr") == 0;
}
