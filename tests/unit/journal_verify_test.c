/* SPDX-License-Identifier: BSD-2-Clause */
/* Every kind of tampering with a journal is found, and named. */
#include "config.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "journal_fixture.h"
#include "record_avro.h"

struct told {
    char wrong[8192], remarks[8192];
};

static void tell(void *arg, const struct journal_finding *finding)
{
    struct told *t = arg;
    char *to = finding->wrong ? t->wrong : t->remarks;
    size_t len = strlen(to);
    snprintf(to + len, sizeof t->wrong - len, "%s %s\n", finding->file, finding->text);
}

static int verify(struct fixture *f, struct told *t, uint64_t *records_r)
{
    char error[300] = "";
    *t = (struct told){.wrong = ""};
    int rc = journal_verify(f->path, tell, t, records_r, error, sizeof error);
    if (rc < 0)
        fail_msg("%s", error);
    return rc;
}

/* Three sealed segments, of records 1-10, 11-20, 21-30, and an open one of 31-40; a copy of it all. */
static void make_journal(struct fixture *f)
{
    struct journal_options o = f->options;
    for (uint64_t n = 1; n < 31; n += 10) {
        o.segment_bytes = 1 << 20;
        struct journal *j = open_or_fail(f, &o);
        append_many(j, n, n + 9);
        journal_close(&j);
        o.segment_bytes = 1;
        j = open_or_fail(f, &o);
        wait_files(f, ".open", 0);
        journal_close(&j);
    }
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 31, 40);
    journal_close(&j);
    shell(f, "cp -rp mx1 ../was");
}

static void restore(struct fixture *f)
{
    shell(f, "rm -rf mx1 && cp -rp ../was mx1");
}

static void a_whole_one_is_right(void **state)
{
    struct fixture *f = *state;
    struct told t;
    uint64_t records;
    make_journal(f);
    assert_int_equal(verify(f, &t, &records), 0);
    assert_string_equal(t.wrong, "");
    assert_string_equal(t.remarks, "");
    assert_int_equal(records, 40);
}

#define A "mx1/00000000000000000001"
#define B "mx1/00000000000000000011"
#define C "mx1/00000000000000000021"
#define O "mx1/00000000000000000031"

static void tampering_is_found(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *what, *found;
    } table[] = {
        {"rm -f " B ".avro", "011.avro is missing"},
        {"rm -f " C ".avro", "021.avro is missing"},
        {"cp -f " A ".avro " B ".avro", "011.avro is not what was sealed"},
        {"mv " A ".avro x; mv " B ".avro " A ".avro; mv x " B ".avro", "001.avro is not what"},
        {"sed -i '$d' mx1/manifest", "021.avro is in no line of the manifest"},
        {"sed -i '$d' mx1/manifest; rm -f " C ".*",
         "031.open records 21 to 30 before it are missing"},
        {"sed -i '3d' mx1/manifest", "manifest line 3: numbers that do not follow"},
        {"sed -i '2d' mx1/manifest", "manifest line 2: its hash"},
        {"sed -i '3{h;d};4{G}' mx1/manifest", "manifest line 3: its hash"},
        {"sed -i '3s/ 10 / 9 /' mx1/manifest", "manifest line 4: its hash"},
        {"sed -i '3s/sealed/healed/' mx1/manifest", "manifest line 3: this is no line"},
        {"sed -i '1s/ 1 / 2 /' mx1/manifest", "manifest its first line"},
        {"rm -f " O ".open", "boot records 31 to 40 were there when"},
        {"rm -f mx1/manifest", "manifest is missing"},
        {"rm -f mx1/writer", "writer does not name"},
        {"echo mx1@11111111-2222-4333-8444-555555555555 > mx1/writer", "writer names another"},
        {"truncate -s -1 " O ".open", "031.open"},
        {"truncate -s -300 " O ".open", "no whole record"},
        {"truncate -s 10 " O ".open; cp " O ".open mx1/00000000000000000041.open",
         "031.open has no whole head"},
        {"cp " A ".avro mx1/00000000000000000041.avro", "041.avro is in no line"},
        {"truncate -s -20 " A ".avro", "001.avro has 0 records"},
        {"rm -f " O ".open; cp " A ".avro " O ".avro", "031.avro is in no line"},
    };
    make_journal(f);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct told t;
        uint64_t records;
        restore(f);
        shell(f, "chmod -R u+w mx1");
        shell(f, table[i].what);
        int wrong = verify(f, &t, &records);
        if (wrong == 0 || !strstr(t.wrong, table[i].found))
            fail_msg("%s: %d: %s", table[i].what, wrong, t.wrong);
    }
}

