/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts to log-odds: the mean of a Beta distribution whose prior is the level above. */
#include "reputation.h"
#include <math.h>

/* A shared source's credit is halved at one bad message in this many. Mail services used by
 * everybody are beyond that: their name tells nearly nothing of a sender that is new. */
#define SHARED_HALF 100.0

static double clamp(double x)
{
    return fmax(-REPUTATION_MAX, fmin(REPUTATION_MAX, x));
}

double reputation(const struct counts *c, double prior, double above)
{
    if (c->good <= 0 && c->bad <= 0)
        return above;
    double expected = 1 / (1 + exp(-above)); /* share of good messages */
    return clamp(log((c->good + prior * expected) / (c->bad + prior * (1 - expected))));
}

double reputation_shared(double x, const struct counts *c, double prior)
{
    if (x <= 0)
        return x;
    return x / (1 + SHARED_HALF * c->bad / (c->good + c->bad + prior));
}

struct counts reputation_rest(const struct counts *parent, const struct counts *child)
{
    struct counts rest = *parent;
    rest.good = fmax(0, parent->good - child->good);
    rest.bad = fmax(0, parent->bad - child->bad);
    rest.seen = fmax(0, parent->seen - child->seen);
    return rest;
}
