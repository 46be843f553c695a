/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "sbuf.h"

static void appends(void **state)
{
    (void)state;
    struct sbuf b;
    sbuf_init(&b, 1000);
    assert_string_equal(sbuf_str(&b), "");
    assert_int_equal(sbuf_span(&b).len, 0);
    sbuf_add(&b, NULL, 0);
    sbuf_adds(&b, "one");
    sbuf_addc(&b, ' ');
    sbuf_addspan(&b, SPAN_LIT("two"));
    sbuf_addspan(&b, SPAN_NONE);
    sbuf_addf(&b, " %s %d", "three", 4);
    assert_string_equal(sbuf_str(&b), "one two three 4");
    assert_int_equal(b.len, 15);
    sbuf_addf(&b, "%0500d", 7);
    assert_int_equal(b.len, 515);
    assert_false(b.failed);
    sbuf_reset(&b);
    assert_string_equal(sbuf_str(&b), "");
    sbuf_adds(&b, "again");
    assert_string_equal(sbuf_str(&b), "again");
    sbuf_clear(&b);
    assert_null(b.p);
    assert_int_equal(b.max, 1000);
    sbuf_clear(&b);
}

/* at each distance from the end of the memory that is there */
static void formats_of_all_lengths(void **state)
{
    (void)state;
    for (int n = 1; n < 300; n++) {
        struct sbuf b;
        sbuf_init(&b, 1000);
        sbuf_adds(&b, ">");
        sbuf_addf(&b, "%*d", n, 7);
        sbuf_addf(&b, "%s", "<");
        assert_false(b.failed);
        assert_int_equal(b.len, n + 2);
        assert_int_equal(strlen(sbuf_str(&b)), n + 2);
        assert_string_equal(sbuf_str(&b) + n, "7<");
        sbuf_clear(&b);
    }
}

static void maximum_holds_and_failure_sticks(void **state)
{
    (void)state;
    struct sbuf b;
    sbuf_init(&b, 5);
    sbuf_adds(&b, "12345");
    assert_false(b.failed);
    sbuf_addc(&b, '6');
    assert_true(b.failed);
    sbuf_addf(&b, "%s", "");
    sbuf_adds(&b, "");
    assert_string_equal(sbuf_str(&b), "12345");
    sbuf_reset(&b);
    assert_false(b.failed);
    sbuf_addf(&b, "%d", 123456);
    assert_true(b.failed);
    assert_string_equal(sbuf_str(&b), "");
    sbuf_clear(&b);

    sbuf_init(&b, SIZE_MAX); /* no maximum */
    sbuf_add(&b, "x", 1);
    assert_false(b.failed);
    sbuf_add(&b, "x", SIZE_MAX - 1);
    assert_true(b.failed);
    sbuf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends),
        cmocka_unit_test(formats_of_all_lengths),
        cmocka_unit_test(maximum_holds_and_failure_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
