/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REDIS_LINK_H
#define VOUCH_REDIS_LINK_H

#include <pthread.h>
#include "redis_address.h"
#include "sbuf.h"
#include "store.h"

/* One connection to a Redis, shared by all threads, with a thread of its own that keeps it up and
 * reads the answers. Knows nothing of what is asked. */

struct redisReply;
struct redis_link;

/* Commands that are sent together, and their answers. Embedded in what its owner knows of it. */
struct redis_exchange {
    /* the owner's, set before redis_link_submit and not touched until redis_link_wait is over */
    struct sbuf out;  /* the commands */
    unsigned replies; /* how many answers they get */
    /* One answer has come; true: the exchange keeps it. Called in order, with the link locked. */
    bool (*on_reply)(struct redis_exchange *x, unsigned index, struct redisReply *reply);
    /* All have come; true: out and replies have been made anew, ask again. NULL: never. */
    bool (*on_end)(struct redis_exchange *x);
    void (*free)(struct redis_exchange *x); /* when neither owner nor link needs it any more */

    /* the link's */
    struct redis_exchange *next;
    pthread_cond_t ended;
    unsigned refs, got;
    size_t written;
    int64_t sent_ms;
    int outcome;  /* enum lookup_outcome, once done */
    bool done;    /* nothing more will come */
    bool dropped; /* its owner does not wait any more */
};

struct redis_link_options {
    struct redis_address address;
    unsigned connect_timeout_ms; /* for a connection and its first answers */
    struct span hello;           /* commands sent first on every connection; copied */
    unsigned hello_replies;
    /* An answer to hello. NULL: fine; otherwise why this connection cannot be used. */
    const char *(*on_hello)(void *arg, unsigned index, const struct redisReply *reply);
    void *arg;
};

/* NULL: out of memory, or no thread. Connecting begins at once; nobody waits for it. */
struct redis_link *redis_link_new(const struct redis_link_options *options);
/* Another connection to the same server. Errors as redis_link_new's. */
struct redis_link *redis_link_like(const struct redis_link *l);
/* All exchanges must have been released. */
void redis_link_free(struct redis_link **lp);

/* Hands x over (one reference remains with the owner). If the server is known to be away, or too
 * much is waiting, x ends at once with LOOKUP_FAILED. -1: out of memory, nothing happened. */
int redis_link_submit(struct redis_link *l, struct redis_exchange *x);
bool redis_link_done(struct redis_link *l, struct redis_exchange *x);
/* Waits for the end, until deadline_ms (clock_ms): LOOKUP_FOUND (all answers came),
 * LOOKUP_FAILED (none will), LOOKUP_UNCERTAIN (not in time). After it x is its owner's alone. */
int redis_link_wait(struct redis_link *l, struct redis_exchange *x, int64_t deadline_ms);
/* The owner is through with x, whether it has waited or not. */
void redis_link_release(struct redis_link *l, struct redis_exchange *x);

enum store_breaker redis_link_breaker(struct redis_link *l);
/* "connected", "away for 12 s: Connection refused" */
void redis_link_state(struct redis_link *l, char *text_r, size_t size);

#endif
