/* SPDX-License-Identifier: BSD-2-Clause */
/* Every allocation of this room fails once, in turn: nothing crashes or leaks (the sanitizer builds
 * see that), every failure is said to be one, and a batch that failed was not applied. Linked with
 * --wrap for the allocator, so that only the project's own code is hit. */
#include "config.h"
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "nomem.h"
#include "redis_server.h"
#include "store.h"

#define T0 1700000000

static atomic_long countdown; /* the allocation that makes it 0 fails */

bool nomem_fails(void)
{
    return atomic_fetch_sub(&countdown, 1) == 1;
}

static const struct store_key keys[] = {{"dom:example.org", "*"}, {"ip:192.0.2.0/24", "*"}};

static int count_key(void *arg, const struct store_key *key, const struct counts *c)
{
    (void)key, (void)c;
    ++*(int *)arg;
    return 0;
}

static int count_mark(void *arg, const char *writer, uint64_t watermark)
{
    (void)writer, (void)watermark;
    ++*(int *)arg;
    return 0;
}

static int count_version(void *arg, const struct store_version_info *v)
{
    (void)v;
    ++*(int *)arg;
    return 0;
}

static bool is_z(void *arg, const struct store_key *key)
{
    (void)arg;
    return strcmp(key->field, "z") == 0;
}

struct kept {
    const char *expect, *make; /* of both keys; NULL: does not matter, stays */
};

static int look_and_set(void *arg, const struct span *now, struct span *new_r)
{
    const struct kept *k = arg;
    for (int i = 0; i < 2; i++) {
        if (k->expect) {
            assert_int_equal(now[i].len, strlen(k->expect));
            assert_true(now[i].len == 0 || *now[i].p == *k->expect);
        }
        if (k->make)
            new_r[i] = span_of(k->make);
    }
    return 0;
}

#define assert_known_error(rc) known_error(rc, __LINE__)
static void known_error(int rc, int line)
{
    if (rc != 0 && rc != VOUCH_E_NOMEM && rc != VOUCH_E_TEMP)
        fail_msg("line %d: error %d", line, rc);
}

/* Values, versions and removal. What failed has changed nothing. */
static void use_values(struct store *s)
{
    static const struct store_key two[] = {{"dom:example.org", "z"}, {"dom:example.org", "b"}};
    struct kept kept = {.make = "x"};
    uint64_t mark = 0, removed;
    int marks = 0, versions = 0, rc;
    int changed = store_change(s, two, 2, look_and_set, &kept, "mx2", 7);
    assert_known_error(changed);
    long left = atomic_exchange(&countdown, -1);
    if (changed != VOUCH_E_TEMP) { /* then it is not known */
        kept = (struct kept){.expect = changed == 0 ? "x" : ""};
        assert_int_equal(store_change(s, two, 2, look_and_set, &kept, "", 0), 0);
        assert_int_equal(store_watermark(s, "mx2", &mark),
                         changed == 0 ? LOOKUP_FOUND : LOOKUP_ABSENT);
    }
    atomic_store(&countdown, left);
    assert_known_error(store_watermarks(s, count_mark, &marks));
    assert_known_error(store_versions(s, count_version, &versions));
    rc = store_activate(s, "2"); /* there is none */
    if (rc != VOUCH_E_RANGE)
        assert_known_error(rc);
    assert_true(rc != 0);
    rc = store_drop(s, "2");
    if (rc != VOUCH_E_RANGE)
        assert_known_error(rc);
    assert_true(rc != 0);
    store_version(s); /* NULL is an answer */
    rc = store_remove(s, is_z, NULL, &removed);
    assert_known_error(rc);
    if (rc == 0 && changed == 0)
        assert_int_equal(removed, 1);
}

/* Masses of the first key; -1: the look-up failed, which is said. */
static double ask(struct store *s)
{
    struct store_value v[2];
    struct store_query *q = store_ask(s, keys, 2);
    if (!q)
        return -1;
    if (store_wait(&q, clock_ms() + 10000, v) != LOOKUP_FOUND) {
        assert_true(v[0].outcome < 0 || v[1].outcome < 0);
        return -1;
    }
    return v[0].outcome == LOOKUP_FOUND ? v[0].counts.seen : 0;
}

