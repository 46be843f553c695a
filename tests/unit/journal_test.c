/* SPDX-License-Identifier: BSD-2-Clause */
/* Appending, and reading what is open: numbers, crashes, locks, a directory that cannot be used. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "journal_fixture.h"

static void records_are_numbered_and_come_back_in_order(void **state)
{
    struct fixture *f = *state;
    struct journal *j = open_or_fail(f, NULL);
    struct journal_state st;
    append_many(j, 1, 1000);
    journal_state(j, &st);
    assert_int_equal(st.last, 1000);
    assert_int_equal(st.in_memory, 0);
    assert_false(st.failing);
    assert_int_equal(journal_flush(j), 0);
    assert_int_equal(read_all(f, 0, 1), 1000);
    assert_int_equal(read_all(f, 990, 991), 10);
    assert_int_equal(read_all(f, 1000, 0), 0);
    assert_memory_equal(journal_writer(j), "mx1@", 4);
    assert_int_equal(strlen(journal_writer(j)), 40);
    journal_close(&j);
    assert_null(j);
    assert_quiet(f);
}

static void numbering_goes_on_after_a_restart(void **state)
{
    struct fixture *f = *state;
    char writer[128];
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 1, 10);
    snprintf(writer, sizeof writer, "%s", journal_writer(j));
    journal_close(&j);
    j = open_or_fail(f, NULL);
    assert_string_equal(journal_writer(j), writer);
    append_many(j, 11, 20);
    journal_close(&j);
    assert_int_equal(read_all(f, 0, 1), 20);
    assert_int_equal(count_files(f, ".open"), 1);
    assert_quiet(f);
}

static void a_reader_follows(void **state)
{
    struct fixture *f = *state;
    struct journal_entry e;
    char error[300];
    struct journal *j = open_or_fail(f, NULL);
    struct journal_reader *r = journal_reader_open(f->path, 0, error, sizeof error);
    assert_non_null(r);
    assert_int_equal(journal_reader_next(r, &e), 0);
    for (uint64_t n = 1; n <= 300; n++) {
        append_many(j, n, n);
        assert_int_equal(journal_reader_next(r, &e), 1);
        assert_entry(&e, n);
        assert_int_equal(journal_reader_next(r, &e), 0);
    }
    journal_reader_close(&r);
    journal_close(&j);
}

static void a_machine_that_was_booted_leaves_a_gap(void **state)
{
    struct fixture *f = *state;
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 1, 5);
    journal_close(&j);
    write_file(f, "boot", "11111111-2222-3333-4444-555555555555 1\n");
    j = open_or_fail(f, NULL);
    assert_int_equal(append_one(j, 1u << 20), 1u << 20);
    journal_close(&j);
    j = open_or_fail(f, NULL); /* the same boot: no further gap */
    assert_int_equal(append_one(j, (1u << 20) + 1), (1u << 20) + 1);
    journal_close(&j);
    assert_int_equal(read_all(f, 0, 1), 7);
    assert_int_equal(read_all(f, 5, 1u << 20), 2);
    /* twice booted, and the disk has nothing of what was numbered between */
    write_file(f, "boot", "11111111-2222-3333-4444-555555555555 1048576\n");
    remove_file(f, "00000000000001048576.open");
    j = open_or_fail(f, NULL);
    assert_int_equal(append_one(j, 2u << 20), 2u << 20);
    journal_close(&j);
}

/* What a crash in the middle of a write leaves: each length of the last frame. */
static void a_torn_tail_is_cut_off(void **state)
{
    struct fixture *f = *state;
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 1, 3);
    journal_close(&j);
    off_t two = file_size(f, "00000000000000000001.open");
    j = open_or_fail(f, NULL);
    append_many(j, 4, 4);
    journal_close(&j);
    off_t all = file_size(f, "00000000000000000001.open");
    for (off_t cut = all - 1; cut > two; cut -= 7) {
        cut_file(f, "00000000000000000001.open", cut);
        as_if_killed(f);
        assert_int_equal(read_all(f, 0, 1), 3);
        j = open_or_fail(f, NULL);
        assert_told(f, "cut off");
        assert_int_equal(append_one(j, 4), 4);
        journal_close(&j);
        assert_int_equal(read_all(f, 0, 1), 4);
    }
    as_if_killed(f);
    cut_file(f, "00000000000000000001.open", 10); /* not even its head: as if it had never been */
    assert_int_equal(read_all(f, 0, 0), 0);
    j = open_or_fail(f, NULL);
    assert_int_equal(append_one(j, 1), 1);
    journal_close(&j);
}

