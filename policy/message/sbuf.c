/* SPDX-License-Identifier: BSD-2-Clause */
/* A growing byte string. Invariant: p is NULL and cap 0, or len < cap and p[len] is NUL. */
#include "sbuf.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"

#define SBUF_FIRST 256 /* bytes of the first allocation */

void sbuf_init(struct sbuf *b, size_t max)
{
    *b = (struct sbuf){.max = max};
}

void sbuf_clear(struct sbuf *b)
{
    free(b->p);
    sbuf_init(b, b->max);
}

void sbuf_reset(struct sbuf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->p)
        b->p[0] = '\0';
}

/* Room for n more bytes and a NUL. */
static bool reserve(struct sbuf *b, size_t n)
{
    if (b->failed || n > b->max - b->len || n > SIZE_MAX - b->len - 1)
        goto fail;
    if (n < b->cap - b->len)
        return true;
    size_t cap = b->cap ? b->cap : SBUF_FIRST;
    while (cap <= b->len + n)
        cap = cap > SIZE_MAX / 2 ? b->len + n + 1 : cap * 2;
    char *p = realloc(b->p, cap);
    if (!p)
        goto fail;
    b->p = p;
    b->cap = cap;
    return true;
fail:
    b->failed = true;
    return false;
}

void sbuf_add(struct sbuf *b, const void *p, size_t n)
{
    if (!reserve(b, n))
        return;
    if (n)
        memcpy(b->p + b->len, p, n);
    b->len += n;
    b->p[b->len] = '\0';
}

void sbuf_adds(struct sbuf *b, const char *s)
{
    sbuf_add(b, s, strlen(s));
}

void sbuf_addc(struct sbuf *b, char c)
{
    if (!reserve(b, 1))
        return;
    b->p[b->len++] = c;
    b->p[b->len] = '\0';
}

void sbuf_addspan(struct sbuf *b, struct span s)
{
    sbuf_add(b, s.p, s.len);
}

void sbuf_addf(struct sbuf *b, const char *format, ...)
{
    va_list args;
    size_t room = b->cap - b->len;
    va_start(args, format);
    int n = vsnprintf(room ? b->p + b->len : NULL, room, format, args);
    va_end(args);
    b->failed = b->failed || n < 0;
    if (!reserve(b, n < 0 ? 0 : (size_t)n)) {
        if (room)
            b->p[b->len] = '\0';
        return;
    }
    if ((size_t)n >= room) {
        va_start(args, format);
        vsnprintf(b->p + b->len, (size_t)n + 1, format, args);
        va_end(args);
    }
    b->len += (size_t)n;
}

const char *sbuf_str(const struct sbuf *b)
{
    return b->p ? b->p : "";
}

struct span sbuf_span(const struct sbuf *b)
{
    return (struct span){sbuf_str(b), b->len};
}

char *sbuf_to_arena(struct sbuf *b, struct arena *arena)
{
    char *text = b->failed ? NULL : arena_span(arena, sbuf_span(b));
    sbuf_clear(b);
    return text;
}