static void use(struct store *s)
{
    const struct store_update u[] = {{keys[0], T0, 1, 0, 1}, {keys[1], T0, 1, 0, 1}};
    const struct counts one = {1, 0, 1, T0, T0};
    const struct store_key other = {"dom:example.net", "*"};
    uint64_t mark;
    int count = 0;
    int applied = store_apply(s, u, 2, "mx1", 1);
    assert_known_error(applied);
    double seen = ask(s);
    long left = atomic_exchange(&countdown, -1); /* the truth, undisturbed */
    double truth = ask(s);
    for (int64_t end = clock_ms() + 10000; truth < 0 && clock_ms() < end;) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL); /* it may have to reconnect */
        truth = ask(s);
    }
    atomic_store(&countdown, left);
    assert_true(truth == (applied == 0 ? 1 : 0));
    assert_true(seen == -1 || seen == truth);
    assert_known_error(store_put(s, &other, &one, 1));
    if (store_watermark(s, "mx1", &mark) == LOOKUP_FOUND)
        assert_true(applied == 0 && mark == 1);
    assert_known_error(store_scan(s, count_key, &count));
    use_values(s);
}

/* url with the n-th allocation failing; false: there was no n-th. */
static bool with_failure(const char *url, long n)
{
    char error[512] = "";
    const struct store_options o = {.connect_timeout_ms = 5000, .half_life = 86400};
    atomic_store(&countdown, n);
    struct store *s = store_open(url, &o, error, sizeof error);
    if (s)
        use(s);
    else
        assert_non_null(strstr(error, "memory"));
    long left = atomic_exchange(&countdown, -1);
    store_close(&s);
    return left <= 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static void memory_survives(void **state)
{
    (void)state;
    long n = 1;
    while (with_failure("memory:", n))
        n++;
    assert_true(n > 5);
}

static void memory_of_a_file_survives(void **state)
{
    (void)state;
    char path[] = "/tmp/vouch-nomem-XXXXXX", url[64];
    static const char line[] =
        "{\"group\":\"dom:example.com\",\"field\":\"*\",\"good\":1,\"bad\":0,"
        "\"seen\":1,\"first\":1,\"last\":2}\n";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, line, sizeof line - 1), sizeof line - 1);
    close(fd);
    snprintf(url, sizeof url, "memory:%s", path);
    long n = 1;
    while (with_failure(url, n))
        n++;
    unlink(path);
    assert_true(n > 5);
}

static void lmdb_survives(void **state)
{
    (void)state;
    char dir[] = "/tmp/vouch-nomem-XXXXXX", url[64];
    bool more = true;
    assert_non_null(mkdtemp(dir));
    for (long n = 1; more; n++) {
        snprintf(url, sizeof url, "lmdb:%s/%ld", dir, n);
        more = with_failure(url, n);
    }
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void redis_survives(void **state)
{
    (void)state;
    struct redis_server r;
    char url[160], answer[64];
    bool more = true;
    if (!redis_server_installed())
        skip();
    redis_server_init(&r);
    redis_server_start(&r, NULL);
    snprintf(url, sizeof url, "redis+unix:%s", r.socket);
    long n;
    for (n = 1; more; n++) {
        atomic_store(&countdown, -1);
        redis_server_do(&r, "FLUSHALL", answer, sizeof answer);
        redis_server_do(&r, n % 2 ? "SET vouch:active next" : "PING", answer, sizeof answer);
        more = with_failure(url, n);
    }
    redis_server_clear(&r);
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_survives),
        cmocka_unit_test(memory_of_a_file_survives),
        cmocka_unit_test(lmdb_survives),
        cmocka_unit_test(redis_survives),
    };
    return cmocka_run_group_tests_name("store_nomem", tests, NULL, NULL);
}
