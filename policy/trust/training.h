/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TRAINING_H
#define VOUCH_TRAINING_H

#include "trust.h"

/* Weights fitted to labels: regularised logistic regression of "is good" on what each piece of evidence
 * said (trust_result.x), through the very sum that judges (trust_total). Pure and deterministic: the same
 * rows in the same order give the same weights on every machine. */

struct training; /* rows */

struct training_options {
    /* where the fit begins and what it is drawn to: the shipped weights */
    struct trust_params start;
    /* messages' worth of belief in start, > 0: a weight whose evidence was seen in fewer moves little */
    double pull;
    double bias_pull; /* the same for the bias, > 0 */
    /* seconds: older rows count less, as of the newest one; 0: all count alike */
    double half_life;
};
/* Chosen on two corpora by what refits along the stream reach (replay --refit daily): with the weights now
 * shipped, less pull than this ranks no better and calls bad mail trusted more often; it also keeps what rare
 * evidence weighs, such as forgeries of known authors, which a site's own labels seldom show. */
#define TRAINING_PULL      200.0
#define TRAINING_BIAS_PULL 20000.0

/* NULL: out of memory. */
struct training *training_new(void);
void training_free(struct training **tp);
/* x: as it was said before the label was learnt. mass: messages that the label counts as, > 0. time:
 * seconds. 0 or VOUCH_E_NOMEM. */
int training_add(struct training *t, const double x[TW_COUNT], bool good, double mass,
                 int64_t time);
size_t training_count(const struct training *t);
bool training_good(const struct training *t, size_t row);
/* As trust_total of what the row says. */
double training_sum(const struct training *t, size_t row, const struct trust_params *params);

/* How well params judge rows from (inclusive) to (exclusive). */
struct training_loss {
    double log_loss; /* mean of the rows' masses, natural logarithm */
    double mass;     /* of them all */
};
struct training_loss training_loss(const struct training *t, const struct trust_params *params,
                                   size_t from, size_t to);
/* The fit to the first count rows. Each weight keeps the sign of its start: a piece of evidence never turns
 * into its opposite; one of 0 stays 0. half_life and prior stay as they are. Calibration (one factor on all
 * weights and most_for, and a shift of the bias) is part of it, so a weight whose evidence no row has keeps its
 * relation to the others. 0; VOUCH_E_RANGE: rows of one kind only; VOUCH_E_NOMEM. */
int training_fit(const struct training *t, const struct training_options *options, size_t count,
                 struct trust_params *params_r);

#endif
