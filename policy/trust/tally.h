/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TALLY_H
#define VOUCH_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include "counts.h"

/* What a store keeps of one subject: decayed masses as exact sums, so that a tally depends only on
 * what was added to it and never on the order, the batches or the number of writers. A model learnt
 * live and one rebuilt from its journals are then equal byte for byte.
 *
 * Forward decay (Cormode et al., 2009): instead of shrinking what is there, later messages weigh
 * more. Time is cut into eras of TALLY_ERA half-lives, counted from the epoch. A mass m at time t of
 * era e adds round(m * 2^(TALLY_FRACTION + (t - start of e) / half-life)) to that era's integer sum.
 * The newest era and the one before are kept; what is older weighs at most 2^-TALLY_ERA of what it
 * did and is dropped, whenever it comes. */

#define TALLY_ERA       8          /* half-lives in one era */
#define TALLY_FRACTION  16         /* binary digits behind the point */
#define TALLY_TIME_MAX  UINT32_MAX /* seconds; later is then */
#define TALLY_BYTES_MAX 96         /* encoded; most take 20 to 35 */

struct tally {
    uint32_t half_life;               /* seconds; 0: an empty tally */
    int64_t era;                      /* the newer of the two kept */
    int64_t good[2], bad[2], seen[2]; /* [0] of era, [1] of the one before; may be negative */
    int64_t first, last;              /* seconds: of what added to seen; 0, 0: nothing has */
};

/* Adds masses (any sign, not NaN: a label that is taken back is added with the opposite one, at the
 * same time) at a time in seconds since the epoch, 1 to TALLY_TIME_MAX, clamped. All 0: nothing is
 * added, nothing changes. half_life: seconds, > 0. A tally with another half-life is first converted,
 * which depends on order; so does a sum that stops at 2^62, which takes 2^38 (some 270 thousand
 * million) messages of one era. Nothing else does. Rounding costs one addition at most 2^-17 of a
 * message; a sum is never rounded again, so n messages are n * 2^-17 off at the very most (all of one
 * moment), and of many moments far less, for as often up as down. */
void tally_add(struct tally *t, uint32_t half_life, int64_t time, double good, double bad,
               double seen);
/* The same for a reader: masses (>= 0) as of last, or of the era's start if that is later or nothing
 * was seen. */
struct counts tally_counts(const struct tally *t);
/* A tally that reads as these counts: for an import. Masses below 2^-17 are lost, those above 2^38 are
 * less. */
struct tally tally_from_counts(const struct counts *c, uint32_t half_life);
/* Nothing was ever added: a store need not keep it. One whose sums came back to 0 is not empty: it
 * still knows its era. */
bool tally_is_empty(const struct tally *t);

/* Byte-order independent; byte 0 is VALUE_TALLY (value.h). Equal tallies have equal bytes. Returns
 * the length; 0 for an empty one. */
size_t tally_encode(const struct tally *t, uint8_t bytes_r[TALLY_BYTES_MAX]);
/* 0 or VOUCH_E_SYNTAX: no bytes are no tally. What is taken would be encoded to the same bytes. */
int tally_decode(const void *bytes, size_t len, struct tally *t_r);

#endif
