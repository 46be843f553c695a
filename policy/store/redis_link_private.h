/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REDIS_LINK_PRIVATE_H
#define VOUCH_REDIS_LINK_PRIVATE_H

#include "errors.h"
#include "redis_link.h"

/* What the two halves of a link share: redis_link.c (those who ask) and redis_conn.c (its
 * thread). */

#define LINK_BACKOFF_MIN_MS 100
#define LINK_BACKOFF_MAX_MS 10000

struct redisReader;
struct addrinfo;

enum link_state { LINK_IDLE, LINK_CONNECTING, LINK_HELLO, LINK_UP };

struct link_queue {
    struct redis_exchange *head, **tail;
};

struct redis_link {
    pthread_t thread;
    pthread_mutex_t lock; /* all below */
    pthread_condattr_t monotonic;
    struct redis_link_options options;
    struct sbuf hello;
    struct redis_exchange greeting; /* hello as an exchange; never freed */

    enum link_state state;
    bool stop;
    bool away;   /* the last attempt failed: nobody is kept waiting */
    bool proven; /* this connection has answered in time */
    bool tripped;
    int fd;
    int wake[2]; /* a pipe: somebody wants the thread to look */
    bool woken;
    struct redisReader *reader;
    struct link_queue waiting, sent;
    struct redis_exchange *writing; /* the last of sent, not all of it written; or NULL */
    unsigned count;                 /* exchanges in both queues */
    unsigned unanswered;            /* in a row */

    struct addrinfo *addresses, *next_address;
    int64_t try_ms;      /* LINK_IDLE: when to connect */
    int64_t deadline_ms; /* LINK_CONNECTING, LINK_HELLO: when to give up */
    int64_t read_ms;     /* LINK_UP: when the last byte came */
    int64_t since_ms;    /* of this state of things */
    int64_t backoff_ms;
    uint32_t jitter;
    int write_error; /* errno of a writer; the thread takes care of it */
    char reason[160];
};

/* With the link locked: */

void link_push(struct link_queue *q, struct redis_exchange *x);
struct redis_exchange *link_pop(struct link_queue *q); /* NULL: it is empty */
/* x, which is in no queue any more, has come to its end. */
void link_end(struct redis_link *l, struct redis_exchange *x, enum lookup_outcome outcome);
/* All in q have failed. */
void link_end_all(struct redis_link *l, struct link_queue *q);
/* Writes as much as the socket takes. */
void link_flush(struct redis_link *l);
/* Closes the socket; what was asked over it has failed. */
void redis_conn_close(struct redis_link *l);

/* The link's thread. */
void *redis_conn_run(void *link);

#endif
