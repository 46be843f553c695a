/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_AVSC_H
#define VOUCH_AVSC_H

#include "span.h"

struct arena;

/* An Avro schema (Avro 1.11 specification, "Schema Declaration") as a graph of types: what a file says
 * of the data in it. Names stand for the types that they name, so the graph may go in circles. Defaults,
 * aliases, orders, logical types and documentation are not kept. */
enum avsc_kind {
    AVSC_NULL,
    AVSC_BOOLEAN,
    AVSC_INT,
    AVSC_LONG,
    AVSC_FLOAT,
    AVSC_DOUBLE,
    AVSC_BYTES,
    AVSC_STRING,
    AVSC_RECORD,
    AVSC_ENUM,
    AVSC_FIXED,
    AVSC_ARRAY,
    AVSC_MAP,
    AVSC_UNION
};

struct avsc;
struct avsc_field {
    const char *name;
    const struct avsc *type;
};
struct avsc {
    enum avsc_kind kind;
    const char *name;          /* of what has one, with its namespace; else the word for its kind */
    struct avsc_field *fields; /* RECORD */
    const struct avsc **branches; /* UNION */
    const char **symbols;         /* ENUM */
    size_t count;                 /* of what the three have */
    const struct avsc *items;     /* ARRAY, MAP: its values */
    uint64_t size;                /* FIXED: bytes */
};

#define AVSC_DEPTH 64 /* types within types */

/* In the arena. 0, VOUCH_E_NOMEM, or VOUCH_E_SYNTAX: it is no schema. */
int avsc_parse(struct arena *arena, struct span text, const struct avsc **schema_r);
/* Index of a record's field of that name; -1: it has none. */
ptrdiff_t avsc_field_index(const struct avsc *record, const char *name);

#endif
