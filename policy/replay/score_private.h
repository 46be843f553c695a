/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SCORE_PRIVATE_H
#define VOUCH_SCORE_PRIVATE_H

#include "score.h"

/* The rows of a subset as the steps of its ROC curve: one for each sum that occurs, lowest first (equal
 * sums are never told apart), with how many have this sum or a lower one. */
struct score_step {
    size_t good, bad;
};
/* From malloc; the caller frees. A subset without rows has none. 0 or VOUCH_E_NOMEM. */
int score_steps(const struct score *s, enum score_subset subset, struct score_step **steps_r,
                size_t *count_r);

#endif
