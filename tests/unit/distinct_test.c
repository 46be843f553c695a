/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "distinct.h"
#include "span.h"

/* The same numbers in every run: splitmix64. */
static uint64_t rnd(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t count(const struct distinct *d)
{
    struct distinct_union u;
    distinct_union_init(&u);
    distinct_unite(&u, d);
    return distinct_union_count(&u);
}

static struct distinct kept(const struct distinct *d)
{
    uint8_t bytes[DISTINCT_BYTES_MAX];
    struct distinct r;
    struct varint_reader reader = {bytes, distinct_put(bytes, d), false};
    assert_true(reader.end <= bytes + sizeof bytes);
    distinct_get(&reader, &r);
    assert_false(reader.bad);
    assert_ptr_equal(reader.p, reader.end);
    return r;
}

static void assert_same(const struct distinct *a, const struct distinct *b)
{
    uint8_t x[DISTINCT_BYTES_MAX], y[DISTINCT_BYTES_MAX];
    ptrdiff_t len = distinct_put(x, a) - x;
    assert_int_equal(distinct_put(y, b) - y, len);
    assert_memory_equal(x, y, (size_t)len);
}

static void few_are_exact(void **state)
{
    (void)state;
    struct distinct d = {0};
    uint64_t seed = 1;
    assert_int_equal(count(&d), 0);
    for (uint32_t n = 1; n <= DISTINCT_EXACT; n++) {
        uint64_t member = rnd(&seed);
        for (int again = 0; again < 3; again++)
            distinct_add(&d, member);
        assert_int_equal(count(&d), n);
        d = kept(&d);
    }
    struct distinct all = d;
    seed = 1;
    for (int n = 0; n < DISTINCT_EXACT; n++)
        distinct_add(&all, rnd(&seed));
    assert_same(&all, &d);
}

static void the_least_and_the_greatest_are_members(void **state)
{
    (void)state;
    struct distinct d = {0};
    distinct_add(&d, UINT64_MAX);
    distinct_add(&d, 0);
    distinct_add(&d, 1); /* agrees with 0 in what is kept */
    assert_int_equal(count(&d), 2);
    for (uint64_t i = 0; i < 1000; i++)
        distinct_add(&d, i << 32);
    d = kept(&d);
    assert_true(count(&d) < 1000); /* nothing like a hash, and still a number */
}

/* Random sets with repetitions, in two orders and through the codec. */
static void order_and_repetition_do_not_matter(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int round = 0; round < 2000; round++) {
        uint64_t members[100];
        struct distinct a = {0}, b = {0};
        size_t n = 1 + rnd(&seed) % 100, pool = 1 + rnd(&seed) % 80;
        for (size_t i = 0; i < n; i++) {
            uint64_t s = rnd(&seed) % pool;
            members[i] = rnd(&s);
            distinct_add(&a, members[i]);
        }
        for (size_t i = n; i-- > 0;) {
            distinct_add(&b, members[i]);
            if (i % 3 == 0)
                b = kept(&b);
        }
        distinct_add(&b, members[0]);
        assert_same(&a, &b);
    }
}

/* Sets that overlap count once; the union of exact ones is exact until it is large. */
static void a_union_counts_once(void **state)
{
    (void)state;
    struct distinct_union u;
    uint64_t seed = 3, members[DISTINCT_UNITED_EXACT];
    for (size_t i = 0; i < DISTINCT_UNITED_EXACT; i++)
        members[i] = rnd(&seed);
    distinct_union_init(&u);
    for (size_t k = 0; k < 24; k++) { /* each shares half with the next */
        struct distinct d = {0};
        for (size_t i = 0; i < 16; i++)
            distinct_add(&d, members[(k * 8 + i) % DISTINCT_UNITED_EXACT]);
        distinct_unite(&u, &d);
    }
    assert_int_equal(distinct_union_count(&u), DISTINCT_UNITED_EXACT);
    struct distinct more = {0};
    for (int i = 0; i < 20; i++)
        distinct_add(&more, rnd(&seed));
    distinct_unite(&u, &more);
    assert_true(u.sketch);
    assert_in_range(distinct_union_count(&u), 125, 175); /* 148 */
    distinct_union_init(&u);
    assert_int_equal(distinct_union_count(&u), 0);
}

