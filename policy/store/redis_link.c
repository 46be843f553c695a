/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection to Redis that many threads share: the side of those who ask.
 *
 * Whoever asks writes its commands to the socket itself; the link's thread (redis_conn.c) connects,
 * reads answers, writes what the socket did not take at once, and reconnects. Answers come in the
 * order of the questions, so exchanges stand in two queues: `waiting` to be written, and `sent`.
 *
 * Nobody waits here longer than its own deadline. When the server cannot be reached, or leaves
 * TRIP_AFTER questions in a row unanswered, the link is `away`: exchanges fail at once until a new
 * connection has answered its hello. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "redis_link_private.h"

#define QUEUE_MAX   1024 /* exchanges on their way; 8 KiB each would be 8 MiB */
#define TRIP_AFTER  5    /* questions unanswered in a row; one, on a connection that never answered any */
#define PATIENCE_MS 20   /* a wait given up sooner says nothing of the server */

static void link_queue_init(struct link_queue *q)
{
    q->head = NULL;
    q->tail = &q->head;
}

void link_push(struct link_queue *q, struct redis_exchange *x)
{
    x->next = NULL;
    *q->tail = x;
    q->tail = &x->next;
}

struct redis_exchange *link_pop(struct link_queue *q)
{
    struct redis_exchange *x = q->head;
    if (x) {
        q->head = x->next;
        if (!q->head)
            q->tail = &q->head;
    }
    return x;
}

static void unref(struct redis_exchange *x)
{
    if (--x->refs > 0)
        return;
    pthread_cond_destroy(&x->ended);
    x->free(x);
}

void link_end(struct redis_link *l, struct redis_exchange *x, enum lookup_outcome outcome)
{
    if (x == &l->greeting)
        return;
    l->count--;
    if (!x->dropped) {
        x->outcome = outcome;
        x->done = true;
        pthread_cond_signal(&x->ended);
    }
    unref(x);
}

void link_end_all(struct redis_link *l, struct link_queue *q)
{
    struct redis_exchange *x;
    while ((x = link_pop(q)))
        link_end(l, x, LOOKUP_FAILED);
}

static void wake(struct redis_link *l)
{
    if (!l->woken && write(l->wake[1], "", 1) == 1)
        l->woken = true;
}

/* The exchange to write from; NULL: there is nothing to write. */
static struct redis_exchange *to_write(struct redis_link *l)
{
    while (!l->writing && l->state == LINK_UP && l->waiting.head) {
        struct redis_exchange *x = link_pop(&l->waiting);
        if (x->dropped) {
            link_end(l, x, LOOKUP_FAILED);
            continue;
        }
        x->written = 0;
        x->sent_ms = clock_ms();
        link_push(&l->sent, x);
        l->writing = x;
    }
    return l->writing;
}

void link_flush(struct redis_link *l)
{
    struct redis_exchange *x;
    while (!l->write_error && (x = to_write(l))) {
        ssize_t n = send(l->fd, x->out.p + x->written, x->out.len - x->written,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0) {
            l->write_error = errno;
            return;
        }
        x->written += (size_t)n;
        if (x->written == x->out.len)
            l->writing = NULL;
    }
}

/* Signals are for the program's own threads. */
static int start(struct redis_link *l)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&l->thread, NULL, redis_conn_run, l);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

static void destroy(struct redis_link *l)
{
    redis_conn_close(l);
    link_end_all(l, &l->waiting);
    if (l->addresses)
        freeaddrinfo(l->addresses);
    if (l->wake[0] >= 0) {
        close(l->wake[0]);
        close(l->wake[1]);
    }
    if (l->hello.p)
        explicit_bzero(l->hello.p, l->hello.len); /* has the password */
    sbuf_clear(&l->hello);
    pthread_condattr_destroy(&l->monotonic);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

struct redis_link *redis_link_new(const struct redis_link_options *options)
{
    struct redis_link *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->options = *options;
    l->options.hello = SPAN_NONE;
    sbuf_init(&l->hello, options->hello.len + 1);
    sbuf_addspan(&l->hello, options->hello);
    l->fd = l->wake[0] = l->wake[1] = -1;
    l->backoff_ms = LINK_BACKOFF_MIN_MS;
    l->since_ms = clock_ms();
    l->jitter = (uint32_t)((uintptr_t)l >> 4 ^ (uintptr_t)l->since_ms ^ (uintptr_t)getpid()) | 1;
    snprintf(l->reason, sizeof l->reason, "not yet connected");
    link_queue_init(&l->waiting);
    link_queue_init(&l->sent);
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&l->monotonic);
    pthread_condattr_setclock(&l->monotonic, CLOCK_MONOTONIC);
    if (l->hello.failed || pipe2(l->wake, O_NONBLOCK | O_CLOEXEC) != 0 || start(l) != 0) {
        destroy(l);
        return NULL;
    }
    return l;
}

