/* SPDX-License-Identifier: BSD-2-Clause */
/* Decay of what the model knows of one subject. */
#include "counts.h"
#include <assert.h>
#include <math.h>

struct counts counts_at(const struct counts *c, int64_t now, double half_life)
{
    struct counts r = *c;
    assert(half_life > 0);
    if (now > c->last) {
        double left = exp2(-(double)(now - c->last) / half_life);
        r.good *= left;
        r.bad *= left;
        r.seen *= left;
        r.last = now;
    }
    return r;
}
