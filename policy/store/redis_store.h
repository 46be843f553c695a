/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REDIS_STORE_H
#define VOUCH_REDIS_STORE_H

#include <pthread.h>
#include <stdatomic.h>
#include "redis_link.h"
#include "store_ops.h"

/* What the parts of the Redis backend share; private to this room. */

#define REDIS_REQUEST_MAX ((size_t)64 << 20) /* bytes of the commands sent in one go */
#define REDIS_ANSWER_MAX  16                 /* bytes of what a script says */

struct redis {
    struct store store;
    struct redis_link *link;       /* for look-ups alone: nothing large stands before them */
    bool pinned;                   /* version is the one to read and write, whichever is active */
    _Atomic(const char *) version; /* as far as known; never NULL, lives as long as the store */
    atomic_bool known;             /* a server has said which version is active */
    pthread_mutex_t lock;          /* all below; taken last */
    struct redis_link *bulk;       /* for all else; NULL: not needed yet */
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

/* The same, of a name that is known to be right. 0 or VOUCH_E_NOMEM. */
int redis_set_active(struct redis *r, const char *version);

/* The version to read and write, asked for if it is not known yet. 0, or redis_call's errors. */
int redis_find_version(struct redis *r, const char **version_r);

/* Settles what is open in a version (redis_settle.c). redis_call's errors. */
int redis_settle(struct redis *r, const char *version);
/* The command for it: of the change with this stamp, absent: of any; and its answer, 0 or an error. */
void redis_settle_add(struct sbuf *out, const char *version, struct span stamp);
int redis_settle_take(struct redis *r, const struct redisReply *reply);
/* redis_find_version, and settles what is open. */
int redis_find_settled(struct redis *r, const char **version_r);

/* Look-ups (redis_query.c), as in store_ops. */
struct store_query *redis_ask(struct store *s, const struct store_key *keys, size_t count);
bool redis_ready(struct store_query *q);
int redis_wait(struct store_query *q, int64_t deadline_ms, struct store_value *values_r);
void redis_cancel(struct store_query *q);

/* Commands one after the other (redis_call.c): sends out (which it takes) and waits for its
 * answers. replies_r: room for so many; the caller frees each (redis_free_replies; it may be NULL
 * after an error). 0, VOUCH_E_TEMP, VOUCH_E_NOMEM; an answer may say that the server refused. */
int redis_send(struct redis *r, struct sbuf *out, unsigned replies, struct redisReply **replies_r);
void redis_free_replies(struct redisReply **replies, unsigned count);
/* The same, where any refusal (VOUCH_E_TEMP or VOUCH_E_IO; trouble says why) is an error: then nothing is to be freed. */
int redis_call(struct redis *r, struct sbuf *out, unsigned replies, struct redisReply **replies_r);
/* What a script of ours says: a word. 0 or redis_call's errors. */
int redis_word(struct redis *r, const struct redisReply *reply, char answer_r[REDIS_ANSWER_MAX]);
/* One script. 0, or redis_call's errors. */
int redis_answer(struct redis *r, struct sbuf *out, char answer_r[REDIS_ANSWER_MAX]);
/* For an answer that is none of ours. */
int redis_not_ours(struct redis *r);

/* SCAN, page by page (redis_scan.c), of what add_pattern adds the pattern for; each gets an array of
 * keys, all of them strings. 0, redis_call's errors, or what each returned if that was not 0. */
int redis_scan_keys(struct redis *r, const char *version,
                    void (*add_pattern)(struct sbuf *out, const char *version),
                    int (*each)(void *, const struct redisReply *keys), void *arg);

/* The rest of store_ops, likewise. A change of 1000 keys costs the server about 2 ms, of which it
 * answers nobody else for 1.5 (tests/bench/redis_change): one of 5000 keys or so is well merged, one of
 * more than 20,000 makes look-ups wait too long. */
int redis_change(struct store *s, const struct store_key *keys, size_t count,
                 store_compute *compute, void *arg, const char *writer, uint64_t watermark);
int redis_watermark(struct store *s, const char *writer, uint64_t *watermark_r);
int redis_watermarks(struct store *s, int (*each)(void *, const char *writer, uint64_t watermark),
                     void *arg);
int redis_scan_bytes(struct store *s,
                     int (*each)(void *, const struct store_key *, struct span value), void *arg);
int redis_remove(struct store *s, bool (*match)(void *, const struct store_key *), void *arg,
                 uint64_t *removed_r);
int redis_versions(struct store *s, int (*each)(void *, const struct store_version_info *),
                   void *arg);
int redis_activate(struct store *s, const char *version);
int redis_drop(struct store *s, const char *version);

#endif
