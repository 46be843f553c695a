/* SPDX-License-Identifier: BSD-2-Clause */
/* Avro schemas, read here and not by libavro: they come from files that somebody may have damaged, and
 * its reader (1.11) leaks what it has of a schema that turns out to be none. */
#include "avsc.h"
#include <jansson.h>
#include <string.h>
#include "arena.h"
#include "errors.h"

static const char *const kind_names[] = {
    "null",   "boolean", "int",  "long",  "float", "double", "bytes",
    "string", "record",  "enum", "fixed", "array", "map",    "union",
};

/* A type that was defined, for those that use its name. */
struct known {
    struct known *next;
    const struct avsc *type;
};

struct parser {
    struct arena *arena;
    struct known *known;
    int rc; /* what went wrong first */
};

/* Where a type stands: in which namespace ("" for none), how many more may be within it. */
struct place {
    const char *space;
    int depth;
};

static const struct avsc *parse(struct parser *p, const json_t *json, struct place at);

static void *fail(struct parser *p, int rc)
{
    if (p->rc == 0)
        p->rc = rc;
    return NULL;
}

static void *new_array(struct parser *p, size_t count, size_t size)
{
    void *items = arena_array(p->arena, count, size);
    return items ? items : fail(p, VOUCH_E_NOMEM);
}

static struct avsc *new_type(struct parser *p, enum avsc_kind kind)
{
    struct avsc *type = new_array(p, 1, sizeof *type);
    if (type) {
        type->kind = kind;
        type->name = kind_names[kind];
    }
    return type;
}

static const struct avsc *find(const struct parser *p, const char *name)
{
    for (const struct known *k = p->known; k; k = k->next)
        if (strcmp(k->type->name, name) == 0)
            return k->type;
    return NULL;
}

/* The name with its namespace. */
static const char *full_name(struct parser *p, const char *name, const char *space)
{
    const char *full = strchr(name, '.') || !*space ? arena_strdup(p->arena, name)
                                                    : arena_printf(p->arena, "%s.%s", space, name);
    return full ? full : fail(p, VOUCH_E_NOMEM);
}

static const struct avsc *parse_name(struct parser *p, const char *name, struct place at)
{
    for (int kind = AVSC_NULL; kind <= AVSC_STRING; kind++)
        if (strcmp(kind_names[kind], name) == 0)
            return new_type(p, (enum avsc_kind)kind);
    const char *full = full_name(p, name, at.space);
    const struct avsc *type = full ? find(p, full) : NULL;
    return type || p->rc ? type : fail(p, VOUCH_E_SYNTAX);
}

/* Gives a type its name, and makes it known. */
static int define(struct parser *p, struct avsc *type, const json_t *json, struct place *at)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    const char *space = json_string_value(json_object_get(json, "namespace"));
    struct known *known = new_array(p, 1, sizeof *known);
    type->name = name && *name && known ? full_name(p, name, space ? space : at->space) : NULL;
    if (!type->name || find(p, type->name)) {
        fail(p, VOUCH_E_SYNTAX);
        return -1;
    }
    const char *dot = strrchr(type->name, '.');
    at->space = dot ? arena_span(p->arena, span_make(type->name, (size_t)(dot - type->name))) : "";
    if (!at->space) {
        fail(p, VOUCH_E_NOMEM);
        return -1;
    }
    *known = (struct known){p->known, type};
    p->known = known;
    return 0;
}

static void parse_fields(struct parser *p, struct avsc *type, const json_t *list, struct place at)
{
    size_t count = json_array_size(list);
    type->fields = new_array(p, count, sizeof *type->fields);
    if (!json_is_array(list))
        fail(p, VOUCH_E_SYNTAX);
    for (size_t i = 0; p->rc == 0 && i < count; i++) {
        const json_t *field = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(field, "name"));
        type->fields[i].name = name ? full_name(p, name, "") : fail(p, VOUCH_E_SYNTAX);
        type->fields[i].type = parse(p, json_object_get(field, "type"), at);
        type->count = i + 1;
    }
}

