/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_EVLOOP_H
#define VOUCH_EVLOOP_H

#include <pthread.h>
#include <stdint.h>

/* The event loop that libunbound runs on: its pluggable event API over poll(2). Everything happens
 * with one lock held, which is the caller's: one thread takes turns, and lets go of the lock only
 * while it sleeps; any other thread that holds it may call libunbound, which then adds and removes
 * events here. */
struct evloop;
struct ub_event_base;

/* NULL: out of memory or of file descriptors. */
struct evloop *evloop_new(void);
/* No event may be left in it. */
void evloop_free(struct evloop **lp);
/* Borrowed: for ub_ctx_create_ub_event. */
struct ub_event_base *evloop_base(struct evloop *loop);
/* Sleeps without the lock until something is due, then calls it. */
void evloop_turn(struct evloop *loop, pthread_mutex_t *lock);
/* How long a turn has been calling what was due; milliseconds, 0: it sleeps. Needs no lock. */
int64_t evloop_busy_ms(const struct evloop *loop);
/* Ends the sleep of a turn. */
void evloop_wake(struct evloop *loop);

#endif
