/* SPDX-License-Identifier: BSD-2-Clause */
/* Lessons taught to a model in batches: labels that take each other's place, exactly once whatever
 * fails, and one model however the records are cut and mixed. */
#include "config.h"
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "erasure.h"
#include "learn.h"
#include "learn_batch.h"
#include "learn_erase.h"
#include "learn_position.h"
#include "learn_records.h"
#include "model_dump.h"
#include "redis_server.h"
#include "tally.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))
#define DAY       86400
#define HALF_LIFE (30.0 * DAY)

/* --- a store that fails --------------------------------------------------------------------- */

/* What becomes of the next calls of store_change: they fail, with or without having done it. */
static struct faults {
    uint64_t random; /* 0: nothing fails */
} faults;

int __real_store_change(struct store *s, const struct store_key *keys, size_t count,
                        store_compute *compute, void *arg, const char *writer, uint64_t watermark);
int __wrap_store_change(struct store *s, const struct store_key *keys, size_t count,
                        store_compute *compute, void *arg, const char *writer, uint64_t watermark);
int __wrap_store_change(struct store *s, const struct store_key *keys, size_t count,
                        store_compute *compute, void *arg, const char *writer, uint64_t watermark)
{
    unsigned fate = faults.random ? (unsigned)(records_random(&faults.random) % 4) : 0;
    if (fate == 1)
        return VOUCH_E_TEMP;
    int rc = __real_store_change(s, keys, count, compute, arg, writer, watermark);
    return fate == 2 ? VOUCH_E_TEMP : rc;
}

/* --- the fixture ---------------------------------------------------------------------------- */

struct fixture {
    struct arena *arena;   /* of the records */
    struct arena *scratch; /* of lessons */
    struct settings settings;
    char dir[64];
    unsigned stores, serial; /* serial: of the fixture */
};

static struct redis_server redis; /* pid 0: none is installed */

enum kind { MEMORY, LMDB, REDIS };

/* An empty one. Of Redis there is one server, with a version for each. */
static struct store *open_store(struct fixture *f, enum kind kind)
{
    char url[128] = "memory:", version[16], error[512];
    struct store_options o = {.half_life = HALF_LIFE, .connect_timeout_ms = 5000};
    unsigned n = f->stores++;
    if (kind == LMDB) {
        snprintf(url, sizeof url, "%s/%u", f->dir, n);
        assert_int_equal(mkdir(url, 0700), 0);
        snprintf(url, sizeof url, "lmdb:%s/%u", f->dir, n);
    } else if (kind == REDIS) {
        snprintf(url, sizeof url, "redis+unix:%s", redis.socket);
        snprintf(version, sizeof version, "%u.%u", f->serial, n);
        o.version = version;
    }
    struct store *s = store_open(url, &o, error, sizeof error);
    if (!s)
        fail_msg("%s: %s", url, error);
    return s;
}

