/* SPDX-License-Identifier: BSD-2-Clause */
/* What every store does with values of any kind: changing them in one step, watermarks, scanning and
 * removing. */
#include <pthread.h>
#include "store_backends.h"
#include "tally.h"
#include "value.h"

/* What a compute is to make, and what it saw. */
struct plan {
    size_t count;
    const char *const *expect; /* what is kept; "": nothing; NULL: do not look */
    const char *const *make;   /* "": remove; NULL: leave as it is */
    int rc;
    int calls;
};

static struct span bytes(const char *s)
{
    return span_make(s, strlen(s));
}

static int compute(void *arg, const struct span *now, struct span *new_r)
{
    struct plan *p = arg;
    p->calls++;
    for (size_t i = 0; i < p->count; i++) {
        assert_int_equal(new_r[i].len, now[i].len);
        if (p->expect &&
            !span_eq(span_make(now[i].len ? now[i].p : "", now[i].len), bytes(p->expect[i])))
            fail_msg("key %zu keeps '%.*s', not '%s'", i, SPAN_ARGS(now[i]), p->expect[i]);
        if (p->make && p->make[i])
            new_r[i] = bytes(p->make[i]);
    }
    return p->rc;
}

static int change(struct store *s, const struct store_key *keys, struct plan *p, const char *writer,
                  uint64_t watermark)
{
    p->calls = 0;
    return store_change(s, keys, p->count, compute, p, writer, watermark);
}

/* What is kept for keys, which may be asked for in any order. */
static void assert_kept(struct store *s, const struct store_key *keys, size_t count,
                        const char *const *want)
{
    struct plan p = {.count = count, .expect = want};
    assert_int_equal(change(s, keys, &p, "", 0), 0);
    assert_true(p.calls >= 1);
}

static const struct store_key three[] = {
    {"dom:example.org", "b"}, {"dom:example.com", "*"}, {"dom:example.org", "a"}};

static void compute_sees_what_is_kept(struct store_fixture *f)
{
    const char *const nothing[] = {"", "", ""}, *const first[] = {"one", "two", NULL},
                      *const kept[] = {"one", "two", ""}, *const second[] = {"", NULL, "three"},
                      *const at_last[] = {"", "two", "three"};
    struct plan p = {.count = 3, .expect = nothing, .make = first};
    assert_int_equal(change(f->s, three, &p, "", 0), 0);
    assert_int_equal(p.calls, 1);
    p.expect = kept;
    p.make = second;
    assert_int_equal(change(f->s, three, &p, "", 0), 0);
    assert_kept(f->s, three, 3, at_last);
    const struct store_key other_order[] = {three[2], three[0], three[1]};
    assert_kept(f->s, other_order, 3, (const char *const[]){"three", "", "two"});
    assert_int_equal(change(f->s, NULL, &(struct plan){0}, "", 0), 0);
}

static void values_are_any_bytes(struct store_fixture *f)
{
    static char large[100000], made[257];
    const struct store_key k[] = {{"dom:example.org", "large"}, {"dom:example.org", "all"}};
    for (size_t i = 0; i < 256; i++)
        made[i] = (char)i;
    memset(large, '\r', sizeof large - 1);
    struct plan p = {.count = 2, .make = (const char *const[]){large, made + 1}};
    assert_int_equal(change(f->s, k, &p, "", 0), 0);
    assert_kept(f->s, k, 2, p.make);
    large[50000] = '\0'; /* shorter, then longer again */
    assert_int_equal(change(f->s, k, &p, "", 0), 0);
    assert_kept(f->s, k, 2, p.make);
    large[50000] = '\n';
    assert_int_equal(change(f->s, k, &p, "", 0), 0);
    assert_kept(f->s, k, 2, p.make);
}

/* Bytes that are the same, wherever they stand, are no change; nor is to remove what is not there. */
static void the_same_is_no_change(struct store_fixture *f)
{
    const char *const one[] = {"one", "two", ""};
    char again[] = "one", two[] = "two";
    struct plan p = {.count = 3, .make = one};
    assert_int_equal(change(f->s, three, &p, "", 0), 0);
    p.make = (const char *const[]){again, two, ""};
    assert_int_equal(change(f->s, three, &p, "", 0), 0);
    assert_int_equal(p.calls, 1);
    assert_kept(f->s, three, 3, one);
}

