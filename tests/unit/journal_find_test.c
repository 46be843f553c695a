/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding one record, with indexes and without, in several journals. */
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

struct wish {
    struct fixture *f;
    const char *id, *message_id;
    int64_t oldest_us;
    bool (*will_do)(void *, struct span);
};

/* Expects record n, or nothing (0). */
static void assert_found(const struct wish *w, uint64_t n)
{
    struct arena *arena = arena_new(1 << 22);
    char error[400];
    struct journal_entry e = {.number = n};
    int rc = journal_find(w->f->tree, span_of(w->id), span_of(w->message_id), w->oldest_us,
                          w->will_do, NULL, arena, &e.datum, error, sizeof error);
    if (rc != (n > 0))
        fail_msg("%s %s: %d %s", w->id ? w->id : "", w->message_id ? w->message_id : "", rc, error);
    if (n > 0)
        assert_entry(&e, n);
    arena_free(&arena);
}

static void find_both(struct fixture *f, uint64_t n)
{
    char id[64], message_id[64];
    record_names(n, id, message_id);
    assert_found(&(struct wish){.f = f, .id = id}, n);
    assert_found(&(struct wish){.f = f, .message_id = message_id}, n);
}

static void find_all(struct fixture *f)
{
    for (uint64_t n = 1; n <= 400; n += 37)
        find_both(f, n);
    find_both(f, 400);
    assert_found(&(struct wish){.f = f, .id = "00000000-0001-7000-8000-000000000000"}, 0);
    assert_found(&(struct wish){.f = f, .id = "no id"}, 0);
    assert_found(&(struct wish){.f = f, .id = ""}, 0);
    assert_found(&(struct wish){.f = f, .message_id = "none@example.org"}, 0);
    assert_found(&(struct wish){.f = f}, 0);
}

static void make_journal(struct fixture *f)
{
    struct journal_options o = f->options;
    o.segment_bytes = 8000;
    struct journal *j = open_or_fail(f, &o);
    append_many(j, 1, 400);
    wait_sealed(f);
    journal_close(&j);
    assert_true(count_files(f, ".index") > 5);
}

static void with_indexes(void **state)
{
    make_journal(*state);
    find_all(*state);
}

static void with_damaged_indexes(void **state)
{
    struct fixture *f = *state;
    make_journal(f);
    for (off_t at = 0; at < 8192; at += 510) {
        flip_byte(f, "00000000000000000001.index", at);
        find_all(f);
        flip_byte(f, "00000000000000000001.index", at);
    }
    chmod_file(f, "00000000000000000001.index", 0600);
    cut_file(f, "00000000000000000001.index", 5000);
    find_all(f);
    cut_file(f, "00000000000000000001.index", 0);
    find_all(f);
}

static void without_indexes(void **state)
{
    struct fixture *f = *state;
    char command[400];
    make_journal(f);
    snprintf(command, sizeof command, "rm -f %s/*.index", f->path);
    assert_int_equal(system(command), 0);
    find_all(f);
}

static bool never(void *arg, struct span datum)
{
    (void)arg, (void)datum;
    return false;
}

static void the_newest_of_all_journals(void **state)
{
    struct fixture *f = *state;
    struct journal_options o = f->options;
    char id[64], message_id[64];
    make_journal(f);
    o.writer = "a-first";
    struct journal *j = open_or_fail(f, &o);
    append_same(j, 450, 7); /* the message-id of 7 */
    append_same(j, 440, 7);
    append_same(j, 390, 8);
    journal_close(&j);
    record_names(7, id, message_id);
    assert_found(&(struct wish){.f = f, .message_id = message_id}, 450);
    assert_found(&(struct wish){.f = f, .id = id}, 7);
    assert_found(&(struct wish){.f = f, .message_id = message_id, .oldest_us = 450000000}, 450);
    assert_found(&(struct wish){.f = f, .message_id = message_id, .oldest_us = 450000001}, 0);
    assert_found(&(struct wish){.f = f, .message_id = message_id, .will_do = never}, 0);
    record_names(8, id, message_id);
    assert_found(&(struct wish){.f = f, .message_id = message_id}, 390);
    /* with its brackets, it is the same */
    assert_found(&(struct wish){.f = f, .message_id = "<9@example.org>"}, 9);
}

/* What cannot be read is not absent. */
static void damage_is_told(void **state)
{
    struct fixture *f = *state;
    struct arena *arena = arena_new(1 << 22);
    struct span datum;
    char error[400], id[64], message_id[64];
    make_journal(f);
    remove_file(f, "00000000000000000001.index");
    flip_byte(f, "00000000000000000001.avro", file_size(f, "00000000000000000001.avro") - 5);
    record_names(3, id, message_id);
    assert_int_equal(journal_find(f->tree, span_of(id), SPAN_NONE, 0, NULL, NULL, arena, &datum,
                                  error, sizeof error),
                     VOUCH_E_SYNTAX);
    assert_non_null(strstr(error, "mx1/00000000000000000001.avro: the block at offset"));
    find_both(f, 400);
    arena_free(&arena);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(with_indexes),    T(with_damaged_indexes),
        T(without_indexes), T(the_newest_of_all_journals),
        T(damage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