struct redis_link *redis_link_like(const struct redis_link *l)
{
    struct redis_link_options options = l->options;
    options.hello = sbuf_span(&l->hello);
    return redis_link_new(&options);
}

void redis_link_free(struct redis_link **lp)
{
    struct redis_link *l = *lp;
    *lp = NULL;
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    wake(l);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    destroy(l);
}

int redis_link_submit(struct redis_link *l, struct redis_exchange *x)
{
    if (pthread_cond_init(&x->ended, &l->monotonic) != 0)
        return -1;
    x->refs = 1;
    x->got = 0;
    x->sent_ms = 0;
    x->done = x->dropped = false;
    pthread_mutex_lock(&l->lock);
    if (l->away || l->count >= QUEUE_MAX) {
        x->done = true;
        x->outcome = LOOKUP_FAILED;
    } else {
        x->refs++;
        l->count++;
        link_push(&l->waiting, x);
        if (l->state == LINK_UP)
            link_flush(l);
        if (l->writing || l->write_error)
            wake(l);
    }
    pthread_mutex_unlock(&l->lock);
    return 0;
}

bool redis_link_done(struct redis_link *l, struct redis_exchange *x)
{
    pthread_mutex_lock(&l->lock);
    bool done = x->done;
    pthread_mutex_unlock(&l->lock);
    return done;
}

/* Its owner gives up on x. */
static int give_up(struct redis_link *l, struct redis_exchange *x)
{
    x->dropped = true;
    if (!x->sent_ms)
        return LOOKUP_FAILED; /* never asked */
    if (clock_ms() - x->sent_ms >= PATIENCE_MS && ++l->unanswered >= (l->proven ? TRIP_AFTER : 1) &&
        l->state == LINK_UP) {
        l->tripped = true;
        wake(l);
    }
    return LOOKUP_UNCERTAIN;
}

int redis_link_wait(struct redis_link *l, struct redis_exchange *x, int64_t deadline_ms)
{
    const struct timespec until = {.tv_sec = deadline_ms / 1000,
                                   .tv_nsec = deadline_ms % 1000 * 1000000};
    pthread_mutex_lock(&l->lock);
    while (!x->done && clock_ms() < deadline_ms)
        pthread_cond_timedwait(&x->ended, &l->lock, &until);
    int outcome = x->done ? x->outcome : give_up(l, x);
    pthread_mutex_unlock(&l->lock);
    return outcome;
}

void redis_link_release(struct redis_link *l, struct redis_exchange *x)
{
    pthread_mutex_lock(&l->lock);
    x->dropped = true;
    unref(x);
    pthread_mutex_unlock(&l->lock);
}

enum store_breaker redis_link_breaker(struct redis_link *l)
{
    pthread_mutex_lock(&l->lock);
    enum store_breaker breaker = l->state == LINK_UP ? STORE_BREAKER_CLOSED
                                 : l->away           ? STORE_BREAKER_OPEN
                                                     : STORE_BREAKER_HALF_OPEN;
    pthread_mutex_unlock(&l->lock);
    return breaker;
}

void redis_link_state(struct redis_link *l, char *text_r, size_t size)
{
    pthread_mutex_lock(&l->lock);
    if (l->state == LINK_UP)
        snprintf(text_r, size, "connected");
    else if (l->away)
        snprintf(text_r, size, "away for %lld s: %s", (long long)(clock_ms() - l->since_ms) / 1000,
                 l->reason);
    else
        snprintf(text_r, size, "connecting (%s)", l->reason);
    pthread_mutex_unlock(&l->lock);
}