static void one_writer_at_a_time(void **state)
{
    struct fixture *f = *state;
    char error[400], pid[64];
    struct journal_options o = f->options;
    struct journal *j = open_or_fail(f, NULL);
    o.lock_wait_ms = 50;
    assert_null(journal_open(&o, error, sizeof error));
    snprintf(pid, sizeof pid, "process with id %ld writes", (long)getpid());
    assert_non_null(strstr(error, pid));
    o.writer = "mx2"; /* another one in the same tree */
    struct journal *other = open_or_fail(f, &o);
    assert_string_not_equal(journal_writer(j), journal_writer(other));
    journal_close(&other);
    journal_close(&j);
    o.writer = "mx1";
    j = open_or_fail(f, &o);
    journal_close(&j);
}

static void names_are_checked(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"", ".", "..", "../x", "a/b", "a b", ".hidden", "m\xc3\xa4x"};
    char error[400];
    struct journal_options o = f->options;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        o.writer = bad[i];
        assert_null(journal_open(&o, error, sizeof error));
        assert_non_null(strstr(error, "cannot be a writer's name"));
    }
    /* a directory that was copied would number its records as the first one does */
    struct journal *j = open_or_fail(f, NULL);
    journal_close(&j);
    write_file(f, "writer", "mx9@01234567-89ab-4def-8123-456789abcdef\n");
    assert_null(journal_open(&f->options, error, sizeof error));
    assert_non_null(strstr(error, "names mx9@"));
}

/* Under a new name, all of it would be learnt a second time. */
static void a_name_that_is_gone_is_found_again(void **state)
{
    struct fixture *f = *state;
    char error[400], name[200];
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 1, 2);
    snprintf(name, sizeof name, "%s", journal_writer(j));
    journal_close(&j);
    remove_file(f, "writer");
    j = open_or_fail(f, NULL);
    assert_string_equal(journal_writer(j), name);
    assert_int_equal(append_one(j, 3), 3);
    journal_close(&j);
    remove_file(f, "writer");
    write_file(f, "manifest", "");
    assert_null(journal_open(&f->options, error, sizeof error));
    assert_non_null(strstr(error, "names nobody"));
}

static void what_is_made_is_private(void **state)
{
    struct fixture *f = *state;
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 1, 1);
    assert_int_equal(mode_of(f, "") & 0027, 0);
    static const char *const files[] = {"writer", "lock", "boot", "00000000000000000001.open"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        assert_int_equal(mode_of(f, files[i]) & 0137, 0);
    journal_close(&j);
}

/* Root writes, and the daemon's user can go on. */
static void root_makes_it_for_the_owner_of_the_directory(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    static const char *const files[] = {"",
                                        "writer",
                                        "lock",
                                        "boot",
                                        "manifest",
                                        "00000000000000000001.avro",
                                        "00000000000000000001.index"};
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(f->dir, 1, 2), 0);
    o.segment_bytes = 1;
    struct journal *j = open_or_fail(f, &o);
    append_many(j, 1, 1);
    wait_files(f, ".avro", 1);
    wait_files(f, ".open", 0);
    journal_close(&j);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", f->path, files[i]);
        assert_int_equal(stat(path, &st), 0);
        if (st.st_uid != 1 || st.st_gid != 2)
            fail_msg("%s is of %u:%u", path, st.st_uid, st.st_gid);
    }
}

