/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <avro.h>
#include <cmocka.h>
#include <jansson.h>
#include "errors.h"
#include "nomem.h"
#include "record_avro.h"
#include "record_fixture.h"

static int allocations_left = -1; /* negative: never out of memory */

bool nomem_fails(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

/* ---- schemas of other versions, made from ours ---- */

static json_t *our_schema(void)
{
    json_t *schema = json_loadb(record_schema, record_schema_len, 0, NULL);
    assert_non_null(schema);
    return schema;
}

static bool is_named(const json_t *field, const char *name, size_t len)
{
    const char *is = json_string_value(json_object_get(field, "name"));
    return strlen(is) == len && strncmp(is, name, len) == 0;
}

/* The fields of the record that type is, or is a list of, or is null or. */
static json_t *fields_of(json_t *type)
{
    while (!json_object_get(type, "fields"))
        type = json_is_array(type)              ? json_array_get(type, 1)
               : json_object_get(type, "items") ? json_object_get(type, "items")
                                                : json_object_get(type, "type");
    return json_object_get(type, "fields");
}

/* Changes the type of a field ("client.ip"; NULL removes it; a new name adds one, at its end). */
static void change(json_t *schema, const char *path, const char *type)
{
    json_t *fields = fields_of(schema);
    for (const char *dot; (dot = strchr(path, '.')); path = dot + 1) {
        size_t i = 0;
        while (!is_named(json_array_get(fields, i), path, (size_t)(dot - path)))
            i++;
        fields = fields_of(json_object_get(json_array_get(fields, i), "type"));
    }
    json_t *new = type ? json_loads(type, JSON_DECODE_ANY, NULL) : NULL;
    assert_true(!type || new);
    for (size_t i = 0; i < json_array_size(fields); i++) {
        if (!is_named(json_array_get(fields, i), path, strlen(path)))
            continue;
        if (type)
            json_object_set_new(json_array_get(fields, i), "type", new);
        else
            json_array_remove(fields, i);
        return;
    }
    assert_non_null(new);
    json_array_append_new(fields, json_pack("{ss so}", "name", path, "type", new));
}

static const char *const gone[] = {
    "client.inferred",
    "auth.spf_helo",
    "auth.dmarc.reason",
    "auth.dkim.flags",
    "path.internal",
    "timing_us",
    "evidence.note",
    "rejected_recipients",
    "over",
    "labels.note",
    "subject_time",
    "judged",
    "bias",
    "pseudonym_key",
    "shadow",
    "known_before",
    "flags",
    "author.display",
};

static json_t *older_schema(void)
{
    json_t *schema = our_schema();
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        change(schema, gone[i], NULL);
    return schema;
}

/* What a later version will be, if it keeps to the rules: fields added. */
static void add_fields(json_t *schema)
{
    change(schema, "client.asn", "[\"null\",\"long\"]");
    change(schema, "path.geo",
           "{\"type\":\"record\",\"name\":\"Geo\",\"fields\":[{\"name\":\"lat\",\"type\":"
           "\"float\"},{\"name\":\"near\",\"type\":{\"type\":\"array\",\"items\":\"string\"}}]}");
    change(schema, "auth.spf.tried", "{\"type\":\"map\",\"values\":\"boolean\"}");
    change(schema, "shadow.flags", "{\"type\":\"array\",\"items\":\"string\"}");
    change(schema, "sum", "{\"type\":\"fixed\",\"name\":\"Sum\",\"size\":16}");
    change(schema, "tree",
           "{\"type\":\"record\",\"name\":\"Tree\",\"fields\":[{\"name\":\"under\",\"type\":"
           "{\"type\":\"array\",\"items\":\"Tree\"}}]}");
    change(schema, "arc", "[\"null\",\"Geo\",\"bytes\",\"double\"]");
    change(schema, "nothing", "\"null\"");
}

/* More than that: types that hold more, and an enumeration where a word was. */
static json_t *newer_schema(void)
{
    json_t *schema = our_schema();
    add_fields(schema);
    change(schema, "class",
           "[\"null\",{\"type\":\"enum\",\"name\":\"Class\",\"symbols\":[\"untrusted\","
           "\"greylisted\",\"suspicious\",\"trusted\"]}]");
    change(schema, "size", "[\"null\",\"int\",\"long\"]");
    change(schema, "bias", "[\"null\",\"float\"]");
    change(schema, "model", "[\"string\",\"null\",\"int\"]");
    return schema;
}

static avro_schema_t as_avro(const json_t *schema, char **text_r)
{
    avro_schema_t avro;
    *text_r = json_dumps(schema, 0);
    assert_non_null(*text_r);
    assert_int_equal(avro_schema_from_json_length(*text_r, strlen(*text_r), &avro), 0);
    return avro;
}

/* ---- data of other versions ---- */

static void fill(avro_value_t *value);

/* Something of every type. */
static void fill_one(avro_value_t *value)
{
    avro_value_t child;
    size_t index;
    int is_new;
    switch (avro_value_get_type(value)) {
    case AVRO_INT64:
        avro_value_set_long(value, -7);
        break;
    case AVRO_FLOAT:
        avro_value_set_float(value, 0.5f);
        break;
    case AVRO_STRING:
        avro_value_set_string(value, "new");
        break;
    case AVRO_FIXED:
        avro_value_set_fixed(value, (void *)(uintptr_t) "0123456789abcdef", 16);
        break;
    case AVRO_MAP:
        avro_value_add(value, "key", &child, &index, &is_new);
        avro_value_set_boolean(&child, 1);
        break;
    case AVRO_ARRAY:
        if (is_avro_string(avro_schema_array_items(avro_value_get_schema(value))))
            avro_value_append(value, &child, &index);
        break;
    case AVRO_UNION:
        avro_value_set_branch(value, (int)avro_schema_union_size(avro_value_get_schema(value)) - 1,
                              &child);
        fill_one(&child);
        break;
    case AVRO_DOUBLE:
        avro_value_set_double(value, 0.25);
        break;
    default:
        break;
    }
}

static void fill(avro_value_t *value)
{
    size_t count = 0;
    avro_value_t child;
    fill_one(value);
    if (avro_value_get_type(value) != AVRO_RECORD)
        return;
    avro_value_get_size(value, &count);
    for (size_t i = 0; i < count; i++) {
        avro_value_get_by_index(value, i, &child, NULL);
        fill(&child);
    }
}

static void copy(avro_value_t *from, avro_value_t *to);

static void copy_fields(avro_value_t *from, avro_value_t *to)
{
    size_t count = 0;
    avro_value_get_size(to, &count);
    for (size_t i = 0; i < count; i++) {
        avro_value_t a, b;
        const char *name;
        avro_value_get_by_index(to, i, &b, &name);
        if (avro_value_get_by_name(from, name, &a, NULL) == 0)
            copy(&a, &b);
        else
            fill(&b);
    }
}

/* The branch that is null, or the last other one that takes the value. */
static void copy_branch(avro_value_t *from, avro_value_t *to)
{
    avro_value_t a, b;
    avro_value_get_current_branch(from, &a);
    bool null = avro_value_get_type(&a) == AVRO_NULL;
    avro_schema_t type = avro_value_get_schema(to);
    for (int i = 0; i < (int)avro_schema_union_size(type); i++)
        if (is_avro_null(avro_schema_union_branch(type, i)) == null) {
            avro_value_set_branch(to, i, &b);
            if (avro_value_get_type(&a) == avro_value_get_type(&b) || i == 1)
                break;
        }
    copy(&a, &b);
}

static void copy(avro_value_t *from, avro_value_t *to)
{
    avro_value_t a, b;
    const char *text;
    size_t count = 0;
    double x;
    int n;
    switch (avro_value_get_type(to)) {
    case AVRO_RECORD:
        copy_fields(from, to);
        break;
    case AVRO_UNION:
        copy_branch(from, to);
        break;
    case AVRO_ARRAY:
        avro_value_get_size(from, &count);
        for (size_t i = 0; i < count; i++) {
            avro_value_get_by_index(from, i, &a, NULL);
            avro_value_append(to, &b, NULL);
            copy(&a, &b);
        }
        break;
    case AVRO_ENUM:
        avro_value_get_string(from, &text, NULL);
        n = avro_schema_enum_get_by_name(avro_value_get_schema(to), text);
        assert_int_equal(avro_value_set_enum(to, n), 0);
        break;
    case AVRO_FLOAT:
        avro_value_get_double(from, &x);
        avro_value_set_float(to, (float)x);
        break;
    case AVRO_INT32:
        if (avro_value_get_type(from) == AVRO_INT64) {
            int64_t wide = 0;
            avro_value_get_long(from, &wide);
            avro_value_set_int(to, (int32_t)wide);
            break;
        }
        /* fall through */
    default:
        assert_int_equal(avro_value_copy(to, from), 0);
    }
}

/* A datum of ours, as class has it. */
static void read_ours(struct sbuf *ours, avro_schema_t schema, avro_value_iface_t *class,
                      avro_value_t *value_r)
{
    avro_value_iface_t *generic = avro_generic_class_from_schema(schema);
    avro_value_t whole, projected;
    avro_reader_t reader = avro_reader_memory(ours->p, (int64_t)ours->len);
    avro_generic_value_new(generic, &whole);
    assert_int_equal(avro_value_read(reader, &whole), 0);
    avro_reader_free(reader);
    if (class) {
        avro_resolved_reader_new_value(class, &projected);
        avro_resolved_reader_set_source(&projected, &whole);
        avro_value_decref(&whole);
        whole = projected;
    }
    *value_r = whole;
    avro_value_iface_decref(generic);
}

static void write_value(avro_value_t *value, struct sbuf *out)
{
    char *bytes = calloc(1, RECORD_BYTES_MAX);
    avro_writer_t writer = avro_writer_memory(bytes, RECORD_BYTES_MAX);
    assert_int_equal(avro_value_write(writer, value), 0);
    sbuf_add(out, bytes, (size_t)avro_writer_tell(writer));
    avro_writer_free(writer);
    free(bytes);
}

/* Our datum, written by a program that has the other schema. projected: by one that read ours by its
 * own, as libavro can if that has no field more. */
static void rewrite(struct sbuf *ours, avro_schema_t other, bool projected, struct sbuf *out)
{
    avro_schema_t schema;
    assert_int_equal(avro_schema_from_json_length(record_schema, record_schema_len, &schema), 0);
    avro_value_iface_t *class = projected ? avro_resolved_reader_new(schema, other) : NULL;
    assert_true(!projected || class);
    avro_value_iface_t *generic = avro_generic_class_from_schema(other);
    avro_value_t from, to;
    read_ours(ours, schema, class, &from);
    avro_generic_value_new(generic, &to);
    if (projected)
        assert_int_equal(avro_value_copy(&to, &from), 0);
    else
        copy(&from, &to);
    write_value(&to, out);
    avro_value_decref(&from);
    avro_value_decref(&to);
    if (class)
        avro_value_iface_decref(class);
    avro_value_iface_decref(generic);
    avro_schema_decref(schema);
}

static struct record_resolver *resolver(const char *schema)
{
    char error[200];
    struct record_resolver *r = record_resolver_new(span_of(schema), error, sizeof error);
    if (!r)
        fail_msg("%s", error);
    assert_string_equal(error, "");
    return r;
}

/* All records, one after the other, as one version wrote them. */
static void write_all(avro_schema_t other, bool projected, struct sbuf *out)
{
    sbuf_init(out, 16 * RECORD_BYTES_MAX);
    for (size_t i = 0; i < made_count; i++) {
        struct made made;
        struct sbuf ours;
        made_init(&made, i);
        sbuf_init(&ours, RECORD_BYTES_MAX);
        assert_int_equal(record_encode(&ours, &made.r), 0);
        rewrite(&ours, other, projected, out);
        sbuf_clear(&ours);
        made_clear(&made);
    }
    assert_false(out->failed);
}

/* Sets a path of a record's JSON to null, or to the empty list if it is one. */
static void forget(json_t *json, const char *path)
{
    const char *dot = strchr(path, '.');
    json_t *item;
    char name[40];
    size_t i;
    snprintf(name, sizeof name, "%.*s", dot ? (int)(dot - path) : 30, path);
    json_t *value = json_object_get(json, name);
    if (json_is_array(value) && dot)
        json_array_foreach(value, i, item) forget(item, dot + 1);
    else if (dot)
        forget(value, dot + 1);
    else if (json_is_array(value))
        json_array_clear(value);
    else if (json_is_object(value) && strcmp(name, "shadow") != 0) { /* which may be null */
        const char *key;
        void *next;
        json_object_foreach_safe(value, next, key, item) forget(value, key);
    } else
        json_object_set_new(json, name, json_null());
}

static char *json_without(const struct record *r, const char *const *paths, size_t count)
{
    char *line = record_json(r);
    json_t *json = json_loads(line, 0, NULL);
    for (size_t i = 0; i < count; i++)
        forget(json, paths[i]);
    free(line);
    line = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(json);
    return line;
}

/* What was written by another version says what the record said, but for what that version lacks. */
static void assert_read(struct sbuf *theirs, const char *schema, const char *const *paths,
                        size_t count)
{
    struct record_resolver *r = resolver(schema);
    struct span data = sbuf_span(theirs);
    for (size_t i = 0; i < made_count; i++) {
        struct made made;
        struct sbuf ours;
        const struct record *read;
        made_init(&made, i);
        sbuf_init(&ours, RECORD_BYTES_MAX);
        assert_int_equal(record_resolve(r, &data, &ours), 0);
        assert_int_equal(record_datum_length(sbuf_span(&ours)), ours.len);
        assert_int_equal(record_decode(made.arena, sbuf_span(&ours), &read), 0);
        char *was = json_without(&made.r, paths, count);
        char *is = record_datum_json(sbuf_span(&ours));
        size_t same = 0;
        while (was[same] && was[same] == is[same])
            same++;
        if (was[same] || is[same])
            fail_msg("%s: ...%.100s, not ...%.100s", made.name, is + same, was + same);
        free(was);
        free(is);
        sbuf_clear(&ours);
        made_clear(&made);
    }
    assert_int_equal(data.len, 0);
    record_resolver_free(&r);
    assert_null(r);
}

static void older_and_ours_read_each_other(void **state)
{
    (void)state;
    json_t *schema = older_schema();
    char *text;
    avro_schema_t avro = as_avro(schema, &text);
    struct sbuf out;
    write_all(avro, true, &out); /* libavro reads ours by the older schema, and writes that */
    assert_read(&out, text, gone, sizeof gone / sizeof *gone);
    sbuf_clear(&out);
    avro_schema_decref(avro);
    free(text);
    json_decref(schema);
}

static void newer_data_are_read(void **state)
{
    (void)state;
    json_t *schema = newer_schema();
    char *text;
    avro_schema_t avro = as_avro(schema, &text);
    struct sbuf out;
    write_all(avro, false, &out);
    assert_read(&out, text, NULL, 0);
    sbuf_clear(&out);
    avro_schema_decref(avro);
    free(text);
    json_decref(schema);
}

/* libavro, with our schema, reads what a later version wrote. */
static void programs_of_today_read_newer_data(void **state)
{
    (void)state;
    json_t *json = our_schema();
    add_fields(json);
    char *text;
    avro_schema_t newer = as_avro(json, &text), ours;
    assert_int_equal(avro_schema_from_json_length(record_schema, record_schema_len, &ours), 0);
    avro_value_iface_t *class = avro_resolved_reader_new(newer, ours);
    assert_non_null(class);
    for (size_t i = 0; i < made_count; i++) {
        struct made made;
        struct sbuf was, theirs, is;
        avro_value_t value;
        made_init(&made, i);
        sbuf_init(&was, RECORD_BYTES_MAX);
        sbuf_init(&theirs, RECORD_BYTES_MAX);
        sbuf_init(&is, RECORD_BYTES_MAX);
        assert_int_equal(record_encode(&was, &made.r), 0);
        rewrite(&was, newer, false, &theirs);
        assert_true(theirs.len > was.len);
        read_ours(&theirs, newer, class, &value);
        write_value(&value, &is);
        assert_true(span_eq(sbuf_span(&was), sbuf_span(&is)));
        avro_value_decref(&value);
        sbuf_clear(&was);
        sbuf_clear(&theirs);
        sbuf_clear(&is);
        made_clear(&made);
    }
    avro_value_iface_decref(class);
    avro_schema_decref(newer);
    avro_schema_decref(ours);
    free(text);
    json_decref(json);
}

/* Writes one record by a schema in which a word is an enumeration; returns what we make of it. */
static int read_with_symbol(struct arena *arena, const char *field, const char *symbols, int symbol,
                            const struct record **record_r)
{
    struct made made;
    struct sbuf was, theirs, ours;
    char type[200], *text;
    json_t *json = our_schema();
    snprintf(type, sizeof type, "{\"type\":\"enum\",\"name\":\"New\",\"symbols\":%s}", symbols);
    change(json, field, type);
    avro_schema_t other = as_avro(json, &text), schema;
    assert_int_equal(avro_schema_from_json_length(record_schema, record_schema_len, &schema), 0);
    made_init(&made, 0);
    sbuf_init(&was, RECORD_BYTES_MAX);
    sbuf_init(&theirs, RECORD_BYTES_MAX);
    sbuf_init(&ours, RECORD_BYTES_MAX);
    assert_int_equal(record_encode(&was, &made.r), 0);
    avro_value_iface_t *generic = avro_generic_class_from_schema(other);
    avro_value_t from, to, value;
    read_ours(&was, schema, NULL, &from);
    avro_generic_value_new(generic, &to);
    size_t count = 0;
    avro_value_get_size(&to, &count);
    for (size_t i = 0; i < count; i++) {
        avro_value_t a;
        avro_value_get_by_index(&to, i, &value, NULL);
        avro_value_get_by_index(&from, i, &a, NULL);
        if (avro_value_get_type(&value) == AVRO_ENUM)
            assert_int_equal(avro_value_set_enum(&value, symbol), 0);
        else
            copy(&a, &value);
    }
    write_value(&to, &theirs);
    struct record_resolver *r = resolver(text);
    struct span data = sbuf_span(&theirs);
    assert_int_equal(record_resolve(r, &data, &ours), 0);
    int rc = record_decode(arena, sbuf_span(&ours), record_r);
    record_resolver_free(&r);
    avro_value_decref(&from);
    avro_value_decref(&to);
    avro_value_iface_decref(generic);
    avro_schema_decref(other);
    avro_schema_decref(schema);
    sbuf_clear(&was);
    sbuf_clear(&theirs);
    sbuf_clear(&ours);
    made_clear(&made);
    free(text);
    json_decref(json);
    return rc;
}

/* A word that this version does not know is not known; a record of a kind that it does not know is none
 * that it could read. */
static void unknown_words_become_null(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    const struct record *r;
    assert_int_equal(read_with_symbol(arena, "class", "[\"trusted\",\"greylisted\"]", 0, &r), 0);
    assert_int_equal(r->decision->class, CLASS_TRUSTED);
    assert_int_equal(read_with_symbol(arena, "class", "[\"trusted\",\"greylisted\"]", 1, &r), 0);
    assert_int_equal(r->decision->class, CLASS_COUNT);
    char *line = record_json(r);
    assert_non_null(strstr(line, "\"class\":null,"));
    free(line);
    assert_int_equal(read_with_symbol(arena, "action", "[\"redirect\"]", 0, &r), 0);
    assert_int_equal(r->decision->action, ACTION_NONE);
    assert_int_equal(read_with_symbol(arena, "direction", "[\"sideways\"]", 0, &r), 0);
    assert_int_equal(r->direction, DIRECTION_ANY);
    assert_int_equal(read_with_symbol(arena, "mode", "[\"learn\"]", 0, &r), 0);
    assert_int_equal(read_with_symbol(arena, "kind", "[\"label\",\"decision\"]", 1, &r), 0);
    assert_int_equal(read_with_symbol(arena, "kind", "[\"decision\",\"merger\"]", 1, &r),
                     VOUCH_E_SYNTAX);
    arena_free(&arena);
}

/* ---- schemas that are not ours at all ---- */

static const struct {
    const char *path, *type; /* changed in ours; NULL: type is a whole schema */
    const char *error;       /* "": it is ours */
} foreign[] = {
    {NULL, "", "what should be its Avro schema is none"},
    {NULL, "{", "what should be its Avro schema is none"},
    {NULL, "{\"type\":\"record\"}", "what should be its Avro schema is none"},
    {NULL, "{\"type\":\"nonsense\"}", "what should be its Avro schema is none"},
    {NULL, "{\"type\":\"array\",\"items\":\"long\"}",
     "it holds array, not vouch.Record: it is no journal of vouch"},
    {NULL,
     "{\"type\":\"record\",\"name\":\"User\",\"namespace\":\"org.example\",\"fields\":"
     "[{\"name\":\"a\",\"type\":\"int\"}]}",
     "it holds org.example.User, not vouch.Record: it is no journal of vouch"},
    {NULL,
     "{\"type\":\"record\",\"name\":\"Record\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}",
     "it holds Record, not vouch.Record: it is no journal of vouch"},
    {NULL,
     "{\"type\":\"record\",\"name\":\"Record\",\"namespace\":\"vouch\",\"fields\":"
     "[{\"name\":\"a\",\"type\":\"int\"}]}",
     "its field schema is missing: no version of vouch wrote it"},
    {"kind", NULL, "its field kind is missing: no version of vouch wrote it"},
    {"labels.source", NULL, "its field labels.source is missing: no version of vouch wrote it"},
    {"client.ip", "\"long\"", "its field client.ip is not a string: no version of vouch wrote it"},
    {"auth.spf", "\"string\"", "its field auth.spf is not a record: no version of vouch wrote it"},
    {"auth.dkim", "\"string\"",
     "its field auth.dkim is not an array: no version of vouch wrote it"},
    {"path", "{\"type\":\"array\",\"items\":\"string\"}",
     "its field path.[] is not a record: no version of vouch wrote it"},
    {"recipients", "{\"type\":\"array\",\"items\":\"long\"}",
     "its field recipients.[] is not a string: no version of vouch wrote it"},
    {"recipients", "{\"type\":\"array\",\"items\":[\"null\",\"string\"]}",
     "its field recipients.[] may be something else: no version of vouch wrote it"},
    {"id", "[\"null\",\"string\"]",
     "its field id may be something else: no version of vouch wrote it"},
    {"time", "\"string\"", "its field time is not a whole number: no version of vouch wrote it"},
    {"trust", "[\"null\",\"string\"]",
     "its field trust is not a number: no version of vouch wrote it"},
    {"judged", "\"null\"", "its field judged is not a boolean: no version of vouch wrote it"},
    {"size", "[\"null\",\"long\"]", ""},
};

static void foreign_schemas_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        json_t *json = our_schema();
        char error[200], *text = NULL;
        if (foreign[i].path)
            change(json, foreign[i].path, foreign[i].type);
        text = foreign[i].path ? json_dumps(json, 0) : strdup(foreign[i].type);
        struct record_resolver *r = record_resolver_new(span_of(text), error, sizeof error);
        assert_null(r);
        if (strcmp(error, foreign[i].error) != 0)
            fail_msg("%s: %s, not %s", text, error, foreign[i].error);
        free(text);
        json_decref(json);
    }
}

