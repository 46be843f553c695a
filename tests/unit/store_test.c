/* SPDX-License-Identifier: BSD-2-Clause */
/* What every store does with tallies, look-ups and threads; then what those that keep nothing do. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <time.h>
#include "store_backends.h"

/* --- the table ------------------------------------------------------------------------------ */

static void an_empty_model_has_nothing(struct store_fixture *f)
{
    const struct store_key keys[] = {
        {"dom:example.org", "*"}, {"ip:192.0.2.0/24", "h:192.0.2.7"}, {"dom:example.org", "*"}};
    struct store_value v[3];
    uint64_t mark;
    store_find(f->s, keys, 3, v);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(v[i].outcome, LOOKUP_ABSENT);
    store_find(f->s, keys, 0, v);
    assert_int_equal(store_watermark(f->s, "mx1", &mark), LOOKUP_ABSENT);
    assert_string_equal(store_version(f->s), "1");
}

static void what_is_put_is_found(struct store_fixture *f)
{
    const struct store_key keys[] = {
        {"dom:example.org", "*"},   {"dom:example.org", "a:ann@example.org"},
        {"dom:example.net", "*"},   {"ip:192.0.2.0/24", "*"},
        {"ip:2001:db8::/48", "*"},  {"ip:192.0.2.0/24", "h:192.0.2.7"},
        {"dom:example.org", "p:n"},
    };
    struct counts c[LENGTH(keys)];
    struct store_value v[LENGTH(keys) + 2];
    struct store_key asked[LENGTH(keys) + 2];
    for (size_t i = 0; i < LENGTH(keys); i++)
        c[i] = (struct counts){(double)i, 0.1 * (double)i, 1e6 / (double)(i + 3), T0, T0 + DAY};
    assert_int_equal(store_put(f->s, keys, c, LENGTH(keys)), 0);
    /* asked in another order than put, one absent, one twice */
    for (size_t i = 0; i < LENGTH(keys); i++)
        asked[LENGTH(keys) - 1 - i] = keys[i];
    asked[LENGTH(keys)] = (struct store_key){"dom:example.org", "d:nobody.example.org"};
    asked[LENGTH(keys) + 1] = keys[2];
    store_find(f->s, asked, LENGTH(asked), v);
    for (size_t i = 0; i < LENGTH(keys); i++) {
        assert_int_equal(v[LENGTH(keys) - 1 - i].outcome, LOOKUP_FOUND);
        assert_counts(&v[LENGTH(keys) - 1 - i].counts, &c[i]);
    }
    assert_int_equal(v[LENGTH(keys)].outcome, LOOKUP_ABSENT);
    assert_counts(&v[LENGTH(keys) + 1].counts, &c[2]);
}

static void put_replaces(struct store_fixture *f)
{
    const struct store_key k = {"dom:example.org", "*"};
    const struct counts a = {1, 2, 3, T0, T0}, b = {4, 0, 4, T0 + 1, T0 + 2};
    assert_int_equal(store_put(f->s, &k, &a, 1), 0);
    assert_int_equal(store_put(f->s, &k, &b, 1), 0);
    struct store_value v = store_find_one(f->s, k.group, k.field);
    assert_counts(&v.counts, &b);
    assert_int_equal(store_put(f->s, NULL, NULL, 0), 0);
}