static void what_is_too_large_is_refused(void **state)
{
    struct fixture *f = *state;
    static char large[(1u << 20) + 1];
    uint64_t number = 7;
    struct journal *j = open_or_fail(f, NULL);
    assert_int_equal(
        journal_append(j, span_make(large, sizeof large), SPAN_NONE, SPAN_NONE, 1, &number),
        VOUCH_E_RANGE);
    assert_int_equal(number, 0);
    assert_int_equal(
        journal_append(j, span_make(large, sizeof large - 1), SPAN_NONE, SPAN_NONE, 1, &number), 0);
    assert_int_equal(number, 1);
    append_many(j, 2, 2);
    journal_close(&j);
    struct journal_entry e;
    char error[300];
    struct journal_reader *r = journal_reader_open(f->path, 0, error, sizeof error);
    assert_int_equal(journal_reader_next(r, &e), VOUCH_E_SYNTAX); /* zeros are no record */
    assert_non_null(strstr(journal_reader_error(r), "00000000000000000001."));
    assert_int_equal(journal_reader_next(r, &e), 1);
    assert_entry(&e, 2);
    journal_reader_close(&r);
}

/* The directory comes later: what was kept is written then, in order. */
static void a_directory_that_cannot_be_used_yet(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    char error[400], dir[200];
    struct journal_state st;
    snprintf(dir, sizeof dir, "%s/later/journal", f->dir);
    o.dir = dir;
    o.must = true;
    assert_null(journal_open(&o, error, sizeof error));
    assert_non_null(strstr(error, "No such file or directory"));
    o.must = false;
    o.memory_bytes = 100 * 200;
    struct journal *j = open_or_fail(f, &o);
    assert_null(journal_writer(j));
    for (uint64_t n = 1; n <= 300; n++)
        assert_int_equal(append_one(j, n), 0);
    assert_int_equal(journal_flush(j), VOUCH_E_IO);
    journal_state(j, &st);
    assert_true(st.failing);
    assert_true(st.lost > 0 && st.in_memory > 0);
    assert_int_equal(st.lost + st.in_memory, 300);
    assert_non_null(strstr(st.trouble, "later/journal: No such file"));
    wait_told(f, "kept in memory");
    snprintf(error, sizeof error, "%s/later", f->dir);
    assert_int_equal(mkdir(error, 0700), 0);
    wait_well(j);
    wait_told(f, "well again: 300 records had to wait,");
    assert_non_null(journal_writer(j));
    assert_int_equal(append_one(j, 301), 300 - st.lost + 1);
    journal_close(&j);
    snprintf(f->path, sizeof f->path, "%s/mx1", dir);
    assert_int_equal(read_all(f, 0, st.lost + 1), 301 - st.lost);
}

struct hammer {
    struct journal *j;
    int rc;
};

static void *hammer_main(void *arg)
{
    struct hammer *h = arg;
    for (int i = 0; i < 100 && h->rc == 0; i++)
        h->rc = journal_append(h->j, SPAN_LIT("not read"), SPAN_LIT("id"), SPAN_NONE, 1, NULL);
    return NULL;
}

static void many_threads(void **state, enum journal_sync sync)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    pthread_t threads[8];
    struct hammer hammers[8];
    struct journal_state st;
    o.sync = sync;
    o.segment_bytes = 4096;
    struct journal *j = open_or_fail(f, &o);
    for (int i = 0; i < 8; i++) {
        hammers[i] = (struct hammer){j, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, hammer_main, &hammers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(hammers[i].rc, 0);
    }
    journal_state(j, &st);
    assert_int_equal(st.last, 800);
    journal_close(&j);
    assert_quiet(f);
}

static void threads_share_interval(void **state)
{
    many_threads(state, JOURNAL_INTERVAL);
}

static void threads_share_always(void **state)
{
    many_threads(state, JOURNAL_ALWAYS);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(records_are_numbered_and_come_back_in_order),
        T(numbering_goes_on_after_a_restart),
        T(a_reader_follows),
        T(a_machine_that_was_booted_leaves_a_gap),
        T(a_torn_tail_is_cut_off),
        T(one_writer_at_a_time),
        T(names_are_checked),
        T(a_name_that_is_gone_is_found_again),
        T(what_is_made_is_private),
        T(root_makes_it_for_the_owner_of_the_directory),
        T(what_is_too_large_is_refused),
        T(a_directory_that_cannot_be_used_yet),
        T(threads_share_interval),
        T(threads_share_always),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
