/* SPDX-License-Identifier: BSD-2-Clause */
/* The layout of the model in Redis, and RESP (the Redis serialization protocol, version 2) for
 * commands. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "redis_names.h"

bool redis_version_valid(const char *version)
{
    size_t n = strspn(version, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return n > 0 && n <= REDIS_VERSION_MAX && version[n] == '\0';
}

const char *redis_key_group(const char *key, const char *version)
{
    size_t n = strlen(version);
    if (strncmp(key, "vouch:", 6) != 0 || strncmp(key + 6, version, n) != 0 ||
        strncmp(key + 6 + n, ":{", 2) != 0)
        return NULL;
    const char *end = strstr(key + 6 + n, "}:");
    return end && end[2] ? end + 2 : NULL;
}

/* TYPE NUMBER CR LF. Written by hand: a message has a hundred of them. */
static void header(struct sbuf *out, char type, uint64_t n)
{
    char text[24], *p = text + sizeof text;
    *--p = '\n';
    *--p = '\r';
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
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
    char text[21];
    snprintf(text, sizeof text, "%" PRIu64, value);
    redis_arg(out, text);
}

void redis_get_active(struct sbuf *out)
{
    redis_command(out, 2);
    redis_arg(out, "GET");
    redis_arg(out, REDIS_ACTIVE);
}

void redis_arg_group(struct sbuf *out, const char *version, const char *group)
{
    char bucket[8];
    int n = snprintf(bucket, sizeof bucket,
                     ":{%u}:", (unsigned)(span_fnv1a(span_of(group), SPAN_FNV1A) & 255));
    size_t v = strlen(version), g = strlen(group);
    header(out, '$', 6 + v + (size_t)n + g);
    sbuf_add(out, "vouch:", 6);
    sbuf_add(out, version, v);
    sbuf_add(out, bucket, (size_t)n);
    sbuf_add(out, group, g);
    sbuf_add(out, "\r\n", 2);
}

static void arg_name(struct sbuf *out, const char *version, const char *rest)
{
    char name[6 + REDIS_VERSION_MAX + 16];
    snprintf(name, sizeof name, "vouch:%s:%s", version, rest);
    redis_arg(out, name);
}

void redis_arg_watermarks(struct sbuf *out, const char *version)
{
    arg_name(out, version, "watermarks");
}

void redis_arg_pattern(struct sbuf *out, const char *version)
{
    arg_name(out, version, "{*}:*");
}
