/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_QUARANTINE_PRIVATE_H
#define VOUCH_QUARANTINE_PRIVATE_H

#include <pthread.h>
#include "pseudonym.h"
#include "quarantine.h"

struct quarantine {
    char *path;
    int dir;
    struct pseudonym_keys *keys; /* NULL: not encrypted */
    uint64_t bytes;
    size_t memory_bytes;

    pthread_mutex_t lock; /* of the rest */
    uint64_t kept;        /* bytes of all messages, as far as this process knows */
    int64_t counted_ms;   /* when kept was last counted, of clock_ms(); 0: never */
};

/* Whether so many bytes more may be kept; they are counted as kept then. */
bool quarantine_reserve(struct quarantine *q, uint64_t bytes);
void quarantine_unreserve(struct quarantine *q, uint64_t bytes);

/* Bytes that w was given. */
uint64_t held_writer_size(const struct held_writer *w);
/* Calls each for them, in order, a part at a time (the first one has HELD_BLOCK of them, or all); stops when it returns nonzero, and
 * returns that. VOUCH_E_*: they are not at hand any more. */
int held_writer_each(struct held_writer *w, int (*each)(void *arg, const char *p, size_t n),
                     void *arg);

/* Opens the directory of an id's day; -1 and errno. */
int quarantine_day(const struct quarantine *q, const char *id, bool make);
/* Opens a message's log and locks it, waiting for wait_ms at most; day: its directory. -1 and errno: ENOENT where there is no such
 * message, EBUSY. */
int quarantine_lock(int day, const char *id, unsigned wait_ms);

#endif
