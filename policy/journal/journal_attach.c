/* SPDX-License-Identifier: BSD-2-Clause */
/* A writer's directory taken up: what a crash left is made whole, and the next number found. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "journal_private.h"

/* What is found, until all of it is known to be right. */
struct attachment {
    struct journal_home home;
    struct segment *oldest, *newest;
    uint64_t last;
};

static void drop(struct attachment *a)
{
    while (a->oldest) {
        struct segment *s = a->oldest;
        a->oldest = s->next;
        segment_free(&s);
    }
    journal_home_leave(&a->home);
}

static void add_segment(struct attachment *a, struct segment *s)
{
    if (a->newest) {
        a->newest->full = true; /* one behind it: it was, or could not be written to */
        a->newest->next = s;
    } else {
        a->oldest = s;
    }
    a->newest = s;
    a->last = s->last;
}

/* Takes up one open segment, or removes it when there is nothing in it. */
static int recover(struct journal *j, struct attachment *a, uint64_t first)
{
    char name[JOURNAL_NAME_MAX];
    uint64_t cut, lost;
    journal_name(name, first, ".open");
    struct segment *s = segment_recover(a->home.dir, first, j->schema, &cut, &lost);
    if (!s && errno == ENODATA)
        return unlinkat(a->home.dir, name, 0);
    if (!s)
        return -1;
    if (cut > 0)
        journal_tell(j, lost > 0,
                     "%s/%s/%s: the last %llu bytes were cut off, which no whole record follows "
                     "from (a crash leaves such)%s",
                     j->options.dir, j->options.writer, name, (unsigned long long)cut,
                     lost > 0 ? "; among them are records: the disk may be failing" : "");
    add_segment(a, s);
    return 0;
}

static int recover_all(struct journal *j, struct attachment *a)
{
    struct journal_list list;
    int rc = journal_list_read(a->home.dir, &list);
    for (size_t i = 0; rc == 0 && i < list.count; i++)
        if (list.items[i].open)
            rc = recover(j, a, list.items[i].first);
    int error = errno;
    journal_list_clear(&list);
    errno = error;
    return rc;
}

static void install(struct journal *j, struct attachment *a, uint64_t floor)
{
    pthread_mutex_lock(&j->lock);
    j->home = a->home;
    j->oldest = a->oldest;
    j->newest = a->newest;
    j->last = a->last;
    j->next = a->last + 1 > floor ? a->last + 1 : floor;
    if (j->newest && j->next > j->newest->last + 1)
        j->newest->full = true; /* numbers in a segment have no gap */
    if (j->newest)
        j->dirty_ms = clock_ms();
    j->attached = true;
    pthread_mutex_unlock(&j->lock);
}

int journal_attach(struct journal *j, unsigned wait_ms, char *error_r, size_t size)
{
    struct attachment a = {.home = {-1, -1, ""}};
    uint64_t floor;
    int rc = journal_home_enter(&a.home, j->options.dir, j->options.writer, wait_ms, error_r, size);
    if (rc == 0 && recover_all(j, &a) != 0) {
        snprintf(error_r, size, "cannot recover the journal %s/%s: %s", j->options.dir,
                 j->options.writer, strerror(errno));
        rc = errno == ENOMEM ? VOUCH_E_NOMEM : VOUCH_E_IO;
    }
    if (rc == 0)
        rc = journal_home_floor(&a.home, a.last, &floor, error_r, size);
    if (rc == 0)
        install(j, &a, floor);
    else
        drop(&a);
    return rc;
}
