/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_COUNTS_H
#define VOUCH_COUNTS_H

#include <stddef.h>
#include <stdint.h>

/* What the model knows of one subject: masses that halve with time, as of `last`. */
struct counts {
    double good, bad, seen; /* messages, decayed; >= 0 */
    int64_t first, last;    /* seconds since the epoch: first seen, and as of when the masses are */
};

#define COUNTS_BYTES    24     /* encoded size; byte 0 is the codec's version */
#define COUNTS_MASS_MAX 0x1p99 /* sums stop here: finite whatever is added; the codec keeps it */

/* Versioned, byte-order independent. Masses keep 29 significant bits and must be finite and not
 * negative; times are 32-bit unsigned seconds. What lies outside is clamped, and so is a mass above
 * the maximum. */
void counts_encode(const struct counts *c, uint8_t bytes_r[COUNTS_BYTES]);
/* 0, or VOUCH_E_SYNTAX (unknown version, wrong length, a mass that is negative, not finite or above
 * the maximum). */
int counts_decode(const void *bytes, size_t len, struct counts *c_r);
/* The same counts as of now. half_life in seconds, > 0. now < last counts as now == last. */
struct counts counts_at(const struct counts *c, int64_t now, double half_life);
/* Adds masses at time now (decays first). Order of two additions at different times does not matter
 * beyond rounding. */
void counts_add(struct counts *c, int64_t now, double half_life, double good, double bad,
                double seen);

#endif
