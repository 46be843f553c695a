/* SPDX-License-Identifier: BSD-2-Clause */
/* An event loop of the few parts that libunbound's pluggable API (unbound-event.h) asks for: events
 * on descriptors and timers, no signals. With it a cached answer costs no system call and no change
 * of threads: who asks runs libunbound itself. Events are one list; each turn walks it, which for
 * the hundreds of questions that may be under way is cheaper than keeping order.
 *
 * Invariants: an event is in the list if and only if it is added; due[] holds at each index an
 * event whose slot is that index, or NULL if it was removed since the turn began. */
#include "evloop.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unbound-event.h>
#include <unistd.h>
#include "busy.h"
#include "clock.h"

#define NO_SLOT  SIZE_MAX
#define MAX_WAIT 3600000 /* ms; a turn that finds nothing to do is harmless */

struct event {
    struct ub_event super; /* first: libunbound's pointer is ours */
    struct evloop *loop;
    struct event *next, *prev;
    bool added;
    short bits;
    int fd;
    int64_t due_us;      /* 0: no timer */
    int64_t interval_us; /* of a persistent event's timer */
    size_t slot;         /* in loop->due during a turn, else NO_SLOT */
    void (*call)(int fd, short bits, void *arg);
    void *arg;
};

struct evloop {
    struct ub_event_base super; /* first, as above */
    struct ub_event_base_vmt base_methods;
    struct ub_event_vmt event_methods;
    struct event *events;
    size_t count; /* events added */
    struct event **due;
    struct pollfd *polled;
    size_t capacity, due_count;
    bool asleep;
    struct busy busy;
    int wake_read, wake_write;
};

void evloop_wake(struct evloop *loop)
{
    if (!loop->asleep)
        return;
    loop->asleep = false;
    while (write(loop->wake_write, "", 1) < 0 && errno == EINTR)
        ;
}

static void remove_event(struct event *e)
{
    if (e->slot != NO_SLOT) {
        e->loop->due[e->slot] = NULL;
        e->slot = NO_SLOT;
    }
    if (!e->added)
        return;
    if (e->prev)
        e->prev->next = e->next;
    else
        e->loop->events = e->next;
    if (e->next)
        e->next->prev = e->prev;
    e->next = e->prev = NULL;
    e->added = false;
    e->loop->count--;
}

static int add_event(struct event *e, const struct timeval *wait)
{
    struct evloop *loop = e->loop;
    if (!e->added) {
        e->prev = NULL;
        e->next = loop->events;
        if (e->next)
            e->next->prev = e;
        loop->events = e;
        e->added = true;
        loop->count++;
    }
    e->due_us = e->interval_us = 0;
    if (wait) {
        e->interval_us = (int64_t)wait->tv_sec * 1000000 + wait->tv_usec;
        e->due_us = clock_us() + e->interval_us;
    }
    evloop_wake(loop);
    return 0;
}

/* The virtual methods. */

static struct event *event_of(struct ub_event *e)
{
    return (struct event *)(void *)e;
}

static void on_add_bits(struct ub_event *e, short bits)
{
    event_of(e)->bits |= bits;
}

static void on_del_bits(struct ub_event *e, short bits)
{
    event_of(e)->bits &= (short)~bits;
}

static void on_set_fd(struct ub_event *e, int fd)
{
    event_of(e)->fd = fd;
}

static void on_free(struct ub_event *e)
{
    remove_event(event_of(e));
    free(event_of(e));
}

static int on_add(struct ub_event *e, struct timeval *wait)
{
    return add_event(event_of(e), wait);
}

static int on_del(struct ub_event *e)
{
    remove_event(event_of(e));
    return 0;
}

static int on_add_timer(struct ub_event *e, struct ub_event_base *base,
                        void (*call)(int, short, void *), void *arg, struct timeval *wait)
{
    (void)base;
    struct event *event = event_of(e);
    remove_event(event);
    event->fd = -1;
    event->bits = UB_EV_TIMEOUT;
    event->call = call;
    event->arg = arg;
    return add_event(event, wait);
}

static int no_signal(struct ub_event *e, struct timeval *wait)
{
    (void)e;
    (void)wait;
    return -1;
}

static void no_winsock(struct ub_event *e)
{
    (void)e;
}

static void no_wouldblock(struct ub_event *e, int bit)
{
    (void)e;
    (void)bit;
}

static struct ub_event *on_new(struct ub_event_base *base, int fd, short bits,
                               void (*call)(int, short, void *), void *arg)
{
    struct event *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->loop = (struct evloop *)(void *)base;
    e->super.magic = UB_EVENT_MAGIC;
    e->super.vmt = &e->loop->event_methods;
    e->fd = fd;
    e->bits = bits;
    e->slot = NO_SLOT;
    e->call = call;
    e->arg = arg;
    return &e->super;
}

static void no_free(struct ub_event_base *base)
{
    (void)base;
}

static int no_dispatch(struct ub_event_base *base)
{
    (void)base;
    return -1;
}

static int no_exit(struct ub_event_base *base, struct timeval *wait)
{
    (void)base;
    (void)wait;
    return 0;
}

