/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LOGISTIC_H
#define VOUCH_LOGISTIC_H

#include <stddef.h>

/* Regularised logistic regression through a score that need not be linear: finds, within bounds, the
 * parameters p that make
 *
 *     sum of |mass| * log(1 + exp(-score)) over good rows, log(1 + exp(score)) over bad ones
 *       + sum of precision / 2 * (p - centre)^2
 *
 * small, by Gauss-Newton steps with Levenberg's damping: no step makes it larger. Pure. */

#define LOGISTIC_MAX   96 /* parameters */
#define LOGISTIC_STEPS 50 /* at most */

/* How a row's score changes with each parameter; those not named: not at all. */
struct logistic_slope {
    int count;
    int at[LOGISTIC_MAX];
    double of[LOGISTIC_MAX];
};

struct logistic {
    const void *arg; /* score's */
    /* slope_r: to add to; NULL: not wanted */
    double (*score)(const void *arg, size_t row, const double *p, struct logistic_slope *slope_r);
    const double *mass; /* of each row, in messages; below 0: of a bad one */
    size_t rows;
    int params; /* <= LOGISTIC_MAX */
    /* by parameter; low <= centre <= high, precision > 0 */
    double centre[LOGISTIC_MAX], precision[LOGISTIC_MAX];
    double low[LOGISTIC_MAX], high[LOGISTIC_MAX];
};

/* -log of the probability that score gives to the label, times |mass| */
double logistic_loss(double score, double mass);
/* Begins at p_r. 0 or VOUCH_E_NOMEM. */
int logistic_fit(const struct logistic *l, double p_r[LOGISTIC_MAX]);

#endif
