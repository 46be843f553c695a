/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail that is kept: what comes out is what went in, whatever its size and whether it is encrypted; ids, limits and expiry; the log. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "held_log.h"
#include "quarantine_fixture.h"

static void round_trip(void **state)
{
    struct held_fixture *f = *state;
    static const size_t sizes[] = {0, 1, 100, 65535, 65536, 65537, 131072, 1000000};
    for (int key = 0; key < 2; key++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            char id[HELD_ID_TEXT];
            f->options.key_file = key ? f->key_file : NULL;
            struct quarantine *q = held_fixture_open(f);
            held_fixture_id(id, (unsigned)(i + 10 * (unsigned)key));
            held_fixture_keep(q, id, sizes[i]);
            held_fixture_check(q, id, sizes[i]);
            quarantine_close(&q);
        }
}

static void the_log(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], error[400];
    size_t count;
    struct quarantine *q = held_fixture_open(f);
    held_fixture_id(id, 1);
    held_fixture_keep(q, id, 10);
    const char *one[] = {"<b@example.com>"};
    struct held_line line = {.event = HELD_BEGAN, .time_us = 5, .who = "root", .mark = "m"};
    struct held_log *l = held_log_open(q, id, 0, error, sizeof error);
    assert_non_null(l);
    assert_null(held_log_open(q, id, 0, error, sizeof error));
    assert_int_equal(errno, EBUSY);
    assert_int_equal(held_log_state(l, "<a@example.com>"), HELD_WAITS);
    assert_int_equal(held_log_add(l, &line), 0);
    assert_int_equal(held_log_state(l, "<a@example.com>"), HELD_DOUBT);
    line = (struct held_line){.event = HELD_RELEASED,
                              .time_us = 6,
                              .who = "root",
                              .rcpts = one,
                              .rcpt_count = 1,
                              .why = "bad \xff byte"};
    assert_int_equal(held_log_add(l, &line), 0);
    line.event = HELD_FAILED;
    line.rcpts = NULL;
    line.rcpt_count = 0;
    assert_int_equal(held_log_add(l, &line), 0);
    struct held_log *r = held_log_read(q, id, error, sizeof error);
    assert_non_null(r);
    assert_true(held_log_busy(r));
    held_log_close(&r);
    held_log_close(&l);
    r = held_log_read(q, id, error, sizeof error);
    assert_false(held_log_busy(r));
    const struct held_line *lines = held_log_lines(r, &count);
    assert_int_equal(count, 3);
    assert_string_equal(lines[0].mark, "m");
    assert_string_equal(lines[1].why, "bad \xef\xbf\xbd byte");
    assert_int_equal(held_log_state(r, "<a@example.com>"), HELD_WAITS);
    assert_int_equal(held_log_state(r, "<b@example.com>"), HELD_GONE);
    held_log_close(&r);
    quarantine_close(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, held_fixture_setup, held_fixture_teardown),
        cmocka_unit_test_setup_teardown(the_log, held_fixture_setup, held_fixture_teardown),
    };
    return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