struct evloop *evloop_new(void)
{
    struct evloop *loop = calloc(1, sizeof *loop);
    int fds[2];
    if (!loop)
        return NULL;
    if (pipe(fds) != 0) {
        free(loop);
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(fds[i], F_SETFD, FD_CLOEXEC);
        fcntl(fds[i], F_SETFL, O_NONBLOCK);
    }
    loop->wake_read = fds[0];
    loop->wake_write = fds[1];
    loop->super.magic = UB_EVENT_MAGIC;
    loop->super.vmt = &loop->base_methods;
    loop->base_methods = (struct ub_event_base_vmt){
        .free = no_free, .dispatch = no_dispatch, .loopexit = no_exit, .new_event = on_new};
    loop->event_methods = (struct ub_event_vmt){
        .add_bits = on_add_bits,
        .del_bits = on_del_bits,
        .set_fd = on_set_fd,
        .free = on_free,
        .add = on_add,
        .del = on_del,
        .add_timer = on_add_timer,
        .del_timer = on_del,
        .add_signal = no_signal,
        .del_signal = on_del,
        .winsock_unregister_wsaevent = no_winsock,
        .winsock_tcp_wouldblock = no_wouldblock,
    };
    return loop;
}

void evloop_free(struct evloop **lp)
{
    struct evloop *loop = *lp;
    if (!loop)
        return;
    close(loop->wake_read);
    close(loop->wake_write);
    free(loop->due);
    free(loop->polled);
    free(loop);
    *lp = NULL;
}

struct ub_event_base *evloop_base(struct evloop *loop)
{
    return &loop->super;
}

/* A turn. */

static void choose(struct evloop *loop, struct event *e)
{
    e->slot = loop->due_count;
    loop->due[loop->due_count++] = e;
}

/* Room for every event and the pipe. */
static bool reserve(struct evloop *loop)
{
    size_t n = loop->capacity ? loop->capacity : 64;
    while (n < loop->count + 1)
        n *= 2;
    if (n == loop->capacity)
        return true;
    struct event **due = realloc(loop->due, n * sizeof *due);
    if (due)
        loop->due = due;
    struct pollfd *polled = realloc(loop->polled, n * sizeof *polled);
    if (polled)
        loop->polled = polled;
    if (!due || !polled)
        return false;
    loop->capacity = n;
    return true;
}

/* Fills polled[] and, in step with it, due[]. Returns how long poll may sleep, in ms. */
static int prepare(struct evloop *loop)
{
    int64_t first = 0;
    loop->due_count = 0;
    for (struct event *e = loop->events; e; e = e->next) {
        if (e->due_us && (!first || e->due_us < first))
            first = e->due_us;
        if (e->fd < 0 || !(e->bits & (UB_EV_READ | UB_EV_WRITE)))
            continue;
        short wanted =
            (short)((e->bits & UB_EV_READ ? POLLIN : 0) | (e->bits & UB_EV_WRITE ? POLLOUT : 0));
        loop->polled[loop->due_count] = (struct pollfd){.fd = e->fd, .events = wanted};
        choose(loop, e);
    }
    if (!first)
        return MAX_WAIT;
    int64_t left = (first - clock_us() + 999) / 1000;
    return left < 0 ? 0 : left > MAX_WAIT ? MAX_WAIT : (int)left;
}

static void fire(struct event *e, short bits)
{
    if (!(e->bits & UB_EV_PERSIST))
        remove_event(e);
    else if (e->due_us)
        e->due_us = clock_us() + e->interval_us;
    e->call(e->fd, bits, e->arg);
}

/* any: poll found something; else revents mean nothing. */
static void fire_descriptors(struct evloop *loop, bool any)
{
    for (size_t i = 0; i < loop->due_count; i++) {
        struct event *e = loop->due[i];
        short seen = any ? loop->polled[i].revents : 0, bits = 0;
        if (!e)
            continue;
        e->slot = NO_SLOT;
        /* an error is found by who reads or writes */
        if (seen & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
            bits |= e->bits & UB_EV_READ;
        if (seen & (POLLOUT | POLLERR | POLLHUP | POLLNVAL))
            bits |= e->bits & UB_EV_WRITE;
        if (bits)
            fire(e, bits);
    }
}

static void fire_timers(struct evloop *loop)
{
    int64_t now = clock_us();
    loop->due_count = 0;
    for (struct event *e = loop->events; e; e = e->next)
        if (e->due_us && e->due_us <= now && loop->due_count < loop->capacity)
            choose(loop, e);
    for (size_t i = 0; i < loop->due_count; i++) {
        struct event *e = loop->due[i];
        if (!e)
            continue;
        e->slot = NO_SLOT;
        fire(e, UB_EV_TIMEOUT);
    }
}

void evloop_turn(struct evloop *loop, pthread_mutex_t *lock)
{
    char bytes[64];
    if (!reserve(loop)) { /* try again when memory may be there */
        pthread_mutex_unlock(lock);
        poll(NULL, 0, 100);
        pthread_mutex_lock(lock);
        return;
    }
    int wait_ms = prepare(loop);
    size_t n = loop->due_count;
    loop->polled[n] = (struct pollfd){.fd = loop->wake_read, .events = POLLIN};
    loop->asleep = true;
    pthread_mutex_unlock(lock);
    int rc = poll(loop->polled, n + 1, wait_ms);
    busy_begin(&loop->busy);
    pthread_mutex_lock(lock);
    loop->asleep = false;
    while (rc > 0 && loop->polled[n].revents && read(loop->wake_read, bytes, sizeof bytes) > 0)
        ;
    fire_descriptors(loop, rc > 0);
    fire_timers(loop);
    busy_end(&loop->busy);
}

int64_t evloop_busy_ms(const struct evloop *loop)
{
    return busy_ms(&loop->busy);
}
