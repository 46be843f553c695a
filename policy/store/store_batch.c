/* SPDX-License-Identifier: BSD-2-Clause */
/* Updates of a batch gathered by key. */
#include <stdlib.h>
#include <string.h>
#include "store_batch.h"
#include "store_ops.h"

/* By key; updates of one key stay in the order they were given. */
static int compare(const void *pa, const void *pb)
{
    const struct store_update *a = *(const struct store_update *const *)pa;
    const struct store_update *b = *(const struct store_update *const *)pb;
    int c = store_key_compare(&a->key, &b->key);
    return c ? c : (a > b) - (a < b);
}

int store_batch_init(struct store_batch *b, const struct store_update *updates, size_t count)
{
    *b = (struct store_batch){0};
    if (count == 0)
        return 0;
    b->sorted = calloc(count, sizeof(*b->sorted));
    b->items = calloc(count, sizeof *b->items);
    if (!b->sorted || !b->items) {
        store_batch_clear(b);
        return VOUCH_E_NOMEM;
    }
    for (size_t i = 0; i < count; i++)
        b->sorted[i] = &updates[i];
    qsort(b->sorted, count, sizeof(*b->sorted), compare);
    for (size_t i = 0; i < count; i++) {
        struct store_batch_item *last = b->count ? &b->items[b->count - 1] : NULL;
        if (!last || store_key_compare(&last->key, &b->sorted[i]->key) != 0) {
            last = &b->items[b->count++];
            last->key = b->sorted[i]->key;
            last->updates = &b->sorted[i];
        }
        last->count++;
    }
    return 0;
}

void store_batch_clear(struct store_batch *b)
{
    free(b->items);
    free(b->sorted);
    *b = (struct store_batch){0};
}

void store_batch_add(const struct store_batch_item *item, double half_life, struct counts *counts)
{
    for (size_t i = 0; i < item->count; i++) {
        const struct store_update *u = item->updates[i];
        counts_add(counts, u->time, half_life, u->good, u->bad, u->seen);
    }
}
