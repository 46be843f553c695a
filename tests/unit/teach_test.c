/* SPDX-License-Identifier: BSD-2-Clause */
/* Teaching a version while mail comes faster than it is learnt. */
#include "model_teach.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "learn_records.h"
#include "record_append.h"

#define THERE   100
#define AT_MOST 10000 /* records: it must have ended long before */

struct world {
    char dir[64];
    struct arena *arena;
    struct journal *journal;
    struct settings *settings;
    struct store *store;
    uint64_t last;
};

static void append(struct world *w)
{
    const struct record *r = records_letter(w->arena, (int64_t)w->last);
    assert_int_equal(record_append(w->journal, r, &w->last), 0);
}

static int begin(void **state)
{
    static struct world w;
    char error[512];
    w = (struct world){.arena = arena_new(256u << 20), .settings = settings_default()};
    snprintf(w.dir, sizeof w.dir, "/tmp/vouch-teach.XXXXXX");
    assert_non_null(mkdtemp(w.dir));
    const struct journal_options o = {.dir = w.dir,
                                      .writer = "mx",
                                      .interval_ms = 20,
                                      .segment_bytes = 1 << 24,
                                      .memory_bytes = 1 << 20,
                                      .must = true};
    w.journal = journal_open(&o, error, sizeof error);
    const struct store_options model = {.half_life = 86400};
    w.store = store_open("memory:", &model, error, sizeof error);
    assert_non_null(w.arena);
    assert_non_null(w.settings);
    assert_non_null(w.journal);
    assert_non_null(w.store);
    for (int i = 0; i < THERE; i++)
        append(&w);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    char command[100];
    store_close(&w->store);
    journal_close(&w->journal);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
    settings_unref(&w->settings);
    arena_free(&w->arena);
    return 0;
}

/* learn_options.now, which is asked for each record: two more have come by then. */
static bool two_more(void *arg, int64_t *now_us_r)
{
    struct world *w = arg;
    for (int i = 0; i < 2 && w->last < AT_MOST; i++)
        append(w);
    *now_us_r = clock_wall_us();
    return true;
}

static void it_ends_though_records_come_faster(void **state)
{
    struct world *w = *state;
    struct teach t;
    const struct learn_options o = {
        .store = w->store, .settings = w->settings, .batch = 10, .now = two_more, .now_arg = w};
    assert_int_equal(teach_find(&t, w->dir), 0);
    assert_int_equal(teach_erasures(&t, w->store, "build", 1), 0);
    assert_int_equal(teach_records(&t, &o), 0);
    assert_int_equal(t.count, 1);
    assert_in_range(t.sources[0].learnt, THERE, 3 * THERE);
    assert_int_equal(t.records, t.sources[0].learnt);
    assert_int_equal(t.unread, 0);
    assert_int_equal(teach_confirm(&t, w->store), 0); /* from here on it is learnt live */
    assert_true(w->last > t.sources[0].learnt);
    teach_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_ends_though_records_come_faster, begin, end)};
    return cmocka_run_group_tests_name("teach", tests, NULL, NULL);
}
