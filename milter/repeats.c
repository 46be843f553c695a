/* SPDX-License-Identifier: BSD-2-Clause */
/* A small table, searched from its begin: there are few kinds, and they matter only when something is wrong. */
#include "repeats.h"
#include <stdio.h>

static bool has_ended(const struct repeat *k, int64_t now_ms)
{
    return now_ms - k->began_ms >= REPEATS_WINDOW_MS;
}

/* The kind's place, or one that nobody needs; NULL: none is free. */
static struct repeat *place_of(struct repeats *r, const char *kind, int64_t now_ms)
{
    struct repeat *unused = NULL;
    for (struct repeat *k = r->kinds; k < r->kinds + REPEATS_KINDS; k++) {
        if (k->kind == kind)
            return k;
        if (!unused && (!k->kind || (has_ended(k, now_ms) && !k->held)))
            unused = k;
    }
    if (unused)
        *unused = (struct repeat){.kind = kind, .began_ms = now_ms};
    return unused;
}

bool repeats_pass(struct repeats *r, const char *kind, unsigned level, const char *line,
                  int64_t now_ms)
{
    struct repeat *k = place_of(r, kind, now_ms);
    if (!k)
        return true;
    if (has_ended(k, now_ms) && !k->held)
        *k = (struct repeat){.kind = kind, .began_ms = now_ms};
    if (k->written < REPEATS_BURST) {
        k->written++;
        return true;
    }
    k->held++;
    k->level = level;
    snprintf(k->last, sizeof k->last, "%s", line);
    return false;
}

bool repeats_due(struct repeats *r, int64_t now_ms, struct repeat *due_r)
{
    for (struct repeat *k = r->kinds; k < r->kinds + REPEATS_KINDS; k++)
        if (k->kind && k->held && has_ended(k, now_ms)) {
            *due_r = *k;
            k->kind = NULL;
            return true;
        }
    return false;
}
