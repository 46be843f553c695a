/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's thread: what was not looked at when segments were taken up is; full and old ones are
 * sealed, in their order; sealed ones that are past their time are removed, the oldest first, as long
 * as everybody who must read them has.
 *
 * It works on the files with the lock let go: nobody else touches a full segment, the manifest, or a
 * sealed file. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "journal_private.h"
#include "journal_seal.h"

#define ROUND_MS  60000 /* retention is looked at so often */
#define RETRY_MS  1000  /* after a failure */
#define REMIND_MS 600000

/* Something here failed: said at once, and then now and then. The lock is not held. */
static void tell_failure(struct journal *j, const char *error)
{
    int64_t now = clock_ms();
    if (j->unsealed_ms == 0 || now - j->unsealed_ms >= REMIND_MS) {
        j->unsealed_ms = now;
        journal_tell(j, true, "%s/%s: %s. Nothing is lost: it is tried again until it succeeds",
                     j->options.dir, j->options.writer, error);
    }
}

/* The time when the newest segment has to be sealed for its age: of clock_ms(). */
static int64_t due_ms(const struct journal *j)
{
    const struct segment *s = j->newest;
    return s && !s->full && s->last >= s->first && j->options.segment_age_s > 0
               ? s->born_ms + (int64_t)j->options.segment_age_s * 1000
               : INT64_MAX;
}

/* Between these two segments stay, and the directory. The lock is held. */
static void work_begins(struct journal *j)
{
    j->keeping = true;
}

static void work_ends(struct journal *j)
{
    while (j->syncing) /* it may be a file that goes next */
        pthread_cond_wait(&j->sync_done, &j->lock);
    j->keeping = false;
    pthread_cond_broadcast(&j->sync_done);
}

/* Looks at what segment_recover did not: a damaged segment takes no more, so that readers pass over
 * the damage. The lock is held, and let go for the work. */
static void inspect(struct journal *j, struct segment *s)
{
    work_begins(j);
    pthread_mutex_unlock(&j->lock);
    int64_t lost = segment_inspect(j->home.dir, s->first, s->unread);
    if (lost > 0)
        journal_tell_damage(j, s->first, (uint64_t)lost);
    pthread_mutex_lock(&j->lock);
    s->full |= lost != 0;
    s->unread = 0;
    work_ends(j);
}

static void drop_oldest(struct journal *j)
{
    struct segment *s = j->oldest;
    j->oldest = s->next;
    if (j->newest == s)
        j->newest = NULL;
    segment_free(&s);
}

/* Seals the oldest segment, which is full. The lock is held, and let go for the work. false: it
 * failed. */
static bool seal_oldest(struct journal *j)
{
    struct segment *s = j->oldest;
    char error[200];
    uint64_t first = s->first, last = s->last;
    work_begins(j);
    if (journal_sync_to(j, last) != 0) { /* the syncer tells */
        work_ends(j);
        return false;
    }
    pthread_mutex_unlock(&j->lock);
    int rc = journal_seal(j->home.dir, &j->manifest, first, last, error, sizeof error);
    if (rc != 0)
        tell_failure(j, error);
    else
        j->unsealed_ms = 0;
    pthread_mutex_lock(&j->lock);
    work_ends(j);
    if (rc == 0)
        drop_oldest(j);
    return rc == 0;
}

static uint64_t bytes_kept(const struct manifest *m)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->count; i++)
        bytes += m->entries[i].removed ? 0 : m->entries[i].bytes;
    return bytes;
}

static int remove_segment(struct journal *j, size_t entry, int64_t now_us)
{
    char name[JOURNAL_NAME_MAX], error[200];
    uint64_t first = j->manifest.entries[entry].first;
    journal_name(name, first, ".avro");
    if (manifest_remove(j->home.dir, &j->manifest, entry, now_us) != 0 ||
        (unlinkat(j->home.dir, name, 0) != 0 && errno != ENOENT)) {
        snprintf(error, sizeof error, "cannot remove %s: %s", name, strerror(errno));
        tell_failure(j, error);
        return -1;
    }
    journal_name(name, first, ".index");
    unlinkat(j->home.dir, name, 0);
    return 0;
}

/* Removes what is older or more than is to be kept. learnt: the number up to which all have read. */
static void remove_old(struct journal *j, uint64_t learnt)
{
    const struct journal_options *o = &j->options;
    const struct manifest *m = &j->manifest;
    int64_t now_us;
    bool sure = clock_guard_sure(&j->clock, clock_wall_us(), clock_steady_us(), &now_us);
    uint64_t bytes = bytes_kept(m);
    for (size_t i = 0; i < m->count; i++) {
        const struct manifest_entry *e = &m->entries[i];
        bool old =
            sure && o->keep_age_s > 0 && e->last_us < now_us - (int64_t)o->keep_age_s * 1000000;
        bool much = o->keep_bytes > 0 && bytes > o->keep_bytes;
        if (e->removed)
            continue;
        if (!(old || much) || e->last > learnt)
            return;
        bytes -= e->bytes;
        if (remove_segment(j, i, now_us) != 0)
            return;
    }
}

/* What there is to do; the time until which there is nothing. */
static int64_t keep_round(struct journal *j)
{
    if (!j->attached || j->failing)
        return clock_ms() + ROUND_MS;
    for (struct segment *s = j->oldest; s && !j->stop; s = s->next)
        if (s->unread > 0)
            inspect(j, s);
    if (clock_ms() >= due_ms(j))
        j->newest->full = true;
    while (j->oldest && j->oldest->full && !j->stop)
        if (!seal_oldest(j))
            return clock_ms() + RETRY_MS;
    uint64_t learnt = j->options.nobody_learns ? UINT64_MAX : j->learnt;
    work_begins(j);
    pthread_mutex_unlock(&j->lock);
    remove_old(j, learnt);
    pthread_mutex_lock(&j->lock);
    work_ends(j);
    int64_t due = due_ms(j), next = clock_ms() + ROUND_MS;
    bool more = j->oldest && j->oldest->full; /* since */
    return more ? 0 : due < next ? due : next;
}

void *journal_keep(void *journal)
{
    struct journal *j = journal;
    pthread_mutex_lock(&j->lock);
    while (!j->stop) {
        int64_t until = keep_round(j);
        if (!j->stop && until > clock_ms())
            journal_wait(j, &j->keeper_work, until);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}
