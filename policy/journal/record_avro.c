/* SPDX-License-Identifier: BSD-2-Clause */
/* The record in Avro's binary encoding: walks over the tables of record_plain.c, for data of our own
 * schema. Those of another schema are record_resolver.c's. */
#include "record_avro.h"
#include <math.h>
#include "avro_bytes.h"
#include "errors.h"
#include "record_plain.h"
#include "utf8.h"

#define SCRATCH_MAX ((size_t)64 << 20) /* bytes of an encoding's own lists */

/* ---- writing ---- */

struct writer {
    struct sbuf *out;
    bool lost; /* not all items of a list found room */
};

static bool is_ascii(struct span s)
{
    uint64_t all = 0, eight;
    size_t i = 0;
    for (; i + 8 <= s.len; i += 8) {
        memcpy(&eight, s.p + i, 8);
        all |= eight;
    }
    for (; i < s.len; i++)
        all |= (unsigned char)s.p[i] & 0x80;
    return (all & 0x8080808080808080) == 0;
}

/* At most max bytes of it, as UTF-8. */
static void put_text(struct sbuf *out, const char *text, size_t max)
{
    struct span s = utf8_cut((struct span){text, strnlen(text, max + 1)}, max);
    struct sbuf clean;
    if (is_ascii(s) || utf8_valid(s)) {
        avro_put_string(out, s);
        return;
    }
    sbuf_init(&clean, 3 * max);
    utf8_append(&clean, s);
    out->failed |= clean.failed;
    avro_put_string(out, utf8_cut(sbuf_span(&clean), max));
    sbuf_clear(&clean);
}

/* The branch of ["null", type]. */
static bool put_branch(struct sbuf *out, const struct plain_field *f, bool null)
{
    if (f->nullable)
        avro_put_byte(out, null ? 0 : 2);
    return !null || !f->nullable;
}

static void put_part(struct writer *w, const struct plain_shape *shape, const void *at);
static void put_value(struct writer *w, const struct plain_field *f, const void *at);

/* Puts a count before what was written since from. */
static void insert_count(struct sbuf *out, size_t from, int64_t count)
{
    size_t end = out->len;
    avro_put_long(out, count);
    if (out->failed)
        return;
    char bytes[AVRO_LONG_BYTES];
    size_t len = out->len - end;
    memcpy(bytes, out->p + end, len);
    memmove(out->p + from + len, out->p + from, end - from);
    memcpy(out->p + from, bytes, len);
}

/* One block, of the items that fit into max bytes. */
static void put_list(struct writer *w, const struct plain_field *f, const struct plain_list *list)
{
    struct sbuf *out = w->out;
    size_t from = out->len, count = 0;
    const char *item = list->items;
    for (; count < list->count && !out->failed; count++, item += f->of->size) {
        size_t before = out->len;
        if (f->of->bare)
            put_value(w, f->of->fields, item);
        else
            put_part(w, f->of, item);
        if (out->len - from > f->max) {
            out->len = before;
            w->lost = true;
            break;
        }
    }
    if (count)
        insert_count(out, from, (int64_t)count);
    avro_put_byte(out, 0);
}

static void put_value(struct writer *w, const struct plain_field *f, const void *at)
{
    struct sbuf *out = w->out;
    switch (f->type) {
    case PLAIN_TEXT: {
        const char *s = *(const char *const *)at;
        if (put_branch(out, f, !s))
            put_text(out, s ? s : "", f->max);
        break;
    }
    case PLAIN_INT:
    case PLAIN_LONG:
    case PLAIN_TIME: {
        int64_t n = *(const int64_t *)at;
        if (f->type == PLAIN_INT && n > INT32_MAX)
            n = INT32_MAX;
        if (put_branch(out, f, n == PLAIN_NULL))
            avro_put_long(out, n);
        break;
    }
    case PLAIN_REAL: {
        double x = *(const double *)at;
        if (put_branch(out, f, isnan(x)))
            avro_put_real(out, x);
        break;
    }
    case PLAIN_BIT: {
        signed char bit = *(const signed char *)at;
        if (put_branch(out, f, bit < 0))
            avro_put_byte(out, (char)(bit == 1));
        break;
    }
    case PLAIN_PART: {
        const void *part = plain_part(f, at);
        if (put_branch(out, f, !part))
            put_part(w, f->of, part);
        break;
    }
    case PLAIN_LIST:
        put_list(w, f, at);
        break;
    }
}

