/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_BUSY_H
#define VOUCH_BUSY_H

#include <stdatomic.h>
#include "clock.h"

/* Since when a thread has been at work without a pause: one thread says so, any other may ask. Zeroed: at rest. */
struct busy {
    _Atomic int64_t since_ms; /* clock_ms(); 0: it waits for work */
};

static inline void busy_begin(struct busy *b)
{
    atomic_store_explicit(&b->since_ms, clock_ms(), memory_order_relaxed);
}

static inline void busy_end(struct busy *b)
{
    atomic_store_explicit(&b->since_ms, 0, memory_order_relaxed);
}

/* milliseconds; 0 at rest */
static inline int64_t busy_ms(const struct busy *b)
{
    int64_t since = atomic_load_explicit(&b->since_ms, memory_order_relaxed);
    return since ? clock_ms() - since : 0;
}

#endif
