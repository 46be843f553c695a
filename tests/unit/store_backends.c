/* SPDX-License-Identifier: BSD-2-Clause */
/* The backends that keep something, and how cases are run against each of them. */
#include "store_backends.h"
#include <ftw.h>
#include <math.h>
#include "redis_server.h"

static struct redis_server redis;

static struct store *open_with(const char *url, const char *version, bool read_only)
{
    char error[512] = "";
    const struct store_options o = {.connect_timeout_ms = 5000,
                                    .half_life = HALF_LIFE,
                                    .read_only = read_only,
                                    .version = version};
    struct store *s = store_open(url, &o, error, sizeof error);
    if (!s)
        fail_msg("%s: %s", url, error);
    return s;
}

struct store *store_open_version(const char *url, const char *version)
{
    return open_with(url, version, false);
}

struct store *store_open_read_only(const char *url)
{
    return open_with(url, NULL, true);
}

void store_find(struct store *s, const struct store_key *keys, size_t count,
                struct store_value *values_r)
{
    struct store_query *q = store_ask(s, keys, count);
    assert_non_null(q);
    int rc = store_wait(&q, clock_ms() + 10000, values_r);
    if (rc != LOOKUP_FOUND) {
        char state[200];
        store_state(s, state, sizeof state);
        fail_msg("look-up: %d, store: %s", rc, state);
    }
    assert_null(q);
}

struct store_value store_find_one(struct store *s, const char *group, const char *field)
{
    struct store_value v;
    store_find(s, &(struct store_key){group, field}, 1, &v);
    return v;
}

/* A tally keeps some four decimals, and of many messages some four digits. */
static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-4 * (1 + fabs(b));
}

void assert_counts(const struct counts *got, const struct counts *want)
{
    if (!near(got->good, want->good) || !near(got->bad, want->bad) ||
        !near(got->seen, want->seen) || got->first != want->first || got->last != want->last)
        fail_msg("got %.10g %.10g %.10g %lld %lld, want %.10g %.10g %.10g %lld %lld", got->good,
                 got->bad, got->seen, (long long)got->first, (long long)got->last, want->good,
                 want->bad, want->seen, (long long)want->first, (long long)want->last);
}

/* --- the backends --------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static void memory_setup(struct store_fixture *f)
{
    snprintf(f->url, sizeof f->url, "memory:");
}

static void lmdb_setup(struct store_fixture *f)
{
    snprintf(f->dir, sizeof f->dir, "/tmp/vouch-lmdb-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->url, sizeof f->url, "lmdb:%s/model", f->dir);
}

static void redis_setup(struct store_fixture *f)
{
    char answer[64];
    if (!redis.pid)
        skip(); /* no redis-server on this host */
    redis_server_do(&redis, "FLUSHALL", answer, sizeof answer);
    assert_string_equal(answer, "OK");
    snprintf(f->url, sizeof f->url, "redis+unix:%s?db=3", redis.socket);
}

static const struct {
    const char *name;
    void (*setup)(struct store_fixture *f);
    bool lasts;
} backends[] = {
    {"memory", memory_setup, false},
    {"lmdb", lmdb_setup, true},
    {"redis", redis_setup, true},
};

struct test {
    char name[100];
    size_t backend, number;
};

static const struct store_case *cases; /* of this program */

static void run(void **state)
{
    const struct test *t = *state;
    struct store_fixture f = {0};
    backends[t->backend].setup(&f);
    f.s = store_open_version(f.url, NULL);
    cases[t->number].run(&f);
    store_close(&f.s);
    if (*f.dir)
        nftw(f.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int redis_up(void **state)
{
    (void)state;
    if (redis_server_installed()) {
        redis_server_init(&redis);
        redis_server_start(&redis, NULL);
    }
    return 0;
}

static int redis_down(void **state)
{
    (void)state;
    if (redis.pid)
        redis_server_clear(&redis);
    return 0;
}

int store_backends_run(const char *name, const struct store_case *list, size_t count,
                       const struct CMUnitTest *others, size_t other_count)
{
    struct test *table = calloc(LENGTH(backends) * count, sizeof *table);
    struct CMUnitTest *tests = calloc(LENGTH(backends) * count + other_count, sizeof *tests);
    size_t n = 0;
    if (!table || !tests)
        return 1;
    cases = list;
    for (; n < other_count; n++)
        tests[n] = others[n];
    for (size_t i = 0; i < LENGTH(backends) * count; i++) {
        struct test *t = &table[i];
        t->backend = i / count;
        t->number = i % count;
        if (cases[t->number].again && !backends[t->backend].lasts)
            continue;
        snprintf(t->name, sizeof t->name, "%s: %s", backends[t->backend].name,
                 cases[t->number].name);
        tests[n++] = (struct CMUnitTest){t->name, run, NULL, NULL, t};
    }
    int rc = _cmocka_run_group_tests(name, tests, n, redis_up, redis_down);
    free(tests);
    free(table);
    return rc;
}
