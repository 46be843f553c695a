/* SPDX-License-Identifier: BSD-2-Clause */
/* The record's long form: JSON, with the fields of the schema in their order. */
#include <jansson.h>
#include <math.h>
#include "record_plain.h"
#include "sbuf.h"
#include "utf8.h"

#define TEXT_MAX (1 << 24) /* bytes of one text */

/* What is no UTF-8 is replaced, so that the line is always valid JSON. NULL: out of memory. */
static json_t *text(const char *s)
{
    struct sbuf clean;
    json_t *j = json_string(s);
    if (j)
        return j;
    sbuf_init(&clean, TEXT_MAX);
    utf8_append(&clean, span_of(s));
    j = clean.failed ? NULL : json_string(sbuf_str(&clean));
    sbuf_clear(&clean);
    return j;
}

static json_t *when(int64_t us)
{
    char buf[32];
    record_time(us, buf);
    return json_string(buf);
}

static json_t *part(const struct plain_shape *shape, const void *at);
static json_t *value(const struct plain_field *f, const void *at);

static json_t *list(const struct plain_shape *shape, const struct plain_list *l)
{
    json_t *j = json_array();
    const char *item = l->items;
    for (size_t i = 0; j && i < l->count; i++, item += shape->size) {
        json_t *one = shape->bare ? value(shape->fields, item) : part(shape, item);
        if (json_array_append_new(j, one) != 0) {
            json_decref(j);
            return NULL;
        }
    }
    return j;
}

static json_t *whole(const struct plain_field *f, int64_t n)
{
    if (n == PLAIN_NULL && f->nullable)
        return json_null();
    return f->type == PLAIN_TIME ? when(n) : json_integer(n);
}

static json_t *real(double x)
{
    return isfinite(x) ? json_real(round(x * 1e6) / 1e6) : json_null();
}

/* NULL: out of memory */
static json_t *value(const struct plain_field *f, const void *at)
{
    switch (f->type) {
    case PLAIN_TEXT: {
        const char *s = *(const char *const *)at;
        return s ? text(s) : json_null();
    }
    case PLAIN_INT:
    case PLAIN_LONG:
    case PLAIN_TIME:
        return whole(f, *(const int64_t *)at);
    case PLAIN_REAL:
        return real(*(const double *)at);
    case PLAIN_BIT: {
        signed char bit = *(const signed char *)at;
        return bit < 0 ? json_null() : json_boolean(bit);
    }
    case PLAIN_PART:
        return part(f->of, at);
    case PLAIN_LIST:
        return list(f->of, at);
    }
    return NULL;
}

static json_t *part(const struct plain_shape *shape, const void *at)
{
    json_t *j = json_object();
    for (size_t i = 0; j && i < shape->count; i++) {
        const struct plain_field *f = &shape->fields[i];
        if (json_object_set_new(j, f->name, value(f, (const char *)at + f->offset)) != 0) {
            json_decref(j);
            return NULL;
        }
    }
    return j;
}

char *record_json(const struct record *r)
{
    struct plain_record p;
    struct arena *arena = arena_new(SIZE_MAX);
    json_t *j = NULL;
    if (arena && plain_fill(arena, r, false, &p) == 0)
        j = part(&plain_record_shape, &p);
    char *line = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(j);
    arena_free(&arena);
    return line;
}
