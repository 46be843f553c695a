/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_COUNTS_H
#define VOUCH_COUNTS_H

#include <stdint.h>

/* What the model knows of one subject, for a reader: masses that halve with time, as of `last`. Stores
 * keep them as tallies (tally.h). */
struct counts {
    double good, bad, seen; /* messages, decayed; >= 0 */
    int64_t first, last;    /* seconds since the epoch: first seen, and as of when the masses are */
};

#define COUNTS_MASS_MAX 0x1p47 /* no tally reads as more */

/* The same counts as of now. half_life in seconds, > 0. now < last counts as now == last. */
struct counts counts_at(const struct counts *c, int64_t now, double half_life);

#endif
