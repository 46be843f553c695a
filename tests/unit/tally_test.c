/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "tally.h"
#include "value.h"

#define DAY       86400
#define HALF_LIFE (90 * DAY)
#define ERA       (INT64_C(8) * HALF_LIFE)
#define T0        INT64_C(1700000000)
#define E0        (T0 / ERA * ERA) /* an era begins */

/* The same numbers in every run: splitmix64. */
static uint64_t rnd(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void assert_near(double got, double want, double relative)
{
    if (!(fabs(got - want) <= relative * fabs(want)))
        fail_msg("got %.17g, want %.17g", got, want);
}

struct addition {
    int64_t time;
    double good, bad, seen;
};

static void add(struct tally *t, const struct addition *a)
{
    tally_add(t, HALF_LIFE, a->time, a->good, a->bad, a->seen);
}

/* through the codec */
static struct tally kept(const struct tally *t)
{
    uint8_t bytes[TALLY_BYTES_MAX];
    struct tally r = {0};
    size_t len = tally_encode(t, bytes);
    assert_true(len <= sizeof bytes);
    if (len)
        assert_int_equal(tally_decode(bytes, len, &r), 0);
    return r;
}

static void assert_same(const struct tally *a, const struct tally *b)
{
    uint8_t x[TALLY_BYTES_MAX], y[TALLY_BYTES_MAX];
    size_t len = tally_encode(a, x);
    assert_int_equal(tally_encode(b, y), len);
    assert_memory_equal(x, y, len);
}

static void shuffle(struct addition *list, size_t count, uint64_t *seed)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = rnd(seed) % i;
        struct addition one = list[i - 1];
        list[i - 1] = list[j];
        list[j] = one;
    }
}

static size_t make_additions(struct addition *list, size_t max, uint64_t *seed)
{
    static const int64_t spreads[] = {60, DAY, HALF_LIFE, ERA, 5 * ERA, TALLY_TIME_MAX};
    int64_t spread = spreads[rnd(seed) % 6];
    size_t count = 1 + rnd(seed) % max;
    for (size_t i = 0; i < count; i++) {
        double mass = (double)(rnd(seed) % 65536) / 1000;
        list[i] =
            (struct addition){.time = T0 - spread / 2 + (int64_t)(rnd(seed) % (uint64_t)spread)};
        switch (rnd(seed) % 6) {
        case 0:
            list[i].good = mass;
            list[i].seen = 1;
            break;
        case 1:
            list[i].bad = mass;
            break;
        case 2:
            list[i].good = -mass;
            list[i].bad = mass;
            break;
        case 3:
            if (i) { /* the one before, taken back */
                list[i] = list[i - 1];
                list[i].good = -list[i].good;
                list[i].bad = -list[i].bad;
            }
            break;
        default:
            list[i].seen = 1;
        }
    }
    return count;
}

/* Any order, and any batches with the codec between them: the same bytes. */
static void order_and_batches_do_not_matter(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 4000; round++) {
        struct addition list[24];
        size_t count = make_additions(list, 24, &seed);
        struct tally want = {0};
        for (size_t i = 0; i < count; i++)
            add(&want, &list[i]);
        for (int again = 0; again < 3; again++) {
            struct tally got = {0};
            shuffle(list, count, &seed);
            for (size_t i = 0; i < count; i++) {
                add(&got, &list[i]);
                if (rnd(&seed) & 1)
                    got = kept(&got);
            }
            assert_same(&got, &want);
        }
    }
}

/* What is taken back leaves nothing, whatever came between and however late it is. */
static void taking_back_is_exact(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int round = 0; round < 2000; round++) {
        struct addition list[20], label = {T0 - (int64_t)(rnd(&seed) % (2 * ERA)), 0, 0, 0};
        struct tally with = {0}, without = {0};
        size_t count = make_additions(list, 20, &seed);
        label.good = (double)(1 + rnd(&seed) % 100000) / 65536;
        add(&without, &(struct addition){label.time, 0, 0, 1});
        add(&with, &(struct addition){label.time, label.good, 0, 1});
        for (size_t i = 0; i < count; i++) {
            add(&with, &list[i]);
            add(&without, &list[i]);
        }
        label.good = -label.good;
        add(&with, &label);
        assert_same(&with, &without);
    }
}