static int setup(void **state)
{
    static const double weights[LABEL_SOURCE_COUNT] = {
        [LABEL_PERSON] = 3,    [LABEL_RELEASE] = 2, [LABEL_REPLY] = 2,
        [LABEL_TRAP] = 1,      [LABEL_FILTER] = 1,  [LABEL_UNKNOWN_RECIPIENT] = 0.5,
        [LABEL_DELIVERY] = 0.1};
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(1 << 28);
    f->scratch = arena_new(1 << 24);
    f->settings.trust.half_life = HALF_LIFE;
    memcpy(f->settings.label_weights, weights, sizeof weights);
    snprintf(f->dir, sizeof f->dir, "/tmp/vouch-learn-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    static unsigned serial;
    f->serial = ++serial;
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
    nftw(f->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    arena_free(&f->arena);
    arena_free(&f->scratch);
    free(f);
    return 0;
}

/* A writer whose records are learnt, so far up to `next`. */
struct course {
    const char *writer;
    const struct record *const *list;
    size_t count, next;
    struct learn_batch *batch;
};

static struct course course(const struct records *s, const char *writer, size_t batch)
{
    struct course c = {.writer = writer, .list = s->list, .count = s->count};
    c.batch = learn_batch_new(batch, HALF_LIFE, writer);
    assert_non_null(c.batch);
    return c;
}

/* One batch, as often as it takes. */
static void teach_some(struct fixture *f, struct store *s, struct course *c)
{
    size_t from = c->next;
    struct lesson lesson;
    int rc = VOUCH_E_TEMP;
    while (c->next < c->count && !learn_batch_is_full(c->batch)) {
        arena_reset(f->scratch);
        assert_int_equal(lesson_read(f->scratch, &f->settings, NULL, c->list[c->next++], &lesson),
                         0);
        assert_int_equal(learn_batch_add(c->batch, &lesson), 0);
    }
    for (int tries = 0; rc == VOUCH_E_TEMP && tries < 200; tries++)
        rc = learn_batch_apply(c->batch, s, from, c->next);
    assert_int_equal(rc, 0);
    learn_batch_reset(c->batch);
}

static void teach_all(struct fixture *f, struct store *s, const struct records *r,
                      const char *writer, size_t batch)
{
    struct course c = course(r, writer, batch);
    while (c.next < c.count)
        teach_some(f, s, &c);
    learn_batch_free(&c.batch);
}

static void teach_list(struct fixture *f, struct store *s, const struct record **list, size_t count)
{
    const struct records r = {.list = list, .count = count};
    teach_all(f, s, &r, "w@1", 1);
}

static char *dump(struct store *s)
{
    char *text = model_dump(s, LEARN_POSITION_GROUP);
    assert_non_null(text);
    return text;
}

static struct counts counts_of(struct store *s, const char *group, const char *field)
{
    const struct store_key key = {group, field};
    struct tally t;
    struct span bytes = model_value(s, &key);
    struct counts none = {0};
    if (!bytes.len)
        return none;
    assert_int_equal(tally_decode(bytes.p, bytes.len, &t), 0);
    free((void *)(uintptr_t)bytes.p);
    return tally_counts(&t);
}

static void assert_mass(const char *name, double got, double want)
{
    if (got > want + 1e-3 || got < want - 1e-3)
        fail_msg("%s: %.6f, not %.6f", name, got, want);
}

/* --- labels --------------------------------------------------------------------------------- */

struct given {
    enum label_source source;
    enum label_verdict verdict;
    int64_t later;
};
static const struct {
    const char *name;
    struct given given[4];
    size_t count;
    double good, bad;
    size_t wins; /* index into given */
} labels[] = {
    {"none", {{0}}, 0, 0, 0, 0},
    {"good", {{LABEL_PERSON, LABEL_GOOD, 10}}, 1, 3, 0, 0},
    {"bad", {{LABEL_PERSON, LABEL_BAD, 10}}, 1, 0, 3, 0},
    {"good after bad", {{LABEL_PERSON, LABEL_BAD, 10}, {LABEL_PERSON, LABEL_GOOD, 20}}, 2, 3, 0, 1},
    {"bad after good", {{LABEL_PERSON, LABEL_GOOD, 10}, {LABEL_PERSON, LABEL_BAD, 20}}, 2, 0, 3, 1},
    {"the same twice", {{LABEL_PERSON, LABEL_BAD, 10}, {LABEL_PERSON, LABEL_BAD, 20}}, 2, 0, 3, 1},
    {"taken back", {{LABEL_PERSON, LABEL_BAD, 10}, {LABEL_PERSON, LABEL_NONE, 20}}, 2, 0, 0, 1},
    {"taken back, then given again",
     {{LABEL_PERSON, LABEL_BAD, 10}, {LABEL_PERSON, LABEL_NONE, 20}, {LABEL_PERSON, LABEL_BAD, 30}},
     3,
     0,
     3,
     2},
    {"delivery after a person's bad",
     {{LABEL_PERSON, LABEL_BAD, 10}, {LABEL_DELIVERY, LABEL_GOOD, 20 * DAY}},
     2,
     0,
     3,
     0},
    {"a person after delivery",
     {{LABEL_DELIVERY, LABEL_GOOD, 20 * DAY}, {LABEL_PERSON, LABEL_BAD, 21 * DAY}},
     2,
     0,
     3,
     1},
    {"a filter, then a trap",
     {{LABEL_FILTER, LABEL_GOOD, 0}, {LABEL_TRAP, LABEL_BAD, 1}},
     2,
     0,
     1,
     1},
    {"released, then reported",
     {{LABEL_RELEASE, LABEL_GOOD, 50}, {LABEL_PERSON, LABEL_BAD, 60}},
     2,
     0,
     3,
     1},
};

/* All orders of up to three labels. */
static const size_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                   {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static void teach_labels(struct fixture *f, struct store *s, size_t i, const size_t *order)
{
    const struct record *list[5];
    size_t n = 0;
    struct record *letter = records_letter(f->arena, 100);
    list[n++] = letter;
    for (size_t k = 0; k < 3; k++) {
        const struct given *g = &labels[i].given[order[k]];
        if (order[k] < labels[i].count)
            list[n++] = records_label(f->arena, letter, g->source, g->verdict, g->later);
    }
    teach_list(f, s, list, n);
}

static void the_label_that_holds_is_counted_once(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < LENGTH(labels); i++) {
        char *first = NULL;
        for (size_t k = 0; k < LENGTH(orders); k++) {
            struct store *s = open_store(f, k == 1 ? LMDB : k == 2 && redis.pid ? REDIS : MEMORY);
            teach_labels(f, s, i, orders[k]);
            struct counts c = counts_of(s, "dom:example.org", "*");
            assert_mass(labels[i].name, c.good, labels[i].good);
            assert_mass(labels[i].name, c.bad, labels[i].bad);
            assert_mass(labels[i].name, c.seen, 1);
            /* of pairs that bad is not taught to, too, to the last bit */
            char *text = dump(s);
            if (!first)
                first = text;
            else
                assert_string_equal(text, first);
            if (text != first)
                free(text);
            store_close(&s);
        }
        free(first);
    }
}

/* Only the winner was ever given: the model is the same. */
static void a_label_that_lost_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < LENGTH(labels); i++) {
        if (labels[i].count < 2)
            continue;
        struct store *all = open_store(f, MEMORY), *one = open_store(f, MEMORY);
        struct record *letter = records_letter(f->arena, 100);
        const struct given *g = &labels[i].given[labels[i].wins];
        const struct record *list[] = {
            letter, records_label(f->arena, letter, g->source, g->verdict, g->later)};
        teach_labels(f, all, i, orders[0]);
        teach_list(f, one, list, 2);
        char *a = dump(all), *b = dump(one);
        assert_string_equal(a, b);
        free(a);
        free(b);
        store_close(&all);
        store_close(&one);
    }
}

