/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "counts.h"

#define DAY 86400
#define T0  1700000000

static void assert_near(double got, double want, double relative)
{
    if (!(fabs(got - want) <= relative * fabs(want)))
        fail_msg("got %.17g, want %.17g", got, want);
}

static void masses_halve(void **state)
{
    (void)state;
    const struct counts c = {8, 4, 16, T0, T0};
    struct counts r = counts_at(&c, T0 + 3 * DAY, DAY);
    assert_near(r.good, 1, 1e-12);
    assert_near(r.bad, 0.5, 1e-12);
    assert_near(r.seen, 2, 1e-12);
    assert_int_equal(r.last, T0 + 3 * DAY);
    assert_int_equal(r.first, T0);
    r = counts_at(&c, INT64_C(1) << 50, DAY);
    assert_true(r.good == 0 && r.bad == 0 && r.seen == 0);
}

static void a_clock_that_steps_back_changes_nothing(void **state)
{
    (void)state;
    const struct counts c = {8, 4, 16, T0, T0};
    struct counts r = counts_at(&c, T0 - 1000 * DAY, DAY);
    assert_memory_equal(&r, &c, sizeof c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masses_halve),
        cmocka_unit_test(a_clock_that_steps_back_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