/* What a reader sees is the sum of everything, each halved as often as it is half-lives old. */
static void reads_as_naive_decay_does(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 1000; round++) {
        /* all within two eras that are kept: the end of one and the next */
        int64_t from = E0 + ERA / 2, to = from + 1 + (int64_t)(rnd(&seed) % ERA), now;
        double good = 0, seen = 0;
        struct tally t = {0};
        size_t count = 1 + rnd(&seed) % 200;
        now = to + (int64_t)(rnd(&seed) % HALF_LIFE);
        for (size_t i = 0; i < count; i++) {
            int64_t at = from + (int64_t)(rnd(&seed) % (uint64_t)(to - from));
            double mass = 0.05 + (double)(rnd(&seed) % 1000) / 500;
            tally_add(&t, HALF_LIFE, at, mass, 0, 1);
            good += mass * exp2(-(double)(now - at) / HALF_LIFE);
            seen += exp2(-(double)(now - at) / HALF_LIFE);
        }
        struct counts c = tally_counts(&t);
        c = counts_at(&c, now, HALF_LIFE);
        assert_near(c.good, good, 1e-3);
        assert_near(c.seen, seen, 1e-3);
        assert_true(c.bad == 0);
    }
}

/* The worst that rounding does: a million messages of one moment, and of a moment that rounds worst. */
static void a_million_messages_of_one_moment(void **state)
{
    (void)state;
    static const int64_t moments[] = {0, 1, DAY, HALF_LIFE / 2, HALF_LIFE, ERA / 3, ERA - 1};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        struct tally t = {0};
        for (int n = 0; n < 1000000; n++)
            tally_add(&t, HALF_LIFE, E0 + moments[i], 0.1, 0.3, 1);
        struct counts c = tally_counts(&t);
        assert_near(c.seen, 1e6, 0x1p-17 + 0x1p-26);
        assert_near(c.good, 1e5, 10 * 0x1p-17 + 0x1p-26);
        assert_near(c.bad, 3e5, 4 * 0x1p-17 + 0x1p-26);
    }
}

/* Over years the roundings cancel out: nothing drifts. */
static void a_million_messages_of_many_years(void **state)
{
    (void)state;
    uint64_t seed = 5;
    int64_t years = 10 * INT64_C(365) * DAY, now = E0 + 6 * ERA - 1, kept = E0 + 4 * ERA;
    double good = 0, seen = 0;
    struct tally t = {0};
    for (int n = 0; n < 1000000; n++) {
        int64_t at = now - (int64_t)(rnd(&seed) % (uint64_t)years);
        tally_add(&t, HALF_LIFE, at, 0.1, 0, 1);
        if (at >= kept) {
            good += 0.1 * exp2(-(double)(now - at) / HALF_LIFE);
            seen += exp2(-(double)(now - at) / HALF_LIFE);
        }
    }
    struct counts c = tally_counts(&t);
    c = counts_at(&c, now, HALF_LIFE);
    assert_near(c.seen, seen, 1e-7);
    assert_near(c.good, good, 1e-6);
}

static void table_of_single_messages(void **state)
{
    (void)state;
    static const int64_t at[] = {1, E0, E0 + 1, E0 + ERA / 3, E0 + ERA - 1, TALLY_TIME_MAX};
    static const uint32_t half_lives[] = {1, 3600, HALF_LIFE, 3650u * DAY, UINT32_MAX};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        for (size_t j = 0; j < sizeof half_lives / sizeof *half_lives; j++) {
            struct tally t = {0};
            tally_add(&t, half_lives[j], at[i], 1, 0.25, 3);
            struct counts c = tally_counts(&t);
            assert_near(c.good, 1, 1e-5);
            assert_near(c.bad, 0.25, 1e-4);
            assert_near(c.seen, 3, 1e-5);
            assert_int_equal(c.first, at[i]);
            assert_int_equal(c.last, at[i]);
        }
}

static void eras_change(void **state)
{
    (void)state;
    struct tally t = {0};
    tally_add(&t, HALF_LIFE, E0 + 5, 256, 0, 1);
    tally_add(&t, HALF_LIFE, E0 + ERA + 5, 0, 1, 1); /* the next one: both are there */
    struct counts c = tally_counts(&t);
    assert_near(c.good, 1, 1e-6);
    assert_near(c.bad, 1, 1e-6);
    tally_add(&t, HALF_LIFE, E0 + 2 * ERA + 5, 0, 0, 1); /* the first one goes */
    c = tally_counts(&t);
    assert_true(c.good == 0);
    assert_near(c.bad, 1.0 / 256, 1e-6);
    struct tally before = t;
    tally_add(&t, HALF_LIFE, E0 + ERA - 1, 1000, 0, 0); /* too late for a sum */
    assert_same(&t, &before);
    tally_add(&t, HALF_LIFE, E0 + 9 * ERA, 0, 0, 1); /* nothing of it was recent */
    c = tally_counts(&t);
    assert_true(c.bad == 0);
    assert_near(c.seen, 1, 1e-6);
    assert_int_equal(c.first, E0 + 5);
    assert_int_equal(c.last, E0 + 9 * ERA);
}

