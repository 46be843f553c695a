/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TURNSTILE_H
#define VOUCH_TURNSTILE_H

#include <stdatomic.h>
#include <stdbool.h>

/* Tells whether any of the threads that pass through a place has been in it for too long, at the cost of two additions a pass.
 * Who enters is counted in the round that then runs; rounds alternate. Zeroed: nobody is in. */
struct turnstile {
    atomic_uint round;
    atomic_uint in[2];
};

/* what turnstile_leave wants back */
static inline unsigned turnstile_enter(struct turnstile *t)
{
    unsigned round = atomic_load(&t->round) & 1;
    atomic_fetch_add(&t->in[round], 1);
    return round;
}

static inline void turnstile_leave(struct turnstile *t, unsigned round)
{
    atomic_fetch_sub(&t->in[round], 1);
}

/* Ends a round. False: somebody who entered before this round began is still in; the round goes on. One caller only. */
static inline bool turnstile_turn(struct turnstile *t)
{
    unsigned last = (atomic_load(&t->round) & 1) ^ 1;
    if (atomic_load(&t->in[last]) > 0)
        return false;
    atomic_fetch_add(&t->round, 1);
    return true;
}

#endif