static void updates_add_and_decay(struct store_fixture *f)
{
    const struct store_update first[] = {
        {{"dom:example.org", "*"}, T0, 1, 0, 1},
        {{"ip:192.0.2.0/24", "*"}, T0, 0, 1, 1},
        {{"dom:example.org", "*"}, T0 + 10 * DAY, 0.5, 0, 1},
    };
    const struct store_update second[] = {
        {{"dom:example.org", "*"}, T0 + 5 * DAY, 0, 2, 2}, /* late */
        {{"dom:example.net", "*"}, T0 + 40 * DAY, 7, 0, 7},
    };
    const double days5 = exp2(-5.0 * DAY / HALF_LIFE), days10 = exp2(-10.0 * DAY / HALF_LIFE);
    const struct counts want = {0.5 + days10, 2 * days5, 1 + days10 + 2 * days5, T0, T0 + 10 * DAY};
    assert_int_equal(store_apply(f->s, first, LENGTH(first), "", 0), 0);
    assert_int_equal(store_apply(f->s, second, LENGTH(second), "", 0), 0);
    struct store_value v = store_find_one(f->s, "dom:example.org", "*");
    assert_int_equal(v.outcome, LOOKUP_FOUND);
    assert_counts(&v.counts, &want);
    v = store_find_one(f->s, "ip:192.0.2.0/24", "*");
    assert_counts(&v.counts, &(struct counts){0, 1, 1, T0, T0});
    v = store_find_one(f->s, "dom:example.net", "*");
    assert_counts(&v.counts, &(struct counts){7, 0, 7, T0 + 40 * DAY, T0 + 40 * DAY});
}

