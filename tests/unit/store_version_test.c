/* SPDX-License-Identifier: BSD-2-Clause */
/* What every store does with versions of a model: one is built beside the one that look-ups use, put
 * in its place in one step, and dropped. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include "store_backends.h"

enum { KEYS = 6 };

static struct store_key key(size_t i)
{
    static const struct store_key keys[KEYS] = {
        {"dom:example.org", "*"},   {"dom:example.org", "a:ann@example.org"},
        {"dom:example.net", "*"},   {"ip:192.0.2.0/24", "*"},
        {"ip:192.0.2.0/24", "h:1"}, {"dom:example.com", "*"}};
    return keys[i];
}

/* Sets every key's masses to so many. */
static int fill(struct store *s, double seen)
{
    struct store_key keys[KEYS];
    struct counts c[KEYS];
    for (size_t i = 0; i < KEYS; i++) {
        keys[i] = key(i);
        c[i] = (struct counts){seen, 0, seen, T0, T0};
    }
    return store_put(s, keys, c, KEYS);
}

/* What all keys have; -1: not all the same; -2: the look-up failed. */
static double all_seen(struct store *s)
{
    struct store_key keys[KEYS];
    struct store_value v[KEYS];
    for (size_t i = 0; i < KEYS; i++)
        keys[i] = key(i);
    struct store_query *q = store_ask(s, keys, KEYS);
    if (!q || store_wait(&q, clock_ms() + 10000, v) != LOOKUP_FOUND)
        return -2;
    for (size_t i = 1; i < KEYS; i++)
        if (v[i].outcome != v[0].outcome || v[i].counts.seen != v[0].counts.seen)
            return -1;
    return v[0].counts.seen;
}

static int keep_all(void *arg, const struct span *now, struct span *new_r)
{
    (void)arg, (void)now, (void)new_r;
    return 0;
}

static int set_mark(struct store *s, const char *writer, uint64_t mark)
{
    return store_change(s, NULL, 0, keep_all, NULL, writer, mark);
}

/* All versions in one line: "1 2+ 3-", the active with +, the previous with -. */
static int add_version(void *arg, const struct store_version_info *v)
{
    char *text = arg;
    size_t n = strlen(text);
    snprintf(text + n, 200 - n, "%s%s%s%s", n ? " " : "", v->name, v->active ? "+" : "",
             v->previous ? "-" : "");
    return 0;
}

static void assert_versions(struct store *s, const char *want)
{
    char text[200] = "";
    assert_int_equal(store_versions(s, add_version, text), 0);
    assert_string_equal(text, want);
}

static int add_keys(void *arg, const struct store_version_info *v)
{
    *(uint64_t *)arg += v->keys;
    return 0;
}

static int stop(void *arg, const struct store_version_info *v)
{
    (void)arg, (void)v;
    return 45;
}

static void the_active_version_is_always_there(struct store_fixture *f)
{
    assert_versions(f->s, "1+");
    assert_string_equal(store_version(f->s), "1");
    assert_int_equal(store_activate(f->s, "1"), 0);
    assert_versions(f->s, "1+");
    assert_int_equal(store_versions(f->s, stop, NULL), 45);
}

