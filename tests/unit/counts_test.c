/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "counts.h"
#include "errors.h"

#define DAY 86400
#define T0  1700000000

static void assert_near(double got, double want, double relative)
{
    if (!(fabs(got - want) <= relative * fabs(want)))
        fail_msg("got %.17g, want %.17g", got, want);
}

/* The bytes are on disks and in servers: they never change without a new version. */
static void bytes_are_stable(void **state)
{
    (void)state;
    const struct counts c = {1.5, 0, 1000, T0, T0 + 1};
    const uint8_t want[COUNTS_BYTES] = {1,    0x3f, 0xf8, 0,    0,    0,    0,    0,
                                        0,    0,    0,    0x40, 0x8f, 0x40, 0,    0,
                                        0x65, 0x53, 0xf1, 0x00, 0x65, 0x53, 0xf1, 0x01};
    uint8_t got[COUNTS_BYTES];
    counts_encode(&c, got);
    assert_memory_equal(got, want, sizeof got);
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    static const struct counts cases[] = {
        {0, 0, 0, 0, 0},
        {1, 2, 3, T0, T0},
        {0.1, 1.0 / 3, 1e-300, 1, UINT32_MAX},
        {123456789.125, COUNTS_MASS_MAX, 0.9999999999, T0, T0 + 5},
        {5e-324, 0, 0, T0, T0}, /* the smallest double: may become 0 */
        {1e300, 0, 0, T0, T0},  /* becomes the maximum, and no more */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t b[COUNTS_BYTES], again[COUNTS_BYTES];
        struct counts c;
        counts_encode(&cases[i], b);
        assert_int_equal(counts_decode(b, sizeof b, &c), 0);
        assert_true(c.good <= COUNTS_MASS_MAX);
        if (cases[i].good > 1e-300 && cases[i].good < COUNTS_MASS_MAX)
            assert_near(c.good, cases[i].good, 2e-9);
        assert_near(c.bad, cases[i].bad, 2e-9);
        assert_near(c.seen, cases[i].seen, 2e-9);
        assert_int_equal(c.first, cases[i].first);
        assert_int_equal(c.last, cases[i].last);
        counts_encode(&c, again);
        assert_memory_equal(b, again, sizeof b);
    }
}

static void times_outside_32_bits_are_clamped(void **state)
{
    (void)state;
    const struct counts c = {1, 1, 1, -5, INT64_C(1) << 40};
    uint8_t b[COUNTS_BYTES];
    struct counts r;
    counts_encode(&c, b);
    assert_int_equal(counts_decode(b, sizeof b, &r), 0);
    assert_int_equal(r.first, 0);
    assert_int_equal(r.last, UINT32_MAX);
}

static void foreign_bytes_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int at, value;
        size_t len;
    } cases[] = {
        {"short", 0, 1, COUNTS_BYTES - 1},        {"empty", 0, 1, 0},
        {"version 0", 0, 0, COUNTS_BYTES},        {"version 2", 0, 2, COUNTS_BYTES},
        {"negative good", 1, 0xbf, COUNTS_BYTES}, {"bad is negative zero", 6, 0x80, COUNTS_BYTES},
    };
    const struct counts one = {1, 0, 1, T0, T0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t b[COUNTS_BYTES];
        struct counts r = {42, 42, 42, 42, 42};
        counts_encode(&one, b);
        b[cases[i].at] = (uint8_t)cases[i].value;
        if (counts_decode(b, cases[i].len, &r) != VOUCH_E_SYNTAX)
            fail_msg("%s: taken", cases[i].name);
        assert_true(r.good == 42 && r.last == 42);
    }
    uint8_t b[COUNTS_BYTES];
    struct counts r;
    counts_encode(&one, b);
    b[11] = 0x7f; /* infinity, then not a number */
    b[12] = 0xf0;
    b[13] = b[14] = b[15] = 0;
    assert_int_equal(counts_decode(b, sizeof b, &r), VOUCH_E_SYNTAX);
    b[15] = 1;
    assert_int_equal(counts_decode(b, sizeof b, &r), VOUCH_E_SYNTAX);
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

static void order_does_not_matter(void **state)
{
    (void)state;
    struct counts a = {0}, b = {0};
    counts_add(&a, T0, DAY, 1, 0, 1);
    counts_add(&a, T0 + DAY, DAY, 0, 1, 1);
    counts_add(&a, T0 + 5 * DAY, DAY, 3, 0, 3);
    counts_add(&b, T0 + 5 * DAY, DAY, 3, 0, 3);
    counts_add(&b, T0, DAY, 1, 0, 1);
    counts_add(&b, T0 + DAY, DAY, 0, 1, 1);
    assert_near(a.good, 3 + 1.0 / 32, 1e-12);
    assert_near(b.good, a.good, 1e-12);
    assert_near(b.bad, a.bad, 1e-12);
    assert_near(b.seen, a.seen, 1e-12);
    assert_true(a.first == T0 && b.first == T0);
    assert_true(a.last == T0 + 5 * DAY && b.last == a.last);
}

/* One message a second, through the codec each time, for as long as it takes to show. */
static void a_busy_subject_still_decays(void **state)
{
    (void)state;
    const double half_life = 180.0 * DAY;
    const int steps = 100000;
    struct counts c = {0};
    counts_add(&c, T0, half_life, 1e6, 0, 1e6);
    for (int i = 1; i <= steps; i++) {
        uint8_t b[COUNTS_BYTES];
        counts_add(&c, T0 + i, half_life, 0, 1, 1);
        counts_encode(&c, b);
        assert_int_equal(counts_decode(b, sizeof b, &c), 0);
    }
    double lost = 1e6 - c.good, want = 1e6 - 1e6 * exp2(-steps / half_life);
    assert_near(lost, want, 0.1);
}

static void sums_stay_finite(void **state)
{
    (void)state;
    struct counts c = {COUNTS_MASS_MAX, COUNTS_MASS_MAX, COUNTS_MASS_MAX, T0, T0}, r;
    uint8_t b[COUNTS_BYTES];
    counts_add(&c, T0, DAY, 1e308, 1e308, 1e308);
    counts_encode(&c, b);
    assert_int_equal(counts_decode(b, sizeof b, &r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_stable),
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(times_outside_32_bits_are_clamped),
        cmocka_unit_test(foreign_bytes_are_refused),
        cmocka_unit_test(masses_halve),
        cmocka_unit_test(a_clock_that_steps_back_changes_nothing),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(a_busy_subject_still_decays),
        cmocka_unit_test(sums_stay_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
