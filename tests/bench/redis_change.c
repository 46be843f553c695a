/* SPDX-License-Identifier: BSD-2-Clause */
/* What a store_change costs in Redis: redis_change [-l] SOCKET [CHANGES [KEYS]...]. For each number of
 * keys (one in three of a group of its own, the rest with one or more neighbours): keys changed in a
 * second, our processor time, and that of the server, in milliseconds for 1000 keys; -l: and how
 * long look-ups take meanwhile (which are then in the processor times). Writes to the
 * version "bench" of the model, and removes it. */
#include "config.h"
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "clock.h"
#include "store.h"

#define VALUE_BYTES 48  /* of an ordinary tally */
#define SUBJECTS    4e6 /* keys of the model */
#define GROUPS      12  /* of a look-up */
#define LATE_MS     20

/* Look-ups as a message makes them, one after the other. */
struct asking {
    pthread_t thread;
    struct store *store;
    atomic_bool stop;
    size_t count, late; /* over LATE_MS */
    double longest;     /* ms */
};

static void *ask(void *arg)
{
    struct asking *a = arg;
    char names[GROUPS][32];
    struct store_key keys[GROUPS];
    struct store_value values[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
        snprintf(names[i], sizeof names[i], "dom:d%d.example.org", i);
        keys[i] = (struct store_key){names[i], "*"};
    }
    while (!atomic_load(&a->stop)) {
        int64_t began = clock_us();
        struct store_query *q = store_ask(a->store, keys, GROUPS);
        int rc = q ? store_wait(&q, clock_ms() + 5000, values) : LOOKUP_FAILED;
        double took = (double)(clock_us() - began) / 1e3;
        a->count++;
        a->late += rc != LOOKUP_FOUND || took > LATE_MS;
        a->longest = took > a->longest ? took : a->longest;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return NULL;
}

static double cpu_ms(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static double info(redisContext *c, const char *section, const char *name)
{
    redisReply *r = redisCommand(c, "INFO %s", section);
    const char *at = r && r->str ? strstr(r->str, name) : NULL;
    double value = at ? strtod(at + strlen(name), NULL) : 0;
    if (r)
        freeReplyObject(r);
    return value;
}

static double server_ms(redisContext *c)
{
    return 1e3 * (info(c, "cpu", "used_cpu_user_main_thread:") +
                  info(c, "cpu", "used_cpu_sys_main_thread:"));
}

struct work {
    struct store_key *keys;
    char (*names)[2][32];
    size_t count;
    uint8_t (*values)[VALUE_BYTES];
    uint64_t random;
};

static uint32_t next(struct work *w)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(w->random >> 33);
}

static int compare(const void *a, const void *b)
{
    const struct store_key *x = a, *y = b;
    int c = strcmp(x->group, y->group);
    return c ? c : strcmp(x->field, y->field);
}

static void choose(struct work *w, size_t count)
{
    uint32_t group = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || next(w) % 3 == 0)
            group = next(w) % (uint32_t)(SUBJECTS / 3);
        snprintf(w->names[i][0], 32, "dom:d%u.example.org", group);
        snprintf(w->names[i][1], 32, "a:user%u@example.org", next(w) % 8);
        w->keys[i] = (struct store_key){w->names[i][0], w->names[i][1]};
    }
    qsort(w->keys, count, sizeof *w->keys, compare);
    w->count = 0;
    for (size_t i = 0; i < count; i++)
        if (!w->count || compare(&w->keys[w->count - 1], &w->keys[i]) != 0)
            w->keys[w->count++] = w->keys[i];
}

static int compute(void *arg, const struct span *now, struct span *new_r)
{
    struct work *w = arg;
    for (size_t i = 0; i < w->count; i++) {
        if (now[i].len == VALUE_BYTES)
            memcpy(w->values[i], now[i].p, VALUE_BYTES);
        w->values[i][1]++;
        new_r[i] = span_make(w->values[i], VALUE_BYTES);
    }
    return 0;
}

static int measure(struct store *s, redisContext *c, bool look_up, size_t changes, size_t keys)
{
    struct work w = {.random = 1};
    w.keys = calloc(keys, sizeof *w.keys);
    w.names = calloc(keys, sizeof *w.names);
    w.values = calloc(keys, sizeof *w.values);
    if (!w.keys || !w.names || !w.values)
        return VOUCH_E_NOMEM;
    struct asking a = {.store = s};
    if (look_up && pthread_create(&a.thread, NULL, ask, &a) != 0)
        return VOUCH_E_NOMEM;
    double ours = 0, theirs = 0, us = 0, all = 0, longest = 0;
    int rc = 0;
    for (size_t i = 0; i < changes && rc == 0; i++) {
        choose(&w, keys);
        double server = server_ms(c), cpu = cpu_ms();
        int64_t began = clock_us();
        rc = store_change(s, w.keys, w.count, compute, &w, "bench", (uint64_t)clock_wall_us());
        double took = (double)(clock_us() - began);
        us += took;
        longest = took > longest ? took : longest;
        ours += cpu_ms() - cpu;
        theirs += server_ms(c) - server;
        all += (double)w.count;
    }
    atomic_store(&a.stop, true);
    if (look_up)
        pthread_join(a.thread, NULL);
    printf("%7zu keys: %8.0f keys/s, per 1000 keys %.2f ms ours, %.2f ms of the server; a change "
           "%.1f ms, at most %.1f\n",
           keys, all / us * 1e6, ours / all * 1e3, theirs / all * 1e3, us / 1e3 / (double)changes,
           longest / 1e3);
    if (look_up)
        printf("        %zu look-ups meanwhile: %zu took more than %d ms, the longest %.1f ms\n",
               a.count, a.late, LATE_MS, a.longest);
    free(w.values);
    free(w.names);
    free(w.keys);
    return rc;
}

int main(int argc, char **argv)
{
    const struct store_options o = {.half_life = 86400, .version = "bench"};
    char url[200], text[300];
    bool look_up = argc > 1 && strcmp(argv[1], "-l") == 0;
    argv += look_up;
    argc -= look_up;
    if (argc < 2) {
        fprintf(stderr, "usage: redis_change [-l] SOCKET [CHANGES [KEYS]...]\n");
        return 64;
    }
    snprintf(url, sizeof url, "redis+unix:%s", argv[1]);
    struct store *s = store_open(url, &o, text, sizeof text);
    redisContext *c = redisConnectUnix(argv[1]);
    if (!s || !c || c->err) {
        fprintf(stderr, "%s: %s\n", url, s ? "cannot be reached" : text);
        return 69;
    }
    size_t changes = argc > 2 ? strtoul(argv[2], NULL, 10) : 200;
    int rc = 0;
    for (int i = 3; i < argc && rc == 0; i++)
        rc = measure(s, c, look_up, changes, strtoul(argv[i], NULL, 10));
    if (argc <= 3)
        rc = measure(s, c, look_up, changes, 1000);
    if (rc == 0)
        rc = store_drop(s, "bench");
    store_state(s, text, sizeof text);
    if (rc != 0)
        fprintf(stderr, "%s: %d: %s\n", url, rc, text);
    store_close(&s);
    redisFree(c);
    return rc == 0 ? 0 : 1;
}
