/* SPDX-License-Identifier: BSD-2-Clause */
/* Matches a writer's schema with ours, as Avro's "Schema Resolution" does: fields by name, fields that
 * the writer does not have get our default, int becomes long and so on. More lenient where a later
 * version may have had a reason: a branch of a union that we cannot read becomes null. */
#include "record_plan.h"
#include <stdio.h>
#include <string.h>

#define PLAN_PATH 128 /* bytes of a field's name with what it lies in */

struct planner {
    struct arena *arena;
    char path[PLAN_PATH]; /* "auth.spf." */
    char *error;
    size_t size;
};

avro_schema_t plan_target(avro_schema_t schema)
{
    return is_avro_link(schema) ? avro_schema_link_target(schema) : schema;
}

static const char *wanted(const struct plain_field *f)
{
    switch (f->type) {
    case PLAIN_TEXT:
        return "a string";
    case PLAIN_INT:
    case PLAIN_LONG:
    case PLAIN_TIME:
        return "a whole number";
    case PLAIN_REAL:
        return "a number";
    case PLAIN_BIT:
        return "a boolean";
    case PLAIN_PART:
        return "a record";
    case PLAIN_LIST:
        return "an array";
    }
    return "";
}

static struct plan *refuse(struct planner *p, const struct plain_field *f, const char *what)
{
    snprintf(p->error, p->size, "its field %s%s %s: no version of vouch wrote it", p->path,
             f->name ? f->name : "[]", what);
    return NULL;
}

/* Whether a value of that type can be read into f. */
static bool fits(const struct plain_field *f, avro_schema_t type)
{
    avro_type_t t = avro_typeof(type);
    switch (f->type) {
    case PLAIN_TEXT:
        return t == AVRO_STRING || t == AVRO_BYTES || t == AVRO_ENUM;
    case PLAIN_INT:
    case PLAIN_LONG:
    case PLAIN_TIME:
        return t == AVRO_INT32 || t == AVRO_INT64;
    case PLAIN_REAL:
        return t == AVRO_DOUBLE || t == AVRO_FLOAT || t == AVRO_INT32 || t == AVRO_INT64;
    case PLAIN_BIT:
        return t == AVRO_BOOLEAN;
    case PLAIN_PART:
        return t == AVRO_RECORD;
    case PLAIN_LIST:
        return t == AVRO_ARRAY;
    }
    return false;
}

bool plan_fits(const struct plan_step *step, avro_schema_t type)
{
    return step->exact && step->part ? type == step->exact : fits(step->to, type);
}

/* Whether it is just the type that our own schema has. */
static bool is_exact(const struct plain_field *f, avro_schema_t type)
{
    static const avro_type_t types[] = {
        [PLAIN_TEXT] = AVRO_STRING, [PLAIN_INT] = AVRO_INT32,   [PLAIN_LONG] = AVRO_INT64,
        [PLAIN_TIME] = AVRO_INT64,  [PLAIN_REAL] = AVRO_DOUBLE, [PLAIN_BIT] = AVRO_BOOLEAN,
        [PLAIN_PART] = AVRO_RECORD, [PLAIN_LIST] = AVRO_ARRAY,
    };
    if (f->nullable) {
        if (!is_avro_union(type) || avro_schema_union_size(type) != 2 ||
            !is_avro_null(plan_target(avro_schema_union_branch(type, 0))))
            return false;
        type = plan_target(avro_schema_union_branch(type, 1));
    }
    return avro_typeof(type) == types[f->type];
}

static struct plan *plan_part(struct planner *p, const struct plain_shape *shape,
                              avro_schema_t record);
static struct plan *plan_items(struct planner *p, const struct plain_shape *shape,
                               avro_schema_t items);

/* The type within type, which may be a union, that fits; NULL: there is none, or not only. */
static avro_schema_t choose(const struct plain_field *f, avro_schema_t type, bool *null_r)
{
    avro_schema_t chosen = NULL;
    bool is_union = is_avro_union(type);
    size_t count = is_union ? avro_schema_union_size(type) : 1;
    for (size_t i = 0; i < count; i++) {
        avro_schema_t branch =
            is_union ? plan_target(avro_schema_union_branch(type, (int)i)) : type;
        if (!fits(f, branch))
            *null_r = true;
        else if (!chosen)
            chosen = branch;
    }
    return chosen;
}