/* Each is rounded when it is added: what is read says so many, not 112.9999. */
static void messages_of_one_moment_are_counted(struct store_fixture *f)
{
    enum { COUNT = 20000 };
    static struct store_update u[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        u[i] = (struct store_update){{"dom:example.org", "*"}, T0, 0, 0, 1};
    size_t all = 0;
    for (size_t more = 113; all + more <= COUNT; more *= 3) {
        assert_int_equal(store_apply(f->s, u, more, "", 0), 0);
        all += more;
        assert_true(store_find_one(f->s, "dom:example.org", "*").counts.seen == (double)all);
    }
}

static void a_large_batch_is_one_step(struct store_fixture *f)
{
    enum { GROUPS = 40, EACH = 50 };
    static char names[GROUPS][24], fields[EACH][8];
    static struct store_update u[GROUPS * EACH * 2];
    size_t n = 0;
    for (int e = 0; e < EACH; e++)
        snprintf(fields[e], sizeof fields[e], "f%d", e);
    for (int g = 0; g < GROUPS; g++) {
        snprintf(names[g], sizeof names[g], "dom:g%d.example", g);
        for (int e = 0; e < 2 * EACH; e++)
            u[n++] = (struct store_update){{names[g], fields[e % EACH]}, T0, 1, 0, 1};
    }
    assert_int_equal(store_apply(f->s, u, n, "mx1", 1), 0);
    struct store_value v = store_find_one(f->s, names[GROUPS - 1], fields[EACH - 1]);
    assert_counts(&v.counts, &(struct counts){2, 0, 2, T0, T0});
    v = store_find_one(f->s, names[0], fields[0]);
    assert_counts(&v.counts, &(struct counts){2, 0, 2, T0, T0});
}

static void a_batch_is_applied_once(struct store_fixture *f)
{
    const struct store_update u = {{"dom:example.org", "*"}, T0, 1, 0, 1};
    uint64_t mark = 0;
    assert_int_equal(store_apply(f->s, &u, 1, "mx1", 7), 0);
    assert_int_equal(store_apply(f->s, &u, 1, "mx1", 7), 0); /* the same again */
    assert_int_equal(store_apply(f->s, &u, 1, "mx1", 3), 0); /* an older one */
    assert_int_equal(store_apply(f->s, &u, 1, "mx2", 3), 0); /* another writer */
    struct store_value v = store_find_one(f->s, "dom:example.org", "*");
    assert_counts(&v.counts, &(struct counts){2, 0, 2, T0, T0});
    assert_int_equal(store_watermark(f->s, "mx1", &mark), LOOKUP_FOUND);
    assert_int_equal(mark, 7);
    /* above 2^53, and without updates */
    assert_int_equal(store_apply(f->s, &u, 1, "mx1", UINT64_MAX - 1), 0);
    assert_int_equal(store_apply(f->s, NULL, 0, "mx1", UINT64_MAX), 0);
    assert_int_equal(store_apply(f->s, &u, 1, "mx1", UINT64_MAX), 0);
    v = store_find_one(f->s, "dom:example.org", "*");
    assert_counts(&v.counts, &(struct counts){3, 0, 3, T0, T0});
    assert_int_equal(store_watermark(f->s, "mx1", &mark), LOOKUP_FOUND);
    assert_true(mark == UINT64_MAX);
    assert_int_equal(store_watermark(f->s, "mx2", &mark), LOOKUP_FOUND);
    assert_int_equal(mark, 3);
}

/* Names that would run into each other if a backend were careless, and the longest. */
static void names_are_kept_apart(struct store_fixture *f)
{
    static char longest[STORE_NAME_MAX + 1], almost[STORE_NAME_MAX + 1];
    memset(longest, 'x', STORE_NAME_MAX);
    memset(almost, 'x', STORE_NAME_MAX);
    almost[STORE_NAME_MAX - 1] = 'y';
    const struct store_key keys[] = {
        {"ab", "c"},
        {"a", "bc"},
        {"a:b", "c"},
        {"a", "b:c"},
        {"dom:}{:*", "*?["},
        {"dom:a b\r\n", "\t"},
        {"dom:m\xc3\xbcnchen.example", "\xe2\x82\xac"},
        {longest, "*"},
        {longest, longest},
        {longest, almost},
        {almost, longest},
        {"*", longest},
        {"$5\r\nhello", "*"},
        {"DOM:example", "*"},
        {"dom:example", "*"},
    };
    struct counts c[LENGTH(keys)];
    struct store_value v[LENGTH(keys)];
    for (size_t i = 0; i < LENGTH(keys); i++)
        c[i] = (struct counts){(double)i + 1, 0, (double)i + 1, T0, T0};
    assert_int_equal(store_put(f->s, keys, c, LENGTH(keys)), 0);
    store_find(f->s, keys, LENGTH(keys), v);
    for (size_t i = 0; i < LENGTH(keys); i++) {
        assert_int_equal(v[i].outcome, LOOKUP_FOUND);
        assert_counts(&v[i].counts, &c[i]);
    }
}

static void names_that_cannot_be_kept_are_refused(struct store_fixture *f)
{
    static char too_long[STORE_NAME_MAX + 2], long_writer[STORE_WRITER_MAX + 2];
    memset(too_long, 'x', STORE_NAME_MAX + 1);
    memset(long_writer, 'w', STORE_WRITER_MAX + 1);
    const struct store_key bad[] = {
        {"", "*"},        {"dom:example.org", ""},       {too_long, "*"},
        {"ab", too_long}, {"dom:\xff.example.org", "*"}, {"dom:example.org", "\xc3"},
    };
    const struct counts one = {1, 0, 1, T0, T0};
    for (size_t i = 0; i < LENGTH(bad); i++) {
        const struct store_update u[] = {{{"dom:fine.example", "*"}, T0, 1, 0, 1},
                                         {bad[i], T0, 1, 0, 1}};
        assert_int_equal(store_put(f->s, &bad[i], &one, 1), VOUCH_E_RANGE);
        assert_int_equal(store_apply(f->s, u, 2, "mx1", 1), VOUCH_E_RANGE);
        assert_int_equal(store_find_one(f->s, bad[i].group, bad[i].field).outcome, LOOKUP_ABSENT);
    }
    const struct store_update fine = {{"dom:fine.example", "*"}, T0, 1, 0, 1};
    assert_int_equal(store_apply(f->s, &fine, 1, long_writer, 1), VOUCH_E_RANGE);
    assert_int_equal(store_find_one(f->s, "dom:fine.example", "*").outcome, LOOKUP_ABSENT);
}

struct seen {
    size_t count;
    double sum; /* of good */
    size_t end; /* stop after so many */
};

static int count_key(void *arg, const struct store_key *key, const struct counts *c)
{
    struct seen *seen = arg;
    assert_true(strlen(key->group) > 0 && strlen(key->field) > 0);
    seen->count++;
    seen->sum += c->good;
    return seen->count == seen->end ? 42 : 0;
}

static void a_scan_sees_every_key(struct store_fixture *f)
{
    enum { KEYS = 700 }; /* more than a small hash keeps, and in several groups */
    static char long_name[STORE_NAME_MAX + 1], fields[KEYS][16];
    static struct store_key keys[KEYS];
    static struct counts c[KEYS];
    const char *groups[] = {"dom:example.org", "ip:192.0.2.0/24", long_name};
    const struct store_update mark = {{"dom:example.org", "f0"}, T0, 1, 0, 1};
    struct seen all = {0}, some = {.end = 3};
    memset(long_name, 'n', STORE_NAME_MAX);
    assert_int_equal(store_scan(f->s, count_key, &all), 0);
    assert_int_equal(all.count, 0);
    for (size_t i = 0; i < KEYS; i++) {
        snprintf(fields[i], sizeof fields[i], "f%zu", i);
        keys[i] = (struct store_key){groups[i % 50 ? 0 : 1 + i / 50 % 2], fields[i]};
        c[i] = (struct counts){(double)(i + 1), 0, 0, T0, T0};
    }
    assert_int_equal(store_put(f->s, keys, c, KEYS), 0);
    assert_int_equal(store_apply(f->s, &mark, 1, "mx1", 1), 0); /* a watermark is no key */
    assert_int_equal(store_scan(f->s, count_key, &all), 0);
    assert_int_equal(all.count, KEYS + 1);
    assert_true(all.sum == KEYS * (KEYS + 1) / 2.0 + 1);
    assert_int_equal(store_scan(f->s, count_key, &some), 42);
    assert_int_equal(some.count, 3);
}

static void queries_may_be_cancelled(struct store_fixture *f)
{
    const struct store_key k = {"dom:example.org", "*"};
    for (int i = 0; i < 50; i++) {
        struct store_query *q = store_ask(f->s, &k, 1);
        assert_non_null(q);
        store_cancel(&q);
        assert_null(q);
        store_cancel(&q);
    }
    assert_int_equal(store_find_one(f->s, k.group, k.field).outcome, LOOKUP_ABSENT);
}

static void a_query_gets_ready(struct store_fixture *f)
{
    const struct store_key k = {"dom:example.org", "*"};
    struct store_query *q = store_ask(f->s, &k, 1);
    struct store_value v;
    for (int64_t end = clock_ms() + 10000; !store_ready(q) && clock_ms() < end;)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_true(store_ready(q));
    assert_int_equal(store_wait(&q, 0, &v), LOOKUP_FOUND); /* a deadline long past */
    assert_int_equal(v.outcome, LOOKUP_ABSENT);
}

static void keys_are_copied(struct store_fixture *f)
{
    char group[] = "dom:example.org", field[] = "*";
    const struct store_key k = {group, field};
    const struct counts one = {1, 0, 1, T0, T0};
    struct store_value v;
    assert_int_equal(store_put(f->s, &k, &one, 1), 0);
    struct store_query *q = store_ask(f->s, &k, 1);
    memset(group, 'z', sizeof group - 1);
    memset(field, 'z', sizeof field - 1);
    assert_int_equal(store_wait(&q, clock_ms() + 10000, &v), LOOKUP_FOUND);
    assert_int_equal(v.outcome, LOOKUP_FOUND);
}

static void a_read_only_store_is_not_written(struct store_fixture *f)
{
    const struct store_key k = {"dom:example.org", "*"};
    const struct counts one = {1, 0, 1, T0, T0};
    const struct store_update u = {k, T0, 1, 0, 1};
    assert_int_equal(store_put(f->s, &k, &one, 1), 0);
    store_close(&f->s);
    struct store *r = store_open_read_only(f->url);
    errno = 0;
    assert_int_equal(store_put(r, &k, &one, 1), VOUCH_E_IO);
    assert_int_equal(errno, EROFS);
    assert_int_equal(store_apply(r, &u, 1, "", 0), VOUCH_E_IO);
    struct store_value v = store_find_one(r, k.group, k.field);
    assert_counts(&v.counts, &one);
    store_close(&r);
    assert_null(r);
}

/* As a reload does: the new one is opened before the old one is closed. */
static void it_stays_when_closed(struct store_fixture *f)
{
    const struct store_key k = {"dom:example.org", "*"};
    const struct counts one = {1, 0, 1, T0, T0};
    assert_int_equal(store_put(f->s, &k, &one, 1), 0);
    struct store *second = store_open_version(f->url, NULL);
    store_close(&f->s);
    struct store_value v = store_find_one(second, k.group, k.field);
    assert_counts(&v.counts, &one);
    store_close(&second);
    f->s = store_open_version(f->url, NULL);
    v = store_find_one(f->s, k.group, k.field);
    assert_counts(&v.counts, &one);
}

enum { THREADS = 8, ROUNDS = 200 };

struct worker {
    pthread_t thread;
    struct store *s;
    const char *wrong; /* NULL: all was well */
};

/* Two keys are always updated together: a reader never sees one without the other. */
static void *reader(void *arg)
{
    struct worker *w = arg;
    const struct store_key keys[] = {{"dom:example.org", "a"}, {"dom:example.org", "b"}};
    struct store_value v[2];
    double last = 0;
    for (int i = 0; i < ROUNDS && !w->wrong; i++) {
        struct store_query *q = store_ask(w->s, keys, 2);
        if (!q || store_wait(&q, clock_ms() + 10000, v) != LOOKUP_FOUND)
            w->wrong = "a look-up failed";
        else if (v[0].outcome != v[1].outcome || v[0].counts.seen != v[1].counts.seen)
            w->wrong = "half a batch was seen";
        else if (v[0].counts.seen < last)
            w->wrong = "the model went back";
        last = v[0].counts.seen;
    }
    return NULL;
}

static void *writer(void *arg)
{
    struct worker *w = arg;
    const struct store_update u[] = {{{"dom:example.org", "a"}, T0, 1, 0, 1},
                                     {{"dom:example.org", "b"}, T0, 1, 0, 1}};
    for (int i = 0; i < ROUNDS / 10; i++)
        if (store_apply(w->s, u, 2, "", 0) != 0)
            w->wrong = "a batch failed";
    return NULL;
}

static void many_threads_ask_while_two_write(struct store_fixture *f)
{
    struct worker w[THREADS + 2] = {0};
    for (int i = 0; i < THREADS + 2; i++) {
        w[i].s = f->s;
        assert_int_equal(pthread_create(&w[i].thread, NULL, i < THREADS ? reader : writer, &w[i]),
                         0);
    }
    for (int i = 0; i < THREADS + 2; i++)
        pthread_join(w[i].thread, NULL);
    for (int i = 0; i < THREADS + 2; i++)
        if (w[i].wrong)
            fail_msg("%s", w[i].wrong);
    struct store_value v = store_find_one(f->s, "dom:example.org", "b");
    assert_counts(&v.counts, &(struct counts){2 * (ROUNDS / 10), 0, 2 * (ROUNDS / 10), T0, T0});
}

static const struct store_case cases[] = {
    {"an empty model has nothing", an_empty_model_has_nothing, false},
    {"what is put is found", what_is_put_is_found, false},
    {"put replaces", put_replaces, false},
    {"updates add and decay", updates_add_and_decay, false},
    {"messages of one moment are counted", messages_of_one_moment_are_counted, false},
    {"a large batch is one step", a_large_batch_is_one_step, false},
    {"a batch is applied once", a_batch_is_applied_once, false},
    {"names are kept apart", names_are_kept_apart, false},
    {"names that cannot be kept are refused", names_that_cannot_be_kept_are_refused, false},
    {"a scan sees every key", a_scan_sees_every_key, false},
    {"queries may be cancelled", queries_may_be_cancelled, false},
    {"a query gets ready", a_query_gets_ready, false},
    {"keys are copied", keys_are_copied, false},
    {"a read-only store is not written", a_read_only_store_is_not_written, true},
    {"it stays when closed", it_stays_when_closed, true},
    {"many threads ask while two write", many_threads_ask_while_two_write, false},
};

/* --- those that keep nothing, and mistakes -------------------------------------------------- */

static void a_store_made_to_fail_fails(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        int outcome;
    } urls[] = {{"fail:", LOOKUP_FAILED}, {"fail:uncertain", LOOKUP_UNCERTAIN}};
    const struct store_key k[2] = {{"dom:example.org", "*"}, {"dom:example.net", "*"}};
    const struct counts one = {1, 0, 1, T0, T0};
    const struct store_update u = {k[0], T0, 1, 0, 1};
    for (size_t i = 0; i < LENGTH(urls); i++) {
        struct store *s = store_open_version(urls[i].url, NULL);
        struct store_value v[2];
        uint64_t mark;
        struct seen seen = {0};
        struct store_query *q = store_ask(s, k, 2);
        assert_int_equal(store_wait(&q, clock_ms() + 10000, v), urls[i].outcome);
        assert_int_equal(v[0].outcome, urls[i].outcome);
        assert_int_equal(v[1].outcome, urls[i].outcome);
        assert_int_equal(store_apply(s, &u, 1, "", 0), VOUCH_E_TEMP);
        assert_int_equal(store_put(s, k, &one, 1), VOUCH_E_TEMP);
        assert_int_equal(store_scan(s, count_key, &seen), VOUCH_E_TEMP);
        assert_int_equal(store_watermark(s, "mx1", &mark), LOOKUP_FAILED);
        assert_null(store_version(s));
        store_close(&s);
    }
}