/* One byte anywhere, in every file that says something. */
static void a_flipped_byte_is_found(void **state)
{
    struct fixture *f = *state;
    static const char *const files[] = {
        "00000000000000000001.avro",
        "00000000000000000021.avro",
        "00000000000000000031.open",
        "manifest",
    };
    make_journal(f);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        off_t size = file_size(f, files[i]), step = size / 60 + 1;
        for (off_t at = 0; at < size; at += at < 64 || at > size - 64 ? 1 : step) {
            struct told t;
            uint64_t records;
            flip_byte(f, files[i], at);
            if (verify(f, &t, &records) == 0)
                fail_msg("%s: byte %ld", files[i], (long)at);
            if (i < 3 && !strstr(t.wrong, files[i]))
                fail_msg("%s: byte %ld: %s", files[i], (long)at, t.wrong);
            flip_byte(f, files[i], at);
        }
    }
}

/* Cut between two records, nothing in the segment itself tells: what was noted at the end does. */
static void a_cut_between_records_is_found(void **state)
{
    struct fixture *f = *state;
    struct told t;
    uint64_t records;
    make_journal(f);
    off_t ten = file_size(f, "00000000000000000031.open");
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 41, 42);
    journal_close(&j);
    cut_file(f, "00000000000000000031.open", ten);
    assert_int_equal(verify(f, &t, &records), 1);
    assert_non_null(strstr(t.wrong, "boot records 41 to 42 were there"));
    /* and their numbers are not used again */
    j = open_or_fail(f, NULL);
    assert_told(f, "records 41 to 42, which were there");
    assert_int_equal(append_one(j, 43), 43);
    journal_close(&j);
    assert_int_equal(verify(f, &t, &records), 0);
    assert_non_null(strstr(t.remarks, "numbers 41 to 42 were skipped"));
}

static void a_declared_gap_is_a_remark(void **state)
{
    struct fixture *f = *state;
    struct told t;
    uint64_t records;
    make_journal(f);
    write_file(f, "boot", "11111111-2222-3333-4444-555555555555 1\n");
    struct journal *j = open_or_fail(f, NULL);
    assert_int_equal(append_one(j, 1u << 20), 1u << 20);
    wait_sealed(f);
    journal_close(&j);
    assert_int_equal(verify(f, &t, &records), 0);
    assert_non_null(strstr(t.remarks, "numbers 41 to 1048575 were skipped"));
    assert_int_equal(records, 41);
    assert_int_equal(journal_count_after(f->path, 0), 41);
    assert_int_equal(journal_count_after(f->path, 39), 2);
    /* the same when it is sealed */
    struct journal_options o = f->options;
    o.segment_bytes = 1;
    j = open_or_fail(f, &o);
    wait_files(f, ".open", 0);
    journal_close(&j);
    assert_int_equal(verify(f, &t, &records), 0);
    assert_non_null(strstr(t.remarks, "numbers 41 to 1048575 were skipped"));
}

static void removal_by_retention_is_right(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    struct told t;
    uint64_t records;
    make_journal(f);
    o.nobody_learns = true;
    o.keep_age_s = 1;
    struct journal *j = open_or_fail(f, &o);
    wait_files(f, ".avro", 0);
    journal_close(&j);
    assert_int_equal(verify(f, &t, &records), 0);
    assert_string_equal(t.wrong, "");
    assert_int_equal(records, 10);
}

