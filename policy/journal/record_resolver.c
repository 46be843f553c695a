/* SPDX-License-Identifier: BSD-2-Clause */
/* Data written by an older or newer vouch: read by the writer's schema, and written by ours. All of it
 * comes from a file: every count and length is held against the bytes that are there. */
#include <stdio.h>
#include <stdlib.h>
#include "avro_bytes.h"
#include "errors.h"
#include "record_avro.h"
#include "record_plan.h"

#define RESOLVER_MEMORY ((size_t)16 << 20) /* bytes for one record */
#define RESOLVER_DEPTH  64                 /* values within values */
/* Values read of one datum: more than it has bytes only where values take no bytes at all. */
#define RESOLVER_SPARE 10000

struct record_resolver {
    struct arena *plans; /* as long as the resolver */
    struct arena *arena; /* of one record */
    struct plan *plan;
};

void record_resolver_free(struct record_resolver **rp)
{
    struct record_resolver *r = *rp;
    if (!r)
        return;
    arena_free(&r->plans);
    arena_free(&r->arena);
    free(r);
    *rp = NULL;
}

struct record_resolver *record_resolver_new(struct span schema, char *error_r, size_t size)
{
    struct record_resolver *r = NULL;
    const struct avsc *theirs;
    error_r[0] = '\0';
    if (span_eq(schema, (struct span){record_schema, record_schema_len}))
        return NULL;
    r = calloc(1, sizeof *r);
    if (!r)
        goto nomem;
    r->plans = arena_new(RESOLVER_MEMORY);
    r->arena = arena_new(RESOLVER_MEMORY);
    if (!r->plans || !r->arena)
        goto nomem;
    int rc = avsc_parse(r->plans, schema, &theirs);
    if (rc == VOUCH_E_NOMEM)
        goto nomem;
    if (rc != 0) {
        snprintf(error_r, size, "what should be its Avro schema is none");
        goto fail;
    }
    r->plan = plan_new(r->plans, theirs, error_r, size);
    if (!r->plan && !error_r[0])
        goto nomem;
    if (r->plan && !r->plan->ours)
        return r;
    goto fail;
nomem:
    snprintf(error_r, size, "%s", vouch_strerror(VOUCH_E_NOMEM));
fail:
    record_resolver_free(&r);
    return NULL;
}

struct resolving {
    struct span in;
    struct arena *arena;
    size_t left; /* values that may still be read */
    bool failed; /* out of memory */
};

/* Takes a step, and for a union the number of its branch, off the datum. NULL: in has failed. */
static const struct avsc *next_type(struct resolving *x, const struct avsc *type)
{
    if (x->left-- == 0)
        avro_fail(&x->in);
    if (x->in.p && type->kind == AVSC_UNION) {
        uint64_t branch = (uint64_t)avro_get_long(&x->in);
        if (!x->in.p || branch >= type->count) {
            avro_fail(&x->in);
            return NULL;
        }
        type = type->branches[branch];
    }
    return x->in.p ? type : NULL;
}

static void pass_over(struct resolving *x, const struct avsc *type, int depth);

static void pass_blocks(struct resolving *x, const struct avsc *items, bool keys, int depth)
{
    size_t count;
    while ((count = avro_get_block(&x->in, 1)) > 0)
        for (; count > 0 && x->in.p; count--) {
            if (keys)
                avro_get_string(&x->in);
            pass_over(x, items, depth);
        }
}

static void pass_over(struct resolving *x, const struct avsc *type, int depth)
{
    type = next_type(x, type);
    if (!type)
        return;
    if (depth == 0) {
        avro_fail(&x->in);
        return;
    }
    switch (type->kind) {
    case AVSC_STRING:
    case AVSC_BYTES:
        avro_get_string(&x->in);
        break;
    case AVSC_INT:
    case AVSC_LONG:
    case AVSC_ENUM:
        avro_get_long(&x->in);
        break;
    case AVSC_FLOAT:
        avro_get_bytes(&x->in, 4);
        break;
    case AVSC_DOUBLE:
        avro_get_bytes(&x->in, 8);
        break;
    case AVSC_BOOLEAN:
        avro_get_bool(&x->in);
        break;
    case AVSC_FIXED:
        avro_get_bytes(&x->in, type->size);
        break;
    case AVSC_ARRAY:
        pass_blocks(x, type->items, false, depth - 1);
        break;
    case AVSC_MAP:
        pass_blocks(x, type->items, true, depth - 1);
        break;
    case AVSC_RECORD:
        for (size_t i = 0; x->in.p && i < type->count; i++)
            pass_over(x, type->fields[i].type, depth - 1);
        break;
    case AVSC_NULL:
        break;
    case AVSC_UNION: /* there are none within unions */
        break;
    }
}

