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

void redis_arg_minus(struct sbuf *out, uint64_t value)
{
    char text[24], *end = text + sizeof text, *p = decimal(end, value);
    *--p = '-';
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

void redis_arg_group(struct sbuf *out, const char *version, const char *group)
{
    char text[8], *end = text + sizeof text;
    *--end = ':';
    *--end = '}';
    char *bucket = decimal(end, redis_bucket(group));
    *--bucket = '{';
    *--bucket = ':';
    size_t v = strlen(version), g = strlen(group), b = (size_t)(text + sizeof text - bucket);
    header(out, '$', 6 + v + b + g);
    sbuf_add(out, "vouch:", 6);
    sbuf_add(out, version, v);
    sbuf_add(out, bucket, b);
    sbuf_add(out, group, g);
    sbuf_add(out, "\r\n", 2);
}

static void arg_name(struct sbuf *out, const char *version, const char *rest)
{
    char name[6 + STORE_VERSION_MAX + 16];
    snprintf(name, sizeof name, "vouch:%s:%s", version, rest);
    redis_arg(out, name);
}

void redis_arg_watermarks(struct sbuf *out, const char *version)
{
    arg_name(out, version, "watermarks");
}

void redis_arg_stamp(struct sbuf *out, const char *version, unsigned bucket)
{
    char rest[16];
    snprintf(rest, sizeof rest, "stamp:{%u}", bucket);
    arg_name(out, version, rest);
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
