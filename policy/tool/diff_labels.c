/* SPDX-License-Identifier: BSD-2-Clause */
/* All labels, sorted by their message's id, the one that holds first. */
#include "diff_labels.h"
#include <stdlib.h>
#include <string.h>
#include "ascii.h"
#include "errors.h"
#include "mark.h"

#define ID_BYTES 16

struct item {
    uint8_t message[ID_BYTES];
    struct mark mark;
};

struct diff_labels {
    struct item *list;
    size_t count, cap;
};

struct diff_labels *diff_labels_new(void)
{
    return calloc(1, sizeof(struct diff_labels));
}

void diff_labels_free(struct diff_labels **lp)
{
    struct diff_labels *l = *lp;
    *lp = NULL;
    if (!l)
        return;
    free(l->list);
    free(l);
}

/* A UUID's bytes; false: it is none. */
static bool to_bytes(const char *id, uint8_t bytes_r[ID_BYTES])
{
    size_t digits = 0;
    memset(bytes_r, 0, ID_BYTES);
    for (; *id; id++) {
        int value = ascii_hex(*id);
        if (value < 0 && *id != '-')
            return false;
        if (value < 0)
            continue;
        if (digits == 2 * ID_BYTES)
            return false;
        bytes_r[digits / 2] = (uint8_t)(bytes_r[digits / 2] << 4 | value);
        digits++;
    }
    return digits == 2 * ID_BYTES;
}

int diff_labels_add(struct diff_labels *l, const struct settings *settings, const struct record *r)
{
    struct item item = {.mark = {.time_us = r->time_us}};
    const char *subject = r->kind == RECORD_LABEL ? r->subject : r->id;
    if (r->kind == RECORD_ERASURE || !to_bytes(subject, item.message))
        return 0;
    (void)to_bytes(r->id, item.mark.id);
    for (size_t i = 0; i < r->label_count; i++) {
        if (settings->label_weights[r->labels[i].source] <= 0)
            continue;
        if (l->count == l->cap) {
            size_t cap = l->cap ? 2 * l->cap : 1024;
            struct item *list = realloc(l->list, cap * sizeof *list);
            if (!list)
                return VOUCH_E_NOMEM;
            l->list = list;
            l->cap = cap;
        }
        item.mark.rank = (uint8_t)label_rank(r->labels[i].source);
        item.mark.verdict = (int8_t)r->labels[i].verdict;
        l->list[l->count++] = item;
    }
    return 0;
}

static int by_message(const void *pa, const void *pb)
{
    const struct item *a = pa, *b = pb;
    int rc = memcmp(a->message, b->message, ID_BYTES);
    return rc ? rc : mark_beats(&a->mark, &b->mark) ? -1 : mark_beats(&b->mark, &a->mark);
}

void diff_labels_sort(struct diff_labels *l)
{
    size_t kept = 0;
    if (l->count)
        qsort(l->list, l->count, sizeof *l->list, by_message);
    for (size_t i = 0; i < l->count; i++)
        if (kept == 0 || memcmp(l->list[kept - 1].message, l->list[i].message, ID_BYTES) != 0)
            l->list[kept++] = l->list[i];
    l->count = kept;
}

static int find(const void *key, const void *item)
{
    return memcmp(key, ((const struct item *)item)->message, ID_BYTES);
}

enum label_verdict diff_labels_of(const struct diff_labels *l, const char *id)
{
    uint8_t key[ID_BYTES];
    const struct item *item = NULL;
    if (l->count && to_bytes(id, key))
        item = bsearch(key, l->list, l->count, sizeof *l->list, find);
    return item ? (enum label_verdict)item->mark.verdict : LABEL_NONE;
}
