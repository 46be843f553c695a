/* SPDX-License-Identifier: BSD-2-Clause */
/* A start takes up an open segment without reading it all: what the disk had when the last record came is
 * looked at afterwards. */
#include "config.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "journal_fixture.h"

#define OPEN       "00000000000000000001.open"
#define RECORDS    20000u
#define FLUSH_EACH 500u
#define READ_MAX   (2u << 20) /* of a start: up to 1 MiB for the head, and what a sync is about */

/* What this thread has read since it began; 0: nobody counts. */
static uint64_t bytes_read(void)
{
    uint64_t n = 0;
    FILE *io = fopen("/proc/thread-self/io", "r");
    if (!io)
        return 0;
    assert_int_equal(fscanf(io, "rchar: %" SCNu64, &n), 1);
    fclose(io);
    return n;
}

/* An open segment of some MiB, of which all but the last records are on the disk. */
static void make_segment(struct fixture *f)
{
    f->options.segment_bytes = 64u << 20;
    f->options.interval_ms = 3600000;
    struct journal *j = open_or_fail(f, NULL);
    for (uint64_t n = 1; n < RECORDS; n += FLUSH_EACH) {
        append_many(j, n, n + FLUSH_EACH - 1);
        assert_int_equal(journal_flush(j), 0);
    }
    append_many(j, RECORDS + 1, RECORDS + 10);
    journal_close(&j);
    assert_true(file_size(f, OPEN) > 2 * (off_t)READ_MAX);
}

static void a_start_reads_what_a_crash_can_have_torn(void **state)
{
    struct fixture *f = *state;
    make_segment(f);
    as_if_killed(f);
    shell(f, "printf 'vjf1 torn' >>mx1/" OPEN);
    uint64_t before = bytes_read();
    struct journal *j = open_or_fail(f, NULL);
    uint64_t read = bytes_read() - before;
    assert_told(f, "the last 9 bytes are no whole record and were cut off");
    append_many(j, RECORDS + 11, RECORDS + 20);
    journal_close(&j);
    assert_quiet(f);
    assert_int_equal(read_all(f, 0, 1), RECORDS + 20);
    assert_int_equal(count_files(f, ".open"), 1);
    print_message("# %" PRIu64 " bytes of %lld\n", read, (long long)file_size(f, OPEN));
    if (before == 0)
        skip();
    assert_true(read <= READ_MAX);
}

/* The keeper finds it: the segment takes no more, and is sealed around the damage. */
static void damage_before_that_is_found_afterwards(void **state)
{
    struct fixture *f = *state;
    make_segment(f);
    flip_byte(f, OPEN, file_size(f, OPEN) / 2);
    struct journal *j = open_or_fail(f, NULL);
    wait_told(f, OPEN ": ");
    wait_files(f, ".open", 0);
    append_many(j, RECORDS + 11, RECORDS + 20);
    journal_close(&j);
    assert_int_equal(count_files(f, ".avro"), 2);
    assert_int_equal(read_all(f, RECORDS, RECORDS + 1), 20);
}

/* Where the reading would begin: all is read, as if nothing were known. */
static void damage_there_is_found_at_once(void **state)
{
    struct fixture *f = *state;
    make_segment(f);
    struct journal *j = open_or_fail(f, NULL);
    off_t size = file_size(f, OPEN);
    assert_int_equal(journal_flush(j), 0);
    append_many(j, RECORDS + 11, RECORDS + 12);
    journal_close(&j);
    flip_byte(f, OPEN, size + 60);
    j = open_or_fail(f, NULL);
    assert_told(f, "are damaged, is the disk failing?");
    wait_files(f, ".open", 0);
    journal_close(&j);
    assert_int_equal(count_files(f, ".avro"), 2);
    assert_int_equal(read_all(f, RECORDS + 11, RECORDS + 12), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_start_reads_what_a_crash_can_have_torn),
        T(damage_before_that_is_found_afterwards),
        T(damage_there_is_found_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
