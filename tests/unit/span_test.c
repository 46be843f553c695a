/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "span.h"

static void making_and_cutting(void **state)
{
    (void)state;
    struct span s = SPAN_LIT("abcdef");
    assert_null(span_of(NULL).p);
    assert_int_equal(span_of("").len, 0);
    assert_non_null(span_of("").p);
    assert_int_equal(span_make("a\0b", 3).len, 3);
    assert_true(span_eq(span_slice(s, 1, 3), SPAN_LIT("bc")));
    assert_true(span_eq(span_slice(s, 4, 99), SPAN_LIT("ef")));
    assert_int_equal(span_slice(s, 5, 2).len, 0);
    assert_int_equal(span_slice(s, 9, 12).len, 0);
    assert_null(span_slice(SPAN_NONE, 0, 4).p);
    assert_true(span_eq(span_trim(SPAN_LIT(" \t\r\na b\r\n ")), SPAN_LIT("a b")));
    assert_int_equal(span_trim(SPAN_LIT(" \r\n")).len, 0);
    assert_null(span_trim(SPAN_NONE).p);
}

static void comparing_and_finding(void **state)
{
    (void)state;
    struct span s = SPAN_LIT("From: A\0b");
    assert_true(span_eq(SPAN_NONE, SPAN_LIT("")));
    assert_false(span_eq(SPAN_LIT("a"), SPAN_LIT("A")));
    assert_true(span_ieq(SPAN_LIT("aZ[@"), SPAN_LIT("Az[@")));
    assert_false(span_ieq(SPAN_LIT("["), SPAN_LIT("{"))); /* differ by 0x20, are no letters */
    assert_false(span_ieq(SPAN_LIT("\xc4"), SPAN_LIT("\xe4")));
    assert_true(span_ieq_cstr(SPAN_LIT("FROM"), "from"));
    assert_false(span_ieq_cstr(SPAN_LIT("FROMX"), "from"));
    assert_true(span_istarts(s, "from:"));
    assert_false(span_istarts(SPAN_LIT("fro"), "from"));
    assert_int_equal(span_index(s, '\0', 0), 7);
    assert_int_equal(span_index(s, 'F', 1), -1);
    assert_int_equal(span_index(s, 'F', 100), -1);
    assert_int_equal(span_index(SPAN_NONE, 'F', 0), -1);
    assert_int_equal(span_ifind(s, "a"), 6);
    assert_int_equal(span_ifind(s, "OM:"), 2);
    assert_int_equal(span_ifind(s, "none"), -1);
    assert_int_equal(span_ifind(SPAN_NONE, "x"), -1);
    assert_int_equal(span_ifind(s, ""), 0);
}

static void splitting(void **state)
{
    (void)state;
    struct span rest = SPAN_LIT("a,,b,"), part;
    const char *want[] = {"a", "", "b", ""};
    for (size_t i = 0; i < 4; i++) {
        assert_true(span_split(&rest, ',', &part));
        assert_true(span_eq(part, span_of(want[i])));
    }
    assert_false(span_split(&rest, ',', &part));
    rest = SPAN_LIT("");
    assert_true(span_split(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_false(span_split(&rest, ',', &part));
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        int rc;
        uint64_t value;
    } cases[] = {
        {"0", 0, 0, 0},
        {"0042", 42, 0, 42},
        {"43", 42, VOUCH_E_RANGE, 0},
        {"1", 0, VOUCH_E_RANGE, 0},
        {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, VOUCH_E_RANGE, 0},
        {"99999999999999999999999", UINT64_MAX, VOUCH_E_RANGE, 0},
        {"", 9, VOUCH_E_SYNTAX, 0},
        {"-1", 9, VOUCH_E_SYNTAX, 0},
        {"+1", 9, VOUCH_E_SYNTAX, 0},
        {" 1", 9, VOUCH_E_SYNTAX, 0},
        {"99x", 9, VOUCH_E_SYNTAX, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value = 77;
        assert_int_equal(span_uint(span_of(cases[i].text), cases[i].max, &value), cases[i].rc);
        assert_int_equal(value, cases[i].rc ? 77 : cases[i].value);
    }
}

/* the vectors of draft-eastlake-fnv, and of a hash in two steps */
static void hashing(void **state)
{
    (void)state;
    assert_int_equal(span_fnv1a(SPAN_NONE, SPAN_FNV1A), 0x811c9dc5);
    assert_int_equal(span_fnv1a(SPAN_LIT("a"), SPAN_FNV1A), 0xe40c292c);
    assert_int_equal(span_fnv1a(SPAN_LIT("foobar"), SPAN_FNV1A), 0xbf9cf968);
    assert_int_equal(span_fnv1a(SPAN_LIT("bar"), span_fnv1a(SPAN_LIT("foo"), SPAN_FNV1A)),
                     0xbf9cf968);
    /* FNV-1a's 0xcbf29ce484222325, 0xaf63dc4c8601ec8c, 0x85944171f73967e8, mixed */
    assert_true(span_ihash64(SPAN_NONE) == UINT64_C(0xefd01f60ba992926));
    assert_true(span_ihash64(SPAN_LIT("a")) == UINT64_C(0x82a2a958a9bece5b));
    assert_true(span_ihash64(SPAN_LIT("FOObar")) == span_ihash64(SPAN_LIT("foobar")));
    assert_true(span_ihash64(SPAN_LIT("foobar")) == UINT64_C(0x2c22194922d1672b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(making_and_cutting),
        cmocka_unit_test(comparing_and_finding),
        cmocka_unit_test(splitting),
        cmocka_unit_test(numbers),
        cmocka_unit_test(hashing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
