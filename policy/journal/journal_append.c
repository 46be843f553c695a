/* SPDX-License-Identifier: BSD-2-Clause */
/* Records to the kernel, one write each, and from there to the disk, one sync for all that wait.
 * The lock is held wherever this is called, and let go only while a sync runs. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "journal_private.h"

void journal_fail(struct journal *j, const char *what, int error)
{
    snprintf(j->trouble, sizeof j->trouble, "%.100s/%.64s: %s%s%s", j->options.dir,
             j->options.writer, what, error ? ": " : "", error ? strerror(error) : "");
    j->failing = true;
    pthread_cond_signal(&j->syncer_work);
    pthread_cond_broadcast(&j->sync_done);
}

/* The segment that takes the next record. */
static struct segment *segment_for_next(struct journal *j)
{
    struct segment *s = j->newest;
    if (s && !s->full)
        return s;
    s = segment_new(j->home.dir, j->next, j->last, span_of(j->home.writer), j->schema,
                    clock_wall_us());
    if (!s)
        return NULL;
    if (j->newest)
        j->newest->next = s;
    else
        j->oldest = s;
    j->newest = s;
    pthread_cond_signal(&j->keeper_work); /* when this one is too old */
    return s;
}

int journal_put(struct journal *j, struct frame *f)
{
    struct segment *s = segment_for_next(j);
    if (!s || segment_cut(s) != 0 || segment_append(s, f) != 0) {
        journal_fail(j, "cannot be written", errno);
        return VOUCH_E_IO;
    }
    j->last = f->number;
    j->next = f->number + 1;
    if (s->size - s->head >= j->options.segment_bytes) {
        s->full = true;
        pthread_cond_signal(&j->keeper_work);
    }
    if (j->dirty_ms == 0) {
        j->dirty_ms = clock_ms();
        if (j->options.sync == JOURNAL_INTERVAL)
            pthread_cond_signal(&j->syncer_work);
    }
    return 0;
}

/* Syncs the segments one by one, the oldest first, as they were when this was called. */
static int sync_segments(struct journal *j)
{
    uint64_t last = j->last;
    int error = 0;
    for (struct segment *s = j->oldest; error == 0 && s && s->first <= last; s = s->next) {
        uint64_t size = s->size, number = s->last;
        if (s->synced == size)
            continue;
        pthread_mutex_unlock(&j->lock);
        error = segment_sync(s, j->home.dir) == 0 ? 0 : errno;
        pthread_mutex_lock(&j->lock);
        if (error == 0) {
            s->synced = size;
            s->named = true;
            j->synced = number;
        }
    }
    if (error == 0 && j->synced < last)
        j->synced = last; /* what is not in an open segment is sealed */
    return error;
}

int journal_sync_to(struct journal *j, uint64_t number)
{
    while (j->synced < number && number <= j->last && !j->failing) {
        if (j->syncing) {
            pthread_cond_wait(&j->sync_done, &j->lock);
            continue;
        }
        j->syncing = true;
        j->dirty_ms = 0;
        int error = sync_segments(j);
        j->syncing = false;
        if (error) {
            j->sync_failed = true;
            journal_fail(j, "cannot be synced to the disk", error);
        }
        pthread_cond_broadcast(&j->sync_done);
    }
    if (j->synced >= j->last) /* also what came while this was under way */
        j->dirty_ms = 0;
    return j->synced < number ? VOUCH_E_IO : 0;
}