static void our_own_schema_needs_no_resolver(void **state)
{
    (void)state;
    char error[100] = "x";
    json_t *json = our_schema();
    char *text = json_dumps(json, JSON_COMPACT);
    assert_null(record_resolver_new(span_of(record_schema), error, sizeof error));
    assert_string_equal(error, "");
    assert_null(record_resolver_new(span_of(text), error, sizeof error)); /* written otherwise */
    assert_string_equal(error, "");
    free(text);
    json_decref(json);
}

/* ---- damage ---- */

static void damage_is_seen_or_harmless(void **state)
{
    (void)state;
    struct made made;
    struct sbuf ours, theirs, out;
    char *text;
    json_t *schema = newer_schema();
    avro_schema_t avro = as_avro(schema, &text);
    struct record_resolver *r = resolver(text);
    made_init(&made, 5);
    sbuf_init(&ours, RECORD_BYTES_MAX);
    sbuf_init(&theirs, RECORD_BYTES_MAX);
    sbuf_init(&out, RECORD_BYTES_MAX);
    assert_int_equal(record_encode(&ours, &made.r), 0);
    rewrite(&ours, avro, false, &theirs);
    for (size_t n = 0; n < theirs.len; n++) {
        char *part = malloc(n ? n : 1); /* exact, for sanitizers */
        memcpy(part, theirs.p, n);
        struct span data = span_make(part, n);
        assert_int_equal(record_resolve(r, &data, &out), VOUCH_E_SYNTAX);
        assert_int_equal(data.len, n);
        assert_int_equal(out.len, 0);
        free(part);
        for (int bit = 0; bit < 8; bit++) {
            theirs.p[n] ^= (char)(1 << bit);
            data = sbuf_span(&theirs);
            int rc = record_resolve(r, &data, &out);
            assert_true(rc == 0 || rc == VOUCH_E_SYNTAX || rc == VOUCH_E_NOMEM);
            assert_int_equal(rc == 0 ? record_datum_length(sbuf_span(&out)) : 0, out.len);
            sbuf_reset(&out);
            theirs.p[n] ^= (char)(1 << bit);
        }
    }
    record_resolver_free(&r);
    sbuf_clear(&ours);
    sbuf_clear(&theirs);
    sbuf_clear(&out);
    avro_schema_decref(avro);
    free(text);
    json_decref(schema);
    made_clear(&made);
}

