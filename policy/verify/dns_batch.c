/* SPDX-License-Identifier: BSD-2-Clause */
/* One message's questions to DNS, and the waiting for their answers. A batch is used by one thread
 * at a time; answers are published from any, under the batch's lock. An answer never changes once
 * it is there: what the deadline cut stays cut, so that steps which look at it again come to the
 * same end. */
#include "resolver.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "resolver_private.h"

struct dns_batch {
    struct resolver *resolver;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool waiting;
    int64_t deadline_ms;
    int64_t silent_end_ms; /* of the patience with a silent resolver; 0: not begun */
    unsigned count, max_questions;
    atomic_uint answers; /* published */
    struct dns_question *questions;
    struct dns_question over; /* stands for all questions over the limit */
    void (*before_wait)(void *);
    void *before_wait_arg;
    bool timed_out;
    int64_t wait_us;
};

static const struct dns_answer pending = {.status = DNS_PENDING};
static const struct dns_answer unaskable = {.status = DNS_NXDOMAIN};
static const struct dns_answer too_late = {
    .status = DNS_FAILED, .why = "no answer in time", .timed_out = true};
static const struct dns_answer no_memory = {.status = DNS_FAILED, .why = "out of memory"};
static const struct dns_answer over_limit = {
    .status = DNS_FAILED, .why = "too many DNS questions for one message", .over_limit = true};

struct dns_batch *dns_batch_new(struct resolver *r, int64_t deadline_ms, unsigned max_questions)
{
    pthread_condattr_t attributes;
    struct dns_batch *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->resolver = r;
    b->deadline_ms = deadline_ms;
    b->max_questions = max_questions;
    b->over.batch = b;
    b->over.answer = &over_limit;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->answered, &attributes);
    pthread_condattr_destroy(&attributes);
    return b;
}

void dns_batch_set_deadline(struct dns_batch *b, int64_t deadline_ms)
{
    b->deadline_ms = deadline_ms;
}

void dns_batch_free(struct dns_batch **bp)
{
    struct dns_batch *b = *bp;
    bool open = false;
    if (!b)
        return;
    /* the lock: a callback that has published its answer may still hold it */
    pthread_mutex_lock(&b->lock);
    for (struct dns_question *q = b->questions; q; q = q->next) {
        const struct dns_answer *a = atomic_load(&q->answer);
        open = open || !a || a == &too_late;
    }
    pthread_mutex_unlock(&b->lock);
    if (open)
        resolver_forget(b->resolver, b->questions);
    for (struct dns_question *q = b->questions, *next; q; q = next) {
        next = q->next;
        free(q->owned);
        free(q);
    }
    pthread_cond_destroy(&b->answered);
    pthread_mutex_destroy(&b->lock);
    free(b);
    *bp = NULL;
}

void dns_batch_before_wait(struct dns_batch *b, void (*call)(void *), void *arg)
{
    b->before_wait = call;
    b->before_wait_arg = arg;
}

unsigned dns_batch_questions(const struct dns_batch *b)
{
    return b->count;
}

bool dns_batch_timed_out(const struct dns_batch *b)
{
    return b->timed_out;
}

int64_t dns_batch_wait_us(const struct dns_batch *b)
{
    return b->wait_us;
}

void dns_question_publish(struct dns_question *q, struct dns_answer *owned)
{
    struct dns_batch *b = q->batch;
    pthread_mutex_lock(&b->lock);
    if (atomic_load(&q->answer)) {
        free(owned);
    } else {
        q->owned = owned;
        atomic_store(&q->answer, owned ? owned : &no_memory);
        atomic_fetch_add(&b->answers, 1);
        if (b->waiting)
            pthread_cond_signal(&b->answered);
    }
    pthread_mutex_unlock(&b->lock);
}

static struct dns_question *find_question(const struct dns_batch *b, const uint8_t *name,
                                          size_t length, uint16_t type)
{
    struct dns_question *q = b->questions;
    while (q && (q->type != type || memcmp(q->name, name, length) != 0))
        q = q->next;
    return q;
}

