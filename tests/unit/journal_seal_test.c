/* SPDX-License-Identifier: BSD-2-Clause */
/* Sealing: what becomes of full segments, what a crash at each point of it leaves, what is removed,
 * and that Avro's own reader reads what was sealed. */
#include "config.h"
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "journal_dir.h"
#include "journal_fixture.h"
#include "journal_manifest.h"
#include "journal_seal.h"

#define FIRST "00000000000000000001"

/* Ten records in one open segment, and what sealing makes of it: FIRST.avro, .index, manifest. Kept in
 * f->dir/was. */
static void make_states(struct fixture *f)
{
    struct journal_options o = f->options;
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 1, 10);
    journal_close(&j);
    shell(f, "cp -rp mx1 ../was");
    o.segment_bytes = 1;
    j = open_or_fail(f, &o);
    wait_files(f, ".open", 0);
    journal_close(&j);
    shell(f, "cp -p mx1/*.avro mx1/*.index ../was && cp mx1/manifest ../was/full");
    assert_int_equal(read_all(f, 0, 1), 10);
}

/* Sets the directory to the files named, of those kept ("full": as manifest). */
static void set_state(struct fixture *f, const char *files)
{
    char command[600];
    snprintf(command, sizeof command,
             "rm -f mx1/*.open mx1/*.avro mx1/*.index mx1/*.tmp mx1/manifest; "
             "for x in %s; do cp -p ../was/$x mx1/$x; done; "
             "if [ -f mx1/full ]; then mv mx1/full mx1/manifest; fi",
             files);
    shell(f, command);
    as_if_killed(f);
}

static void check_repaired(struct fixture *f, const char *what, uint64_t next)
{
    struct journal_options o = f->options;
    o.segment_bytes = 1;
    struct journal *j = open_or_fail(f, &o);
    uint64_t number = append_one(j, next);
    if (number != next)
        fail_msg("%s: number %" PRIu64, what, number);
    wait_files(f, ".open", 0);
    journal_close(&j);
    assert_int_equal(read_all(f, 0, 1), next);
    assert_int_equal(count_files(f, ".tmp"), 0);
    struct manifest m;
    int dir = journal_dir_open(f->path);
    assert_int_equal(manifest_read(dir, &m, NULL, NULL), 0);
    assert_int_equal(m.count, 2);
    assert_int_equal(m.entries[0].last, 10);
    assert_int_equal(m.torn, 0);
    manifest_clear(&m);
    close(dir);
}

static void a_crash_while_sealing_is_repaired(void **state)
{
    struct fixture *f = *state;
    static const char *const states[] = {
        FIRST ".open manifest",
        FIRST ".open",
        FIRST ".open " FIRST ".avro manifest",
        FIRST ".open " FIRST ".avro " FIRST ".index manifest",
        FIRST ".open " FIRST ".avro " FIRST ".index full",
        FIRST ".avro " FIRST ".index full",
        FIRST ".avro full",
        FIRST ".avro manifest",
    };
    make_states(f);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        set_state(f, states[i]);
        check_repaired(f, states[i], 11);
    }
    /* the temporary file, and the line, at several lengths */
    set_state(f, FIRST ".open manifest");
    write_file(f, FIRST ".avro.tmp", "half of it");
    check_repaired(f, "tmp", 11);
    set_state(f, FIRST ".avro full");
    off_t full = file_size(f, "manifest");
    set_state(f, FIRST ".avro manifest");
    off_t head = file_size(f, "manifest");
    for (off_t cut = full - 1; cut > head; cut -= 31) {
        set_state(f, FIRST ".open " FIRST ".avro full");
        cut_file(f, "manifest", cut);
        check_repaired(f, "torn line", 11);
    }
}

