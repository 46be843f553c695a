/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REDIS_STORE_H
#define VOUCH_REDIS_STORE_H

#include <pthread.h>
#include <stdatomic.h>
#include "redis_link.h"
#include "store_ops.h"

/* What the parts of the Redis backend share; private to this room. */

#define REDIS_REQUEST_MAX ((size_t)64 << 20) /* bytes of the commands sent in one go */

struct redis {
    struct store store;
    struct redis_link *link;
    _Atomic(const char *) version; /* as far as known; never NULL, lives as long as the store */
    atomic_bool known;             /* a server has said which version is active */
    pthread_mutex_t lock;          /* all below; taken last */
    struct redis_version {
        struct redis_version *next;
        char name[];
    } * versions;      /* all that were ever active: operators make them, not mail */
    char trouble[160]; /* the last error reply; "" for none */
};

/* Keeps why the server refused something, for store_state; returns the text kept. */
const char *redis_trouble(struct redis *r, const char *text);
/* Takes the answer to GET vouch:active. 0, or VOUCH_E_SYNTAX or VOUCH_E_NOMEM, and trouble says
 * why. */
int redis_take_active(struct redis *r, const struct redisReply *reply);

/* The active version, asked for if it is not known yet. 0, or redis_call's errors. */
int redis_find_version(struct redis *r, const char **version_r);

/* Look-ups (redis_query.c), as in store_ops. */
struct store_query *redis_ask(struct store *s, const struct store_key *keys, size_t count);
bool redis_ready(struct store_query *q);
int redis_wait(struct store_query *q, int64_t deadline_ms, struct store_value *values_r);
void redis_cancel(struct store_query *q);

/* Keys in the order in which they are asked about: those of one group follow each other. */
struct redis_entry {
    struct store_key key;
    size_t index; /* among the caller's */
};
void redis_entries_sort(struct redis_entry *entries, size_t count);
/* how many of the entries from the first on are of one group */
size_t redis_entries_run(const struct redis_entry *entries, size_t count);

/* Commands one after the other (redis_call.c): sends out (which it takes) and waits for its
 * answers. replies_r: NULL, or room for so many; the caller frees each (they may be NULL). 0;
 * VOUCH_E_TEMP, VOUCH_E_IO (the server refused one of them: trouble says why), VOUCH_E_NOMEM. */
int redis_call(struct redis *r, struct sbuf *out, unsigned replies, struct redisReply **replies_r);

/* The rest of store_ops, likewise (redis_write.c, redis_scan.c). */
int redis_apply(struct store *s, const struct store_update *updates, size_t count,
                const char *writer, uint64_t watermark);
int redis_watermark(struct store *s, const char *writer, uint64_t *watermark_r);
int redis_put(struct store *s, const struct store_key *keys, const struct counts *counts, size_t n);
int redis_scan(struct store *s,
               int (*each)(void *, const struct store_key *, const struct counts *), void *arg);

#endif
