/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LEARN_POSITION_H
#define VOUCH_LEARN_POSITION_H

#include "store.h"

/* How far a model has learnt a journal, kept among its values, so that the step from one record to a
 * later one is made from there only. The watermark alone cannot say so: it tells that a step is old,
 * not that it starts where another learner of the same journal, or the same learner before a lost
 * answer, has meanwhile come. */

#define LEARN_POSITION_BYTES 9
#define LEARN_POSITION_GROUP "learnt" /* the field is the writer */

void learn_position_encode(uint64_t number, uint8_t bytes_r[LEARN_POSITION_BYTES]);
/* 0 where there is none. */
uint64_t learn_position_decode(struct span value);

#endif
