/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "fit_labels.h"
#include <stdlib.h>
#include <string.h>
#include "learn_lesson.h"
#include "mark.h"

#define SLOTS_FIRST 4096
#define MASS_UNIT   65536.0 /* mark.h */

struct slot {
    uint64_t digest; /* 0: free */
    double mass;
};
struct fit_labels {
    struct slot *slots;
    size_t slot_count, used;
};

static uint64_t digest_of(const char *id)
{
    uint64_t digest = span_ihash64(span_of(id));
    return digest ? digest : 1;
}

static struct slot *find(const struct fit_labels *l, uint64_t digest)
{
    size_t at = (size_t)digest & (l->slot_count - 1);
    while (l->slots[at].digest != 0 && l->slots[at].digest != digest)
        at = (at + 1) & (l->slot_count - 1);
    return &l->slots[at];
}

static int grow(struct fit_labels *l)
{
    struct fit_labels more = {.slot_count = l->slot_count ? 2 * l->slot_count : SLOTS_FIRST,
                              .used = l->used};
    more.slots = calloc(more.slot_count, sizeof *more.slots);
    if (!more.slots)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < l->slot_count; i++)
        if (l->slots[i].digest != 0)
            *find(&more, l->slots[i].digest) = l->slots[i];
    free(l->slots);
    *l = more;
    return 0;
}

static int take(void *arg, const struct store_key *key, struct span value)
{
    struct fit_labels *l = arg;
    struct mark mark;
    if (strncmp(key->group, LESSON_MARK_PREFIX, strlen(LESSON_MARK_PREFIX)) != 0 ||
        mark_decode(value.p, value.len, &mark) != 0 || mark.verdict == 0 || mark.mass == 0)
        return 0;
    if (2 * l->used >= l->slot_count && grow(l) != 0)
        return VOUCH_E_NOMEM;
    struct slot *slot = find(l, digest_of(key->field));
    l->used += slot->digest == 0;
    *slot = (struct slot){digest_of(key->field), mark.verdict * (mark.mass / MASS_UNIT)};
    return 0;
}

int fit_labels_read(struct store *s, struct fit_labels **l_r)
{
    struct fit_labels *l = calloc(1, sizeof *l);
    int rc = l ? grow(l) : VOUCH_E_NOMEM;
    if (rc == 0)
        rc = store_scan_bytes(s, take, l);
    if (rc != 0)
        fit_labels_free(&l);
    *l_r = l;
    return rc;
}

void fit_labels_free(struct fit_labels **lp)
{
    if (*lp)
        free((*lp)->slots);
    free(*lp);
    *lp = NULL;
}

double fit_labels_mass(const struct fit_labels *l, const char *id)
{
    return find(l, digest_of(id))->mass;
}