static void parse_symbols(struct parser *p, struct avsc *type, const json_t *list)
{
    size_t count = json_array_size(list);
    type->symbols = new_array(p, count, sizeof *type->symbols);
    if (count == 0)
        fail(p, VOUCH_E_SYNTAX);
    for (size_t i = 0; p->rc == 0 && i < count; i++) {
        const char *symbol = json_string_value(json_array_get(list, i));
        type->symbols[i] = symbol ? full_name(p, symbol, "") : fail(p, VOUCH_E_SYNTAX);
        type->count = i + 1;
    }
}

static void parse_size(struct parser *p, struct avsc *type, const json_t *json)
{
    if (!json_is_integer(json) || json_integer_value(json) < 0)
        fail(p, VOUCH_E_SYNTAX);
    type->size = (uint64_t)json_integer_value(json);
}

static const struct avsc *parse_union(struct parser *p, const json_t *list, struct place at)
{
    size_t count = json_array_size(list);
    struct avsc *type = new_type(p, AVSC_UNION);
    if (!type || !(type->branches = new_array(p, count, sizeof *type->branches)))
        return NULL;
    for (size_t i = 0; p->rc == 0 && i < count; i++) {
        type->branches[i] = parse(p, json_array_get(list, i), at);
        type->count = i + 1;
        if (type->branches[i] && type->branches[i]->kind == AVSC_UNION)
            fail(p, VOUCH_E_SYNTAX); /* the specification has none of these */
    }
    return type;
}

static const struct avsc *parse_complex(struct parser *p, enum avsc_kind kind, const json_t *json,
                                        struct place at)
{
    struct avsc *type = new_type(p, kind);
    if (!type)
        return NULL;
    if ((kind == AVSC_RECORD || kind == AVSC_ENUM || kind == AVSC_FIXED) &&
        define(p, type, json, &at) != 0)
        return NULL;
    if (kind == AVSC_RECORD)
        parse_fields(p, type, json_object_get(json, "fields"), at);
    else if (kind == AVSC_ENUM)
        parse_symbols(p, type, json_object_get(json, "symbols"));
    else if (kind == AVSC_FIXED)
        parse_size(p, type, json_object_get(json, "size"));
    else
        type->items = parse(p, json_object_get(json, kind == AVSC_MAP ? "values" : "items"), at);
    return type;
}

/* {"type": ...}: a complex type, or any with properties that we do not keep */
static const struct avsc *parse_object(struct parser *p, const json_t *json, struct place at)
{
    const json_t *type = json_object_get(json, "type");
    const char *word = json_string_value(type);
    for (int kind = AVSC_RECORD; word && kind <= AVSC_MAP; kind++)
        if (strcmp(kind_names[kind], word) == 0)
            return parse_complex(p, (enum avsc_kind)kind, json, at);
    return parse(p, type, at);
}

/* NULL: see p->rc */
static const struct avsc *parse(struct parser *p, const json_t *json, struct place at)
{
    if (p->rc || !json || at.depth-- == 0)
        return fail(p, VOUCH_E_SYNTAX);
    if (json_is_string(json))
        return parse_name(p, json_string_value(json), at);
    if (json_is_array(json))
        return parse_union(p, json, at);
    if (json_is_object(json))
        return parse_object(p, json, at);
    return fail(p, VOUCH_E_SYNTAX);
}

int avsc_parse(struct arena *arena, struct span text, const struct avsc **schema_r)
{
    struct parser p = {.arena = arena};
    json_t *json = text.p ? json_loadb(text.p, text.len, JSON_DECODE_ANY, NULL) : NULL;
    if (!json)
        return VOUCH_E_SYNTAX;
    const struct avsc *schema = parse(&p, json, (struct place){"", AVSC_DEPTH});
    json_decref(json);
    if (p.rc == 0)
        *schema_r = schema;
    return p.rc;
}

ptrdiff_t avsc_field_index(const struct avsc *record, const char *name)
{
    for (size_t i = 0; i < record->count; i++)
        if (strcmp(record->fields[i].name, name) == 0)
            return (ptrdiff_t)i;
    return -1;
}