/* No decision is known: the message counts as seen by its first label, once. */
static void an_unseen_message_is_seen_once(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f, MEMORY);
    struct record *letter = records_letter(f->arena, 100);
    struct record *a = records_label(f->arena, letter, LABEL_PERSON, LABEL_BAD, 50);
    struct record *b = records_label(f->arena, letter, LABEL_PERSON, LABEL_GOOD, 40);
    a->subject = b->subject = "mid:00112233445566778899aabbccddeeff";
    a->subject_unseen = b->subject_unseen = true;
    const struct record *list[] = {a, b};
    teach_list(f, s, list, 2);
    struct counts c = counts_of(s, "dom:example.org", "*");
    assert_mass("seen", c.seen, 1);
    assert_mass("bad", c.bad, 3);
    assert_mass("good", c.good, 0);
    store_close(&s);
}

/* The same message at two sensors is two messages; a label given at another sensor than the
 * decision's is the message's. */
static void two_sensors_label_one_message(void **state)
{
    struct fixture *f = *state;
    struct record *letter = records_letter(f->arena, 100);
    const struct record *first[] = {letter,
                                    records_label(f->arena, letter, LABEL_PERSON, LABEL_GOOD, 20)};
    const struct record *second[] = {records_label(f->arena, letter, LABEL_PERSON, LABEL_BAD, 30)};
    for (int order = 0; order < 2; order++) {
        struct store *s = open_store(f, MEMORY);
        const struct records a = {.list = first, .count = 2}, b = {.list = second, .count = 1};
        teach_all(f, s, order ? &b : &a, order ? "b@2" : "a@1", 1);
        teach_all(f, s, order ? &a : &b, order ? "a@1" : "b@2", 1);
        struct counts c = counts_of(s, "dom:example.org", "*");
        assert_mass("good", c.good, 0);
        assert_mass("bad", c.bad, 3);
        assert_mass("seen", c.seen, 1);
        store_close(&s);
    }
}

/* --- one model, however it is learnt -------------------------------------------------------- */

