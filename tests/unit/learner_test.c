/* SPDX-License-Identifier: BSD-2-Clause */
/* The learner: from journals on disk to a model. */
#include "config.h"
#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "learn_records.h"
#include "learn_tree.h"
#include "model_dump.h"
#include "record_append.h"
#include "tally.h"

#define DAY       86400
#define HALF_LIFE (30.0 * DAY)

/* store_change may fail, with or without having been done. */
static struct faults {
    uint64_t random; /* 0: never */
    bool away;       /* always */
} faults;

int __real_store_change(struct store *s, const struct store_key *keys, size_t count,
                        store_compute *compute, void *arg, const char *writer, uint64_t watermark);
int __wrap_store_change(struct store *s, const struct store_key *keys, size_t count,
                        store_compute *compute, void *arg, const char *writer, uint64_t watermark);
int __wrap_store_change(struct store *s, const struct store_key *keys, size_t count,
                        store_compute *compute, void *arg, const char *writer, uint64_t watermark)
{
    unsigned fate = faults.random ? (unsigned)(records_random(&faults.random) % 4) : 0;
    if (fate == 1 || faults.away)
        return VOUCH_E_TEMP;
    int rc = __real_store_change(s, keys, count, compute, arg, writer, watermark);
    return fate == 2 ? VOUCH_E_TEMP : rc;
}

struct fixture {
    struct arena *arena;
    struct settings settings;
    char dir[64], tree[96];
    struct store *store;
    char told[4096]; /* what a tree reported */
};

