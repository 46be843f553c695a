/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_STORE_BATCH_H
#define VOUCH_STORE_BATCH_H

#include "store.h"

/* A batch of updates, gathered by key: every backend adds what concerns one key in one step and in
 * the same order, so that the same journal gives the same bytes everywhere. */
struct store_batch {
    struct store_batch_item {
        struct store_key key;                      /* borrowed from the updates */
        const struct store_update *const *updates; /* of this key, in the order they were given */
        size_t count;
    } * items; /* ordered by group, then field */
    size_t count;
    const struct store_update **sorted;
};

/* 0 or VOUCH_E_NOMEM. */
int store_batch_init(struct store_batch *b, const struct store_update *updates, size_t count);
void store_batch_clear(struct store_batch *b);
/* Adds an item's updates to what the key has (all zero: nothing yet). */
void store_batch_add(const struct store_batch_item *item, double half_life, struct counts *counts);

#endif