static void one_is_built_beside_another(struct store_fixture *f)
{
    uint64_t mark = 0, keys = 0;
    assert_int_equal(fill(f->s, 1), 0);
    assert_int_equal(set_mark(f->s, "mx1", 10), 0);
    struct store *b = store_open_version(f->url, "2026-01");
    assert_versions(b, "1+"); /* opening makes nothing */
    assert_string_equal(store_version(b), "2026-01");
    assert_true(all_seen(b) == 0);
    assert_int_equal(store_watermark(b, "mx1", &mark), LOOKUP_ABSENT);
    assert_int_equal(store_activate(f->s, "2026-01"), VOUCH_E_RANGE);
    assert_int_equal(store_drop(f->s, "2026-01"), VOUCH_E_RANGE);
    assert_int_equal(fill(b, 2), 0);
    assert_int_equal(set_mark(b, "mx1", 5), 0);
    assert_versions(f->s, "1+ 2026-01");
    assert_true(all_seen(f->s) == 1 && all_seen(b) == 2);

    assert_int_equal(store_activate(b, "2026-01"), 0);
    assert_versions(f->s, "1- 2026-01+");
    assert_true(all_seen(f->s) == 2 && all_seen(b) == 2);
    assert_string_equal(store_version(f->s), "2026-01");
    assert_int_equal(store_watermark(f->s, "mx1", &mark), LOOKUP_FOUND);
    assert_int_equal(mark, 5);
    assert_int_equal(fill(f->s, 3), 0); /* who follows writes there as well */
    assert_true(all_seen(b) == 3);
    assert_int_equal(store_versions(f->s, add_keys, &keys), 0);
    assert_true(keys >= 2 * 4); /* groups or keys */

    assert_int_equal(store_activate(f->s, "1"), 0); /* a rollback */
    assert_versions(f->s, "1+ 2026-01-");
    assert_true(all_seen(f->s) == 1 && all_seen(b) == 3);
    assert_int_equal(store_watermark(f->s, "mx1", &mark), LOOKUP_FOUND);
    assert_int_equal(mark, 10);
    store_close(&b);
}

static void one_is_dropped(struct store_fixture *f)
{
    uint64_t mark = 0;
    assert_int_equal(fill(f->s, 1), 0);
    struct store *b = store_open_version(f->url, "2");
    assert_int_equal(fill(b, 2), 0);
    assert_int_equal(set_mark(b, "mx1", 5), 0);
    assert_int_equal(set_mark(f->s, "mx1", 6), 0);
    assert_int_equal(store_activate(f->s, "2"), 0);
    assert_int_equal(store_drop(f->s, "2"), VOUCH_E_RANGE);
    assert_int_equal(store_drop(f->s, "nosuch"), VOUCH_E_RANGE);
    assert_int_equal(store_drop(f->s, "no such"), VOUCH_E_RANGE);
    assert_int_equal(store_drop(f->s, ""), VOUCH_E_RANGE);
    assert_int_equal(store_activate(f->s, "1"), 0);
    assert_int_equal(store_drop(f->s, "2"), 0);
    assert_versions(f->s, "1+"); /* and there is nothing to roll back to */
    assert_true(all_seen(f->s) == 1 && all_seen(b) == 0);
    assert_int_equal(store_watermark(b, "mx1", &mark), LOOKUP_ABSENT);
    assert_int_equal(store_watermark(f->s, "mx1", &mark), LOOKUP_FOUND);
    assert_int_equal(store_drop(f->s, "2"), VOUCH_E_RANGE);
    assert_int_equal(fill(b, 7), 0); /* it can be made again, and is empty then */
    assert_versions(f->s, "1+ 2");
    assert_true(all_seen(f->s) == 1 && all_seen(b) == 7);
    store_close(&b);
}

static void they_come_and_go(struct store_fixture *f)
{
    char name[STORE_VERSION_MAX + 1], want[80];
    assert_int_equal(fill(f->s, 1), 0);
    for (int i = 2; i < 50; i++) {
        snprintf(name, sizeof name, "%032d", i);
        struct store *b = store_open_version(f->url, name);
        assert_int_equal(fill(b, i), 0);
        assert_int_equal(store_activate(f->s, name), 0);
        if (i > 3) {
            snprintf(name, sizeof name, "%032d", i - 2);
            assert_int_equal(store_drop(b, name), 0);
        }
        assert_true(all_seen(f->s) == i);
        store_close(&b);
    }
    snprintf(want, sizeof want, "1 %032d- %032d+", 48, 49);
    assert_versions(f->s, want);
}

