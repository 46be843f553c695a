/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "repeats.h"

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct repeats));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* Lines of one kind at now_ms: how many of n are written */
static unsigned written(struct repeats *r, const char *kind, unsigned n, int64_t now_ms)
{
    unsigned passed = 0;
    while (n-- > 0)
        passed += repeats_pass(r, kind, 1, "line", now_ms);
    return passed;
}

static void the_first_of_a_window_are_written(void **state)
{
    struct repeats *r = *state;
    struct repeat due;
    assert_int_equal(written(r, "a", REPEATS_BURST, 1000), REPEATS_BURST);
    assert_int_equal(written(r, "a", 37, 2000), 0);
    assert_int_equal(written(r, "b", 1, 2000), 1); /* another kind is not concerned */
    assert_false(repeats_due(r, 1000 + REPEATS_WINDOW_MS - 1, &due));
    assert_true(repeats_due(r, 1000 + REPEATS_WINDOW_MS, &due));
    assert_int_equal(due.held, 37);
    assert_int_equal(due.level, 1);
    assert_string_equal(due.last, "line");
    assert_false(repeats_due(r, 1000 + REPEATS_WINDOW_MS, &due));
    /* all over again */
    assert_int_equal(written(r, "a", 100, 1000 + REPEATS_WINDOW_MS), REPEATS_BURST);
}

/* What was held back waits for whoever asks, however late; nothing that was counted is lost. */
static void a_window_that_ended_unasked_goes_on(void **state)
{
    struct repeats *r = *state;
    struct repeat due;
    assert_int_equal(written(r, "a", REPEATS_BURST + 1, 0), REPEATS_BURST);
    assert_int_equal(written(r, "a", 2, 10 * REPEATS_WINDOW_MS), 0);
    assert_true(repeats_due(r, 10 * REPEATS_WINDOW_MS, &due));
    assert_int_equal(due.held, 3);
}

static void a_slow_repetition_is_written_for_ever(void **state)
{
    struct repeats *r = *state;
    struct repeat due;
    for (int64_t i = 0; i < 100; i++)
        assert_int_equal(written(r, "a", 1, i * REPEATS_WINDOW_MS / REPEATS_BURST), 1);
    assert_false(repeats_due(r, 100 * REPEATS_WINDOW_MS, &due));
}

static void more_kinds_than_places(void **state)
{
    static const char kinds[REPEATS_KINDS + 1];
    struct repeats *r = *state;
    struct repeat due;
    for (size_t i = 0; i < REPEATS_KINDS; i++)
        assert_int_equal(written(r, kinds + i, REPEATS_BURST + 1, 0), REPEATS_BURST);
    assert_int_equal(written(r, kinds + REPEATS_KINDS, 1000, 0), 1000);
    for (size_t i = 0; i < REPEATS_KINDS; i++)
        assert_true(repeats_due(r, REPEATS_WINDOW_MS, &due));
    assert_false(repeats_due(r, REPEATS_WINDOW_MS, &due));
    assert_int_equal(written(r, kinds + REPEATS_KINDS, 1000, 0), REPEATS_BURST);
}

static void a_long_line_is_cut(void **state)
{
    struct repeats *r = *state;
    struct repeat due;
    char line[2 * REPEATS_TEXT_BYTES];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (size_t i = 0; i <= REPEATS_BURST; i++)
        repeats_pass(r, "a", 0, line, 0);
    assert_true(repeats_due(r, REPEATS_WINDOW_MS, &due));
    assert_int_equal(strlen(due.last), REPEATS_TEXT_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_of_a_window_are_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_window_that_ended_unasked_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_repetition_is_written_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(more_kinds_than_places, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
