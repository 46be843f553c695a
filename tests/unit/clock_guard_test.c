/* SPDX-License-Identifier: BSD-2-Clause */
#include "clock_guard.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MINUTE (INT64_C(60) * 1000000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define T0     (INT64_C(20000) * DAY)

/* Shown at steady time `at`, a wall clock that is `wall` beyond T0. */
static void shows(struct clock_guard *g, int64_t at, int64_t wall, bool sure, int64_t believed)
{
    int64_t now;
    assert_int_equal(clock_guard_sure(g, T0 + wall, at, &now), sure);
    assert_int_equal(now - T0, believed);
}

static void a_leap_is_doubted_for_an_hour(void **state)
{
    struct clock_guard g = {0};
    (void)state;
    shows(&g, 0, 0, true, 0);
    shows(&g, MINUTE, DAY, true, DAY); /* no leap yet */
    shows(&g, 2 * MINUTE, 3000 * DAY, false, DAY + MINUTE);
    shows(&g, HOUR + MINUTE, 3000 * DAY, false, DAY + HOUR);
    shows(&g, HOUR + 2 * MINUTE, 3000 * DAY, true, 3000 * DAY);
}

static void what_is_set_right_is_believed(void **state)
{
    struct clock_guard g = {0};
    (void)state;
    shows(&g, 0, 0, true, 0);
    shows(&g, MINUTE, 3000 * DAY, false, MINUTE);
    shows(&g, 2 * MINUTE, 2 * MINUTE, false, 2 * MINUTE); /* it has not been steady */
    shows(&g, HOUR, 3000 * DAY, false, HOUR);             /* doubt begins again */
    shows(&g, HOUR + 2 * MINUTE, HOUR + 2 * MINUTE, false, HOUR + 2 * MINUTE);
    shows(&g, 2 * HOUR, 2 * HOUR, true, 2 * HOUR);
    shows(&g, 2 * HOUR + MINUTE, -DAY, true, -DAY);
}

static void the_first_hour_may_be_doubted(void **state)
{
    struct clock_guard g;
    (void)state;
    clock_guard_doubt(&g, T0, 0);
    shows(&g, MINUTE, MINUTE, false, MINUTE);
    shows(&g, HOUR, HOUR, true, HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leap_is_doubted_for_an_hour),
        cmocka_unit_test(what_is_set_right_is_believed),
        cmocka_unit_test(the_first_hour_may_be_doubted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