static void *append_many_more(void *arg)
{
    append_many(arg, 1, 3000);
    return NULL;
}

/* What is written, sealed or removed meanwhile is no finding. */
static void beside_the_writer(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    struct journal_state st;
    pthread_t writer;
    unsigned rounds = 0;
    o.segment_bytes = 20000;
    o.nobody_learns = true;
    o.keep_bytes = 20000;
    struct journal *j = open_or_fail(f, &o);
    assert_int_equal(pthread_create(&writer, NULL, append_many_more, j), 0);
    do {
        struct told t;
        uint64_t records;
        rounds++;
        if (verify(f, &t, &records) != 0)
            fail_msg("%s", t.wrong);
        journal_state(j, &st);
    } while (st.last < 3000);
    pthread_join(writer, NULL);
    journal_close(&j);
    assert_true(rounds > 2);
}

/* A segment damaged in its middle while it is open: what is around that is kept, and sealed. */
static void records_around_damage_are_kept(void **state)
{
    struct fixture *f = *state;
    struct told t;
    uint64_t records;
    char error[300];
    struct journal_entry e;
    make_journal(f);
    off_t size = file_size(f, "00000000000000000031.open");
    flip_byte(f, "00000000000000000031.open", size - 1000);
    struct journal *j = open_or_fail(f, NULL);
    wait_told(f, "are damaged, is the disk failing?");
    append_many(j, 41, 41);
    wait_sealed(f);
    journal_close(&j);
    assert_int_equal(verify(f, &t, &records), 0);
    assert_int_equal(records, 40);
    assert_non_null(strstr(t.remarks, "were skipped"));
    struct journal_reader *r = journal_reader_open(f->path, 0, error, sizeof error);
    uint64_t n = 0;
    while (journal_reader_next(r, &e) == 1) {
        assert_entry(&e, e.number);
        n++;
    }
    assert_int_equal(n, 40);
    journal_reader_close(&r);
}

/* A reader says what is damaged in a sealed segment, and goes on behind it with the right numbers. */
static void a_reader_goes_on_behind_damage(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    struct journal_entry e;
    char error[300];
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 1, 2000);
    journal_close(&j);
    o.segment_bytes = 1;
    j = open_or_fail(f, &o);
    wait_files(f, ".open", 0);
    append_many(j, 2001, 2001);
    journal_close(&j);
    off_t size = file_size(f, "00000000000000000001.avro");
    unsigned damaged = 0;
    /* behind the head, which is the schema and some words */
    for (off_t at = (off_t)record_schema_len + 100; at < size; at += size / 50) {
        uint64_t n = 0, last = 0;
        int rc;
        flip_byte(f, "00000000000000000001.avro", at);
        struct journal_reader *r = journal_reader_open(f->path, 0, error, sizeof error);
        while ((rc = journal_reader_next(r, &e)) != 0) {
            if (rc == 1) {
                assert_true(e.number > last);
                assert_entry(&e, last = e.number);
                n++;
            } else {
                assert_int_equal(rc, VOUCH_E_SYNTAX);
                assert_non_null(strstr(journal_reader_error(r), "001.avro: the block at offset"));
                damaged++;
            }
        }
        assert_int_equal(last, 2001);
        assert_true(n > 1000);
        journal_reader_close(&r);
        flip_byte(f, "00000000000000000001.avro", at);
    }
    assert_true(damaged > 25);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_whole_one_is_right),
        T(tampering_is_found),
        T(a_flipped_byte_is_found),
        T(a_cut_between_records_is_found),
        T(a_declared_gap_is_a_remark),
        T(removal_by_retention_is_right),
        T(beside_the_writer),
        T(records_around_damage_are_kept),
        T(a_reader_goes_on_behind_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