/* Only what the name of a version says: of a store that keeps nothing too. */
static void names_of_versions_are_checked(struct store_fixture *f)
{
    static const char *const bad[] = {
        "", "a b", "a:b", "../a", "\xc3\xa4", "*", "123456789012345678901234567890123"};
    char error[300];
    for (size_t i = 0; i < LENGTH(bad); i++) {
        const struct store_options o = {.half_life = HALF_LIFE, .version = bad[i]};
        assert_null(store_open(f->url, &o, error, sizeof error));
        assert_non_null(strstr(error, "version"));
        assert_int_equal(store_activate(f->s, bad[i]), VOUCH_E_RANGE);
        assert_int_equal(store_drop(f->s, bad[i]), VOUCH_E_RANGE);
    }
}

/* In one store, as far as that goes. */
static void a_store_of_a_version(struct store_fixture *f)
{
    store_close(&f->s);
    f->s = store_open_version(f->url, "2");
    assert_versions(f->s, "1+");
    assert_true(all_seen(f->s) == 0);
    assert_int_equal(fill(f->s, 2), 0);
    assert_versions(f->s, "1+ 2");
    assert_true(all_seen(f->s) == 2);
    assert_int_equal(store_activate(f->s, "2"), 0);
    assert_versions(f->s, "1- 2+");
    assert_int_equal(store_drop(f->s, "1"), 0);
    assert_versions(f->s, "2+");
    assert_string_equal(store_version(f->s), "2");
    assert_true(all_seen(f->s) == 2);
}

/* --- look-ups while it happens -------------------------------------------------------------- */

enum { READERS = 6, SWITCHES = 60 };

struct following {
    pthread_t thread;
    struct store *s;
    atomic_bool *over;
    const char *wrong; /* NULL: all was well */
};

/* The versions hold other numbers, each its own in all keys. */
static void *follow(void *arg)
{
    struct following *r = arg;
    while (!atomic_load(r->over) && !r->wrong) {
        double seen = all_seen(r->s);
        if (seen == -2)
            r->wrong = "a look-up failed";
        else if (seen == -1)
            r->wrong = "a mixture of versions was seen";
        else if (seen < 1)
            r->wrong = "a version that is not there was seen";
    }
    return NULL;
}

static void a_lookup_sees_one_version(struct store_fixture *f)
{
    struct following r[READERS] = {0};
    atomic_bool over = false;
    assert_int_equal(fill(f->s, 1), 0);
    for (int i = 0; i < READERS; i++) {
        r[i].s = f->s;
        r[i].over = &over;
        assert_int_equal(pthread_create(&r[i].thread, NULL, follow, &r[i]), 0);
    }
    int failed = 0;
    for (int i = 2; i < SWITCHES && !failed; i++) {
        char name[STORE_VERSION_MAX + 1], old[STORE_VERSION_MAX + 1];
        snprintf(name, sizeof name, "%d", i);
        snprintf(old, sizeof old, "%d", i - 2);
        struct store *b = store_open_version(f->url, name);
        if (fill(b, i) != 0 || store_activate(b, name) != 0 || (i > 2 && store_drop(b, old) != 0) ||
            all_seen(f->s) != i)
            failed = i;
        store_close(&b);
    }
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(r[i].thread, NULL);
    assert_int_equal(failed, 0);
    for (int i = 0; i < READERS; i++)
        if (r[i].wrong)
            fail_msg("%s", r[i].wrong);
}

static const struct store_case cases[] = {
    {"the active version is always there", the_active_version_is_always_there, false},
    {"one is built beside another", one_is_built_beside_another, true},
    {"one is dropped", one_is_dropped, true},
    {"they come and go", they_come_and_go, true},
    {"names of versions are checked", names_of_versions_are_checked, false},
    {"a store of a version", a_store_of_a_version, false},
    {"a look-up sees one version", a_lookup_sees_one_version, true},
};

int main(void)
{
    return store_backends_run("store_version", cases, LENGTH(cases), NULL, 0);
}