static void a_label_alone_has_a_time(void **state)
{
    (void)state;
    struct tally t = {0};
    tally_add(&t, HALF_LIFE, E0 + ERA / 2, 0, 2, 0);
    assert_true(t.first == 0 && t.last == 0);
    struct counts c = tally_counts(&t);
    assert_int_equal(c.last, E0);
    c = counts_at(&c, E0 + ERA / 2, HALF_LIFE);
    assert_near(c.bad, 2, 1e-6);
}

static void below_zero_reads_as_zero(void **state)
{
    (void)state;
    struct tally t = {0};
    tally_add(&t, HALF_LIFE, T0, -2, 1, 1);
    struct counts c = tally_counts(&t);
    assert_true(c.good == 0 && !signbit(c.good));
    tally_add(&t, HALF_LIFE, T0, 2, 0, 0);
    tally_add(&t, HALF_LIFE, T0, 1, 0, 0);
    c = tally_counts(&t);
    assert_near(c.good, 1, 1e-5);
}

static void nothing_is_empty(void **state)
{
    (void)state;
    struct tally t = {0};
    uint8_t bytes[TALLY_BYTES_MAX];
    assert_true(tally_is_empty(&t));
    assert_int_equal(tally_encode(&t, bytes), 0);
    tally_add(&t, HALF_LIFE, T0, 0, 0, 0);
    assert_true(tally_is_empty(&t));
    struct counts c = tally_counts(&t);
    assert_true(c.good == 0 && c.bad == 0 && c.seen == 0 && c.first == 0 && c.last == 0);
    c = (struct counts){0, 0, 0, T0, T0};
    t = tally_from_counts(&c, HALF_LIFE);
    assert_true(tally_is_empty(&t));
    tally_add(&t, HALF_LIFE, T0, 1, 0, 0);
    tally_add(&t, HALF_LIFE, T0, -1, 0, 0);
    assert_false(tally_is_empty(&t)); /* an older label would else find no era */
}

static void counts_survive_an_import(void **state)
{
    (void)state;
    static const struct counts cases[] = {
        {1, 0, 1, T0, T0},
        {0, 12.5, 20, T0 - 400 * DAY, T0},
        {5, 0, 0, T0, T0 + 5},
        {1e6, 2e6, 3e9, 1, TALLY_TIME_MAX},
        {0.001, 1, 0.01, E0, E0 + ERA - 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tally t = tally_from_counts(&cases[i], HALF_LIFE);
        t = kept(&t);
        struct counts c = tally_counts(&t);
        assert_near(c.good, cases[i].good, 0.01);
        assert_near(c.bad, cases[i].bad, 0.01);
        assert_near(c.seen, cases[i].seen, 0.01);
        assert_int_equal(c.first, cases[i].first);
        assert_int_equal(c.last, cases[i].last);
    }
}

static void another_half_life_converts(void **state)
{
    (void)state;
    struct tally t = {0};
    tally_add(&t, HALF_LIFE, T0 - DAY, 10, 4, 20);
    tally_add(&t, 30 * DAY, T0, 0, 0, 1);
    assert_int_equal(t.half_life, 30 * DAY);
    struct counts c = tally_counts(&t);
    assert_near(c.good, 10 * exp2(-1.0 / 30), 1e-4);
    assert_near(c.seen, 1 + 20 * exp2(-1.0 / 30), 1e-4);
    assert_int_equal(c.first, T0 - DAY);
    assert_int_equal(c.last, T0);
    t = kept(&t);
}

static void sums_stop_and_stay_encodable(void **state)
{
    (void)state;
    static const double masses[] = {1e300, INFINITY, 0x1p50, -1e300, -INFINITY, 0x1p99};
    for (size_t i = 0; i < sizeof masses / sizeof *masses; i++) {
        struct tally t = {0};
        for (int k = 0; k < 5; k++)
            tally_add(&t, HALF_LIFE, T0 + k * (ERA / 3), masses[i], -masses[i], masses[i]);
        t = kept(&t);
        struct counts c = tally_counts(&t);
        assert_true(isfinite(c.good) && isfinite(c.bad) && isfinite(c.seen));
        assert_true(masses[i] > 0 ? c.good >= 0x1p37 && c.bad == 0
                                  : c.good == 0 && c.bad >= 0x1p37);
    }
}

static void times_outside_are_clamped(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, -1, 0, INT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        struct tally t = {0};
        tally_add(&t, HALF_LIFE, times[i], 1, 0, 1);
        t = kept(&t);
        struct counts c = tally_counts(&t);
        assert_int_equal(c.first, times[i] > 0 ? (int64_t)TALLY_TIME_MAX : 1);
        assert_int_equal(c.last, c.first);
        assert_near(c.good, 1, 1e-5);
    }
}

