/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TERMS_H
#define VOUCH_TERMS_H

#include "ledger.h"

/* What the files that draw up a sum share: what is known of an identity, and how it becomes a term. */

/* The counts of the first identity of that kind; all 0 where there is none, or nothing is known. */
struct counts term_counts(const struct ledger *l, enum identity_kind kind);
/* log-odds of all mail that comes here, at most BASE_MAX either way; an empty model: 0 */
double term_base(const struct ledger *l);
/* log-odds of identity i, all mail of one kind, beyond those of all mail here, shrunk by doubt messages'
 * worth. What speaks for a kind is shrunk by its share of the site's own doubt as well: so a kind that all
 * mail is of never does, though no bad mail was ever reported. */
double term_habit(const struct ledger *l, size_t i, double doubt);
/* log-odds of what turned out to come under names of that kind (enum known_before) that were new here;
 * the base where nothing is known of that. bit 0: the base */
double term_new(const struct ledger *l, unsigned bit);
/* log-odds of counts beyond the base, with the site's doubt, no more than a source of many senders says
 * of one */
double term_shared(const struct ledger *l, const struct counts *c);
/* Adds x with what is known of identity i and for how long, unless x is 0. */
void term_known(struct ledger *l, enum trust_weight w, size_t i, double x);

/* One level of a back-off. */
struct term_level {
    enum identity_kind kind;
    enum trust_weight weight;
    bool person; /* a single sender; all others are shared by many */
};
/* Coarse to fine: each level adds what it knows beyond the one above it, the first one beyond the base. A
 * level knows only what the finer one does not: the same messages are counted in both. new_bit: of enum
 * known_before, for where nothing is known. scale: times what each says. */
void term_levels(struct ledger *l, const struct term_level *levels, size_t count, unsigned new_bit,
                 double scale);

/* Of several of one kind: the best that is above 0 and the worst that is below it. */
struct term_extremes {
    size_t best, worst;
    double best_x, worst_x; /* 0: none */
};
void term_consider(struct term_extremes *e, size_t i, double x);
void term_extremes(struct ledger *l, enum trust_weight w, const struct term_extremes *e);

#endif