static void put_part(struct writer *w, const struct plain_shape *shape, const void *at)
{
    for (size_t i = 0; i < shape->count; i++)
        put_value(w, &shape->fields[i], (const char *)at + shape->fields[i].offset);
}

/* Adds a word to p->over, if it is not there. */
static int add_over(struct arena *arena, struct plain_record *p, const char *word)
{
    const char *const *old = p->over.items;
    const char **words = arena_array(arena, p->over.count + 1, sizeof *words);
    if (!words)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < p->over.count; i++) {
        if (strcmp(old[i], word) == 0)
            return 0;
        words[i] = old[i];
    }
    words[p->over.count] = word;
    p->over = (struct plain_list){words, p->over.count + 1};
    return 0;
}

int plain_write(struct arena *arena, struct sbuf *out, struct plain_record *p)
{
    size_t from = out->len;
    int rc = 0;
    for (bool told = false; rc == 0; told = true) {
        struct writer w = {out, false};
        put_part(&w, &plain_record_shape, p);
        if (!w.lost || told)
            break;
        /* no other list can be so long: see the tables */
        rc = add_over(arena, p, plain_over_name(MESSAGE_OVER_RECIPIENTS));
        out->len = from;
    }
    if (rc == 0 && out->failed)
        rc = VOUCH_E_NOMEM;
    if (rc == 0 && out->len - from > RECORD_BYTES_MAX)
        rc = VOUCH_E_RANGE;
    if (rc != 0 && out->p) {
        out->len = from;
        out->p[from] = '\0';
    }
    return rc;
}

int record_encode(struct sbuf *out, const struct record *r)
{
    struct plain_record p;
    struct arena *arena = arena_new(SCRATCH_MAX);
    if (!arena)
        return VOUCH_E_NOMEM;
    int rc = plain_fill(arena, r, true, &p);
    if (rc == 0)
        rc = plain_write(arena, out, &p);
    arena_free(&arena);
    return rc;
}

/* ---- reading ---- */

struct reader {
    struct span in;
    struct arena *arena;
    /* Where the next text goes. There is room for all: each takes one byte more than it has in the
     * datum, where its length takes at least that. */
    char *texts;
    bool failed; /* out of memory */
};

static void get_part(struct reader *r, const struct plain_shape *shape, void *at);
static void get_value(struct reader *r, const struct plain_field *f, void *at);

static const char *get_text(struct reader *r)
{
    struct span s = avro_get_string(&r->in);
    if (!s.p)
        return NULL;
    char *text = r->texts;
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    r->texts += s.len + 1;
    return text;
}

/* Room for count more items behind those that are there. NULL: out of memory. */
static char *grow_list(struct reader *r, struct plain_list *list, size_t count, size_t size)
{
    char *items = arena_array(r->arena, list->count + count, size);
    r->failed |= !items;
    if (!items)
        return NULL;
    if (list->count)
        memcpy(items, list->items, list->count * size);
    list->items = items;
    return items + list->count * size;
}

static void get_list(struct reader *r, const struct plain_field *f, struct plain_list *list)
{
    const struct plain_shape *of = f->of;
    size_t count;
    *list = (struct plain_list){NULL, 0};
    while (!r->failed && (count = avro_get_block(&r->in, of->count)) > 0) {
        char *item = grow_list(r, list, count, of->size);
        for (size_t i = 0; item && i < count; i++, item += of->size) {
            if (of->bare)
                get_value(r, of->fields, item);
            else
                get_part(r, of, item);
        }
        list->count += count;
    }
}

/* Whether a value follows: not if the branch of ["null", type] says null. */
static bool get_branch(struct span *in, const struct plain_field *f)
{
    if (!f->nullable)
        return true;
    int64_t branch = avro_get_long(in);
    if (branch != 0 && branch != 1)
        avro_fail(in);
    return branch == 1;
}

