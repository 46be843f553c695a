/* SPDX-License-Identifier: BSD-2-Clause */
/* A record back from its JSON, by the tables of record_plain.h: what record_json wrote, of this version or another. Fields that
 * are not there are null, and those that are not known are passed over. */
#include <jansson.h>
#include <math.h>
#include <string.h>
#include "arena.h"
#include "errors.h"
#include "record_plain.h"
#include "rfc3339.h"

static int read_part(struct arena *arena, const json_t *object, const struct plain_shape *shape,
                     void *at);

static int read_text(struct arena *arena, const json_t *value, bool nullable, const char **text_r)
{
    if (!json_is_string(value))
        return nullable && json_is_null(value) ? 0 : VOUCH_E_SYNTAX;
    *text_r = arena_strdup(arena, json_string_value(value));
    return *text_r ? 0 : VOUCH_E_NOMEM;
}

static int read_whole(const json_t *value, enum plain_type type, int64_t *number_r)
{
    if (type == PLAIN_TIME && json_is_string(value))
        return rfc3339_parse(json_string_value(value), number_r);
    if (!json_is_integer(value))
        return json_is_null(value) ? 0 : VOUCH_E_SYNTAX;
    *number_r = json_integer_value(value);
    return 0;
}

static int read_value(struct arena *arena, const json_t *value, const struct plain_field *f,
                      void *at);

static int read_list(struct arena *arena, const json_t *array, const struct plain_shape *shape,
                     struct plain_list *list_r)
{
    size_t count = json_array_size(array);
    char *items = arena_array(arena, count ? count : 1, shape->size);
    if (!json_is_array(array) || !items)
        return items ? VOUCH_E_SYNTAX : VOUCH_E_NOMEM;
    *list_r = (struct plain_list){items, count};
    for (size_t i = 0; i < count; i++, items += shape->size) {
        const json_t *item = json_array_get(array, i);
        int rc = shape->bare ? read_value(arena, item, shape->fields, items)
                             : read_part(arena, item, shape, items);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int read_value(struct arena *arena, const json_t *value, const struct plain_field *f,
                      void *at)
{
    switch (f->type) {
    case PLAIN_TEXT:
        return read_text(arena, value, f->nullable, at);
    case PLAIN_INT:
    case PLAIN_LONG:
    case PLAIN_TIME:
        return read_whole(value, f->type, at);
    case PLAIN_REAL:
        *(double *)at = json_is_number(value) ? json_number_value(value) : NAN;
        return 0;
    case PLAIN_BIT:
        *(signed char *)at = json_is_boolean(value) ? json_is_true(value) : PLAIN_NULL_BIT;
        return 0;
    case PLAIN_PART:
        if (json_is_null(value) && f->nullable)
            return 0;
        at = f->nullable ? plain_make_part(arena, f, at) : at;
        return at ? read_part(arena, value, f->of, at) : VOUCH_E_NOMEM;
    case PLAIN_LIST:
        return read_list(arena, value, f->of, at);
    }
    return VOUCH_E_SYNTAX;
}

static int read_part(struct arena *arena, const json_t *object, const struct plain_shape *shape,
                     void *at)
{
    if (!json_is_object(object))
        return VOUCH_E_SYNTAX;
    plain_clear(shape, at);
    for (size_t i = 0; i < shape->count; i++) {
        const struct plain_field *f = &shape->fields[i];
        const json_t *value = json_object_get(object, f->name);
        int rc = f->type == PLAIN_TEXT && !f->nullable ? VOUCH_E_SYNTAX : 0;
        if (value)
            rc = read_value(arena, value, f, (char *)at + f->offset);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int record_parse_json(struct arena *arena, const char *json, const struct record **record_r)
{
    struct plain_record p;
    json_t *root = json_loads(json, 0, NULL);
    int rc = root ? read_part(arena, root, &plain_record_shape, &p) : VOUCH_E_SYNTAX;
    json_decref(root);
    return rc ? rc : plain_build(arena, &p, record_r);
}
