/* SPDX-License-Identifier: BSD-2-Clause */
#include "avsc.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "errors.h"
#include "sbuf.h"

/* A schema in one line: "R{a:int,b:[null|string]}". A type that stands within itself: "^R". */
static void print(struct sbuf *out, const struct avsc *type, int depth)
{
    static const char *const open[] = {
        [AVSC_RECORD] = "{", [AVSC_ENUM] = "<", [AVSC_UNION] = "[", [AVSC_MAP] = ""};
    if (depth == 0) {
        sbuf_addf(out, "^%s", type->name);
        return;
    }
    if (type->kind != AVSC_UNION)
        sbuf_adds(out, type->name);
    if (type->kind == AVSC_ARRAY || type->kind == AVSC_MAP) {
        sbuf_addc(out, ':');
        print(out, type->items, depth - 1);
    }
    if (type->kind == AVSC_FIXED)
        sbuf_addf(out, "*%llu", (unsigned long long)type->size);
    if (type->kind != AVSC_RECORD && type->kind != AVSC_ENUM && type->kind != AVSC_UNION)
        return;
    sbuf_adds(out, open[type->kind]);
    for (size_t i = 0; i < type->count; i++) {
        sbuf_adds(out, i == 0 ? "" : type->kind == AVSC_UNION ? "|" : ",");
        if (type->kind == AVSC_ENUM)
            sbuf_adds(out, type->symbols[i]);
        else if (type->kind == AVSC_UNION)
            print(out, type->branches[i], depth - 1);
        else {
            sbuf_addf(out, "%s:", type->fields[i].name);
            print(out, type->fields[i].type, depth - 1);
        }
    }
    sbuf_adds(out, type->kind == AVSC_RECORD ? "}" : type->kind == AVSC_ENUM ? ">" : "]");
}

static const struct {
    const char *name, *text;
    const char *is; /* NULL: it is none */
} schemas[] = {
    {"a primitive type", "\"long\"", "long"},
    {"in an object", "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}", "long"},
    {"in two", "{\"type\":{\"type\":\"bytes\"}}", "bytes"},
    {"a union", "[\"null\",\"string\",\"float\",\"double\",\"boolean\",\"int\"]",
     "[null|string|float|double|boolean|int]"},
    {"an empty union", "[]", "[]"},
    {"an array", "{\"type\":\"array\",\"items\":\"int\"}", "array:int"},
    {"a map", "{\"type\":\"map\",\"values\":[\"null\",\"int\"]}", "map:[null|int]"},
    {"an enumeration",
     "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"],\"default\":\"A\"}", "E<A,B>"},
    {"a fixed", "{\"type\":\"fixed\",\"name\":\"F\",\"namespace\":\"a.b\",\"size\":16}",
     "a.b.F*16"},
    {"a record",
     "{\"type\":\"record\",\"name\":\"R\",\"doc\":\"x\",\"fields\":[{\"name\":\"a\",\"type\":"
     "\"int\",\"default\":1},{\"name\":\"b\",\"type\":[\"null\",\"string\"]}]}",
     "R{a:int,b:[null|string]}"},
    {"a record without fields", "{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}", "R{}"},
    {"a name used again, in its namespace",
     "{\"type\":\"record\",\"name\":\"n.R\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":"
     "\"fixed\",\"name\":\"F\",\"size\":1}},{\"name\":\"b\",\"type\":\"F\"},{\"name\":\"c\","
     "\"type\":\"n.F\"}]}",
     "n.R{a:n.F*1,b:n.F*1,c:n.F*1}"},
    {"a record within itself",
     "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"n\",\"fields\":[{\"name\":\"a\",\"type\":"
     "{\"type\":\"array\",\"items\":\"R\"}}]}",
     "n.R{a:array:n.R{a:array:^n.R}}"},
    {"nothing", "", NULL},
    {"a number", "1", NULL},
    {"null", "null", NULL},
    {"no JSON", "{", NULL},
    {"an unknown name", "\"R\"", NULL},
    {"no type", "{}", NULL},
    {"a type that is a number", "{\"type\":1}", NULL},
    {"a record without a name", "{\"type\":\"record\",\"fields\":[]}", NULL},
    {"a record with an empty name", "{\"type\":\"record\",\"name\":\"\",\"fields\":[]}", NULL},
    {"a record without a list of fields", "{\"type\":\"record\",\"name\":\"R\"}", NULL},
    {"a field without a name",
     "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"type\":\"int\"}]}", NULL},
    {"a field without a type", "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\"}]}",
     NULL},
    {"a field that is none", "{\"type\":\"record\",\"name\":\"R\",\"fields\":[1]}", NULL},
    {"an array without items", "{\"type\":\"array\"}", NULL},
    {"an enumeration without symbols", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[]}", NULL},
    {"a symbol that is none", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[1]}", NULL},
    {"a fixed without a size", "{\"type\":\"fixed\",\"name\":\"F\"}", NULL},
    {"a fixed of negative size", "{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}", NULL},
    {"a union in a union", "[[\"null\"]]", NULL},
    {"a name that was taken",
     "[{\"type\":\"fixed\",\"name\":\"F\",\"size\":1},{\"type\":\"fixed\",\"name\":\"F\",\"size\":"
     "2}]",
     NULL},
};

static void schemas_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        struct arena *arena = arena_new(1 << 20);
        const struct avsc *type;
        struct sbuf out;
        sbuf_init(&out, 1000);
        int rc = avsc_parse(arena, span_of(schemas[i].text), &type);
        if (rc != (schemas[i].is ? 0 : VOUCH_E_SYNTAX))
            fail_msg("%s: %d", schemas[i].name, rc);
        if (rc == 0)
            print(&out, type, 4);
        if (rc == 0 && strcmp(sbuf_str(&out), schemas[i].is) != 0)
            fail_msg("%s: %s", schemas[i].name, sbuf_str(&out));
        sbuf_clear(&out);
        arena_free(&arena);
    }
}

/* AVSC_DEPTH holds however deep the text goes. */
static void depth_is_bounded(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    const struct avsc *type;
    for (int depth = AVSC_DEPTH - 2; depth <= AVSC_DEPTH + 1; depth++) {
        struct sbuf text;
        sbuf_init(&text, 1 << 16);
        for (int i = 0; i < depth; i++)
            sbuf_adds(&text, "{\"type\":\"array\",\"items\":");
        sbuf_adds(&text, "\"int\"");
        for (int i = 0; i < depth; i++)
            sbuf_addc(&text, '}');
        assert_int_equal(avsc_parse(arena, sbuf_span(&text), &type),
                         depth < AVSC_DEPTH ? 0 : VOUCH_E_SYNTAX);
        sbuf_clear(&text);
    }
    arena_free(&arena);
}

static void out_of_memory_is_said(void **state)
{
    (void)state;
    int rc = VOUCH_E_NOMEM, failed = 0;
    for (size_t max = 0; rc != 0; max += 16) {
        struct arena *arena = arena_new(max);
        const struct avsc *type;
        rc = avsc_parse(arena, span_of(schemas[11].text), &type);
        assert_true(rc == 0 || rc == VOUCH_E_NOMEM);
        failed += rc != 0;
        arena_free(&arena);
    }
    assert_true(failed > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemas_are_read),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
