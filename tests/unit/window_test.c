/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "nomem.h"
#include "value.h"
#include "window.h"

#define HOUR 3600
#define T0   INT64_C(1700002800) /* a slot of ten minutes and one of an hour begin */

static long countdown; /* the allocation that makes it 0 fails */

bool nomem_fails(void)
{
    return --countdown == 0;
}

/* The same numbers in every run: splitmix64. */
static uint64_t rnd(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t member(uint64_t n)
{
    return rnd(&n);
}

/* One addition: a message, or a member of a set. */
struct addition {
    int64_t time;
    int set; /* -1: a message */
    uint64_t member;
};

static void add(struct window *w, const struct addition *a)
{
    if (a->set < 0)
        assert_int_equal(window_add_message(w, a->time), 0);
    else
        assert_int_equal(window_add_member(w, a->time, (enum window_set)a->set, member(a->member)),
                         0);
}

static struct window *make(void)
{
    struct window *w = window_new();
    assert_non_null(w);
    return w;
}

/* through the codec */
static void keep(struct window **wp)
{
    static const struct window_sum nothing;
    uint8_t bytes[WINDOW_BYTES_MAX], again[WINDOW_BYTES_MAX];
    struct window_sum s = nothing;
    struct window *r = NULL;
    size_t len = window_encode(*wp, bytes, sizeof bytes);
    assert_true(len > 0);
    assert_int_equal(window_decode(bytes, len, &r), 0);
    assert_int_equal(window_encode(r, again, sizeof again), len);
    assert_memory_equal(bytes, again, len);
    assert_int_equal(window_sum(bytes, len, &s), 0);
    window_free(wp);
    *wp = r;
}

static void assert_same(const struct window *a, const struct window *b)
{
    uint8_t x[WINDOW_BYTES_MAX], y[WINDOW_BYTES_MAX];
    size_t len = window_encode(a, x, sizeof x);
    assert_int_equal(window_encode(b, y, sizeof y), len);
    assert_memory_equal(x, y, len);
}

static struct window_sum sum(const struct window *w)
{
    uint8_t bytes[WINDOW_BYTES_MAX];
    struct window_sum s;
    size_t len = window_encode(w, bytes, sizeof bytes);
    assert_int_equal(window_sum(bytes, len, &s), 0);
    return s;
}

static size_t make_additions(struct addition *list, size_t max, uint64_t *seed)
{
    static const uint64_t spreads[] = {1, 600, HOUR, 5 * HOUR, 24 * HOUR, 25 * HOUR, 90 * HOUR};
    uint64_t spread = spreads[rnd(seed) % 7], names = 1 + rnd(seed) % 60;
    size_t count = 1 + rnd(seed) % max;
    for (size_t i = 0; i < count; i++)
        list[i] = (struct addition){T0 + (int64_t)(rnd(seed) % spread), (int)(rnd(seed) % 3) - 1,
                                    rnd(seed) % names};
    return count;
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

/* Any order, and any batches with the codec between them, what comes too late and what has gone
 * included: the same bytes. */
static void order_and_batches_do_not_matter(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 1500; round++) {
        struct addition list[150];
        size_t count = make_additions(list, 150, &seed);
        struct window *want = make();
        for (size_t i = 0; i < count; i++)
            add(want, &list[i]);
        for (int again = 0; again < 2; again++) {
            struct window *got = make();
            shuffle(list, count, &seed);
            for (size_t i = 0; i < count; i++) {
                add(got, &list[i]);
                if (rnd(&seed) % 8 == 0)
                    keep(&got);
            }
            assert_same(got, want);
            window_free(&got);
        }
        window_free(&want);
    }
}

/* what the header says, counted the long way */
static uint32_t naive(const struct addition *list, size_t count, int64_t newest, int64_t slot,
                      int64_t slots, int set)
{
    uint32_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bool first = list[i].set == set && list[i].time / slot > newest / slot - slots;
        for (size_t k = 0; first && set >= 0 && k < i; k++)
            first = !(list[k].set == set && list[k].member == list[i].member &&
                      list[k].time / slot > newest / slot - slots);
        n += first;
    }
    return n;
}

static void sums_are_what_was_added(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int round = 0; round < 1000; round++) {
        struct addition list[32]; /* too few for a sketch */
        size_t count = make_additions(list, 32, &seed);
        struct window *w = make();
        int64_t newest = 0;
        for (size_t i = 0; i < count; i++) {
            add(w, &list[i]);
            newest = list[i].time > newest ? list[i].time : newest;
        }
        struct window_sum s = sum(w);
        assert_int_equal(s.last, newest);
        for (int span = 0; span < WINDOW_SPANS; span++) {
            int64_t slot = span == WINDOW_HOUR ? 600 : HOUR, slots = span == WINDOW_HOUR ? 6 : 24;
            assert_int_equal(s.messages[span], naive(list, count, newest, slot, slots, -1));
            for (int set = 0; set < WINDOW_SETS; set++)
                assert_int_equal(s.distinct[set][span],
                                 naive(list, count, newest, slot, slots, set));
        }
        window_free(&w);
    }
}