static char *learn_mixed(struct fixture *f, const struct records *a, const struct records *b,
                         size_t batch, uint64_t mix, enum kind kind)
{
    struct store *s = open_store(f, kind);
    struct course c[2] = {course(a, "a@1", batch), course(b, "b@2", batch)};
    while (c[0].next < c[0].count || c[1].next < c[1].count) {
        struct course *which = &c[mix ? records_random(&mix) % 2 : c[0].next == c[0].count];
        if (which->next < which->count)
            teach_some(f, s, which);
    }
    char *text = model_dump(s, NULL);
    assert_non_null(text);
    learn_batch_free(&c[0].batch);
    learn_batch_free(&c[1].batch);
    store_close(&s);
    return text;
}

static void batches_order_and_stores_make_no_difference(void **state)
{
    struct fixture *f = *state;
    static const size_t batches[] = {1, 7, 1000};
    struct records a, b;
    records_make(&a, f->arena, 2, 1500);
    records_make(&b, f->arena, 3, 900);
    /* labels of one sensor's decisions at the other */
    for (size_t i = 10; i < b.count; i += 9)
        if (a.list[i]->kind == RECORD_DECISION)
            b.list[i] = records_label(f->arena, a.list[i], LABEL_PERSON, LABEL_BAD, (int64_t)i);
    char *first = learn_mixed(f, &a, &b, 1000, 0, MEMORY);
    for (size_t i = 0; i < LENGTH(batches); i++) {
        for (uint64_t mix = 0; mix < 3; mix++) {
            for (int fail = 0; fail < 2; fail++) {
                /* a step of LMDB waits for the disk, one of Redis for an answer */
                enum kind kind = mix == 1 && batches[i] > 1                ? LMDB
                                 : mix == 2 && batches[i] > 1 && redis.pid ? REDIS
                                                                           : MEMORY;
                faults.random = fail ? mix + 1 : 0;
                char *other = learn_mixed(f, &a, &b, batches[i], mix, kind);
                faults.random = 0;
                if (strcmp(first, other) != 0)
                    fail_msg("batch %zu, mix %d, kind %d, faults %d", batches[i], (int)mix,
                             (int)kind, fail);
                free(other);
            }
        }
    }
    free(first);
}

/* --- exactly once --------------------------------------------------------------------------- */

static void a_step_that_was_made_is_not_made_again(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f, MEMORY);
    const struct record *list[] = {records_letter(f->arena, 1), records_letter(f->arena, 2),
                                   records_letter(f->arena, 3)};
    const struct records r = {.list = list, .count = 2}, more = {.list = list, .count = 3};
    struct course c = course(&more, "w@1", 10);
    struct lesson lesson;
    teach_all(f, s, &r, "w@1", 10);
    /* a learner that read the same records, and one more */
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(lesson_read(f->scratch, &f->settings, NULL, list[i], &lesson), 0);
        assert_int_equal(learn_batch_add(c.batch, &lesson), 0);
    }
    assert_int_equal(learn_batch_apply(c.batch, s, 0, 2), 0);
    assert_int_equal(learn_batch_apply(c.batch, s, 0, 3), LEARN_BEHIND);
    assert_int_equal(learn_batch_apply(c.batch, s, 1, 3), LEARN_BEHIND);
    assert_mass("seen", counts_of(s, "dom:example.org", "*").seen, 2);
    learn_batch_reset(c.batch);
    assert_int_equal(learn_batch_add(c.batch, &lesson), 0);
    assert_int_equal(learn_batch_apply(c.batch, s, 2, 3), 0);
    assert_mass("seen", counts_of(s, "dom:example.org", "*").seen, 3);
    learn_batch_free(&c.batch);
    store_close(&s);
}

/* --- forgetting ----------------------------------------------------------------------------- */

static void what_is_erased_stays_out(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f, MEMORY);
    const struct record *before[] = {records_letter(f->arena, 100)};
    const struct record *later[] = {records_letter(f->arena, 101), records_letter(f->arena, 900)};
    const struct records a = {.list = before, .count = 1}, b = {.list = later, .count = 2};
    teach_all(f, s, &a, "a@1", 1);
    assert_int_equal(learn_erase(s, "a@1", "Example.ORG", RECORDS_T0 + 500), 0);
    assert_int_equal(learn_erase_end(s, "a@1", 1, 2), 0);
    assert_mass("erased", counts_of(s, "dom:example.org", "*").seen, 0);
    assert_mass("another's", counts_of(s, "ip:192.0.2.0/24", "*").seen, 1);
    teach_all(f, s, &b, "b@2", 2); /* one from before the erasure, one from after */
    assert_mass("after", counts_of(s, "dom:example.org", "*").seen, 1);
    assert_mass("another's", counts_of(s, "ip:192.0.2.0/24", "*").seen, 3);
    store_close(&s);
}

