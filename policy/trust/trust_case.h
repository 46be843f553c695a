/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TRUST_CASE_H
#define VOUCH_TRUST_CASE_H

#include "ledger.h"

/* What was summed, kept so that it can be summed again with one thing changed. */
struct trust_case {
    struct trust_params params;
    struct trust_input input;
    const struct counts *counts; /* one for each identity, as of input.now */
};

/* A question "what would be, if". */
struct what_if {
    bool proven; /* the author were proven */
    int without; /* this weight counted nothing; -1: all count */
};

/* Draws up l, which is zeroed but for its arena. what_if: NULL for what is. */
void trust_case_sum(const struct trust_case *c, const struct counts *counts,
                    const struct what_if *what_if, struct ledger *l);
double trust_logistic(double sum);

#endif