static struct dns_question *ask(struct dns_batch *b, const char *name, enum dns_type type,
                                unsigned most)
{
    uint8_t wire[DNS_WIRE_NAME];
    size_t length = dnswire_name(name, wire);
    if (length == 0)
        wire[0] = 0; /* no name that can be asked is the root */
    struct dns_question *q = find_question(b, wire, length ? length : 1, (uint16_t)type);
    if (q)
        return q;
    if (b->count >= most)
        return &b->over;
    if (!(q = calloc(1, sizeof *q)))
        return NULL;
    b->count++;
    q->batch = b;
    q->type = (uint16_t)type;
    memcpy(q->name, wire, length);
    q->next = b->questions;
    b->questions = q;
    const struct dns_answer *failure = length ? resolver_submit(b->resolver, q) : &unaskable;
    if (failure)
        q->answer = failure;
    return q;
}

struct dns_question *dns_ask(struct dns_batch *b, const char *name, enum dns_type type)
{
    return ask(b, name, type, b->max_questions);
}

struct dns_question *dns_ask_reserved(struct dns_batch *b, const char *name, enum dns_type type)
{
    return ask(b, name, type, b->max_questions + DNS_RESERVE);
}

const struct dns_answer *dns_peek(struct dns_question *q)
{
    const struct dns_answer *a = atomic_load_explicit(&q->answer, memory_order_acquire);
    return a ? a : &pending;
}

static struct timespec end_of(struct dns_batch *b)
{
    int64_t end_ms = b->deadline_ms;
    if (resolver_silent(b->resolver)) {
        if (!b->silent_end_ms)
            b->silent_end_ms = clock_ms() + DNS_SILENT_PATIENCE_MS;
        if (b->silent_end_ms < end_ms)
            end_ms = b->silent_end_ms;
    }
    return (struct timespec){.tv_sec = end_ms / 1000, .tv_nsec = (end_ms % 1000) * 1000000};
}

static void announce_wait(struct dns_batch *b)
{
    void (*call)(void *) = b->before_wait;
    if (!call || clock_ms() >= b->deadline_ms)
        return;
    b->before_wait = NULL;
    call(b->before_wait_arg);
}

/* Sleeps until q is answered or the deadline is there. */
static void sleep_for(struct dns_batch *b, struct dns_question *q)
{
    struct timespec end;
    int64_t started = clock_us();
    int rc = 0;
    pthread_mutex_lock(&b->lock);
    b->waiting = true;
    while (rc == 0 && !atomic_load(&q->answer)) {
        end = end_of(b);
        rc = pthread_cond_timedwait(&b->answered, &b->lock, &end);
    }
    b->waiting = false;
    if (!atomic_load(&q->answer)) {
        atomic_store(&q->answer, &too_late);
        b->timed_out = true;
    }
    pthread_mutex_unlock(&b->lock);
    b->wait_us += clock_us() - started;
}

const struct dns_answer *dns_wait(struct dns_question *q)
{
    if (dns_peek(q) == &pending) {
        announce_wait(q->batch);
        sleep_for(q->batch, q);
    }
    return dns_peek(q);
}

unsigned dns_batch_answers(const struct dns_batch *b)
{
    return atomic_load_explicit(&b->answers, memory_order_acquire);
}

bool dns_wait_more(struct dns_batch *b, unsigned seen)
{
    struct timespec end = end_of(b);
    int64_t started = clock_us();
    int rc = 0;
    if (dns_batch_answers(b) != seen)
        return true;
    announce_wait(b);
    pthread_mutex_lock(&b->lock);
    b->waiting = true;
    while (rc == 0 && dns_batch_answers(b) == seen)
        rc = pthread_cond_timedwait(&b->answered, &b->lock, &end);
    b->waiting = false;
    pthread_mutex_unlock(&b->lock);
    b->wait_us += clock_us() - started;
    return dns_batch_answers(b) != seen;
}
