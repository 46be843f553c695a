/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_STORE_ORDER_H
#define VOUCH_STORE_ORDER_H

#include "store.h"

/* The keys of one store_change in ascending order, and a compute that still sees them in the order of
 * its caller; private to this room. */
struct store_order {
    const struct store_key *keys; /* ascending; the caller's own if they did already */
    store_compute *compute;
    void *arg;

    struct store_key *sorted; /* NULL: they did already */
    size_t *from;             /* sorted[i] is the caller's keys[from[i]] */
    struct span *now, *made;  /* in the caller's order */
    size_t count;
    store_compute *callers;
    void *callers_arg;
};

/* Must stay where it is until cleared. 0, VOUCH_E_NOMEM, or VOUCH_E_RANGE: a key is there twice. */
int store_order_init(struct store_order *o, const struct store_key *keys, size_t count,
                     store_compute *compute, void *arg);
/* Also after an error. */
void store_order_clear(struct store_order *o);

#endif