/* what remains of one message after others */
static void time_goes_on(void **state)
{
    (void)state;
    static const struct {
        int64_t later;
        uint32_t hour, day;
    } cases[] = {{0, 2, 2},         {599, 2, 2},           {3599, 2, 2},
                 {3600, 1, 2},      {24 * HOUR - 1, 1, 2}, {24 * HOUR, 1, 1},
                 {25 * HOUR, 1, 1}, {900 * HOUR, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int late = 0; late < 2; late++) {
            struct window *w = make();
            const struct addition list[] = {{T0, 0, 1}, {T0 + cases[i].later, 0, 2}};
            add(w, &list[late]);
            add(w, &list[!late]);
            struct window_sum s = sum(w);
            assert_int_equal(s.distinct[0][WINDOW_HOUR], cases[i].hour);
            assert_int_equal(s.distinct[0][WINDOW_DAY], cases[i].day);
            assert_int_equal(s.distinct[1][WINDOW_DAY], 0);
            assert_int_equal(s.messages[WINDOW_DAY], 0);
            window_free(&w);
        }
}

static void a_sum_grows_old(void **state)
{
    (void)state;
    const struct window_sum s = {T0, {3, 9}, {{1, 2}, {3, 4}}};
    struct window_sum r = window_sum_at(&s, T0 - 99999);
    assert_memory_equal(&r, &s, sizeof s);
    r = window_sum_at(&s, T0 + HOUR - 1);
    assert_memory_equal(&r, &s, sizeof s);
    r = window_sum_at(&s, T0 + HOUR);
    assert_int_equal(
        r.messages[WINDOW_HOUR] + r.distinct[0][WINDOW_HOUR] + r.distinct[1][WINDOW_HOUR], 0);
    assert_int_equal(r.messages[WINDOW_DAY], 9);
    assert_int_equal(r.distinct[1][WINDOW_DAY], 4);
    assert_int_equal(r.last, T0);
    r = window_sum_at(&s, T0 + 24 * HOUR);
    assert_int_equal(r.messages[WINDOW_DAY] + r.distinct[0][WINDOW_DAY] + r.distinct[1][WINDOW_DAY],
                     0);
}

/* The busiest window there can be: every slot, both sets as sketches. */
static void the_largest_fits(void **state)
{
    (void)state;
    struct window *w = make();
    uint8_t bytes[WINDOW_BYTES_MAX];
    for (int64_t t = 0; t < 24 * HOUR; t += 600)
        for (uint64_t i = 0; i < 100; i++)
            for (int set = 0; set < WINDOW_SETS; set++)
                add(w, &(struct addition){T0 + t, set, (uint64_t)t + i});
    for (int i = 0; i < 10; i++)
        assert_int_equal(window_add_message(w, T0 + 24 * HOUR - 1), 0);
    size_t len = window_encode(w, bytes, sizeof bytes);
    assert_in_range(len, 9000, WINDOW_BYTES_MAX);
    for (size_t size = 0; size < len; size += 13)
        assert_int_equal(window_encode(w, bytes, size), 0);
    struct window_sum s = sum(w);
    assert_in_range(s.distinct[WINDOW_X][WINDOW_HOUR], 500, 700);    /* 600 */
    assert_in_range(s.distinct[WINDOW_Y][WINDOW_DAY], 12000, 17000); /* 14400 */
    keep(&w);
    window_free(&w);
}

static void a_message_is_small(void **state)
{
    (void)state;
    struct window *w = make();
    uint8_t bytes[WINDOW_BYTES_MAX];
    assert_int_equal(window_encode(w, bytes, sizeof bytes), 0);
    window_add_message(w, T0);
    window_add_member(w, T0, WINDOW_X, member(1));
    window_add_member(w, T0, WINDOW_Y, member(2));
    /* They are on disks and in servers, and rebuilds must meet them: they never change without a new
     * kind. Kind, last, mask; and in two slots the message and two sets of one member each. */
    static const uint8_t want[] = {
        VALUE_WINDOW, 0xf0, 0xf7, 0xcf, 0xaa, 0x06, 0x41, 1,    1,    0x91,
        0x0a,         0x2d, 0xec, 1,    0x97, 0x58, 0x35, 0xde, 1,    1,
        0x91,         0x0a, 0x2d, 0xec, 1,    0x97, 0x58, 0x35, 0xde,
    };
    assert_int_equal(window_encode(w, bytes, sizeof bytes), sizeof want);
    assert_memory_equal(bytes, want, sizeof want);
    window_free(&w);
    window_free(&w); /* of nothing */
}

static void times_outside_are_clamped(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, -1, 0, 1, UINT32_MAX, INT64_MAX};
    for (size_t i = 0; i < 6; i++) {
        struct window *w = make();
        assert_int_equal(window_add_message(w, times[i]), 0);
        keep(&w);
        struct window_sum s = sum(w);
        assert_int_equal(s.last, times[i] < 2 ? 1 : (int64_t)UINT32_MAX);
        assert_int_equal(s.messages[WINDOW_HOUR], 1);
        window_free(&w);
    }
}