static void take_fields(struct resolving *x, const struct plan *plan, char *at);
static void take_value(struct resolving *x, const struct plan_step *step, void *at);

static const char *take_text(struct resolving *x, const struct avsc *type)
{
    struct span s;
    if (type->kind == AVSC_ENUM) {
        uint64_t symbol = (uint64_t)avro_get_long(&x->in);
        if (symbol >= type->count)
            avro_fail(&x->in);
        s = x->in.p ? span_of(type->symbols[symbol]) : SPAN_NONE;
    } else {
        s = avro_get_string(&x->in);
    }
    const char *text = s.p ? arena_span(x->arena, s) : NULL;
    x->failed |= s.p && !text;
    return text;
}

static double take_real(struct resolving *x, const struct avsc *type)
{
    if (type->kind == AVSC_DOUBLE)
        return avro_get_real(&x->in);
    return type->kind == AVSC_FLOAT ? avro_get_float(&x->in) : (double)avro_get_long(&x->in);
}

static void take_list(struct resolving *x, const struct plan_step *step, struct plain_list *list)
{
    const struct plain_shape *of = step->to->of;
    size_t count;
    while (!x->failed && (count = avro_get_block(&x->in, step->part->least)) > 0) {
        char *items = arena_array(x->arena, list->count + count, of->size);
        x->failed |= !items;
        if (!items)
            break;
        if (list->count)
            memcpy(items, list->items, list->count * of->size);
        list->items = items;
        for (size_t i = 0; i < count && x->in.p && !x->failed; i++) {
            char *item = items + list->count++ * of->size;
            plain_clear(of, item);
            take_fields(x, step->part, item);
        }
    }
}

/* The value of a field that we know; it stays null if the value is of a branch that we do not know. */
static void take_value(struct resolving *x, const struct plan_step *step, void *at)
{
    const struct avsc *type = next_type(x, step->type);
    if (!type || type->kind == AVSC_NULL)
        return;
    if (!plan_fits(step, type)) {
        pass_over(x, type, RESOLVER_DEPTH);
        return;
    }
    switch (step->to->type) {
    case PLAIN_TEXT:
        *(const char **)at = take_text(x, type);
        break;
    case PLAIN_INT:
    case PLAIN_LONG:
    case PLAIN_TIME:
        *(int64_t *)at = avro_get_long(&x->in);
        break;
    case PLAIN_REAL:
        *(double *)at = take_real(x, type);
        break;
    case PLAIN_BIT:
        *(signed char *)at = (signed char)avro_get_bool(&x->in);
        break;
    case PLAIN_PART: {
        char *part = plain_make_part(x->arena, step->to, at);
        x->failed |= !part;
        if (part)
            take_fields(x, step->part, part);
        break;
    }
    case PLAIN_LIST:
        take_list(x, step, at);
        break;
    }
}

/* at: all null */
static void take_fields(struct resolving *x, const struct plan *plan, char *at)
{
    for (size_t i = 0; i < plan->count && x->in.p && !x->failed; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->to)
            take_value(x, step, at + step->to->offset);
        else
            pass_over(x, step->type, RESOLVER_DEPTH);
    }
}

int record_resolve(struct record_resolver *r, struct span *data, struct sbuf *out)
{
    struct plain_record p;
    struct resolving x = {*data, r->arena, data->len + RESOLVER_SPARE, false};
    arena_reset(r->arena);
    plain_clear(&plain_record_shape, &p);
    take_fields(&x, r->plan, (char *)&p);
    if (x.failed)
        return VOUCH_E_NOMEM;
    if (!x.in.p)
        return VOUCH_E_SYNTAX;
    p.schema = RECORD_SCHEMA;
    int rc = plain_write(r->arena, out, &p);
    if (rc == 0)
        *data = x.in;
    return rc;
}