/* A schema whose values take no bytes, or go round in a circle, does not keep us. */
static void a_hostile_schema_is_bounded(void **state)
{
    (void)state;
    json_t *json = our_schema();
    char type[8000] = "\"null\"";
    for (int i = 0; i < 30; i++) { /* each holds the one before it twice */
        char next[8000];
        snprintf(next, sizeof next,
                 "{\"type\":\"record\",\"name\":\"R%d\",\"fields\":[{\"name\":\"a\",\"type\":%s},"
                 "{\"name\":\"b\",\"type\":%s%d%s}]}",
                 i, type, i ? "\"R" : "\"null", i ? i - 1 : 0, "\"");
        if (i == 0)
            snprintf(next, sizeof next,
                     "{\"type\":\"record\",\"name\":\"R0\",\"fields\":[{\"name\":\"a\",\"type\":"
                     "\"null\"},{\"name\":\"b\",\"type\":\"null\"}]}");
        memcpy(type, next, sizeof type);
    }
    change(json, "many", type);
    change(json, "endless",
           "{\"type\":\"record\",\"name\":\"E\",\"fields\":[{\"name\":\"e\",\"type\":\"E\"}]}");
    char *text = json_dumps(json, 0);
    struct record_resolver *r = resolver(text);
    struct made made;
    struct sbuf ours, out;
    made_init(&made, 0);
    sbuf_init(&ours, RECORD_BYTES_MAX);
    sbuf_init(&out, RECORD_BYTES_MAX);
    assert_int_equal(record_encode(&ours, &made.r), 0);
    struct span data = sbuf_span(&ours); /* what was added takes no bytes */
    assert_int_equal(record_resolve(r, &data, &out), VOUCH_E_SYNTAX);
    record_resolver_free(&r);
    sbuf_clear(&ours);
    sbuf_clear(&out);
    made_clear(&made);
    free(text);
    json_decref(json);
}

static void running_out_of_memory_is_said(void **state)
{
    (void)state;
    json_t *json = older_schema();
    char *text = json_dumps(json, 0), error[100];
    struct record_resolver *r = NULL;
    int failed = 0;
    for (int n = 0; !r; n++) {
        allocations_left = n;
        r = record_resolver_new(span_of(text), error, sizeof error);
        allocations_left = -1;
        failed += !r;
        assert_true(r || strcmp(error, vouch_strerror(VOUCH_E_NOMEM)) == 0);
    }
    assert_true(failed > 3);
    record_resolver_free(&r);
    free(text);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(older_and_ours_read_each_other),
        cmocka_unit_test(newer_data_are_read),
        cmocka_unit_test(programs_of_today_read_newer_data),
        cmocka_unit_test(unknown_words_become_null),
        cmocka_unit_test(foreign_schemas_are_named),
        cmocka_unit_test(our_own_schema_needs_no_resolver),
        cmocka_unit_test(damage_is_seen_or_harmless),
        cmocka_unit_test(a_hostile_schema_is_bounded),
        cmocka_unit_test(running_out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