/* A sketch, an exact set and their union, whichever comes first. */
static void sketches_and_members_unite(void **state)
{
    (void)state;
    uint64_t seed = 4;
    struct distinct large = {0}, small = {0}, all = {0};
    for (int i = 0; i < 500; i++) {
        uint64_t member = rnd(&seed);
        distinct_add(i < 20 ? &small : &large, member);
        distinct_add(&all, member);
    }
    for (int turn = 0; turn < 2; turn++) {
        struct distinct_union u;
        distinct_union_init(&u);
        distinct_unite(&u, turn ? &small : &large);
        distinct_unite(&u, turn ? &large : &small);
        distinct_unite(&u, &large);
        assert_int_equal(distinct_union_count(&u), count(&all));
    }
}

/* Standard error and mean over many sets of one size, of names as they are hashed. */
static void the_error_is_as_promised(void **state)
{
    (void)state;
    static const struct {
        uint32_t members;
        int sets;
    } cases[] = {{10, 50},    {33, 400},   {100, 400},   {300, 400},  {640, 400},
                 {1000, 400}, {3000, 200}, {10000, 200}, {100000, 60}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const double n = cases[k].members;
        double sum = 0, squares = 0;
        for (int set = 0; set < cases[k].sets; set++) {
            struct distinct d = {0};
            for (uint32_t i = 0; i < cases[k].members; i++) {
                char name[40];
                int len = snprintf(name, sizeof name, "user%u@host%d.example", i, set);
                distinct_add(&d, span_ihash64(span_make(name, (size_t)len)));
            }
            double off = (count(&d) - n) / n;
            sum += off;
            squares += off * off;
        }
        double mean = sum / cases[k].sets, error = sqrt(squares / cases[k].sets);
        if (error > 0.08 || fabs(mean) > 0.02 || (n <= DISTINCT_EXACT && error > 0))
            fail_msg("%.0f members: mean %+.3f, error %.3f", n, mean, error);
    }
}

static void foreign_bytes_are_refused(void **state)
{
    (void)state;
    uint8_t sketch[DISTINCT_BYTES_MAX] = {DISTINCT_EXACT + 1};
    sketch[1 + 5] = 26 << 3; /* the 9th register */
    const struct {
        const char *name;
        const uint8_t *bytes;
        size_t len;
    } cases[] = {
        {"nothing", sketch, 0},
        {"count alone", (const uint8_t[]){1}, 1},
        {"cut", (const uint8_t[]){1, 0, 0, 0}, 4},
        {"twice", (const uint8_t[]){2, 0, 0, 0, 1, 0, 0, 0, 1}, 9},
        {"descending", (const uint8_t[]){2, 0, 0, 0, 2, 0, 0, 0, 1}, 9},
        {"too many", (const uint8_t[]){DISTINCT_EXACT + 2}, 1},
        {"rank 26", sketch, sizeof sketch},
        {"sketch, cut", (const uint8_t[]){DISTINCT_EXACT + 1, 0, 0}, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct varint_reader r = {cases[i].bytes, cases[i].bytes + cases[i].len, false};
        struct distinct d;
        distinct_get(&r, &d);
        if (!r.bad || d.count)
            fail_msg("%s: taken", cases[i].name);
    }
    sketch[1 + 5] = 25 << 3;
    struct varint_reader r = {sketch, sketch + sizeof sketch, false};
    struct distinct d;
    distinct_get(&r, &d);
    assert_false(r.bad);
    assert_int_equal(count(&d), 1);
}

static void every_sketch_has_a_count(void **state)
{
    (void)state;
    struct distinct d = {.count = DISTINCT_EXACT + 1};
    for (int rank = 0; rank <= 25; rank++) {
        for (int i = 0; i < DISTINCT_REGISTERS; i++)
            for (int bit = 0; bit < 5; bit++) {
                int at = i * 5 + bit;
                uint8_t mask = (uint8_t)(0x80 >> at % 8);
                if (rank >> (4 - bit) & 1)
                    d.of.sketch[at / 8] |= mask;
                else
                    d.of.sketch[at / 8] &= (uint8_t)~mask;
            }
        uint32_t n = count(&d), want = rank ? 256u << (rank - 1) : 0;
        if (rank < 22 && (n < want / 2 || n > want * 2))
            fail_msg("all registers %d: %u", rank, n);
    }
    assert_int_equal(count(&d), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_are_exact),
        cmocka_unit_test(the_least_and_the_greatest_are_members),
        cmocka_unit_test(order_and_repetition_do_not_matter),
        cmocka_unit_test(a_union_counts_once),
        cmocka_unit_test(sketches_and_members_unite),
        cmocka_unit_test(the_error_is_as_promised),
        cmocka_unit_test(foreign_bytes_are_refused),
        cmocka_unit_test(every_sketch_has_a_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
