/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "mark.h"
#include "value.h"

#define US INT64_C(1700000000000000)

static const struct mark person = {6, 0, 1, US, {1, 2, 3}, 1700000000, 65536};

/* Each stands above all before it: so the order is total, and no two hold at once. */
static void one_label_holds(void **state)
{
    (void)state;
    const struct mark order[] = {
        {.rank = 0},
        {.rank = 1, .time_us = -1},
        {.rank = 1, .time_us = 0},
        {.rank = 1, .time_us = US},
        {.rank = 1, .time_us = US, .id = {0, 1}},
        {.rank = 1, .time_us = US, .id = {0x7f, 0xff}},
        {.rank = 1, .time_us = US, .id = {0x80}},
        {.rank = 1, .time_us = US + 1},
        {.rank = 6, .time_us = 0, .verdict = -1},
        {.rank = 6, .time_us = US, .verdict = 1},
        {.rank = 255, .time_us = INT64_MIN},
    };
    enum { COUNT = sizeof order / sizeof *order };
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < COUNT; j++)
            if (mark_beats(&order[i], &order[j]) != (i > j))
                fail_msg("%zu and %zu", i, j);
}

static void assert_equal(const struct mark *a, const struct mark *b)
{
    assert_int_equal(a->rank, b->rank);
    assert_int_equal(a->source, b->source);
    assert_int_equal(a->verdict, b->verdict);
    assert_true(a->time_us == b->time_us);
    assert_memory_equal(a->id, b->id, sizeof a->id);
    assert_true(a->at == b->at);
    assert_int_equal(a->mass, b->mass);
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    struct mark cases[] = {
        {0},
        person,
        {255, 255, -1, INT64_MAX, {0}, INT64_MAX, UINT32_MAX},
        {1, 6, 0, INT64_MIN, {0}, INT64_MIN, 1},
    };
    memset(cases[2].id, 0xff, sizeof cases[2].id);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[MARK_BYTES_MAX], again[MARK_BYTES_MAX];
        struct mark m;
        size_t len = mark_encode(&cases[i], bytes);
        assert_in_range(len, 20, sizeof bytes);
        assert_int_equal(mark_decode(bytes, len, &m), 0);
        assert_equal(&m, &cases[i]);
        assert_int_equal(mark_encode(&m, again), len);
        assert_memory_equal(again, bytes, len);
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(mark_decode(bytes, cut, &m), VOUCH_E_SYNTAX);
    }
}

/* The bytes are on disks and in servers: they never change without a new kind. */
static void bytes_are_stable(void **state)
{
    (void)state;
    static const uint8_t want[] = {VALUE_MARK, 6,    0,    2,                            /* good */
                                   0x80,       0x80, 0xf2, 0x81, 0x83, 0x89, 0x85, 0x06, /* US */
                                   1,          2,    3,    0,    0,    0,    0,    0,
                                   0,          0,    0,    0,    0,    0,    0,    0,
                                   0x80,       0xc4, 0x9f, 0xd5, 0x0c, /* 1700000000 */
                                   0x80,       0x80, 0x04};
    uint8_t bytes[MARK_BYTES_MAX];
    assert_int_equal(mark_encode(&person, bytes), sizeof want);
    assert_memory_equal(bytes, want, sizeof want);
}

static void foreign_bytes_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at;
        uint8_t value;
    } cases[] = {
        {"another kind", 0, VALUE_TALLY},
        {"rank goes on", 1, 0x86},
        {"verdict 2", 3, 4},
        {"verdict -2", 3, 3},
        {"longest form", 35, 0x00},
    };
    uint8_t bytes[MARK_BYTES_MAX + 1];
    struct mark m = {.rank = 42};
    size_t len = mark_encode(&person, bytes);
    bytes[len] = 0;
    assert_int_equal(mark_decode(bytes, len + 1, &m), VOUCH_E_SYNTAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mark_encode(&person, bytes);
        bytes[cases[i].at] = cases[i].value;
        if (mark_decode(bytes, len, &m) != VOUCH_E_SYNTAX)
            fail_msg("%s: taken", cases[i].name);
        assert_int_equal(m.rank, 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_label_holds),
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(bytes_are_stable),
        cmocka_unit_test(foreign_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