/* 0, or -1 with an error, or out of memory. */
static int plan_step(struct planner *p, struct plan *plan, struct plan_step *step,
                     const struct plain_field *f)
{
    bool null = false, has_parts = f->type == PLAIN_PART || f->type == PLAIN_LIST;
    char what[64];
    step->to = f;
    step->exact = choose(f, step->type, &null);
    if (!step->exact) {
        snprintf(what, sizeof what, "is not %s", wanted(f));
        refuse(p, f, what);
        return -1;
    }
    if (null && !f->nullable && !has_parts) {
        refuse(p, f, "may be something else");
        return -1;
    }
    plan->ours &= is_exact(f, step->type);
    plan->least += f->type != PLAIN_PART;
    if (!has_parts)
        return 0;
    size_t len = strlen(p->path);
    snprintf(p->path + len, sizeof p->path - len, "%s.", f->name);
    step->part = f->type == PLAIN_PART
                     ? plan_part(p, f->of, step->exact)
                     : plan_items(p, f->of, plan_target(avro_schema_array_items(step->exact)));
    p->path[len] = '\0';
    if (!step->part)
        return -1;
    plan->ours &= step->part->ours;
    return 0;
}

static struct plan *new_plan(struct planner *p, size_t count)
{
    struct plan *plan = arena_alloc(p->arena, sizeof *plan);
    struct plan_step *steps = arena_array(p->arena, count, sizeof *steps);
    if (!plan || !steps)
        return NULL;
    *plan = (struct plan){.steps = steps, .count = count, .ours = true};
    return plan;
}

static const struct plain_field *field_named(const struct plain_shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++)
        if (strcmp(shape->fields[i].name, name) == 0)
            return &shape->fields[i];
    return NULL;
}

/* What has no default of its own must be there. */
static bool is_needed(const struct plain_field *f)
{
    return !f->nullable && f->type != PLAIN_LIST && f->type != PLAIN_PART;
}

static struct plan *plan_part(struct planner *p, const struct plain_shape *shape,
                              avro_schema_t record)
{
    struct plan *plan = new_plan(p, avro_schema_record_size(record));
    if (!plan)
        return NULL;
    for (size_t i = 0; i < shape->count; i++)
        if (is_needed(&shape->fields[i]) &&
            avro_schema_record_field_get_index(record, shape->fields[i].name) < 0)
            return refuse(p, &shape->fields[i], "is missing");
    plan->ours = plan->count == shape->count;
    for (size_t i = 0; i < plan->count; i++) {
        struct plan_step *step = &plan->steps[i];
        const char *name = avro_schema_record_field_name(record, (int)i);
        const struct plain_field *f = field_named(shape, name);
        step->type = plan_target(avro_schema_record_field_get_by_index(record, (int)i));
        if (f && plan_step(p, plan, step, f) != 0)
            return NULL;
        plan->ours &= f && f == &shape->fields[i < shape->count ? i : 0];
    }
    plan->least += plan->least == 0;
    return plan;
}

/* The items of a list: records, or what a single field is. */
static struct plan *plan_items(struct planner *p, const struct plain_shape *shape,
                               avro_schema_t items)
{
    if (!shape->bare && is_avro_record(items))
        return plan_part(p, shape, items);
    if (!shape->bare)
        return refuse(p, &(struct plain_field){.name = NULL}, "is not a record");
    struct plan *plan = new_plan(p, 1);
    if (!plan)
        return NULL;
    plan->steps[0].type = items;
    return plan_step(p, plan, &plan->steps[0], shape->fields) == 0 ? plan : NULL;
}

struct plan *plan_new(struct arena *arena, avro_schema_t schema, char *error_r, size_t size)
{
    struct planner p = {.arena = arena, .error = error_r, .size = size};
    error_r[0] = '\0';
    const char *name = is_avro_record(schema) ? avro_schema_name(schema) : NULL;
    const char *space = name ? avro_schema_namespace(schema) : NULL;
    if (!name || strcmp(name, "Record") != 0 || !space || strcmp(space, "vouch") != 0) {
        snprintf(error_r, size, "it holds %s%s%s, not vouch.Record: it is no journal of vouch",
                 space ? space : "", space ? "." : "", name ? name : avro_schema_type_name(schema));
        return NULL;
    }
    return plan_part(&p, &plain_record_shape, schema);
}