static void segments_are_sealed_by_size(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    o.segment_bytes = 10000;
    struct journal *j = open_or_fail(f, &o);
    append_many(j, 1, 2000);
    wait_sealed(f);
    assert_true(count_files(f, ".avro") > 20);
    assert_int_equal(read_all(f, 0, 1), 2000);
    for (uint64_t after = 1; after < 2000; after += 97)
        assert_int_equal(read_all(f, after, after + 1), 2000 - after);
    assert_int_equal(mode_of(f, FIRST ".avro"), 0440);
    journal_close(&j);
    assert_int_equal(count_files(f, ".avro"), count_files(f, ".index"));
    assert_quiet(f);
    j = open_or_fail(f, &o);
    append_many(j, 2001, 2001);
    journal_close(&j);
    assert_int_equal(read_all(f, 0, 1), 2001);
    assert_quiet(f);
}

static void segments_are_sealed_by_age(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    o.segment_age_s = 1;
    struct journal *j = open_or_fail(f, &o);
    append_many(j, 1, 3);
    wait_files(f, ".avro", 1);
    wait_files(f, ".open", 0);
    journal_close(&j);
    assert_int_equal(read_all(f, 0, 1), 3);
}

static void a_reader_goes_on_through_sealing(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    struct journal_entry e;
    char error[300];
    o.segment_bytes = 3000;
    struct journal *j = open_or_fail(f, &o);
    struct journal_reader *r = journal_reader_open(f->path, 0, error, sizeof error);
    uint64_t n = 0;
    for (uint64_t i = 1; i <= 3000; i++) {
        append_many(j, i, i);
        while (i % 7 == 0 && journal_reader_next(r, &e) == 1)
            assert_entry(&e, ++n);
    }
    wait_sealed(f);
    while (journal_reader_next(r, &e) == 1)
        assert_entry(&e, ++n);
    assert_int_equal(n, 3000);
    journal_reader_close(&r);
    journal_close(&j);
}

static void only_what_was_learnt_is_removed(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    o.segment_bytes = 5000;
    o.keep_bytes = 1;
    struct journal *j = open_or_fail(f, &o);
    append_many(j, 1, 500);
    wait_sealed(f);
    journal_close(&j);
    unsigned sealed = count_files(f, ".avro");
    assert_true(sealed > 5);
    assert_int_equal(count_files(f, ".avro"), sealed); /* nobody said what was learnt */
    j = open_or_fail(f, &o);
    journal_learnt(j, 250);
    append_many(j, 501, 600);
    wait_sealed(f);
    journal_close(&j);
    uint64_t first = journal_first(f->path);
    assert_true(first > 1 && first <= 251);
    assert_int_equal(read_all(f, 0, first), 601 - first);
    o.nobody_learns = true;
    j = open_or_fail(f, &o);
    wait_files(f, ".avro", 0);
    append_many(j, 601, 601);
    journal_close(&j);
    assert_quiet(f);
}

static void old_segments_are_removed(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    o.segment_bytes = 1;
    o.nobody_learns = true;
    o.keep_age_s = 3600;
    struct journal *j = open_or_fail(f, &o);
    append_many(j, 1, 20); /* of 1970 */
    wait_files(f, ".avro", 0);
    wait_files(f, ".index", 0);
    wait_files(f, ".open", 0);
    append_many(j, 21, 21);
    journal_close(&j);
    assert_quiet(f);
}

static void avro_reads_it(void **state)
{
    struct fixture *f = *state;
    char command[700], line[4096];
    unsigned n = 0;
    if (system("command -v avrocat > /dev/null") != 0)
        skip();
    make_states(f);
    snprintf(command, sizeof command, "avrocat %s/" FIRST ".avro 2>&1", f->path);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    for (; fgets(line, sizeof line, p); n++) {
        char part[40];
        snprintf(part, sizeof part, "record-%u-", n + 1);
        if (!strstr(line, part))
            fail_msg("%s", line);
    }
    assert_int_equal(pclose(p), 0);
    assert_int_equal(n, 10);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_crash_while_sealing_is_repaired),
        T(segments_are_sealed_by_size),
        T(segments_are_sealed_by_age),
        T(a_reader_goes_on_through_sealing),
        T(only_what_was_learnt_is_removed),
        T(old_segments_are_removed),
        T(avro_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
