/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_PRIVATE_H
#define VOUCH_JOURNAL_PRIVATE_H

#include <pthread.h>
#include "busy.h"
#include "clock_guard.h"
#include "journal.h"
#include "journal_home.h"
#include "journal_kept.h"
#include "journal_manifest.h"
#include "journal_segment.h"

/* The inside of a journal: journal.c (its life), journal_append.c (appends and syncs),
 * journal_attach.c (the directory taken up), journal_threads.c (the syncer), journal_keep.c (the
 * keeper).
 *
 * Whatever of a journal may change is under `lock`. Two threads of its own: the syncer syncs, and while
 * something fails tries again; the keeper seals full segments and removes old ones. Only the keeper
 * takes segments off the list, and only the syncer attaches. */

#define JOURNAL_ERROR_MAX 400

struct journal_name {
    struct journal_name *next;
    char writer[JOURNAL_WRITER_ID];
};

struct journal {
    struct journal_options options; /* its strings are copies */
    struct span schema;             /* of what is appended */

    pthread_mutex_t lock;
    pthread_cond_t syncer_work, keeper_work; /* CLOCK_MONOTONIC */
    pthread_cond_t sync_done;
    pthread_t syncer, keeper;
    bool syncer_runs, keeper_runs, stop;
    struct busy syncer_busy;

    bool attached; /* home is held, segments are known */
    struct journal_home home;
    struct journal_name *names; /* who this was, the newest first: journal_writer lends them out */
    struct segment *oldest, *newest; /* the open segments; appended to is the newest */
    struct manifest manifest;        /* once attached: the keeper's, without the lock */
    uint64_t next;                   /* number of the next record */
    uint64_t last, synced;           /* the last record's; the last one's that is on the disk */
    uint64_t learnt;
    struct clock_guard clock; /* the keeper's: what goes for its age is gone */
    bool keeping;        /* the keeper is at the files, with the lock let go */
    bool syncing;        /* somebody syncs, with the lock let go */
    int64_t dirty_ms;    /* clock_ms() of the first append since a sync; 0: all is synced */
    struct kept kept;    /* count > 0: what is appended goes behind these */
    bool failing;        /* nothing is written until the syncer has set it right */
    bool sync_failed;    /* what is not synced has to be written anew */
    int64_t told_ms;     /* when trouble was last reported; 0: never */
    uint64_t waited;     /* records that had to wait, since the trouble began */
    uint64_t lost_told;  /* kept.lost when the trouble began */
    char trouble[200];   /* what failing is about */
    int64_t unsealed_ms; /* when a failure to seal or remove was last told; 0: all is well */
};

/* journal_append.c; the lock is held. */
/* Writes the record to the newest segment, or a new one: 0, or VOUCH_E_IO and journal_fail. */
int journal_put(struct journal *j, struct frame *f);
/* From now on records are kept in memory. what: "cannot ..."; error: an errno, or 0. */
void journal_fail(struct journal *j, const char *what, int error);
/* Returns when the record of that number is on the disk; lets the lock go meanwhile. */
int journal_sync_to(struct journal *j, uint64_t number);

/* journal_attach.c */
/* Takes up the directory: 0; VOUCH_E_IO, cannot be used now; VOUCH_E_CONFIG, must not be used;
 * VOUCH_E_NOMEM: one line in error_r. The lock is not held. */
int journal_attach(struct journal *j, unsigned wait_ms, char *error_r, size_t size);
/* The lock is held for these two. Whether the directory was removed; and leaves it, to attach anew. */
bool journal_is_gone(const struct journal *j);
void journal_detach(struct journal *j);

/* journal_keep.c: the keeper's thread */
void *journal_keep(void *journal);

/* journal_threads.c */
int journal_threads_start(struct journal *j);
void journal_threads_stop(struct journal *j);
/* Calls the journal's report; the lock is not held. */
void journal_tell(struct journal *j, bool trouble, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Of an open segment. */
void journal_tell_damage(struct journal *j, uint64_t first, uint64_t bytes);
/* Waits for the condition until a time of clock_ms(). */
void journal_wait(struct journal *j, pthread_cond_t *cond, int64_t until_ms);

#endif
