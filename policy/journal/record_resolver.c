/* SPDX-License-Identifier: BSD-2-Clause */
/* Data written by an older or newer vouch: read by the writer's schema (libavro reads the schema, we
 * the data: it comes from a file, and every count and length in it is held against the bytes that are
 * there), and written by ours. */
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
    avro_schema_t schema;
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
    if (r->schema)
        avro_schema_decref(r->schema);
    free(r);
    *rp = NULL;
}

struct record_resolver *record_resolver_new(struct span schema, char *error_r, size_t size)
{
    struct record_resolver *r = NULL;
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
    if (!schema.p || avro_schema_from_json_length(schema.p, schema.len, &r->schema) != 0) {
        r->schema = NULL;
        snprintf(error_r, size, "what should be its Avro schema is none");
        goto fail;
    }
    r->plan = plan_new(r->plans, r->schema, error_r, size);
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
static avro_schema_t next_type(struct resolving *x, avro_schema_t type)
{
    if (x->left-- == 0)
        avro_fail(&x->in);
    if (x->in.p && is_avro_union(type)) {
        uint64_t branch = (uint64_t)avro_get_long(&x->in);
        if (!x->in.p || branch >= avro_schema_union_size(type)) {
            avro_fail(&x->in);
            return NULL;
        }
        type = plan_target(avro_schema_union_branch(type, (int)branch));
    }
    return x->in.p ? type : NULL;
}

static void pass_over(struct resolving *x, avro_schema_t type, int depth);

static void pass_blocks(struct resolving *x, avro_schema_t items, bool keys, int depth)
{
    size_t count;
    while ((count = avro_get_block(&x->in, 1)) > 0)
        for (; count > 0 && x->in.p; count--) {
            if (keys)
                avro_get_string(&x->in);
            pass_over(x, items, depth);
        }
}

static void pass_over(struct resolving *x, avro_schema_t type, int depth)
{
    type = next_type(x, plan_target(type));
    if (!type)
        return;
    if (depth == 0) {
        avro_fail(&x->in);
        return;
    }
    switch (avro_typeof(type)) {
    case AVRO_STRING:
    case AVRO_BYTES:
        avro_get_string(&x->in);
        break;
    case AVRO_INT32:
    case AVRO_INT64:
    case AVRO_ENUM:
        avro_get_long(&x->in);
        break;
    case AVRO_FLOAT:
        avro_get_bytes(&x->in, 4);
        break;
    case AVRO_DOUBLE:
        avro_get_bytes(&x->in, 8);
        break;
    case AVRO_BOOLEAN:
        avro_get_bool(&x->in);
        break;
    case AVRO_FIXED:
        avro_get_bytes(&x->in, (uint64_t)avro_schema_fixed_size(type));
        break;
    case AVRO_ARRAY:
        pass_blocks(x, avro_schema_array_items(type), false, depth - 1);
        break;
    case AVRO_MAP:
        pass_blocks(x, avro_schema_map_values(type), true, depth - 1);
        break;
    case AVRO_RECORD:
        for (size_t i = 0; x->in.p && i < avro_schema_record_size(type); i++)
            pass_over(x, avro_schema_record_field_get_by_index(type, (int)i), depth - 1);
        break;
    case AVRO_NULL:
        break;
    default: /* unions within unions and what Avro does not know */
        avro_fail(&x->in);
    }
}

static void take_fields(struct resolving *x, const struct plan *plan, char *at);
static void take_value(struct resolving *x, const struct plan_step *step, void *at);

static const char *take_text(struct resolving *x, avro_schema_t type)
{
    struct span s;
    if (is_avro_enum(type)) {
        int64_t symbol = avro_get_long(&x->in);
        if (symbol < 0 || symbol >= avro_schema_enum_number_of_symbols(type))
            avro_fail(&x->in);
        s = x->in.p ? span_of(avro_schema_enum_get(type, (int)symbol)) : SPAN_NONE;
    } else {
        s = avro_get_string(&x->in);
    }
    const char *text = s.p ? arena_span(x->arena, s) : NULL;
    x->failed |= s.p && !text;
    return text;
}

static double take_real(struct resolving *x, avro_schema_t type)
{
    if (is_avro_double(type))
        return avro_get_real(&x->in);
    return is_avro_float(type) ? avro_get_float(&x->in) : (double)avro_get_long(&x->in);
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
    avro_schema_t type = next_type(x, step->type);
    if (!type || is_avro_null(type))
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
    case PLAIN_PART:
        take_fields(x, step->part, at);
        break;
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
