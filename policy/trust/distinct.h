/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DISTINCT_H
#define VOUCH_DISTINCT_H

#include <stdbool.h>
#include <stdint.h>
#include "varint.h"

/* How many different things there were: up to DISTINCT_EXACT of them as they are, more as a
 * HyperLogLog sketch (Flajolet et al., 2007) made of those. It depends on which there were and on
 * nothing else: neither on their order nor on how often each came.
 *
 * A member is 64 bits of hash, of which the upper 32 are kept: enough to count millions. A sketch
 * of 256 registers has a standard error of 1.04 / sqrt(256) = 6.5 %. */

#define DISTINCT_EXACT     32
#define DISTINCT_REGISTERS 256
#define DISTINCT_SKETCH    160 /* bytes: registers of five bits */
#define DISTINCT_BYTES_MAX (1 + DISTINCT_SKETCH)

struct distinct {
    uint8_t count; /* of members; above DISTINCT_EXACT: it is a sketch */
    union {
        uint32_t members[DISTINCT_EXACT]; /* ascending */
        uint8_t sketch[DISTINCT_SKETCH];
    } of;
};

void distinct_add(struct distinct *d, uint64_t member);
/* Writes up to DISTINCT_BYTES_MAX bytes; returns behind the last. */
uint8_t *distinct_put(uint8_t *p, const struct distinct *d);
/* Takes one off r; what is malformed sets r->bad and is an empty one. */
void distinct_get(struct varint_reader *r, struct distinct *d_r);

/* The union of several, which depends on their members alone too. It is counted exactly if all sets
 * are exact and no more than so many are in them together. */
#define DISTINCT_UNITED_EXACT 128
struct distinct_union {
    bool sketch;
    uint32_t count; /* of members, while it is no sketch */
    uint32_t members[DISTINCT_UNITED_EXACT + DISTINCT_EXACT]; /* ascending */
    uint8_t registers[DISTINCT_REGISTERS];
};
/* An empty one. */
void distinct_union_init(struct distinct_union *u);
void distinct_unite(struct distinct_union *u, const struct distinct *d);
uint32_t distinct_union_count(const struct distinct_union *u);

#endif
