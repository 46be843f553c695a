/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys in ascending order: backends then touch each page or hash once. Callers that keep their keys
 * in order pay for a comparison each and nothing else. */
#include "store_order.h"
#include <stdlib.h>
#include <string.h>
#include "store_ops.h"

struct entry {
    struct store_key key;
    size_t from;
};

int store_key_compare(const struct store_key *a, const struct store_key *b)
{
    int c = strcmp(a->group, b->group);
    return c ? c : strcmp(a->field, b->field);
}

static int compare(const void *a, const void *b)
{
    return store_key_compare(&((const struct entry *)a)->key, &((const struct entry *)b)->key);
}

static int compute_in_callers_order(void *arg, const struct span *now, struct span *new_r)
{
    struct store_order *o = arg;
    for (size_t i = 0; i < o->count; i++)
        o->now[o->from[i]] = now[i];
    if (o->count)
        memcpy(o->made, o->now, o->count * sizeof *o->made);
    int rc = o->callers(o->callers_arg, o->now, o->made);
    for (size_t i = 0; i < o->count && rc == 0; i++)
        new_r[i] = o->made[o->from[i]];
    return rc;
}

/* 0, or VOUCH_E_RANGE: a key is there twice. */
static int sort(struct store_order *o, struct entry *entries, const struct store_key *keys)
{
    for (size_t i = 0; i < o->count; i++)
        entries[i] = (struct entry){keys[i], i};
    qsort(entries, o->count, sizeof *entries, compare);
    for (size_t i = 0; i < o->count; i++) {
        if (i > 0 && compare(&entries[i - 1], &entries[i]) == 0)
            return VOUCH_E_RANGE;
        o->sorted[i] = entries[i].key;
        o->from[i] = entries[i].from;
    }
    return 0;
}

static bool ascends(const struct store_key *keys, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (store_key_compare(&keys[i - 1], &keys[i]) >= 0)
            return false;
    return true;
}

int store_order_init(struct store_order *o, const struct store_key *keys, size_t count,
                     store_compute *compute, void *arg)
{
    *o = (struct store_order){.keys = keys,
                              .compute = compute,
                              .arg = arg,
                              .count = count,
                              .callers = compute,
                              .callers_arg = arg};
    if (ascends(keys, count))
        return 0;
    struct entry *entries = calloc(count, sizeof *entries);
    o->sorted = calloc(count, sizeof *o->sorted);
    o->from = calloc(count, sizeof *o->from);
    o->now = calloc(count, sizeof *o->now);
    o->made = calloc(count, sizeof *o->made);
    int rc = VOUCH_E_NOMEM;
    if (entries && o->sorted && o->from && o->now && o->made)
        rc = sort(o, entries, keys);
    free(entries);
    o->keys = o->sorted;
    o->compute = compute_in_callers_order;
    o->arg = o;
    return rc;
}

void store_order_clear(struct store_order *o)
{
    free(o->sorted);
    free(o->from);
    free(o->now);
    free(o->made);
    *o = (struct store_order){0};
}