static void none_is_empty_and_keeps_nothing(void **state)
{
    (void)state;
    struct store *s = store_open_version("none", NULL);
    const struct store_key k = {"dom:example.org", "*"};
    const struct counts one = {1, 0, 1, T0, T0};
    const struct store_update u = {k, T0, 1, 0, 1};
    struct seen seen = {0};
    assert_int_equal(store_find_one(s, k.group, k.field).outcome, LOOKUP_ABSENT);
    assert_int_equal(store_put(s, &k, &one, 1), VOUCH_E_IO);
    assert_int_equal(store_apply(s, &u, 1, "", 0), VOUCH_E_IO);
    assert_int_equal(store_scan(s, count_key, &seen), 0);
    assert_int_equal(seen.count, 0);
    store_close(&s);
}

static void urls_that_are_wrong_say_so(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "",         "lmdb",       "lmdb:",      "/var/lib/vouch",
        "nonesuch", "fail:maybe", "mysql://db", "rediss://db:6380/0"};
    const struct store_options o = {.half_life = HALF_LIFE};
    for (size_t i = 0; i < LENGTH(urls); i++) {
        char error[512] = "";
        errno = 0;
        if (store_open(urls[i], &o, error, sizeof error))
            fail_msg("'%s' was taken", urls[i]);
        if (errno != EINVAL || !strstr(error, urls[i]) || strchr(error, '\n'))
            fail_msg("'%s': errno %d, \"%s\"", urls[i], errno, error);
    }
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(a_store_made_to_fail_fails),
        cmocka_unit_test(none_is_empty_and_keeps_nothing),
        cmocka_unit_test(urls_that_are_wrong_say_so),
    };
    return store_backends_run("store", cases, LENGTH(cases), others, LENGTH(others));
}
