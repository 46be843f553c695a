/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RECORD_PLAN_H
#define VOUCH_RECORD_PLAN_H

#include "avsc.h"
#include "record_plain.h"

/* How the records of another schema are read into ours: found out once for a schema, by the names of
 * the fields. Private to record_resolver.c. */
struct plan_step {
    const struct avsc *type;      /* the writer's; may be a union */
    const struct plain_field *to; /* NULL: we do not know the field, its value is passed over */
    struct plan *part;            /* PART: its fields; LIST: its items */
    const struct avsc *exact;     /* PART, LIST: the record or array within type */
};
struct plan {
    struct plan_step *steps; /* in the writer's order; of bare items one */
    size_t count;
    size_t least; /* bytes that what it reads takes at least; 1 if nothing */
    bool ours;    /* it is our own schema: there is nothing to resolve */
};

/* In the arena; borrows the schema. NULL: out of memory (error_r empty), or one line in error_r that
 * says what is foreign about the schema. */
struct plan *plan_new(struct arena *arena, const struct avsc *schema, char *error_r, size_t size);
/* Whether a value of that type, which is no union, is what the step reads. */
bool plan_fits(const struct plan_step *step, const struct avsc *type);

#endif
