/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LEDGER_H
#define VOUCH_LEDGER_H

#include "proof.h"

/* The terms of one sum while it is drawn up: private to trust.c and the files that add terms. */

#define LEDGER_MAX 192 /* terms; each weight gives at most three, see terms.h */

struct ledger {
    const struct trust_params *params;
    const struct trust_input *in;
    struct arena *arena;         /* for notes; NULL: none are wanted */
    const struct counts *counts; /* one for each identity, as of in->now */
    int first[ID_KIND_COUNT];    /* identity of each kind; -1: there is none */
    enum proof author;
    int without; /* this weight counts nothing; -1: all count */
    double base; /* log-odds of all mail that comes here: what a reputation is beyond */
    double x[TW_COUNT];
    double sum;
    unsigned flags;
    bool failed; /* out of memory */
    size_t count;
    struct trust_item items[LEDGER_MAX]; /* weight: x until the sum is drawn */
    enum trust_weight of[LEDGER_MAX];    /* of each item */
};

/* Adds a term that says x, unless that is 0. counts: NULL if none are behind it. note: static or in the
 * arena; NULL if none. */
void ledger_add(struct ledger *l, enum trust_weight w, const char *subject, double x,
                const struct counts *counts, const char *note);
/* A term that counts nothing but that a person should know of. */
void ledger_mention(struct ledger *l, enum trust_weight w, const char *subject, const char *note);
/* the first identity of that kind; -1: there is none */
int ledger_find(const struct ledger *l, enum identity_kind kind);

/* Terms from how much there was lately (rates.c), and from the message itself (facts.c). */
void rate_terms(struct ledger *l);
void fact_terms(struct ledger *l);

#endif