static void an_error_of_compute_changes_nothing(struct store_fixture *f)
{
    const char *const one[] = {"one", "two", "three"}, *const other[] = {"", "x", "y"};
    uint64_t mark = 0;
    struct plan p = {.count = 3, .make = one};
    assert_int_equal(change(f->s, three, &p, "mx1", 5), 0);
    p.make = other;
    static const int errors[] = {VOUCH_E_SYNTAX, VOUCH_E_NOMEM, VOUCH_E_LIMIT};
    for (size_t i = 0; i < LENGTH(errors); i++) {
        p.rc = errors[i];
        assert_int_equal(change(f->s, three, &p, "mx1", 6), errors[i]);
        assert_int_equal(p.calls, 1);
        assert_kept(f->s, three, 3, one);
        assert_int_equal(store_watermark(f->s, "mx1", &mark), LOOKUP_FOUND);
        assert_int_equal(mark, 5);
    }
}

static void a_watermark_lets_nothing_in_twice(struct store_fixture *f)
{
    const char *const one[] = {"one", "two", "three"}, *const other[] = {"", "x", "y"};
    uint64_t mark = 0;
    struct plan p = {.count = 3, .make = one};
    assert_int_equal(change(f->s, three, &p, "mx1", 5), 0);
    p.make = other;
    for (uint64_t again = 4; again <= 5; again++) {
        assert_int_equal(change(f->s, three, &p, "mx1", again), 0);
        assert_kept(f->s, three, 3, one);
    }
    assert_int_equal(change(f->s, three, &p, "mx2", 1), 0);
    assert_kept(f->s, three, 3, other);
    /* the mark alone moves, also where nothing is to be changed */
    p.make = NULL;
    assert_int_equal(change(f->s, three, &p, "mx1", 9), 0);
    assert_int_equal(change(f->s, NULL, &(struct plan){0}, "mx2", 8), 0);
    assert_int_equal(store_watermark(f->s, "mx1", &mark), LOOKUP_FOUND);
    assert_int_equal(mark, 9);
    assert_int_equal(store_watermark(f->s, "mx2", &mark), LOOKUP_FOUND);
    assert_int_equal(mark, 8);
}

struct marks {
    size_t count;
    uint64_t sum;
    size_t end; /* stop after so many */
    char last[STORE_WRITER_MAX + 1];
};

static int count_mark(void *arg, const char *writer, uint64_t watermark)
{
    struct marks *m = arg;
    m->sum += watermark;
    snprintf(m->last, sizeof m->last, "%s", writer);
    return ++m->count == m->end ? 43 : 0;
}

static void watermarks_are_told(struct store_fixture *f)
{
    char longest[STORE_WRITER_MAX + 1];
    memset(longest, 'w', STORE_WRITER_MAX);
    longest[STORE_WRITER_MAX] = '\0';
    const char *const writers[] = {"mx1@0189", "mx2:a b", "mx", longest};
    struct marks all = {0}, some = {.end = 2};
    assert_int_equal(store_watermarks(f->s, count_mark, &all), 0);
    assert_int_equal(all.count, 0);
    for (size_t i = 0; i < LENGTH(writers); i++)
        assert_int_equal(change(f->s, NULL, &(struct plan){0}, writers[i], UINT64_C(1) << (16 * i)),
                         0);
    assert_int_equal(store_watermarks(f->s, count_mark, &all), 0);
    assert_int_equal(all.count, LENGTH(writers));
    assert_true(all.sum == UINT64_C(0x0001000100010001));
    assert_int_equal(store_watermarks(f->s, count_mark, &some), 43);
    assert_int_equal(some.count, 2);
}