static struct store *open_store(void)
{
    char error[512];
    const struct store_options o = {.half_life = HALF_LIFE};
    struct store *s = store_open("memory:", &o, error, sizeof error);
    assert_non_null(s);
    return s;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(1 << 28);
    f->settings.trust.half_life = HALF_LIFE;
    for (int i = 0; i < LABEL_SOURCE_COUNT; i++)
        f->settings.label_weights[i] = 0.5 * (1 + i);
    snprintf(f->dir, sizeof f->dir, "/tmp/vouch-learner-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->tree, sizeof f->tree, "%s/journal", f->dir);
    f->store = open_store();
    faults = (struct faults){0};
    *state = f;
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_close(&f->store);
    nftw(f->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    arena_free(&f->arena);
    free(f);
    return 0;
}

/* --- a journal ------------------------------------------------------------------------------ */

struct written {
    struct journal *journal;
    char path[128];
    char writer[200];
};

static struct written open_sized(struct fixture *f, const char *name, uint64_t segment_bytes)
{
    struct written w;
    char error[512];
    const struct journal_options o = {.dir = f->tree,
                                      .writer = name,
                                      .interval_ms = 20,
                                      .segment_bytes = segment_bytes,
                                      .segment_age_s = 3600,
                                      .memory_bytes = 1 << 20,
                                      .must = true};
    w.journal = journal_open(&o, error, sizeof error);
    if (!w.journal)
        fail_msg("%s", error);
    snprintf(w.path, sizeof w.path, "%s/%s", f->tree, name);
    snprintf(w.writer, sizeof w.writer, "%s", journal_writer(w.journal));
    return w;
}

static struct written open_journal(struct fixture *f, const char *name)
{
    return open_sized(f, name, 1 << 20);
}

static void append(struct written *w, const struct record *r)
{
    assert_int_equal(record_append(w->journal, r, NULL), 0);
}

static void append_all(struct written *w, const struct records *r)
{
    for (size_t i = 0; i < r->count; i++)
        append(w, r->list[i]);
    assert_int_equal(journal_flush(w->journal), 0);
}

static void close_journal(struct written *w)
{
    journal_close(&w->journal);
}

static struct learner *learner(struct fixture *f, struct store *s, const struct written *w,
                               size_t batch)
{
    const struct learn_options o = {.store = s, .settings = &f->settings, .batch = batch};
    struct learner *l = learner_new(&o, w->path, w->writer);
    assert_non_null(l);
    return l;
}

/* Until nothing is left, whatever fails on the way. Records learnt. */
static uint64_t drain(struct learner *l)
{
    uint64_t sum = 0;
    for (int tries = 0; tries < 100000; tries++) {
        int rc = learner_step(l);
        if (rc == 0)
            return sum;
        if (rc < 0 && rc != VOUCH_E_TEMP)
            fail_msg("%d: %s", rc, learner_error(l));
        sum += rc > 0 ? (uint64_t)rc : 0;
    }
    fail_msg("no end");
    return 0;
}

static void learn(struct fixture *f, struct store *s, const struct written *w, size_t batch)
{
    struct learner *l = learner(f, s, w, batch);
    drain(l);
    learner_free(&l);
}

static double seen(struct store *s, const char *group, const char *field)
{
    struct tally t = {0};
    struct span bytes = model_value(s, &(struct store_key){group, field});
    if (bytes.len)
        assert_int_equal(tally_decode(bytes.p, bytes.len, &t), 0);
    free((void *)(uintptr_t)bytes.p);
    return tally_counts(&t).seen;
}

static void assert_near(double got, double want)
{
    if (got > want + 0.01 || got < want - 0.01)
        fail_msg("%.4f, not %.4f", got, want);
}

static void assert_same_model(struct store *a, struct store *b)
{
    char *x = model_dump(a, NULL), *y = model_dump(b, NULL);
    assert_non_null(x);
    assert_non_null(y);
    assert_true(*x != '\0');
    assert_string_equal(x, y);
    free(x);
    free(y);
}

/* --- the tests ------------------------------------------------------------------------------ */

static void a_journal_is_learnt_to_its_end(void **state)
{
    struct fixture *f = *state;
    struct records r;
    struct learn_lag lag;
    struct written w = open_journal(f, "mx1");
    records_make(&r, f->arena, 2, 300);
    append_all(&w, &r);
    assert_int_equal(
        learn_lag(f->store, w.path, w.writer, (RECORDS_T0 + 1000) * INT64_C(1000000), &lag), 0);
    assert_int_equal(lag.records, 300);
    assert_int_equal(lag.seconds, 1000);
    struct learner *l = learner(f, f->store, &w, 100);
    assert_int_equal(learner_step(l), 100);
    assert_int_equal(learner_watermark(l), 100);
    assert_int_equal(drain(l), 200);
    assert_int_equal(learner_watermark(l), 300);
    assert_int_equal(learner_step(l), 0);
    append(&w, records_letter(f->arena, 5000)); /* while it is read */
    assert_int_equal(learner_step(l), 1);
    assert_int_equal(learn_lag(f->store, w.path, w.writer, INT64_MAX, &lag), 0);
    assert_int_equal(lag.records, 0);
    assert_int_equal(lag.seconds, 0);
    learner_free(&l);
    close_journal(&w);
}

static void sealed_segments_are_learnt_as_well(void **state)
{
    struct fixture *f = *state;
    struct records r;
    struct store *other = open_store();
    struct written w = open_sized(f, "mx1", 20000);
    struct learner *l = learner(f, f->store, &w, 7);
    records_make(&r, f->arena, 2, 500);
    for (size_t i = 0; i < r.count; i++) {
        append(&w, r.list[i]);
        if (i % 40 == 0)
            assert_true(learner_step(l) >= 0);
    }
    close_journal(&w);
    drain(l);
    learner_free(&l);
    learn(f, other, &w, 1000);
    assert_same_model(f->store, other);
    store_close(&other);
}

/* The rule of the house: nothing is ever learnt from what vouch itself made of a message. */
static void verdicts_teach_nothing(void **state)
{
    struct fixture *f = *state;
    struct records r;
    uint64_t random = 99;
    struct store *other = open_store();
    struct written plain = open_journal(f, "mx1"), judged;
    records_make(&r, f->arena, 2, 600);
    append_all(&plain, &r);
    close_journal(&plain);
    learn(f, f->store, &plain, 0);
    nftw(f->tree, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < r.count; i++)
        records_judge(f->arena, r.list[i], &random);
    judged = open_journal(f, "mx1");
    append_all(&judged, &r);
    close_journal(&judged);
    snprintf(judged.writer, sizeof judged.writer, "%s", plain.writer); /* it has another uuid */
    learn(f, other, &judged, 0);
    assert_same_model(f->store, other);
    store_close(&other);
}

static void whatever_fails_it_is_learnt_once(void **state)
{
    struct fixture *f = *state;
    struct records r;
    struct written w = open_journal(f, "mx1");
    records_make(&r, f->arena, 4, 400);
    append_all(&w, &r);
    learn(f, f->store, &w, 0);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct store *other = open_store();
        struct learner *l = NULL;
        uint64_t random = seed;
        int rc = 1;
        for (int steps = 0; rc != 0 && steps < 10000; steps++) {
            if (!l || records_random(&random) % 8 == 0) { /* it was killed */
                learner_free(&l);
                l = learner(f, other, &w, 1 + records_random(&random) % 50);
            }
            faults.random = records_random(&random) | 1;
            rc = learner_step(l);
            faults.random = 0;
            if (rc < 0)
                assert_int_equal(rc, VOUCH_E_TEMP);
        }
        assert_int_equal(rc, 0);
        learner_free(&l);
        assert_same_model(f->store, other);
        store_close(&other);
    }
    close_journal(&w);
}

static void learners_of_one_journal_do_not_meet(void **state)
{
    struct fixture *f = *state;
    struct records r;
    struct store *other = open_store();
    struct written w = open_journal(f, "mx1");
    records_make(&r, f->arena, 5, 400);
    append_all(&w, &r);
    learn(f, other, &w, 0);
    struct learner *l[3] = {learner(f, f->store, &w, 10), learner(f, f->store, &w, 23),
                            learner(f, f->store, &w, 1)};
    uint64_t random = 1, sum = 0;
    for (int quiet = 0; quiet < 40;) {
        faults.random = records_random(&random) | 1;
        int rc = learner_step(l[records_random(&random) % 3]);
        quiet = rc == 0 ? quiet + 1 : 0;
        sum += rc > 0 ? (uint64_t)rc : 0;
    }
    faults.random = 0;
    for (int i = 0; i < 3; i++)
        learner_free(&l[i]);
    assert_true(sum >= 400);
    assert_same_model(f->store, other);
    store_close(&other);
    close_journal(&w);
}

static void two_journals_make_one_model(void **state)
{
    struct fixture *f = *state;
    struct records a, b;
    struct store *other = open_store();
    struct written wa = open_journal(f, "mx1"), wb = open_journal(f, "mx2");
    records_make(&a, f->arena, 6, 300);
    records_make(&b, f->arena, 7, 200);
    append_all(&wa, &a);
    append_all(&wb, &b);
    struct learner *la = learner(f, f->store, &wa, 7), *lb = learner(f, f->store, &wb, 11);
    for (int left = 2; left > 0;)
        left = (learner_step(la) > 0) + (learner_step(lb) > 0);
    learn(f, other, &wb, 1000);
    learn(f, other, &wa, 1000);
    assert_same_model(f->store, other);
    learner_free(&la);
    learner_free(&lb);
    store_close(&other);
    close_journal(&wa);
    close_journal(&wb);
}

static struct store *open_lmdb(struct fixture *f, const char *version)
{
    char url[128], error[512];
    const struct store_options o = {.half_life = HALF_LIFE, .version = version};
    snprintf(url, sizeof url, "lmdb:%s/model", f->dir);
    struct store *s = store_open(url, &o, error, sizeof error);
    if (!s)
        fail_msg("%s", error);
    return s;
}

/* While it runs another version becomes the active one, and goes on to be learnt from where it is. */
static void another_version_is_learnt_from_where_it_is(void **state)
{
    struct fixture *f = *state;
    struct records r;
    struct written w = open_journal(f, "mx1");
    records_make(&r, f->arena, 8, 100);
    append_all(&w, &r);
    struct store *active = open_lmdb(f, NULL), *two = open_lmdb(f, "two");
    struct learner *l = learner(f, active, &w, 1000), *builder = learner(f, two, &w, 40);
    const char *first = store_version(active);
    assert_int_equal(learner_step(l), 100);
    assert_int_equal(learner_step(builder), 40);
    assert_int_equal(store_activate(active, "two"), 0);
    append(&w, records_letter(f->arena, 9000));
    assert_int_equal(learner_step(l), 61);
    learn(f, f->store, &w, 0);
    assert_same_model(f->store, active);
    assert_int_equal(store_activate(active, first), 0); /* back, with nothing new to read */
    assert_int_equal(learner_step(l), 1);
    assert_same_model(f->store, active);
    learner_free(&l);
    learner_free(&builder);
    store_close(&active);
    store_close(&two);
    close_journal(&w);
}

static void what_cannot_be_read_is_told_and_passed_over(void **state)
{
    struct fixture *f = *state;
    struct written w = open_journal(f, "mx1");
    append(&w, records_letter(f->arena, 1));
    assert_int_equal(journal_append(w.journal, SPAN_LIT("\xff\xff no record"), SPAN_LIT("x"),
                                    SPAN_NONE, RECORDS_T0, NULL),
                     0);
    append(&w, records_letter(f->arena, 2));
    struct learner *l = learner(f, f->store, &w, 10);
    assert_int_equal(learner_step(l), VOUCH_E_SYNTAX);
    assert_non_null(strstr(learner_error(l), "passed over"));
    assert_int_equal(learner_watermark(l), 3);
    assert_int_equal(learner_step(l), 0);
    assert_string_equal(learner_error(l), "");
    assert_near(seen(f->store, "dom:example.org", "*"), 2);
    learner_free(&l);
    close_journal(&w);
}

/* Retention, or somebody's hand, removed what the model had not learnt. */
static void what_is_gone_is_told_and_the_rest_learnt(void **state)
{
    struct fixture *f = *state;
    struct records r;
    char path[400];
    struct written w = open_sized(f, "mx1", 20000);
    records_make(&r, f->arena, 9, 300);
    append_all(&w, &r);
    close_journal(&w);
    uint64_t second = 0;
    struct dirent **names;
    int n = scandir(w.path, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        uint64_t first = strtoull(names[i]->d_name, NULL, 10);
        if (first == 1) {
            snprintf(path, sizeof path, "%s/%s", w.path, names[i]->d_name);
            assert_int_equal(unlink(path), 0);
        } else if (first > 1 && !second) {
            second = first;
        }
        free(names[i]);
    }
    free(names);
    assert_true(second > 1);
    struct learner *l = learner(f, f->store, &w, 1000);
    assert_int_equal(learner_step(l), VOUCH_E_SYNTAX);
    snprintf(path, sizeof path, "records 1 to %llu were removed", (unsigned long long)second - 1);
    assert_non_null(strstr(learner_error(l), path));
    drain(l);
    assert_int_equal(learner_watermark(l), 300);
    learner_free(&l);
}

static void an_erasure_in_a_journal_is_done_once(void **state)
{
    struct fixture *f = *state;
    struct written w = open_journal(f, "mx1");
    struct store *other = open_store();
    append(&w, records_letter(f->arena, 1));
    append(&w, records_erasure(f->arena, "example.org", 50));
    append(&w, records_letter(f->arena, 40)); /* late */
    append(&w, records_letter(f->arena, 60));
    append(&w, records_erasure(f->arena, "no subject at all", 70));
    append(&w, records_letter(f->arena, 80));
    struct learner *l = learner(f, f->store, &w, 100);
    int rc, wrong = 0;
    while ((rc = learner_step(l)) != 0)
        wrong += rc == VOUCH_E_SYNTAX;
    assert_int_equal(wrong, 1);
    assert_near(seen(f->store, "dom:example.org", "*"), 2);
    assert_near(seen(f->store, "ip:192.0.2.0/24", "*"), 4);
    assert_int_equal(learner_watermark(l), 6);
    learner_free(&l);
    l = learner(f, other, &w, 1); /* record by record, with failures */
    uint64_t random = 3;
    do {
        faults.random = records_random(&random) | 1;
        rc = learner_step(l);
    } while (rc != 0);
    faults.random = 0;
    assert_same_model(f->store, other);
    learner_free(&l);
    store_close(&other);
    close_journal(&w);
}

/* --- trees ---------------------------------------------------------------------------------- */

static void report(void *arg, bool trouble, const char *text)
{
    struct fixture *f = arg;
    size_t n = strlen(f->told);
    snprintf(f->told + n, sizeof f->told - n, "%s%s\n", trouble ? "! " : "", text);
}

static struct learn_tree *make_tree(struct fixture *f, bool once)
{
    const struct learn_tree_options o = {
        .learn = {.store = f->store, .settings = &f->settings, .batch = 1},
        .dir = f->tree,
        .once = once,
        .report = report,
        .report_arg = f,
    };
    struct learn_tree *t = learn_tree_new(&o);
    assert_non_null(t);
    return t;
}

static struct learn_tree *tree_of(struct fixture *f)
{
    return make_tree(f, false);
}

static unsigned lines(const char *text)
{
    unsigned n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void a_tree_learns_all_its_journals(void **state)
{
    struct fixture *f = *state;
    struct written a = open_journal(f, "mx1"), b;
    struct learn_tree *t = tree_of(f);
    append(&a, records_letter(f->arena, 1));
    assert_int_equal(learn_tree_step(t), 1);
    assert_int_equal(learn_tree_watermark(t, a.writer), 1);
    b = open_journal(f, "reports"); /* appears later */
    append(&b, records_letter(f->arena, 2));
    append(&b, records_letter(f->arena, 3));
    int64_t patience = clock_ms() + 20000;
    while (learn_tree_watermark(t, b.writer) < 2 && clock_ms() < patience)
        assert_true(learn_tree_step(t) >= 0);
    assert_int_equal(learn_tree_watermark(t, b.writer), 2);
    assert_int_equal(learn_tree_watermark(t, "nobody@0"), 0);
    assert_near(seen(f->store, "dom:example.org", "*"), 3);
    assert_string_equal(f->told, "");
    learn_tree_free(&t);
    close_journal(&a);
    close_journal(&b);
}

/* On a busy site records come as fast as they are learnt. */
static void what_comes_while_a_tree_is_learnt_once_is_left(void **state)
{
    struct fixture *f = *state;
    struct written a = open_journal(f, "mx1"), b = open_journal(f, "mx2"), late;
    struct learn_tree *t = make_tree(f, true);
    unsigned n = 0, steps = 0;
    while (n < 5)
        append(&a, records_letter(f->arena, ++n));
    while (learn_tree_step(t) != 0 && ++steps < 20) {
        append(&a, records_letter(f->arena, ++n));
        append(&a, records_letter(f->arena, ++n));
        append(&b, records_letter(f->arena, ++n));
    }
    assert_int_equal(steps, 5);
    assert_int_equal(learn_tree_watermark(t, a.writer), 5);
    assert_int_equal(learn_tree_watermark(t, b.writer), 0);
    late = open_journal(f, "mx3");
    append(&late, records_letter(f->arena, ++n));
    assert_int_equal(learn_tree_step(t), 0);
    learn_tree_free(&t);
    close_journal(&a);
    close_journal(&b);
    close_journal(&late);
}

static void trouble_is_told_once_and_so_is_its_end(void **state)
{
    struct fixture *f = *state;
    struct written a = open_journal(f, "mx1"), b = open_journal(f, "mx2");
    struct learn_tree *t = tree_of(f);
    append(&a, records_letter(f->arena, 1));
    append(&b, records_letter(f->arena, 2));
    faults.away = true;
    for (int i = 0; i < 5; i++)
        assert_int_equal(learn_tree_step(t), VOUCH_E_TEMP);
    assert_int_equal(lines(f->told), 1);
    assert_true(f->told[0] == '!');
    faults.away = false;
    assert_int_equal(learn_tree_step(t), 2);
    assert_int_equal(learn_tree_step(t), 0);
    assert_int_equal(lines(f->told), 2);
    assert_non_null(strstr(f->told, "\nthe model learns again"));
    learn_tree_free(&t);
    close_journal(&a);
    close_journal(&b);
}

/* What time it is. */
struct moment {
    int64_t us;
    bool sure;
};

static bool tell_time(void *arg, int64_t *now_us_r)
{
    const struct moment *m = arg;
    *now_us_r = m->us;
    return m->sure;
}

static int step_at(struct learner *l, struct moment *now, int64_t seconds, bool sure)
{
    *now = (struct moment){(RECORDS_T0 + seconds) * INT64_C(1000000), sure};
    return learner_step(l);
}

/* A clock that ran ahead, for one message, would push out all that is older. */
static void a_record_from_the_future_teaches_nothing(void **state)
{
    struct fixture *f = *state;
    struct moment now;
    const struct learn_options o = {
        .store = f->store, .settings = &f->settings, .now = tell_time, .now_arg = &now};
    struct written w = open_journal(f, "mx1"), right = open_journal(f, "mx2");
    struct record *letter = records_letter(f->arena, 2);
    struct record *label =
        records_label(f->arena, letter, LABEL_PERSON, LABEL_BAD, INT64_C(20000) * 86400);
    struct record *list[] = {records_letter(f->arena, 1),
                             records_letter(f->arena, INT64_C(20000) * 86400), letter, label,
                             records_letter(f->arena, 86400)};
    for (int i = 0; i < 5; i++) {
        append(&w, list[i]);
        if (i != 1 && i != 3)
            append(&right, list[i]);
    }
    struct learner *l = learner_new(&o, w.path, w.writer);
    assert_non_null(l);
    assert_int_equal(step_at(l, &now, 3, false), 1); /* waits with the second one */
    assert_int_equal(step_at(l, &now, 3, false), VOUCH_E_TEMP);
    assert_non_null(strstr(learner_error(l), "record 2 is dated more than a day ahead"));
    assert_int_equal(step_at(l, &now, 3, false), VOUCH_E_TEMP);
    assert_int_equal(learner_watermark(l), 1);
    assert_int_equal(step_at(l, &now, 3, true), VOUCH_E_SYNTAX);
    assert_non_null(strstr(learner_error(l), "record 2 is dated more than a day ahead"));
    assert_int_equal(step_at(l, &now, 3, true), 0);
    assert_int_equal(learner_watermark(l), 5);
    learner_free(&l);
    struct store *other = open_store();
    learn(f, other, &right, 10);
    assert_true(seen(f->store, "dom:example.org", "*") > 2.9);
    assert_near(seen(f->store, "dom:example.org", "*"), seen(other, "dom:example.org", "*"));
    store_close(&other);
    close_journal(&w);
    close_journal(&right);
}

static void a_tree_that_is_not_there_is_told(void **state)
{
    struct fixture *f = *state;
    struct learn_tree *t = tree_of(f);
    int rc = learn_tree_step(t);
    if (rc == 0) /* no journal yet is no trouble */
        assert_string_equal(f->told, "");
    else
        assert_int_equal(lines(f->told), 1);
    learn_tree_free(&t);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_journal_is_learnt_to_its_end),
        TEST(sealed_segments_are_learnt_as_well),
        TEST(verdicts_teach_nothing),
        TEST(whatever_fails_it_is_learnt_once),
        TEST(learners_of_one_journal_do_not_meet),
        TEST(two_journals_make_one_model),
        TEST(another_version_is_learnt_from_where_it_is),
        TEST(what_cannot_be_read_is_told_and_passed_over),
        TEST(what_is_gone_is_told_and_the_rest_learnt),
        TEST(an_erasure_in_a_journal_is_done_once),
        TEST(a_tree_learns_all_its_journals),
        TEST(what_comes_while_a_tree_is_learnt_once_is_left),
        TEST(trouble_is_told_once_and_so_is_its_end),
        TEST(a_record_from_the_future_teaches_nothing),
        TEST(a_tree_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
