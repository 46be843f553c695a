/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DIFFERENCE_H
#define VOUCH_DIFFERENCE_H

#include "decision.h"

/* In what two judgements of one message differ, and why. Pure. */

/* All borrowed. */
struct judgement {
    const struct trust_result *trust; /* trust and items are read */
    double bias;                      /* where its sum began */
    const struct decision *decision;
};

/* What a person would call another decision: another class, policy or action, or another answer for a
 * recipient. Modes are not compared: a trial may observe what is enforced. *text_r: "class suspicious ->
 * untrusted because of spf_fail, action tag -> quarantine", in the arena, with no name of the message in it, so that messages can be
 * counted by it; NULL: they do not differ. 0 or VOUCH_E_NOMEM. */
int decision_difference(struct arena *arena, const struct judgement *a, const struct judgement *b,
                        const char **text_r);

#endif
