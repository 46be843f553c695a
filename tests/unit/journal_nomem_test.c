/* SPDX-License-Identifier: BSD-2-Clause */
/* Out of memory at the n-th allocation, for every n: what fails says so, and nothing is lost or left
 * half done. */
#include "config.h"
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "journal_dir.h"
#include "journal_fixture.h"
#include "journal_manifest.h"
#include "journal_seal.h"
#include "nomem.h"

static _Thread_local int allocations_left = -1; /* negative: never out of memory */

bool nomem_fails(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

/* Whether fewer allocations were asked for than were to succeed. */
static bool was_enough(void)
{
    bool enough = allocations_left >= 0;
    allocations_left = -1;
    return enough;
}

static void opening(void **state)
{
    struct fixture *f = *state;
    char error[400];
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 1, 20);
    journal_close(&j);
    for (int n = 0, done = 0; !done; n++) {
        allocations_left = n;
        j = journal_open(&f->options, error, sizeof error);
        done = was_enough();
        if (j)
            append_one(j, 21);
        else if (!strstr(error, "emory"))
            fail_msg("%d: %s", n, error);
        journal_close(&j);
        assert_true(n < 500);
    }
    assert_true(read_all(f, 0, 1) >= 21);
}

static void reading(void **state)
{
    struct fixture *f = *state;
    char error[400];
    struct journal_options o = f->options;
    struct journal *j = open_or_fail(f, &o);
    append_many(j, 1, 20);
    journal_close(&j);
    o.segment_bytes = 1;
    j = open_or_fail(f, &o);
    wait_files(f, ".open", 0);
    journal_close(&j);
    j = open_or_fail(f, NULL);
    append_many(j, 21, 40);
    journal_close(&j);
    for (int n = 0, done = 0; !done; n++) {
        struct journal_entry e;
        uint64_t count = 0;
        int rc = 0;
        allocations_left = n;
        struct journal_reader *r = journal_reader_open(f->path, 0, error, sizeof error);
        while (r && (rc = journal_reader_next(r, &e)) != 0 && allocations_left >= 0)
            count += rc == 1;
        done = was_enough();
        if (done)
            assert_int_equal(count, 40);
        while (r && journal_reader_next(r, &e) > 0) /* what failed may be tried again */
            ;
        journal_reader_close(&r);
        assert_true(n < 500);
    }
}

static void finding_and_verifying(void **state)
{
    struct fixture *f = *state;
    char error[400], id[RECORD_ID_TEXT], message_id[64];
    struct journal_options o = f->options;
    o.segment_bytes = 2000;
    struct journal *j = open_or_fail(f, &o);
    append_many(j, 1, 20);
    wait_sealed(f);
    journal_close(&j);
    record_names(3, id, message_id);
    for (int n = 0, done = 0; !done; n++) {
        struct arena *arena = arena_new(1 << 20);
        struct span datum;
        allocations_left = n;
        int rc = journal_find(f->tree, SPAN_NONE, span_of(message_id), 0, NULL, NULL, arena, &datum,
                              error, sizeof error);
        done = was_enough();
        assert_int_not_equal(rc, 0); /* it is there: never "absent" */
        if (done)
            assert_int_equal(rc, 1);
        arena_free(&arena);
        assert_true(n < 2000);
    }
}

static void sealing(void **state)
{
    struct fixture *f = *state;
    char error[400];
    struct manifest m;
    struct journal *j = open_or_fail(f, NULL);
    append_many(j, 1, 20);
    journal_close(&j);
    int dir = journal_dir_open(f->path);
    assert_int_equal(manifest_read(dir, &m, NULL, NULL), 0);
    int rc = -1;
    for (int n = 0; rc != 0; n++) {
        allocations_left = n;
        rc = journal_seal(dir, &m, 1, 20, error, sizeof error);
        allocations_left = -1;
        assert_int_equal(read_all(f, 0, 1), 20);
        assert_int_equal(m.count, rc == 0);
        assert_true(n < 500);
    }
    manifest_clear(&m);
    close(dir);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(opening),
        T(reading),
        T(finding_and_verifying),
        T(sealing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