static void get_nullable_part(struct reader *r, const struct plain_field *f, void *at)
{
    void *part = plain_make_part(r->arena, f, at);
    r->failed |= !part;
    if (part)
        get_part(r, f->of, part);
}

static void get_value(struct reader *r, const struct plain_field *f, void *at)
{
    bool there = get_branch(&r->in, f);
    switch (f->type) {
    case PLAIN_TEXT:
        *(const char **)at = there ? get_text(r) : NULL;
        break;
    case PLAIN_INT:
        *(int64_t *)at = there ? avro_get_int(&r->in) : PLAIN_NULL;
        break;
    case PLAIN_LONG:
    case PLAIN_TIME:
        *(int64_t *)at = there ? avro_get_long(&r->in) : PLAIN_NULL;
        break;
    case PLAIN_REAL:
        *(double *)at = there ? avro_get_real(&r->in) : NAN;
        break;
    case PLAIN_BIT:
        *(signed char *)at = (signed char)(there ? avro_get_bool(&r->in) : PLAIN_NULL_BIT);
        break;
    case PLAIN_PART:
        if (there)
            get_nullable_part(r, f, at);
        else
            *(void **)at = NULL;
        break;
    case PLAIN_LIST:
        get_list(r, f, at);
        break;
    }
}

static void get_part(struct reader *r, const struct plain_shape *shape, void *at)
{
    for (size_t i = 0; i < shape->count; i++)
        get_value(r, &shape->fields[i], (char *)at + shape->fields[i].offset);
}

/* One datum; the texts are in the arena. 0, VOUCH_E_NOMEM, VOUCH_E_SYNTAX. */
static int plain_read(struct arena *arena, struct span datum, struct plain_record *p_r)
{
    struct reader r = {datum, arena, arena_alloc(arena, datum.len), false};
    if (!r.texts)
        return VOUCH_E_NOMEM;
    get_part(&r, &plain_record_shape, p_r);
    if (r.failed)
        return VOUCH_E_NOMEM;
    return r.in.p && r.in.len == 0 ? 0 : VOUCH_E_SYNTAX;
}

int record_decode(struct arena *arena, struct span datum, const struct record **record_r)
{
    struct plain_record p;
    int rc = plain_read(arena, datum, &p);
    return rc == 0 ? plain_build(arena, &p, record_r) : rc;
}

char *record_datum_json(struct span datum)
{
    struct plain_record p;
    struct arena *arena = arena_new(SCRATCH_MAX);
    char *line = arena && plain_read(arena, datum, &p) == 0 ? plain_json(&p) : NULL;
    arena_free(&arena);
    return line;
}

/* ---- passing over ---- */

static void skip_part(struct span *in, const struct plain_shape *shape);

static void skip_value(struct span *in, const struct plain_field *f)
{
    size_t count;
    if (!get_branch(in, f))
        return;
    switch (f->type) {
    case PLAIN_TEXT:
        avro_get_string(in);
        break;
    case PLAIN_INT:
        avro_get_int(in);
        break;
    case PLAIN_LONG:
    case PLAIN_TIME:
        avro_get_long(in);
        break;
    case PLAIN_REAL:
        avro_get_bytes(in, 8);
        break;
    case PLAIN_BIT:
        avro_get_bool(in);
        break;
    case PLAIN_PART:
        skip_part(in, f->of);
        break;
    case PLAIN_LIST:
        while ((count = avro_get_block(in, f->of->count)) > 0)
            for (; count > 0 && in->p; count--)
                skip_part(in, f->of);
        break;
    }
}

static void skip_part(struct span *in, const struct plain_shape *shape)
{
    for (size_t i = 0; i < shape->count; i++)
        skip_value(in, &shape->fields[i]);
}

size_t record_datum_length(struct span data)
{
    struct span rest = data;
    skip_part(&rest, &plain_record_shape);
    return rest.p ? data.len - rest.len : 0;
}
