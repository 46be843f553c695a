/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's quarantine. A directory that cannot be used is no reason not to judge mail: what is to be stored is held meanwhile. */
#include "keeper.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "clock.h"
#include "clock_guard.h"

#define ROUND_S   60
#define REMIND_MS 600000 /* of what still fails */

struct keeper {
    struct keeper_options options;
    struct quarantine *_Atomic quarantine;
    pthread_mutex_t lock; /* of the rest but the clock */
    pthread_cond_t changed;
    pthread_t thread;
    bool running, stop, look; /* look: at once */
    int64_t told_ms;          /* when the log last heard of a failure; 0: nothing fails */

    struct clock_guard clock; /* the thread's */

    pthread_mutex_t totals_lock;
    struct quarantine_purged totals;
    bool counted; /* totals are known */
};

struct keeper *keeper_new(const struct keeper_options *options)
{
    pthread_condattr_t attr;
    struct keeper *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->options = *options;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&k->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&k->lock, NULL);
    pthread_mutex_init(&k->totals_lock, NULL);
    clock_guard_doubt(&k->clock, clock_wall_us(), clock_steady_us());
    return k;
}

void keeper_stop(struct keeper *k)
{
    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    bool running = k->running;
    k->running = false;
    k->stop = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
    if (running)
        pthread_join(k->thread, NULL);
}

void keeper_free(struct keeper **kp)
{
    struct keeper *k = *kp;
    *kp = NULL;
    if (!k)
        return;
    keeper_stop(k);
    struct quarantine *q = atomic_load(&k->quarantine);
    quarantine_close(&q);
    pthread_cond_destroy(&k->changed);
    pthread_mutex_destroy(&k->lock);
    pthread_mutex_destroy(&k->totals_lock);
    free(k);
}

struct quarantine *keeper_quarantine(struct keeper *k)
{
    return atomic_load(&k->quarantine);
}

/* The lock is held. */
static void tell_failure(struct keeper *k, const char *error, const char *result)
{
    int64_t now = clock_ms();
    if (k->told_ms && now - k->told_ms < REMIND_MS)
        return;
    k->told_ms = now;
    log_write(k->options.log, LOG_LEVEL_ERROR, "quarantine: %s: %s", error, result);
}

/* Opens it where it is wanted. The lock is held. */
static void open_wanted(struct keeper *k, const struct settings *s)
{
    const struct quarantine_options o = {
        .dir = s->quarantine_dir,
        .key_file = s->quarantine_key,
        .bytes = s->quarantine_max_bytes,
        .memory_bytes = s->quarantine_memory,
    };
    char error[1200];
    if (atomic_load(&k->quarantine) || !settings_may_store(s))
        return;
    struct quarantine *q = quarantine_open(&o, error, sizeof error);
    if (!q) {
        tell_failure(k, error, "mail that is to be stored is held instead");
        return;
    }
    if (k->told_ms)
        log_write(k->options.log, LOG_LEVEL_WARNING, "quarantine: it can be used again");
    k->told_ms = 0;
    atomic_store(&k->quarantine, q);
}

static void note_totals(struct keeper *k, const struct quarantine_purged *now, bool complete)
{
    pthread_mutex_lock(&k->totals_lock);
    unsigned removed = k->totals.removed + now->removed;
    if (complete)
        k->totals = *now;
    k->totals.removed = removed;
    k->counted |= complete;
    pthread_mutex_unlock(&k->totals_lock);
}

bool keeper_totals(struct keeper *k, struct quarantine_purged *totals_r)
{
    pthread_mutex_lock(&k->totals_lock);
    *totals_r = k->totals;
    bool counted = k->counted;
    pthread_mutex_unlock(&k->totals_lock);
    return counted;
}

/* Removes what is too old, or too much. */
static void purge(struct keeper *k, const struct settings *s)
{
    struct quarantine *q = atomic_load(&k->quarantine);
    struct quarantine_purged now;
    int64_t now_us;
    bool sure = clock_guard_sure(&k->clock, clock_wall_us(), clock_steady_us(), &now_us);
    if (!q)
        return;
    int64_t before_us = sure && s->quarantine_keep_age_s
                            ? now_us - (int64_t)s->quarantine_keep_age_s * 1000000
                            : INT64_MIN;
    int rc = quarantine_purge(q, before_us, s->quarantine_keep_bytes, &now);
    const char *error = rc == VOUCH_E_IO ? strerror(errno) : vouch_strerror(rc);
    pthread_mutex_lock(&k->lock);
    if (rc != 0)
        tell_failure(k, error, "old mail cannot be removed, it is tried again");
    else
        k->told_ms = 0;
    pthread_mutex_unlock(&k->lock);
    note_totals(k, &now, rc == 0);
    if (now.removed)
        log_write(k->options.log, LOG_LEVEL_INFO,
                  "quarantine: %u messages removed, older than keep_age or beyond keep_size",
                  now.removed);
}

/* Waits for the next round; false: stop. */
static bool wait_round(struct keeper *k)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ROUND_S;
    pthread_mutex_lock(&k->lock);
    while (!k->stop && !k->look && pthread_cond_timedwait(&k->changed, &k->lock, &until) == 0)
        ;
    k->look = false;
    bool on = !k->stop;
    pthread_mutex_unlock(&k->lock);
    return on;
}

static void *run(void *arg)
{
    struct keeper *k = arg;
    do {
        struct settings *s = k->options.settings(k->options.settings_arg);
        pthread_mutex_lock(&k->lock);
        open_wanted(k, s);
        pthread_mutex_unlock(&k->lock);
        purge(k, s);
        settings_unref(&s);
    } while (wait_round(k));
    return NULL;
}

void keeper_refresh(struct keeper *k)
{
    struct settings *s = k->options.settings(k->options.settings_arg);
    pthread_mutex_lock(&k->lock);
    open_wanted(k, s);
    if (settings_may_store(s) && !k->running && !k->stop) {
        int rc = pthread_create(&k->thread, NULL, run, k);
        k->running = rc == 0;
        if (rc != 0)
            tell_failure(k, strerror(rc), "no thread, so old mail is not removed");
    }
    k->look = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
    settings_unref(&s);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool keeper_same(const struct settings *a, const struct settings *b)
{
    return same(a->quarantine_dir, b->quarantine_dir) &&
           same(a->quarantine_key, b->quarantine_key) &&
           a->quarantine_max_bytes == b->quarantine_max_bytes &&
           a->quarantine_memory == b->quarantine_memory;
}