static void an_erasure_may_be_repeated_at_any_step(void **state)
{
    struct fixture *f = *state;
    char *first = NULL;
    for (uint64_t fault = 0; fault < 20; fault++) {
        struct store *s = open_store(f, MEMORY);
        const struct record *list[] = {records_letter(f->arena, 100)};
        const struct records r = {.list = list, .count = 1};
        int rc = VOUCH_E_TEMP;
        teach_all(f, s, &r, "a@1", 1);
        faults.random = fault;
        for (int tries = 0; rc == VOUCH_E_TEMP && tries < 200; tries++)
            if ((rc = learn_erase(s, "a@1", "example.org", RECORDS_T0 + 500)) == 0)
                rc = learn_erase_end(s, "a@1", 1, 2);
        faults.random = 0;
        assert_int_equal(rc, 0);
        assert_int_equal(learn_erase_end(s, "a@1", 0, 3), LEARN_BEHIND);
        char *text = model_dump(s, NULL);
        assert_null(strstr(text, "dom:example.org"));
        assert_true(!first || strcmp(first, text) == 0);
        if (first)
            free(text);
        else
            first = text;
        store_close(&s);
    }
    free(first);
}

static void an_erasure_that_a_rebuild_put_first_removes_nothing(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f, MEMORY);
    const struct record *after[] = {records_letter(f->arena, 900)};
    const struct records r = {.list = after, .count = 1};
    assert_int_equal(learn_erase(s, "x", "example.org", RECORDS_T0 + 500), 0);
    assert_int_equal(learn_erase_end(s, "x", 0, 1), 0);
    teach_all(f, s, &r, "a@1", 1);
    assert_int_equal(learn_erase(s, "b@2", "example.org", RECORDS_T0 + 500), 0);
    assert_int_equal(learn_erase_end(s, "b@2", 0, 1), 0);
    assert_mass("after", counts_of(s, "dom:example.org", "*").seen, 1);
    assert_int_equal(learn_erase(s, "b@2", "no subject", RECORDS_T0), VOUCH_E_SYNTAX);
    store_close(&s);
}

static void old_marks_are_removed(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f, MEMORY);
    struct record *old = records_letter(f->arena, 0);
    struct record *young = records_letter(f->arena, 40 * DAY);
    const struct record *list[] = {old, young,
                                   records_label(f->arena, old, LABEL_PERSON, LABEL_GOOD, 10),
                                   records_label(f->arena, young, LABEL_PERSON, LABEL_GOOD, 10)};
    uint64_t removed = 0;
    teach_list(f, s, list, LENGTH(list));
    int64_t day = (RECORDS_T0 + LEARN_MARK_DAYS * (int64_t)DAY) * 1000000;
    assert_int_equal(learn_expire(s, day, &removed), 0);
    assert_int_equal(removed, 0);
    assert_int_equal(learn_expire(s, day + DAY * INT64_C(1000000), &removed), 0);
    assert_int_equal(removed, 1);
    assert_int_equal(model_value(s, &(struct store_key){"mark:2026-01-01", old->id}).len, 0);
    store_close(&s);
}

static int start_redis(void **state)
{
    (void)state;
    redis_server_init(&redis);
    if (redis_server_installed())
        redis_server_start(&redis, NULL);
    return 0;
}

static int stop_redis(void **state)
{
    (void)state;
    redis_server_clear(&redis);
    return 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_label_that_holds_is_counted_once),
        TEST(a_label_that_lost_leaves_no_trace),
        TEST(an_unseen_message_is_seen_once),
        TEST(two_sensors_label_one_message),
        TEST(batches_order_and_stores_make_no_difference),
        TEST(a_step_that_was_made_is_not_made_again),
        TEST(what_is_erased_stays_out),
        TEST(an_erasure_may_be_repeated_at_any_step),
        TEST(an_erasure_that_a_rebuild_put_first_removes_nothing),
        TEST(old_marks_are_removed),
    };
    return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
