/* SPDX-License-Identifier: BSD-2-Clause */
/* The layout of the model in Redis, and RESP (the Redis serialization protocol, version 2) for
 * commands. */
#include <stdio.h>
#include <string.h>
#include "redis_names.h"
#include "store.h"

const char *redis_key_group(const char *key, const char *version)
{
    size_t n = strlen(version);
    if (strncmp(key, "vouch:", 6) != 0 || strncmp(key + 6, version, n) != 0 ||
        strncmp(key + 6 + n, ":{", 2) != 0)
        return NULL;
    const char *end = strstr(key + 6 + n, "}:");
    return end && end[2] ? end + 2 : NULL;
}

/* value in decimal, ending before end; where it begins. Written by hand: a message has a hundred of
 * them, a change thousands. */
static char *decimal(char *end, uint64_t value)
{
    do
        *--end = (char)('0' + value % 10);
    while (value /= 10);
    return end;
}

/* TYPE NUMBER CR LF */
static void header(struct sbuf *out, char type, uint64_t n)
{
    char text[24], *end = text + sizeof text;
    *--end = '\n';
    *--end = '\r';
    char *p = decimal(end, n);
    *--p = type;
    sbuf_add(out, p, (size_t)(text + sizeof text - p));
}

void redis_command(struct sbuf *out, size_t arguments)
{
    header(out, '*', arguments);
}

void redis_arg_bytes(struct sbuf *out, const void *p, size_t n)
{
    header(out, '$', n);
    sbuf_add(out, p, n);
    sbuf_add(out, "\r\n", 2);
}

void redis_arg(struct sbuf *out, const char *s)
{
    redis_arg_bytes(out, s, strlen(s));
}

void redis_arg_uint(struct sbuf *out, uint64_t value)
{
    char text[24], *end = text + sizeof text, *p = decimal(end, value);
    redis_arg_bytes(out, p, (size_t)(end - p));
}

void redis_get_active(struct sbuf *out)
{
    redis_command(out, 2);
    redis_arg(out, "GET");
    redis_arg(out, REDIS_ACTIVE);
}

unsigned redis_bucket(const char *group)
{
    return span_fnv1a(span_of(group), SPAN_FNV1A) % REDIS_BUCKETS;
}

struct span redis_bucket_text(const char *group, char text[REDIS_BUCKET_TEXT])
{
    char *end = text + REDIS_BUCKET_TEXT, *p = end;
    *--p = ':';
    *--p = '}';
    p = decimal(p, redis_bucket(group));
    *--p = '{';
    *--p = ':';
    return span_make(p, (size_t)(end - p));
}

void redis_arg_group(struct sbuf *out, const char *version, const char *group)
{
    char text[REDIS_BUCKET_TEXT];
    struct span b = redis_bucket_text(group, text), v = span_of(version), g = span_of(group);
    header(out, '$', REDIS_PREFIX.len + v.len + b.len + g.len);
    sbuf_addspan(out, REDIS_PREFIX);
    sbuf_addspan(out, v);
    sbuf_addspan(out, b);
    sbuf_addspan(out, g);
    sbuf_add(out, "\r\n", 2);
}

static void arg_prefixed(struct sbuf *out, const char *prefix, const char *s)
{
    size_t n = strlen(prefix), len = strlen(s);
    header(out, '$', n + len);
    sbuf_add(out, prefix, n);
    sbuf_add(out, s, len);
    sbuf_add(out, "\r\n", 2);
}

void redis_arg_writer(struct sbuf *out, const char *writer)
{
    arg_prefixed(out, REDIS_WRITER, writer);
}

void redis_arg_stamp(struct sbuf *out, unsigned bucket)
{
    char text[24], *end = text + sizeof text - 1;
    *end = '\0';
    arg_prefixed(out, "s:", decimal(end, bucket));
}

static void arg_name(struct sbuf *out, const char *version, const char *rest)
{
    char name[6 + STORE_VERSION_MAX + 16];
    snprintf(name, sizeof name, "vouch:%s:%s", version, rest);
    redis_arg(out, name);
}

void redis_arg_state(struct sbuf *out, const char *version)
{
    arg_name(out, version, "state");
}

void redis_arg_turn(struct sbuf *out, const char *version)
{
    arg_name(out, version, "turn");
}

void redis_arg_groups(struct sbuf *out, const char *version)
{
    arg_name(out, version, "{*}:*");
}

void redis_arg_all(struct sbuf *out, const char *version)
{
    arg_name(out, version, "*");
}
