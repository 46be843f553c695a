/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "errors.h"
#include "taglist.h"

static void lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        size_t count;
        bool duplicates;
        const char *d; /* value of d=; NULL if absent */
    } cases[] = {
        {"d=example.com", 0, 1, false, "example.com"},
        {"v=1; d=example.com;", 0, 2, false, "example.com"},
        {"v=1; d=example.com; \r\n\t", 0, 2, false, "example.com"},
        {" v = 1 ;\r\n\td\t=\r\n example.com ; x=3", 0, 3, false, "example.com"},
        {"d=", 0, 1, false, ""},
        {"d=;v=1", 0, 2, false, ""},
        {"d=a=b=c", 0, 1, false, "a=b=c"},
        {"v=1;b=two words;d=x", 0, 3, false, "x"},
        {"d_2=x;d=y", 0, 2, false, "y"},
        {"D=x", 0, 1, false, "x"},
        {"d=a;v=1;d=b", 0, 3, true, "a"},
        {"d=a;D=b", 0, 2, true, "a"},
        {"", VOUCH_E_SYNTAX, 0, false, NULL},
        {" \r\n ", VOUCH_E_SYNTAX, 0, false, NULL},
        {";", VOUCH_E_SYNTAX, 0, false, NULL},
        {"d", VOUCH_E_SYNTAX, 0, false, NULL},
        {"=x", VOUCH_E_SYNTAX, 0, false, NULL},
        {"d=x;;v=1", VOUCH_E_SYNTAX, 0, false, NULL},
        {"d=x;v", VOUCH_E_SYNTAX, 0, false, NULL},
        {"d d=x", VOUCH_E_SYNTAX, 0, false, NULL},
        {"2d=x", VOUCH_E_SYNTAX, 0, false, NULL},
        {"d-e=x", VOUCH_E_SYNTAX, 0, false, NULL},
        {"d=x\001", VOUCH_E_SYNTAX, 0, false, NULL},
        {"d=\177", VOUCH_E_SYNTAX, 0, false, NULL},
        {"d=\303\244.example", VOUCH_E_SYNTAX, 0, false, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct taglist list;
        int rc = taglist_parse(span_of(cases[i].text), &list);
        if (rc != cases[i].rc)
            fail_msg("\"%s\": %d", cases[i].text, rc);
        if (rc != 0)
            continue;
        struct span d = taglist_get(&list, "d");
        assert_int_equal(list.count, cases[i].count);
        assert_int_equal(list.duplicates, cases[i].duplicates);
        assert_int_equal(d.p != NULL, cases[i].d != NULL);
        if (!span_eq(d, span_of(cases[i].d)))
            fail_msg("\"%s\": d is \"%.*s\"", cases[i].text, SPAN_ARGS(d));
    }
}

static void too_many_tags(void **state)
{
    (void)state;
    char text[8 * (TAGLIST_MAX + 1)] = "";
    struct taglist list;
    size_t n = 0;
    for (int i = 0; i < TAGLIST_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "t%d=x;", i);
    assert_int_equal(taglist_parse(span_make(text, n), &list), 0);
    assert_int_equal(list.count, TAGLIST_MAX);
    n += (size_t)snprintf(text + n, sizeof text - n, "u=x;");
    assert_int_equal(taglist_parse(span_make(text, n), &list), VOUCH_E_LIMIT);
}

static void nul_is_no_end(void **state)
{
    (void)state;
    struct taglist list;
    assert_int_equal(taglist_parse(SPAN_LIT("d=x\0;b=y"), &list), VOUCH_E_SYNTAX);
}

static void values(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    assert_string_equal(taglist_squeeze(arena, SPAN_LIT(" ab\r\n\tc d")), "abcd");
    assert_string_equal(taglist_squeeze(arena, SPAN_LIT("")), "");
    assert_true(taglist_lists(SPAN_LIT("from"), "From"));
    assert_true(taglist_lists(SPAN_LIT("to : from\r\n :date"), "From"));
    assert_false(taglist_lists(SPAN_LIT("fromx:xfrom: :"), "From"));
    assert_false(taglist_lists(SPAN_LIT(""), "From"));
    assert_false(taglist_lists(SPAN_NONE, "From"));
    arena_free(&arena);
    arena = arena_new(2);
    assert_null(taglist_squeeze(arena, SPAN_LIT("abcd")));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(too_many_tags),
        cmocka_unit_test(nul_is_no_end),
        cmocka_unit_test(values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