/* The bytes are on disks and in servers, and rebuilds must meet them: they never change without a
 * new kind. */
static void bytes_are_stable(void **state)
{
    (void)state;
    static const uint8_t want[] = {
        VALUE_TALLY, 0x80, 0xce, 0xda, 0x03, /* 7776000 s */
        27,                                  /* era */
        0xe6,        0x93, 0x14, 0x00, 0x00, /* round(2.5 * 2^(16 + 1/90)) = 165107, 0, 0 */
        0x00,        0xff, 0xff, 0xff, 0x01, 0x80, 0x80, 0x80, 0x08, /* 0, -0.25 * 2^23, 2^23 */
        0x80,        0x82, 0x99, 0x9d, 0x06, 0x00,                   /* 1671840000, and no later */
    };
    struct tally t = {0};
    uint8_t bytes[TALLY_BYTES_MAX];
    tally_add(&t, HALF_LIFE, E0 + DAY, 2.5, 0, 0);
    tally_add(&t, HALF_LIFE, E0 - HALF_LIFE, 0, -0.25, 1);
    assert_int_equal(tally_encode(&t, bytes), sizeof want);
    assert_memory_equal(bytes, want, sizeof want);
}

static void foreign_bytes_are_refused(void **state)
{
    (void)state;
#define HEAD  VALUE_TALLY, 0x80, 0xce, 0xda, 0x03, 27
#define ZEROS 0, 0, 0, 0, 0, 0
    static const struct {
        const char *name;
        size_t len;
        uint8_t bytes[40];
    } cases[] = {
        {"nothing", 0, {0}},
        {"kind alone", 1, {VALUE_TALLY}},
        {"counts of version 1", 24, {1}},
        {"another kind", 14, {VALUE_WINDOW, 0x80, 0xce, 0xda, 0x03, 27, ZEROS, 0, 0}},
        {"no half-life", 11, {VALUE_TALLY, 0, 27, ZEROS, 0, 0}},
        {"half-life of 33 bits", 15, {VALUE_TALLY, 0x80, 0x80, 0x80, 0x80, 0x10, 1, ZEROS, 0, 0}},
        {"truncated", 13, {HEAD, ZEROS, 0}},
        {"longer", 15, {HEAD, ZEROS, 0, 0, 0}},
        {"longest form of 0", 15, {HEAD, 0x80, 0, 0, 0, 0, 0, 0, 0, 0}},
        {"era beyond time", 15, {VALUE_TALLY, 0x80, 0xce, 0xda, 0x03, 0xff, 1, ZEROS, 0, 0}},
        {"sum of 2^63",
         23,
         {HEAD, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0}},
        {"11 bytes",
         24,
         {HEAD, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0, 0, 0, 0, 0, 0, 0,
          0}},
        {"last without first", 14, {HEAD, ZEROS, 0, 1}},
        {"last after the era", 18, {HEAD, ZEROS, 0xff, 0xff, 0xff, 0xff, 0x0f, 0}},
        {"last beyond time", 22, {HEAD, ZEROS, 1, 0xff, 0xff, 0xff, 0xff, 0x0f}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tally t = {.era = 42};
        if (tally_decode(cases[i].bytes, cases[i].len, &t) != VOUCH_E_SYNTAX)
            fail_msg("%s: taken", cases[i].name);
        assert_int_equal(t.era, 42);
    }
    static const uint8_t plain[] = {HEAD, ZEROS, 0, 0};
    struct tally t;
    assert_int_equal(tally_decode(plain, sizeof plain, &t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_batches_do_not_matter),
        cmocka_unit_test(taking_back_is_exact),
        cmocka_unit_test(reads_as_naive_decay_does),
        cmocka_unit_test(a_million_messages_of_one_moment),
        cmocka_unit_test(a_million_messages_of_many_years),
        cmocka_unit_test(table_of_single_messages),
        cmocka_unit_test(eras_change),
        cmocka_unit_test(a_label_alone_has_a_time),
        cmocka_unit_test(below_zero_reads_as_zero),
        cmocka_unit_test(nothing_is_empty),
        cmocka_unit_test(counts_survive_an_import),
        cmocka_unit_test(another_half_life_converts),
        cmocka_unit_test(sums_stop_and_stay_encodable),
        cmocka_unit_test(times_outside_are_clamped),
        cmocka_unit_test(bytes_are_stable),
        cmocka_unit_test(foreign_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