static void foreign_bytes_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t len;
        uint8_t bytes[24];
    } cases[] = {
        {"nothing", 0, {0}},
        {"kind alone", 1, {VALUE_WINDOW}},
        {"another kind", 9, {VALUE_TALLY, 1, 0x41, 1, 0, 0, 1, 0, 0}},
        {"no time", 9, {VALUE_WINDOW, 0, 0x41, 1, 0, 0, 1, 0, 0}},
        {"newest slot is not there", 6, {VALUE_WINDOW, 1, 0x40, 1, 0, 0}},
        {"newest long slot is not there", 6, {VALUE_WINDOW, 1, 0x01, 1, 0, 0}},
        {"slot 31", 13, {VALUE_WINDOW, 1, 0xc1, 0x80, 0x80, 0x80, 0x04, 1, 0, 0, 1, 0, 0}},
        {"an empty slot", 9, {VALUE_WINDOW, 1, 0x41, 1, 0, 0, 0, 0, 0}},
        {"longer", 10, {VALUE_WINDOW, 1, 0x41, 1, 0, 0, 1, 0, 0, 0}},
        {"a set too large", 9, {VALUE_WINDOW, 1, 0x41, 1, 40, 0, 1, 0, 0}},
        {"cut", 8, {VALUE_WINDOW, 1, 0x41, 1, 0, 0, 1, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct window *w = NULL;
        struct window_sum s = {.last = 42};
        if (window_decode(cases[i].bytes, cases[i].len, &w) != VOUCH_E_SYNTAX || w)
            fail_msg("%s: taken", cases[i].name);
        if (window_sum(cases[i].bytes, cases[i].len, &s) != VOUCH_E_SYNTAX || s.last != 42)
            fail_msg("%s: summed", cases[i].name);
    }
    static const uint8_t plain[] = {VALUE_WINDOW, 1, 0x41, 1, 0, 0, 1, 0, 0};
    struct window *w = NULL;
    assert_int_equal(window_decode(plain, sizeof plain, &w), 0);
    window_free(&w);
}

static void out_of_memory_is_said(void **state)
{
    (void)state;
    struct window *w = make();
    uint8_t bytes[WINDOW_BYTES_MAX], after[WINDOW_BYTES_MAX];
    const struct addition later = {T0 + 25 * HOUR, WINDOW_X, 7};
    for (int64_t t = 0; t < 20; t++)
        add(w, &(struct addition){T0 + t * HOUR, WINDOW_X, (uint64_t)t});
    size_t len = window_encode(w, bytes, sizeof bytes);
    for (long n = 1; n <= 2; n++) {
        countdown = n;
        assert_int_equal(window_add_member(w, later.time, WINDOW_X, 7), VOUCH_E_NOMEM);
        assert_int_equal(window_encode(w, after, sizeof after), len);
        assert_memory_equal(bytes, after, len); /* nothing was added, nothing has gone */
    }
    int rc = VOUCH_E_NOMEM;
    for (long n = 1; rc != 0; n++) {
        struct window *r = NULL;
        countdown = n;
        rc = window_decode(bytes, len, &r);
        assert_true(rc == 0 ? r != NULL : rc == VOUCH_E_NOMEM && !r);
        window_free(&r);
        assert_true(n < 100);
    }
    countdown = 1;
    assert_null(window_new());
    countdown = 0;
    add(w, &later);
    window_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_batches_do_not_matter),
        cmocka_unit_test(sums_are_what_was_added),
        cmocka_unit_test(time_goes_on),
        cmocka_unit_test(a_sum_grows_old),
        cmocka_unit_test(the_largest_fits),
        cmocka_unit_test(a_message_is_small),
        cmocka_unit_test(times_outside_are_clamped),
        cmocka_unit_test(foreign_bytes_are_refused),
        cmocka_unit_test(out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