static void what_cannot_be_kept_is_refused(struct store_fixture *f)
{
    static char too_long[STORE_NAME_MAX + 2], long_writer[STORE_WRITER_MAX + 2];
    memset(too_long, 'x', STORE_NAME_MAX + 1);
    memset(long_writer, 'w', STORE_WRITER_MAX + 1);
    const struct store_key bad[][2] = {
        {{"dom:example.org", "*"}, {"", "*"}},
        {{"dom:example.org", "*"}, {"dom:example.org", too_long}},
        {{"dom:\xff", "*"}, {"dom:example.org", "*"}},
        {{"dom:example.org", "*"}, {"dom:example.org", "*"}}, /* twice */
    };
    struct plan p = {.count = 2, .make = (const char *const[]){"x", "y"}};
    for (size_t i = 0; i < LENGTH(bad); i++) {
        assert_int_equal(change(f->s, bad[i], &p, "mx1", 1), VOUCH_E_RANGE);
        assert_int_equal(p.calls, 0);
    }
    assert_int_equal(change(f->s, three, &p, long_writer, 1), VOUCH_E_RANGE);
    assert_int_equal(store_find_one(f->s, "dom:example.org", "*").outcome, LOOKUP_ABSENT);
}

struct entries {
    size_t count;
    size_t bytes;
    unsigned sum; /* of the first bytes */
    size_t end;
};

static int count_entry(void *arg, const struct store_key *key, struct span value)
{
    struct entries *e = arg;
    assert_true(strlen(key->group) > 0 && strlen(key->field) > 0 && value.len > 0);
    e->count++;
    e->bytes += value.len;
    e->sum += (unsigned char)*value.p;
    return e->count == e->end ? 44 : 0;
}

static int count_tally(void *arg, const struct store_key *key, const struct counts *c)
{
    (void)key;
    *(double *)arg += c->seen;
    return 0;
}

/* A window, encoded; returns its length. */
static size_t make_window(uint8_t *bytes_r, size_t size)
{
    struct window *w = window_new();
    assert_non_null(w);
    assert_int_equal(window_add_message(w, T0), 0);
    assert_int_equal(window_add_message(w, T0), 0);
    assert_int_equal(window_add_member(w, T0, WINDOW_X, 17), 0);
    size_t len = window_encode(w, bytes_r, size);
    window_free(&w);
    assert_true(len > 0);
    return len;
}

struct put {
    struct span value[4];
    size_t count;
};

static int put(void *arg, const struct span *now, struct span *new_r)
{
    const struct put *p = arg;
    (void)now;
    for (size_t i = 0; i < p->count; i++)
        new_r[i] = p->value[i];
    return 0;
}

/* A tally's counts, a window's sum, of other kinds that it is there; what is none of these could not
 * be read. */
static void each_kind_is_looked_up_as_it_is(struct store_fixture *f)
{
    static const struct store_key keys[] = {
        {"dom:example.org", "t"}, {"dom:example.org", "w"}, {"m:1", "*"}, {"x", "newer"}};
    uint8_t tally[TALLY_BYTES_MAX], window[1024];
    struct tally t = {0};
    struct entries all = {0};
    struct store_value v[4];
    double seen = 0;
    char state[200];
    tally_add(&t, 86400, T0, 1, 0, 2);
    struct put p = {.value = {span_make(tally, tally_encode(&t, tally)),
                              span_make(window, make_window(window, sizeof window)),
                              span_make((uint8_t[]){VALUE_MARK, 1, 2}, 3),
                              span_make((uint8_t[]){99}, 1)},
                    .count = 4};
    p.count = 3;
    assert_int_equal(store_change(f->s, keys, 3, put, &p, "", 0), 0);
    store_find(f->s, keys, 4, v);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(v[i].outcome, LOOKUP_FOUND);
    assert_int_equal(v[3].outcome, LOOKUP_ABSENT);
    assert_counts(&v[0].counts, &(struct counts){1, 0, 2, T0, T0});
    assert_int_equal(v[0].window.last, 0);
    assert_int_equal(v[1].window.last, T0);
    assert_int_equal(v[1].window.messages[WINDOW_HOUR], 2);
    assert_int_equal(v[1].window.distinct[WINDOW_X][WINDOW_DAY], 1);
    assert_true(v[1].counts.seen == 0 && v[2].counts.seen == 0 && v[2].window.last == 0);
    assert_int_equal(store_scan_bytes(f->s, count_entry, &all), 0);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.sum, VALUE_TALLY + VALUE_WINDOW + VALUE_MARK);
    assert_int_equal(all.bytes, p.value[0].len + p.value[1].len + p.value[2].len);
    assert_int_equal(store_scan(f->s, count_tally, &seen), 0);
    assert_true(seen == 2);

    p.count = 4;
    assert_int_equal(store_change(f->s, keys, 4, put, &p, "", 0), 0);
    struct store_query *q = store_ask(f->s, keys, 4);
    assert_non_null(q);
    assert_int_equal(store_wait(&q, clock_ms() + 10000, v), LOOKUP_FAILED);
    assert_int_equal(v[0].outcome, LOOKUP_FOUND);
    assert_int_equal(v[3].outcome, LOOKUP_FAILED);
    store_state(f->s, state, sizeof state);
    assert_non_null(strstr(state, "another version of vouch"));
    assert_int_equal(store_scan(f->s, count_tally, &seen), VOUCH_E_IO);
    all = (struct entries){.end = 2};
    assert_int_equal(store_scan_bytes(f->s, count_entry, &all), 44);
    /* masses are added to tallies only */
    const struct store_update u = {keys[1], T0, 1, 0, 1};
    assert_int_equal(store_apply(f->s, &u, 1, "mx1", 1), VOUCH_E_IO);
}

