/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "pattern.h"
#include "units.h"

#define LONG_64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void one_form(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *form; /* form NULL: a mistake */
    } table[] = {
        {"address", "user@example.com", "user@example.com"},
        {"case", "User@EXAMPLE.com", "user@example.com"},
        {"final dot", "user@example.com.", "user@example.com"},
        {"domain", "Example.Com", "example.com"},
        {"domain and below", ".Example.com", ".example.com"},
        {"everything", "*", "*"},
        {"null sender", "<>", "<>"},
        {"detail is part of the local-part", "user+list@example.com", "user+list@example.com"},
        {"quotes that are not needed", "\"user\"@example.com", "user@example.com"},
        {"quotes that are", "\"a b\"@example.com", "\"a b\"@example.com"},
        {"escaped", "\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com"},
        {"at sign in quotes", "\"a@b\"@example.com", "\"a@b\"@example.com"},
        {"IDN",
         "user@b\xc3\xbc"
         "cher.example",
         "user@xn--bcher-kva.example"},
        {"IDN domain",
         ".B\xc3\x9c"
         "CHER.example",
         ".xn--bcher-kva.example"},
        {"UTF-8 local-part", "\xc3\xa4@example.com", "\xc3\xa4@example.com"},
        {"top-level domain", ".example", ".example"},
        {"empty", "", NULL},
        {"all of a domain, as others write it", "@example.com", NULL},
        {"the same with a star", "*@example.com", NULL},
        {"all below, as others write it", "*.example.com", NULL},
        {"no domain", "user@", NULL},
        {"empty label", "user@example..com", NULL},
        {"two dots", "..example.com", NULL},
        {"dot alone", ".", NULL},
        {"space in a domain", "exam ple.com", NULL},
        {"control character", "a\tb@example.com", NULL},
        {"star inside", "exa*ple.com", NULL},
        {"local-part too long", LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 "a@example.com", NULL},
        {"local-part of the longest", LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 "@example.com",
         LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 "@example.com"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena *arena = arena_new(65536);
        const char *form;
        const char *why = pattern_parse(arena, span_of(table[i].text), false, &form);
        print_message("# %s: %s\n", table[i].name, why ? why : "ok");
        if (table[i].form) {
            assert_null(why);
            assert_string_equal(form, table[i].form);
            assert_null(pattern_parse(arena, span_of(form), false, &form));
            assert_string_equal(form, table[i].form); /* and stays what it is */
        } else {
            assert_non_null(why);
            assert_null(form);
        }
        arena_free(&arena);
    }
}

static void domains_only(void **state)
{
    (void)state;
    static const char *const refused[] = {"user@example.com", "*", "<>", ""};
    struct arena *arena = arena_new(65536);
    const char *form;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_non_null(pattern_parse(arena, span_of(refused[i]), true, &form));
    assert_null(pattern_parse(arena, span_of(".example.com"), true, &form));
    arena_free(&arena);
}

