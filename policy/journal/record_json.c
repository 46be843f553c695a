/* SPDX-License-Identifier: BSD-2-Clause */
/* The record's long form: JSON (RFC 8259), with the fields of the schema in their order. Written
 * straight into a buffer: a journal has millions of records to print. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "record_plain.h"
#include "sbuf.h"
#include "utf8.h"

#define LINE_MAX ((size_t)1 << 28) /* bytes: a message of many recipients, all of it escaped */

/* What is no UTF-8 is replaced, so that the line is always valid JSON. */
static void put_clean(struct sbuf *out, struct span s)
{
    if (utf8_valid(s))
        sbuf_addspan(out, s);
    else
        utf8_append(out, s);
}

static bool is_plain(char c)
{
    return (unsigned char)c >= ' ' && c != '"' && c != '\\' && c != 0x7f;
}

/* The character at s, if a terminal would obey it rather than show it: C1 controls (U+0080 to U+009F),
 * and U+202A to U+202E and U+2066 to U+2069, which turn the line around. 0: it is none. */
static unsigned command_at(const char *s)
{
    unsigned char a = (unsigned char)s[0], b = a ? (unsigned char)s[1] : 0;
    unsigned char c = a == 0xe2 && b ? (unsigned char)s[2] : 0;
    if (a == 0xc2 && b >= 0x80 && b <= 0x9f)
        return b;
    if (a == 0xe2 && b == 0x80 && c >= 0xaa && c <= 0xae)
        return 0x2000u + c - 0x80;
    if (a == 0xe2 && b == 0x81 && c >= 0xa6 && c <= 0xa9)
        return 0x2040u + c - 0x80;
    return 0;
}

static void put_escaped(struct sbuf *out, char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *known = strchr(from, c);
    if (known)
        sbuf_addf(out, "\\%c", to[known - from]);
    else
        sbuf_addf(out, "\\u%04X", (unsigned)c);
}

static void put_text(struct sbuf *out, const char *s)
{
    sbuf_addc(out, '"');
    while (*s) {
        size_t n = 0;
        while (s[n] && is_plain(s[n]) && !command_at(s + n))
            n++;
        put_clean(out, span_make(s, n));
        s += n;
        unsigned command = command_at(s);
        if (command)
            sbuf_addf(out, "\\u%04X", command);
        else if (*s)
            put_escaped(out, *s);
        s += command > 0xff ? 3 : command ? 2 : *s != '\0';
    }
    sbuf_addc(out, '"');
}

static void put_null(struct sbuf *out)
{
    sbuf_adds(out, "null");
}

static void put_whole(struct sbuf *out, const struct plain_field *f, int64_t n)
{
    char when[32];
    if (n == PLAIN_NULL && f->nullable)
        put_null(out);
    else if (f->type != PLAIN_TIME)
        sbuf_addf(out, "%lld", (long long)n);
    else {
        record_time(n, when);
        put_text(out, when);
    }
}

/* A number that is read as a real one: always with a point or an exponent. */
static void put_real(struct sbuf *out, double x)
{
    char text[32];
    if (!isfinite(x)) {
        put_null(out);
        return;
    }
    snprintf(text, sizeof text, "%.9g", round(x * 1e6) / 1e6);
    sbuf_adds(out, text);
    if (!strpbrk(text, ".e"))
        sbuf_adds(out, ".0");
}

static void put_part(struct sbuf *out, const struct plain_shape *shape, const void *at);
static void put_value(struct sbuf *out, const struct plain_field *f, const void *at);

static void put_list(struct sbuf *out, const struct plain_shape *shape, const struct plain_list *l)
{
    const char *item = l->items;
    sbuf_addc(out, '[');
    for (size_t i = 0; i < l->count; i++, item += shape->size) {
        if (i > 0)
            sbuf_addc(out, ',');
        if (shape->bare)
            put_value(out, shape->fields, item);
        else
            put_part(out, shape, item);
    }
    sbuf_addc(out, ']');
}

static void put_value(struct sbuf *out, const struct plain_field *f, const void *at)
{
    switch (f->type) {
    case PLAIN_TEXT: {
        const char *s = *(const char *const *)at;
        if (s)
            put_text(out, s);
        else
            put_null(out);
        break;
    }
    case PLAIN_INT:
    case PLAIN_LONG:
    case PLAIN_TIME:
        put_whole(out, f, *(const int64_t *)at);
        break;
    case PLAIN_REAL:
        put_real(out, *(const double *)at);
        break;
    case PLAIN_BIT: {
        signed char bit = *(const signed char *)at;
        sbuf_adds(out, bit < 0 ? "null" : bit ? "true" : "false");
        break;
    }
    case PLAIN_PART: {
        const void *part = plain_part(f, at);
        if (part)
            put_part(out, f->of, part);
        else
            put_null(out);
        break;
    }
    case PLAIN_LIST:
        put_list(out, f->of, at);
        break;
    }
}

static void put_part(struct sbuf *out, const struct plain_shape *shape, const void *at)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct plain_field *f = &shape->fields[i];
        sbuf_addc(out, i ? ',' : '{');
        sbuf_addc(out, '"');
        sbuf_adds(out, f->name);
        sbuf_adds(out, "\":");
        put_value(out, f, (const char *)at + f->offset);
    }
    sbuf_addc(out, '}');
}

char *plain_json(const struct plain_record *p)
{
    struct sbuf out;
    sbuf_init(&out, LINE_MAX);
    put_part(&out, &plain_record_shape, p);
    if (out.failed)
        sbuf_clear(&out);
    return out.p;
}

char *record_json(const struct record *r)
{
    struct plain_record p;
    struct arena *arena = arena_new(SIZE_MAX);
    char *line = arena && plain_fill(arena, r, false, &p) == 0 ? plain_json(&p) : NULL;
    arena_free(&arena);
    return line;
}
