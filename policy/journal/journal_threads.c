/* SPDX-License-Identifier: BSD-2-Clause */
/* A journal's threads, and the syncer: every interval a sync, if there is something; while something
 * fails, a try each second, and what was kept in memory written in order when it succeeds. Reports
 * come from here, never from an append. */
#include "config.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include "clock.h"
#include "journal_private.h"

#define RETRY_MS    1000
#define REMIND_MS   60000 /* between two reports of one trouble */
#define DRAIN_BATCH 256   /* kept records written before others may take the lock */

void journal_tell(struct journal *j, bool trouble, const char *format, ...)
{
    char text[JOURNAL_ERROR_MAX + 200];
    va_list args;
    if (!j->options.report)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    j->options.report(j->options.report_arg, trouble, text);
}

void journal_tell_damage(struct journal *j, uint64_t first, uint64_t bytes)
{
    char name[JOURNAL_NAME_MAX];
    journal_name(name, first, ".open");
    journal_tell(j, true,
                 "%s/%s/%s: %llu bytes in its middle are damaged, is the disk failing? The records "
                 "around them are kept",
                 j->options.dir, j->options.writer, name, (unsigned long long)bytes);
}

void journal_wait(struct journal *j, pthread_cond_t *cond, int64_t until_ms)
{
    struct timespec t = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    pthread_cond_timedwait(cond, &j->lock, &t);
}

/* Says that something fails: at once, then every minute. */
static void tell_trouble(struct journal *j)
{
    char trouble[sizeof j->trouble];
    int64_t now = clock_ms();
    bool first = j->told_ms == 0;
    unsigned long long kept = j->kept.count, lost = j->kept.lost - j->lost_told;
    if (!first && now - j->told_ms < REMIND_MS)
        return;
    j->told_ms = now;
    snprintf(trouble, sizeof trouble, "%s", j->trouble);
    pthread_mutex_unlock(&j->lock);
    if (first)
        journal_tell(j, true,
                     "%s. Records are kept in memory until this is mended, %llu MiB of them",
                     trouble, (unsigned long long)(j->options.memory_bytes >> 20));
    else
        journal_tell(j, true, "%s. Still so: %llu records in memory, %llu lost", trouble, kept,
                     lost);
    pthread_mutex_lock(&j->lock);
}

static void tell_recovery(struct journal *j)
{
    unsigned long long waited = j->waited, lost = j->kept.lost - j->lost_told;
    bool told = j->told_ms != 0;
    j->waited = 0;
    j->told_ms = 0;
    j->lost_told = j->kept.lost;
    if (!told)
        return;
    pthread_mutex_unlock(&j->lock);
    journal_tell(j, false, "the journal is well again: %llu records had to wait, %llu were lost",
                 waited, lost);
    pthread_mutex_lock(&j->lock);
}

/* Writes what was kept, and lets others in now and then: their records go behind these. */
static void drain(struct journal *j)
{
    for (unsigned n = 1; j->kept.count > 0 && !j->failing; n++) {
        struct frame f = j->kept.head->frame;
        if (journal_put(j, &f) != 0)
            return;
        kept_shift(&j->kept);
        if (n % DRAIN_BATCH == 0) {
            pthread_mutex_unlock(&j->lock);
            pthread_mutex_lock(&j->lock);
        }
    }
}

/* Makes whole what a failure left. */
static int mend(struct journal *j)
{
    for (struct segment *s = j->oldest; s; s = s->next)
        if ((s->torn && segment_cut(s) != 0) || (j->sync_failed && segment_rewrite(s) != 0))
            return errno;
    j->sync_failed = false;
    return 0;
}

static void retry(struct journal *j)
{
    char error[JOURNAL_ERROR_MAX] = "";
    if (journal_is_gone(j))
        journal_detach(j);
    if (!j->attached) {
        pthread_mutex_unlock(&j->lock);
        int rc = journal_attach(j, 0, error, sizeof error);
        pthread_mutex_lock(&j->lock);
        if (rc != 0) {
            snprintf(j->trouble, sizeof j->trouble, "%s",
                     rc == VOUCH_E_NOMEM ? vouch_strerror(rc) : error);
            return;
        }
    }
    int failed = mend(j);
    if (failed) {
        journal_fail(j, "cannot be written", failed);
        return;
    }
    j->failing = false;
    drain(j);
    if (!j->failing)
        journal_sync_to(j, j->last);
    if (!j->failing) {
        pthread_cond_signal(&j->keeper_work); /* it did not look while this lasted */
        tell_recovery(j);
    }
}

static void sync_now(struct journal *j)
{
    busy_begin(&j->syncer_busy);
    journal_sync_to(j, j->last);
    busy_end(&j->syncer_busy);
}

static void syncer_round(struct journal *j)
{
    if (j->failing || j->kept.count > 0) {
        tell_trouble(j);
        busy_begin(&j->syncer_busy);
        retry(j);
        busy_end(&j->syncer_busy);
        if (j->failing && !j->stop) {
            tell_trouble(j);
            journal_wait(j, &j->syncer_work, clock_ms() + RETRY_MS);
        }
    } else if (j->options.sync == JOURNAL_INTERVAL && j->dirty_ms != 0) {
        int64_t due = j->dirty_ms + j->options.interval_ms;
        if (clock_ms() < due)
            journal_wait(j, &j->syncer_work, due);
        else if (journal_is_gone(j))
            journal_fail(j, "was removed, with all records in it: a new journal begins", 0);
        else
            sync_now(j);
    } else {
        pthread_cond_wait(&j->syncer_work, &j->lock);
    }
}

static void *syncer_main(void *arg)
{
    struct journal *j = arg;
    pthread_mutex_lock(&j->lock);
    while (!j->stop)
        syncer_round(j);
    if (j->failing || j->kept.count > 0)
        retry(j); /* the last chance */
    else
        journal_sync_to(j, j->last);
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

int journal_threads_start(struct journal *j)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the program's business */
    j->syncer_runs = pthread_create(&j->syncer, NULL, syncer_main, j) == 0;
    j->keeper_runs = pthread_create(&j->keeper, NULL, journal_keep, j) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (j->syncer_runs && j->keeper_runs)
        return 0;
    journal_threads_stop(j);
    return VOUCH_E_NOMEM;
}

void journal_threads_stop(struct journal *j)
{
    pthread_mutex_lock(&j->lock);
    j->stop = true;
    pthread_cond_broadcast(&j->syncer_work);
    pthread_cond_broadcast(&j->keeper_work);
    pthread_mutex_unlock(&j->lock);
    if (j->keeper_runs)
        pthread_join(j->keeper, NULL);
    if (j->syncer_runs)
        pthread_join(j->syncer, NULL);
    j->keeper_runs = j->syncer_runs = false;
}