static bool in_group(void *arg, const struct store_key *key)
{
    return strcmp(key->group, arg) == 0;
}

static bool any(void *arg, const struct store_key *key)
{
    (void)arg, (void)key;
    return true;
}

static void what_matches_is_removed(struct store_fixture *f)
{
    enum { KEYS = 25000 }; /* more than is looked at in one go */
    static char fields[KEYS][8], groups[] = "dom:a.example", other[] = "dom:b.example",
                                 long_name[STORE_NAME_MAX + 1];
    static struct store_key keys[KEYS + 1];
    static struct counts c[KEYS + 1];
    struct entries left = {0};
    uint64_t removed = 99;
    assert_int_equal(store_remove(f->s, any, NULL, &removed), 0);
    assert_int_equal(removed, 0);
    memset(long_name, 'n', STORE_NAME_MAX);
    for (size_t i = 0; i < KEYS; i++) {
        snprintf(fields[i], sizeof fields[i], "%zu", i);
        keys[i] = (struct store_key){i % 5 ? groups : other, fields[i]};
    }
    keys[KEYS] = (struct store_key){long_name, long_name};
    for (size_t i = 0; i <= KEYS; i++)
        c[i] = (struct counts){1, 0, 1, T0, T0};
    assert_int_equal(store_put(f->s, keys, c, KEYS + 1), 0);
    assert_int_equal(change(f->s, NULL, &(struct plan){0}, "mx1", 7), 0);
    assert_int_equal(store_remove(f->s, in_group, groups, &removed), 0);
    assert_int_equal(removed, KEYS / 5 * 4);
    assert_int_equal(store_scan_bytes(f->s, count_entry, &left), 0);
    assert_int_equal(left.count, KEYS / 5 + 1);
    assert_int_equal(store_find_one(f->s, groups, "1").outcome, LOOKUP_ABSENT);
    assert_int_equal(store_find_one(f->s, other, "5").outcome, LOOKUP_FOUND);
    assert_int_equal(store_remove(f->s, in_group, long_name, &removed), 0);
    assert_int_equal(removed, 1);
    assert_int_equal(store_remove(f->s, any, NULL, &removed), 0);
    assert_int_equal(removed, KEYS / 5);
    uint64_t mark = 0; /* is no key */
    assert_int_equal(store_watermark(f->s, "mx1", &mark), LOOKUP_FOUND);
    assert_int_equal(mark, 7);
}

