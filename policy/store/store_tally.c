/* SPDX-License-Identifier: BSD-2-Clause */
/* Tallies in a store: adding masses to them, setting and reading them. Made of store_change and
 * store_scan_bytes, so that every backend keeps the same bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "store_ops.h"
#include "tally.h"
#include "value.h"

/* Items (updates, or keys with counts), gathered by key. */
struct batch {
    struct store *store;
    const void *items; /* each begins with its struct store_key */
    size_t size;       /* of one */
    const struct counts *counts;

    size_t count; /* different keys */
    struct store_key *keys;
    const void **order; /* all items, by key, those of one key as they were given */
    size_t *ends;       /* of each key: where its items end in order */
    uint8_t (*bytes)[TALLY_BYTES_MAX];
};

static uint32_t half_life_of(const struct store *s)
{
    return s->half_life < 1 ? 1 : s->half_life < UINT32_MAX ? (uint32_t)s->half_life : UINT32_MAX;
}

static int compare(const void *pa, const void *pb)
{
    const void *a = *(const void *const *)pa, *b = *(const void *const *)pb;
    int c = store_key_compare(a, b);
    return c ? c : (a > b) - (a < b);
}

static void batch_clear(struct batch *b)
{
    free(b->keys);
    free(b->order);
    free(b->ends);
    free(b->bytes);
}

static int batch_init(struct batch *b, size_t n)
{
    b->keys = calloc(n + 1, sizeof *b->keys);
    b->order = calloc(n + 1, sizeof *b->order);
    b->ends = calloc(n + 1, sizeof *b->ends);
    if (!b->keys || !b->order || !b->ends)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        b->order[i] = (const char *)b->items + i * b->size;
    qsort(b->order, n, sizeof *b->order, compare);
    for (size_t i = 0; i < n; i++) {
        const struct store_key *key = b->order[i];
        if (b->count == 0 || store_key_compare(key, &b->keys[b->count - 1]) != 0)
            b->keys[b->count++] = *key;
        b->ends[b->count - 1] = i + 1;
    }
    b->bytes = calloc(b->count + 1, sizeof *b->bytes);
    return b->bytes ? 0 : VOUCH_E_NOMEM;
}

/* What is kept is not a tally that this program can read. */
static int unreadable(struct store *s)
{
    atomic_store(&s->unreadable, true);
    errno = EIO;
    return VOUCH_E_IO;
}

static int add(void *arg, const struct span *now, struct span *new_r)
{
    struct batch *b = arg;
    uint32_t half_life = half_life_of(b->store);
    for (size_t i = 0, k = 0; i < b->count; i++) {
        struct tally t = {0};
        if (now[i].len > 0 && tally_decode(now[i].p, now[i].len, &t) != 0)
            return unreadable(b->store);
        for (; k < b->ends[i]; k++) {
            const struct store_update *u = b->order[k];
            tally_add(&t, half_life, u->time, u->good, u->bad, u->seen);
        }
        new_r[i] = span_make(b->bytes[i], tally_encode(&t, b->bytes[i]));
    }
    return 0;
}

int store_apply(struct store *s, const struct store_update *updates, size_t count,
                const char *writer, uint64_t watermark)
{
    struct batch b = {.store = s, .items = updates, .size = sizeof *updates};
    int rc = store_check_write(s, updates, sizeof *updates, count, writer);
    if (rc == 0)
        rc = batch_init(&b, count);
    if (rc == 0)
        rc = store_change(s, b.keys, b.count, add, &b, writer, watermark);
    batch_clear(&b);
    return rc;
}

/* The last of what is given for one key holds. */
static int set(void *arg, const struct span *now, struct span *new_r)
{
    struct batch *b = arg;
    (void)now;
    for (size_t i = 0; i < b->count; i++) {
        const struct store_key *key = b->order[b->ends[i] - 1];
        size_t index = (size_t)(key - (const struct store_key *)b->items);
        struct tally t = tally_from_counts(&b->counts[index], half_life_of(b->store));
        new_r[i] = span_make(b->bytes[i], tally_encode(&t, b->bytes[i]));
    }
    return 0;
}

int store_put(struct store *s, const struct store_key *keys, const struct counts *counts, size_t n)
{
    struct batch b = {.store = s, .items = keys, .size = sizeof *keys, .counts = counts};
    int rc = store_check_write(s, keys, sizeof *keys, n, "");
    if (rc == 0)
        rc = batch_init(&b, n);
    if (rc == 0)
        rc = store_change(s, b.keys, b.count, set, &b, "", 0);
    batch_clear(&b);
    return rc;
}

struct scan {
    struct store *store;
    int (*each)(void *, const struct store_key *, const struct counts *);
    void *arg;
};

static int give_tally(void *arg, const struct store_key *key, struct span value)
{
    struct scan *s = arg;
    struct counts c;
    if (store_value_kind(value.p, value.len) != VALUE_TALLY &&
        store_value_kind(value.p, value.len) != VALUE_NONE)
        return 0;
    if (!store_value_counts(value.p, value.len, &c))
        return unreadable(s->store);
    return s->each(s->arg, key, &c);
}

int store_scan(struct store *s,
               int (*each)(void *, const struct store_key *, const struct counts *), void *arg)
{
    return store_scan_bytes(s, give_tally, &(struct scan){s, each, arg});
}
