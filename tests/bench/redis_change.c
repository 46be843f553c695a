/* SPDX-License-Identifier: BSD-2-Clause */
/* What a store_change costs in Redis: redis_change SOCKET [CHANGES [KEYS]...]. For each number of
 * keys (one in three of a group of its own, the rest with one or more neighbours): keys changed in a
 * second, our processor time, and that of the server, in milliseconds for 1000 keys. Writes to the
 * version "bench" of the model, and removes it. */
#include "config.h"
#include <hiredis/hiredis.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "clock.h"
#include "store.h"

#define VALUE_BYTES 48  /* of an ordinary tally */
#define SUBJECTS    4e6 /* keys of the model */

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

static int measure(struct store *s, redisContext *c, size_t changes, size_t keys)
{
    struct work w = {.random = 1};
    w.keys = calloc(keys, sizeof *w.keys);
    w.names = calloc(keys, sizeof *w.names);
    w.values = calloc(keys, sizeof *w.values);
    if (!w.keys || !w.names || !w.values)
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
    printf("%7zu keys: %8.0f keys/s, per 1000 keys %.2f ms ours, %.2f ms of the server; a change "
           "%.1f ms, at most %.1f\n",
           keys, all / us * 1e6, ours / all * 1e3, theirs / all * 1e3, us / 1e3 / (double)changes,
           longest / 1e3);
    free(w.values);
    free(w.names);
    free(w.keys);
    return rc;
}

int main(int argc, char **argv)
{
    const struct store_options o = {.half_life = 86400, .version = "bench"};
    char url[200], text[300];
    if (argc < 2) {
        fprintf(stderr, "usage: redis_change SOCKET [CHANGES [KEYS]...]\n");
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
        rc = measure(s, c, changes, strtoul(argv[i], NULL, 10));
    if (argc <= 3)
        rc = measure(s, c, changes, 1000);
    if (rc == 0)
        rc = store_drop(s, "bench");
    store_state(s, text, sizeof text);
    if (rc != 0)
        fprintf(stderr, "%s: %d: %s\n", url, rc, text);
    store_close(&s);
    redisFree(c);
    return rc == 0 ? 0 : 1;
}
