/* SPDX-License-Identifier: BSD-2-Clause */
/* A bounded queue of records. */
#include "journal_kept.h"
#include <stdlib.h>
#include <string.h>

static uint64_t cost(const struct frame *f)
{
    return sizeof(struct kept_record) + f->datum.len;
}

void kept_init(struct kept *k, uint64_t max)
{
    *k = (struct kept){.max = max};
    k->tail = &k->head;
}

void kept_shift(struct kept *k)
{
    struct kept_record *r = k->head;
    k->head = r->next;
    if (!k->head)
        k->tail = &k->head;
    k->count--;
    k->bytes -= cost(&r->frame);
    free(r);
}

int kept_add(struct kept *k, const struct frame *f)
{
    if (cost(f) > k->max)
        return VOUCH_E_RANGE;
    struct kept_record *r = malloc(sizeof *r + f->datum.len);
    if (!r)
        return VOUCH_E_NOMEM;
    while (k->bytes + cost(f) > k->max) {
        kept_shift(k);
        k->lost++;
    }
    *r = (struct kept_record){.frame = *f};
    r->frame.datum.p = (const char *)(r + 1);
    if (f->datum.len)
        memcpy(r + 1, f->datum.p, f->datum.len);
    *k->tail = r;
    k->tail = &r->next;
    k->count++;
    k->bytes += cost(f);
    return 0;
}

void kept_clear(struct kept *k)
{
    while (k->head)
        kept_shift(k);
}
