/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes: messages that are deleted or too old, leftovers of a crash, days without messages. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock.h"
#include "held_dir.h"
#include "held_log.h"
#include "quarantine_private.h"

#define DELETE_WAIT_MS 100 /* for one who only looks */

/* The message goes first: a log without one is a leftover. */
static int remove_both(struct quarantine *q, int day, const char *id)
{
    char name[HELD_NAME_MAX];
    struct stat st;
    held_name(name, id, ".held");
    uint64_t bytes = fstatat(day, name, &st, 0) == 0 ? (uint64_t)st.st_size : 0;
    if (unlinkat(day, name, 0) != 0 && errno != ENOENT)
        return VOUCH_E_IO;
    quarantine_unreserve(q, bytes);
    held_name(name, id, ".log");
    if (unlinkat(day, name, 0) != 0 && errno != ENOENT)
        return VOUCH_E_IO;
    return fsync(day) == 0 ? 0 : VOUCH_E_IO;
}

int quarantine_delete(struct quarantine *q, const char *id)
{
    if (!held_id_ok(id)) {
        errno = ENOENT;
        return VOUCH_E_IO;
    }
    int day = quarantine_day(q, id, false);
    if (day < 0)
        return VOUCH_E_IO;
    int lock = quarantine_lock(day, id, DELETE_WAIT_MS);
    int rc = lock < 0 ? VOUCH_E_IO : remove_both(q, day, id), error = errno;
    if (lock >= 0)
        close(lock);
    close(day);
    errno = error;
    return rc;
}

struct kept {
    char id[HELD_ID_TEXT];
    uint64_t bytes;
};
struct all {
    struct kept *list;
    size_t count;
    uint64_t bytes;
};

static int note(void *arg, const char *id, uint64_t bytes)
{
    struct all *all = arg;
    if ((all->count & (all->count - 1)) == 0) { /* room for a power of two, and full */
        size_t room = all->count ? all->count * 2 : 1;
        struct kept *list = realloc(all->list, room * sizeof *list);
        if (!list)
            return VOUCH_E_NOMEM;
        all->list = list;
    }
    memcpy(all->list[all->count].id, id, HELD_ID_TEXT);
    all->list[all->count++].bytes = bytes;
    all->bytes += bytes;
    return 0;
}

static bool is_log(const char *name)
{
    size_t n = strlen(name);
    return n == HELD_ID_TEXT - 1 + 4 && strcmp(name + n - 4, ".log") == 0;
}

static bool is_leftover(const char *name)
{
    return held_is_temp(name) || is_log(name);
}

static bool was_released(struct quarantine *q, const char *id)
{
    char error[300];
    size_t count = 0, i = 0;
    struct held_log *l = held_log_read(q, id, error, sizeof error);
    const struct held_line *lines = l ? held_log_lines(l, &count) : NULL;
    while (i < count && lines[i].event != HELD_RELEASED)
        i++;
    held_log_close(&l);
    return i < count;
}

/* A log whose message is gone goes: a crash came between. True: it is there, and was released. */
static bool sweep_log(struct quarantine *q, int dir, const char *log_name)
{
    char id[HELD_ID_TEXT], name[HELD_NAME_MAX];
    memcpy(id, log_name, HELD_ID_TEXT - 1);
    id[HELD_ID_TEXT - 1] = '\0';
    held_name(name, id, ".held");
    if (!held_id_ok(id))
        return false;
    if (faccessat(dir, name, F_OK, 0) == 0)
        return was_released(q, id);
    if (errno == ENOENT)
        unlinkat(dir, log_name, 0);
    return false;
}

/* How many of the messages there were released. */
static uint64_t sweep(struct quarantine *q, int dir)
{
    uint64_t released = 0;
    char **names;
    size_t count;
    if (held_list(dir, is_leftover, &names, &count) != 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (is_log(names[i]))
            released += sweep_log(q, dir, names[i]);
        else
            held_temp_sweep(dir, names[i]);
    }
    held_list_free(&names, count);
    return released;
}

/* Leftovers and empty days; who is about to write into such a day makes it anew. How many messages were released. */
static uint64_t tidy(struct quarantine *q)
{
    uint64_t released = 0;
    char **days;
    size_t count;
    sweep(q, q->dir);
    if (held_list(q->dir, held_is_day, &days, &count) != 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        int dir = held_dir_open(q->dir, days[i], false);
        if (dir < 0)
            continue;
        released += sweep(q, dir);
        close(dir);
        unlinkat(q->dir, days[i], AT_REMOVEDIR); /* ENOTEMPTY: not yet */
    }
    held_list_free(&days, count);
    return released;
}

/* Removes those of all that are too old or too much, and counts what stays. One that cannot be removed does not keep the others: rc and
 * errno tell of the first. */
static int remove_from(struct quarantine *q, struct all *all, int64_t before_us, uint64_t bytes,
                       struct quarantine_purged *p)
{
    int error = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct kept *k = &all->list[i];
        int64_t us = held_id_us(k->id);
        if (us < before_us || (bytes > 0 && all->bytes > bytes)) {
            bool removed = quarantine_delete(q, k->id) == 0;
            p->removed += removed;
            if (removed || errno == ENOENT) {
                all->bytes -= k->bytes;
                continue;
            }
            if (errno != EBUSY && error == 0)
                error = errno;
        }
        if (p->messages++ == 0)
            p->oldest_us = us;
    }
    p->bytes = all->bytes;
    errno = error;
    return error ? VOUCH_E_IO : 0;
}

int quarantine_purge(struct quarantine *q, int64_t before_us, uint64_t bytes,
                     struct quarantine_purged *purged_r)
{
    struct all all = {0};
    *purged_r = (struct quarantine_purged){0};
    int rc = quarantine_each(q, note, &all);
    if (rc == 0)
        rc = remove_from(q, &all, before_us, bytes, purged_r);
    int error = errno;
    free(all.list);
    purged_r->released = tidy(q);
    if (rc == 0) {
        pthread_mutex_lock(&q->lock);
        q->kept = all.bytes;
        q->counted_ms = clock_ms();
        pthread_mutex_unlock(&q->lock);
    }
    errno = error;
    return rc;
}