static void a_reader_changes_nothing(struct store_fixture *f)
{
    struct plan p = {.count = 3, .make = (const char *const[]){"one", "two", "three"}};
    uint64_t removed;
    assert_int_equal(change(f->s, three, &p, "mx1", 1), 0);
    store_close(&f->s);
    struct store *r = store_open_read_only(f->url);
    struct marks all = {0};
    struct entries entries = {0};
    assert_int_equal(change(r, three, &p, "mx1", 2), VOUCH_E_IO);
    assert_int_equal(p.calls, 0);
    assert_int_equal(store_remove(r, any, NULL, &removed), VOUCH_E_IO);
    assert_int_equal(store_activate(r, "1"), VOUCH_E_IO);
    assert_int_equal(store_drop(r, "2"), VOUCH_E_IO);
    assert_int_equal(store_watermarks(r, count_mark, &all), 0);
    assert_int_equal(all.count, 1);
    assert_string_equal(all.last, "mx1");
    assert_int_equal(store_scan_bytes(r, count_entry, &entries), 0);
    assert_int_equal(entries.count, 3);
    store_close(&r);
}

/* --- two writers ---------------------------------------------------------------------------- */

enum { WRITERS = 3, STEPS = 60, COUNTERS = 40 };

struct counting {
    pthread_t thread;
    struct store *s;
    char name[8];
    char digits[COUNTERS][12];
    bool failed;
};

/* One more in every counter, which must all stand at the same number. */
static int count_up(void *arg, const struct span *now, struct span *new_r)
{
    struct counting *w = arg;
    for (size_t i = 0; i < COUNTERS; i++) {
        uint64_t n = 0;
        w->failed |= !span_eq(now[i], now[0]);
        if (now[i].len)
            w->failed |= span_uint(now[i], UINT32_MAX, &n) != 0;
        snprintf(w->digits[i], sizeof w->digits[i], "%lu", (unsigned long)n + 1);
        new_r[i] = span_of(w->digits[i]);
    }
    return 0;
}

static void *count_many(void *arg)
{
    static const char *const fields[COUNTERS] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    struct counting *w = arg;
    struct store_key keys[COUNTERS];
    char groups[COUNTERS / 10][16];
    for (size_t i = 0; i < COUNTERS; i++) {
        snprintf(groups[i / 10], sizeof groups[0], "dom:g%zu", i / 10);
        keys[i] = (struct store_key){groups[i / 10], fields[i % 10]};
    }
    for (uint64_t step = 1; step <= STEPS && !w->failed; step++) {
        int rc = VOUCH_E_TEMP;
        for (int tries = 0; tries < 100 && rc == VOUCH_E_TEMP; tries++)
            rc = store_change(w->s, keys, COUNTERS, count_up, w, w->name, step);
        w->failed |= rc != 0;
    }
    return NULL;
}

static void writers_do_not_lose_each_others_changes(struct store_fixture *f)
{
    static struct counting w[WRITERS];
    const char *want = "180"; /* WRITERS * STEPS */
    memset(w, 0, sizeof w);
    for (int i = 0; i < WRITERS; i++) {
        w[i].s = f->s;
        snprintf(w[i].name, sizeof w[i].name, "mx%d", i);
        assert_int_equal(pthread_create(&w[i].thread, NULL, count_many, &w[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(w[i].thread, NULL);
    for (int i = 0; i < WRITERS; i++)
        assert_false(w[i].failed);
    assert_kept(f->s, (const struct store_key[]){{"dom:g0", "0"}, {"dom:g3", "9"}}, 2,
                (const char *const[]){want, want});
}

static const struct store_case cases[] = {
    {"compute sees what is kept", compute_sees_what_is_kept, false},
    {"values are any bytes", values_are_any_bytes, false},
    {"the same is no change", the_same_is_no_change, false},
    {"an error of compute changes nothing", an_error_of_compute_changes_nothing, false},
    {"a watermark lets nothing in twice", a_watermark_lets_nothing_in_twice, false},
    {"watermarks are told", watermarks_are_told, false},
    {"what cannot be kept is refused", what_cannot_be_kept_is_refused, false},
    {"each kind is looked up as it is", each_kind_is_looked_up_as_it_is, false},
    {"what matches is removed", what_matches_is_removed, false},
    {"a reader changes nothing", a_reader_changes_nothing, true},
    {"writers do not lose each other's changes", writers_do_not_lose_each_others_changes, false},
};

int main(void)
{
    return store_backends_run("store_change", cases, LENGTH(cases), NULL, 0);
}