static void matching(void **state)
{
    (void)state;
    static const struct {
        const char *name, *pattern, *address;
        bool match;
    } table[] = {
        {"address", "user@example.com", "user@example.com", true},
        {"case of the local-part", "user@example.com", "USER@example.com", true},
        {"case of the domain", "user@example.com", "user@Example.COM", true},
        {"other user", "user@example.com", "user2@example.com", false},
        {"detail", "user@example.com", "user+x@example.com", false},
        {"domain below", "user@example.com", "user@mail.example.com", false},
        {"quoted in the address", "user@example.com", "\"user\"@example.com", true},
        {"quoted pair in the address", "user@example.com", "\"u\\ser\"@example.com", true},
        {"needed quotes", "\"a b\"@example.com", "\"A b\"@example.com", true},
        {"unquoted by the parser", "\"a b\"@example.com", "a b@example.com", true},
        {"at sign in the local-part", "example.com", "\"x@example.net\"@example.com", true},
        {"at sign that pretends", "example.net", "\"x@example.net\"@example.com", false},
        {"domain", "example.com", "any@example.com", true},
        {"domain, not below", "example.com", "any@mail.example.com", false},
        {"domain, not ending so", "example.com", "any@badexample.com", false},
        {"below", ".example.com", "any@mail.example.com", true},
        {"deep below", ".example.com", "any@a.b.c.example.com", true},
        {"below and itself", ".example.com", "any@example.com", true},
        {"below, not ending so", ".example.com", "any@badexample.com", false},
        {"IDN address, U-label",
         "b\xc3\xbc"
         "cher.example",
         "a@b\xc3\xbc"
         "cher.example",
         true},
        {"IDN address, A-label",
         ".b\xc3\xbc"
         "cher.example",
         "a@www.xn--bcher-kva.example", true},
        {"star and address", "*", "user@example.com", true},
        {"star and null sender", "*", "", true},
        {"star and nothing", "*", NULL, true},
        {"domain and nothing", "example.com", NULL, false},
        {"null sender", "<>", "", true},
        {"null sender and nothing", "<>", NULL, false},
        {"null sender and address", "<>", "user@example.com", false},
        {"null sender and domain pattern", "example.com", "", false},
        {"domain alone", "example.com", "example.com", true},
        {"domain alone, below", ".example.com", "mx.EXAMPLE.com", true},
        {"address pattern and domain alone", "user@example.com", "example.com", false},
        {"address literal", ".example.com", "user@[192.0.2.1]", false},
        {"long local-part still has its domain", "example.com",
         LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 "@example.com", true},
        {"empty local-part", "example.com", "@example.com", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena *arena = arena_new(65536);
        const char *form = NULL;
        print_message("# %s\n", table[i].name);
        assert_null(pattern_parse(arena, span_of(table[i].pattern), false, &form));
        struct pattern_list list = {&form, 1};
        assert_int_equal(pattern_list_match(&list, table[i].address), table[i].match);
        arena_free(&arena);
    }
    struct pattern_list empty = {NULL, 0};
    assert_false(pattern_list_match(&empty, "user@example.com"));
}

static void covering(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool covers;
    } table[] = {
        {"*", "user@example.com", true},
        {"*", "<>", true},
        {"*", "*", true},
        {"<>", "<>", true},
        {"<>", "*", false},
        {"example.com", "<>", false},
        {"example.com", "*", false},
        {"example.com", "user@example.com", true},
        {"example.com", "example.com", true},
        {"example.com", ".example.com", false},
        {"example.com", "user@mail.example.com", false},
        {".example.com", "example.com", true},
        {".example.com", "user@mail.example.com", true},
        {".example.com", ".mail.example.com", true},
        {".mail.example.com", ".example.com", false},
        {".example.com", "badexample.com", false},
        {"user@example.com", "user@example.com", true},
        {"user@example.com", "example.com", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *both[] = {table[i].b, table[i].a};
        struct pattern_list a = {&both[1], 1}, b = {&both[0], 1};
        assert_int_equal(pattern_list_covers(&a, &b), table[i].covers);
    }
    const char *wide[] = {"example.com", "example.net"};
    const char *narrow[] = {"a@example.net", "b@example.com"};
    struct pattern_list a = {wide, 2}, b = {narrow, 2}, one = {wide, 1};
    assert_true(pattern_list_covers(&a, &b));
    assert_false(pattern_list_covers(&one, &b));
}

static void units(void **state)
{
    (void)state;
    static const struct {
        const struct unit *units;
        const char *text;
        uint64_t value;
        const char *form; /* NULL: a mistake */
    } table[] = {
        {units_duration, "200ms", 200, "200ms"},
        {units_duration, "5s", 5000, "5s"},
        {units_duration, "90d", 7776000000, "90d"},
        {units_duration, "24h", 86400000, "1d"},
        {units_duration, "90m", 5400000, "90m"},
        {units_duration, "0s", 0, "0ms"},
        {units_duration, "5", 0, NULL},
        {units_duration, "5 s", 0, NULL},
        {units_duration, "5sec", 0, NULL},
        {units_duration, "5S", 0, NULL},
        {units_duration, "1.5s", 0, NULL},
        {units_duration, "-5s", 0, NULL},
        {units_duration, "s", 0, NULL},
        {units_duration, "", 0, NULL},
        {units_duration, "18446744073709551615ms", UINT64_MAX, "18446744073709551615ms"},
        {units_duration, "18446744073709551616ms", 0, NULL},
        {units_duration, "18446744073709551615s", 0, NULL},
        {units_size, "10M", 10485760, "10M"},
        {units_size, "1024K", 1048576, "1M"},
        {units_size, "1000B", 1000, "1000B"},
        {units_size, "2G", 2147483648, "2G"},
        {units_size, "10MB", 0, NULL},
        {units_size, "10m", 0, NULL},
    };
    char text[UNITS_TEXT];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t value = 42;
        const char *why = units_parse(table[i].units, span_of(table[i].text), &value);
        print_message("# '%s': %s\n", table[i].text, why ? why : "ok");
        assert_int_equal(why == NULL, table[i].form != NULL);
        assert_int_equal(value, table[i].form ? table[i].value : 42);
        if (table[i].form)
            assert_string_equal(units_format(table[i].units, value, text), table[i].form);
    }
}

static void no_memory(void **state)
{
    (void)state;
    static const char *const texts[] = {"user@example.com", "example.com",  ".example.com", "*",
                                        "*@example.com",    "*.example.com"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct arena *arena = arena_new(1);
        const char *form;
        pattern_parse(arena, span_of(texts[i]), false, &form);
        assert_null(form);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_form), cmocka_unit_test(domains_only), cmocka_unit_test(matching),
        cmocka_unit_test(covering), cmocka_unit_test(units),        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
