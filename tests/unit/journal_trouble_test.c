/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk that is full, a directory that may not be written to, or that is gone: records wait in memory,
 * in order, and nothing half written stays. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "journal_fixture.h"

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A file that may not grow: the write that meets the limit is a short one. */
static void a_write_that_ends_in_the_middle(void **state)
{
    struct fixture *f = *state;
    struct journal_state st;
    rlim_t size;
    signal(SIGXFSZ, SIG_IGN);
    for (unsigned more = 1; more < 400; more += 57) {
        struct journal_options o = f->options;
        o.sync = more % 2 ? JOURNAL_INTERVAL : JOURNAL_ALWAYS;
        struct journal *j = open_or_fail(f, &o);
        journal_state(j, &st);
        uint64_t next = st.last + 1;
        append_many(j, next, next + 3);
        size = (rlim_t)file_size(f, "00000000000000000001.open");
        limit_files(size + more);
        uint64_t kept = 0, n = next + 4;
        while (kept == 0 || n < next + 30)
            kept += append_one(j, n++) == 0;
        journal_state(j, &st);
        assert_true(st.failing && st.in_memory > 0);
        assert_non_null(strstr(st.trouble, "/mx1: cannot be written: "));
        wait_told(f, "/mx1: cannot be written: ");
        assert_int_equal(append_one(j, n), 0);
        assert_quiet(f); /* not for each record */
        limit_files(RLIM_INFINITY);
        wait_well(j);
        wait_told(f, "well again: ");
        append_many(j, n + 1, n + 1);
        journal_close(&j);
        assert_int_equal(read_all(f, 0, 1), n + 1);
        assert_quiet(f);
    }
}

static void a_full_file_system(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    struct journal_state st;
    uint64_t n = 1;
    assert_int_equal(mkdir(f->tree, 0700), 0);
    if (geteuid() != 0 || mount("none", f->tree, "tmpfs", 0, "size=256k") != 0)
        skip();
    o.segment_bytes = 60000;
    struct journal *j = open_or_fail(f, &o);
    do
        append_one(j, n++);
    while (journal_state(j, &st), st.in_memory < 20 && n < 10000);
    assert_true(st.failing);
    assert_int_equal(st.lost, 0);
    assert_non_null(strstr(st.trouble, "No space left on device"));
    assert_int_equal(mount("none", f->tree, "tmpfs", MS_REMOUNT, "size=16m"), 0);
    wait_well(j);
    append_one(j, n);
    assert_int_equal(journal_flush(j), 0);
    wait_sealed(f);
    assert_int_equal(read_all(f, 0, 1), n);
    journal_close(&j);
    wait_told(f, "well again");
    assert_int_equal(umount(f->tree), 0);
}

/* As an ordinary user: root may write everywhere. */
static void a_directory_that_may_not_be_written(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    bool root = geteuid() == 0;
    struct journal_state st;
    char error[400];
    assert_int_equal(mkdir(f->tree, 0500), 0);
    if (root) {
        assert_int_equal(chown(f->dir, 65534, 65534), 0);
        assert_int_equal(chown(f->tree, 65534, 65534), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    assert_null(journal_open(&o, error, sizeof error));
    assert_non_null(strstr(error, "Permission denied"));
    o.must = false;
    struct journal *j = open_or_fail(f, &o);
    assert_int_equal(append_one(j, 1), 0);
    wait_told(f, "Permission denied");
    journal_state(j, &st);
    assert_true(st.failing);
    assert_int_equal(chmod(f->tree, 0700), 0);
    wait_well(j);
    append_many(j, 2, 5);
    /* and later: no new segment can be made, or sealed */
    assert_int_equal(chmod(f->path, 0500), 0);
    o.segment_bytes = 1;
    journal_close(&j);
    j = open_or_fail(f, &o);
    wait_told(f, "Permission denied");
    assert_int_equal(append_one(j, 6), 0);
    assert_int_equal(chmod(f->path, 0700), 0);
    wait_well(j);
    append_many(j, 7, 7);
    journal_close(&j);
    assert_int_equal(read_all(f, 0, 1), 7);
    if (root)
        assert_int_equal(seteuid(0), 0);
}

static void a_directory_that_is_removed(void **state)
{
    struct fixture *f = *state;
    char was[128];
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 1, 5);
    const char *writer = journal_writer(j);
    snprintf(was, sizeof was, "%s", writer);
    assert_int_equal(journal_flush(j), 0); /* nobody looks there before the next record */
    shell(f, "rm -rf mx1");
    append_one(j, 6);
    wait_told(f, "was removed");
    wait_well(j);
    assert_string_equal(writer, was); /* as long as j lives */
    assert_string_not_equal(journal_writer(j), was);
    append_many(j, 1, 3);
    journal_close(&j);
    assert_int_equal(read_all(f, 0, 1), 3);
}

static void what_does_not_fit_in_memory_is_counted(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    struct journal_state st;
    signal(SIGXFSZ, SIG_IGN);
    o.memory_bytes = 10000;
    struct journal *j = open_or_fail(f, &o);
    append_many(j, 1, 10);
    limit_files((rlim_t)file_size(f, "00000000000000000001.open"));
    for (uint64_t n = 11; n <= 200; n++)
        assert_int_equal(append_one(j, n), 0);
    journal_state(j, &st);
    assert_true(st.lost > 100);
    assert_int_equal(st.lost + st.in_memory, 190);
    limit_files(RLIM_INFINITY);
    wait_well(j);
    journal_state(j, &st);
    assert_int_equal(st.last, 200 - st.lost);
    journal_close(&j);
    /* the newest are there, the oldest of those that waited are not */
    assert_int_equal(read_all(f, 10, 11 + st.lost), 190 - st.lost);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_write_that_ends_in_the_middle),        T(a_full_file_system),
        T(a_directory_that_may_not_be_written),    T(a_directory_that_is_removed),
        T(what_does_not_fit_in_memory_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
