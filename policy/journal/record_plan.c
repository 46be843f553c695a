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
static bool fits(const struct plain_field *f, const struct avsc *type)
{
    enum avsc_kind t = type->kind;
    switch (f->type) {
    case PLAIN_TEXT:
        return t == AVSC_STRING || t == AVSC_BYTES || t == AVSC_ENUM;
    case PLAIN_INT:
    case PLAIN_LONG:
    case PLAIN_TIME:
        return t == AVSC_INT || t == AVSC_LONG;
    case PLAIN_REAL:
        return t == AVSC_DOUBLE || t == AVSC_FLOAT || t == AVSC_INT || t == AVSC_LONG;
    case PLAIN_BIT:
        return t == AVSC_BOOLEAN;
    case PLAIN_PART:
        return t == AVSC_RECORD;
    case PLAIN_LIST:
        return t == AVSC_ARRAY;
    }
    return false;
}

bool plan_fits(const struct plan_step *step, const struct avsc *type)
{
    return step->exact && step->part ? type == step->exact : fits(step->to, type);
}

/* Whether it is just the type that our own schema has. */
static bool is_exact(const struct plain_field *f, const struct avsc *type)
{
    static const enum avsc_kind types[] = {
        [PLAIN_TEXT] = AVSC_STRING, [PLAIN_INT] = AVSC_INT,     [PLAIN_LONG] = AVSC_LONG,
        [PLAIN_TIME] = AVSC_LONG,   [PLAIN_REAL] = AVSC_DOUBLE, [PLAIN_BIT] = AVSC_BOOLEAN,
        [PLAIN_PART] = AVSC_RECORD, [PLAIN_LIST] = AVSC_ARRAY,
    };
    if (f->nullable) {
        if (type->kind != AVSC_UNION || type->count != 2 || type->branches[0]->kind != AVSC_NULL)
            return false;
        type = type->branches[1];
    }
    return type->kind == types[f->type];
}

static struct plan *plan_part(struct planner *p, const struct plain_shape *shape,
                              const struct avsc *record);
static struct plan *plan_items(struct planner *p, const struct plain_shape *shape,
                               const struct avsc *items);

/* The type within type, which may be a union, that fits; NULL: there is none, or not only. */
static const struct avsc *choose(const struct plain_field *f, const struct avsc *type, bool *null_r)
{
    const struct avsc *chosen = NULL;
    bool is_union = type->kind == AVSC_UNION;
    size_t count = is_union ? type->count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct avsc *branch = is_union ? type->branches[i] : type;
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
    step->part = f->type == PLAIN_PART ? plan_part(p, f->of, step->exact)
                                       : plan_items(p, f->of, step->exact->items);
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
                              const struct avsc *record)
{
    struct plan *plan = new_plan(p, record->count);
    if (!plan)
        return NULL;
    for (size_t i = 0; i < shape->count; i++)
        if (is_needed(&shape->fields[i]) && avsc_field_index(record, shape->fields[i].name) < 0)
            return refuse(p, &shape->fields[i], "is missing");
    plan->ours = plan->count == shape->count;
    for (size_t i = 0; i < plan->count; i++) {
        struct plan_step *step = &plan->steps[i];
        const struct plain_field *f = field_named(shape, record->fields[i].name);
        step->type = record->fields[i].type;
        if (f && plan_step(p, plan, step, f) != 0)
            return NULL;
        plan->ours &= f && f == &shape->fields[i < shape->count ? i : 0];
    }
    plan->least += plan->least == 0;
    return plan;
}

/* The items of a list: records, or what a single field is. */
static struct plan *plan_items(struct planner *p, const struct plain_shape *shape,
                               const struct avsc *items)
{
    if (!shape->bare && items->kind == AVSC_RECORD)
        return plan_part(p, shape, items);
    if (!shape->bare)
        return refuse(p, &(struct plain_field){.name = NULL}, "is not a record");
    struct plan *plan = new_plan(p, 1);
    if (!plan)
        return NULL;
    plan->steps[0].type = items;
    return plan_step(p, plan, &plan->steps[0], shape->fields) == 0 ? plan : NULL;
}

struct plan *plan_new(struct arena *arena, const struct avsc *schema, char *error_r, size_t size)
{
    struct planner p = {.arena = arena, .error = error_r, .size = size};
    error_r[0] = '\0';
    if (schema->kind != AVSC_RECORD || strcmp(schema->name, "vouch.Record") != 0) {
        snprintf(error_r, size, "it holds %s, not vouch.Record: it is no journal of vouch",
                 schema->name);
        return NULL;
    }
    return plan_part(&p, &plain_record_shape, schema);
}
