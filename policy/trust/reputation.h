/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REPUTATION_H
#define VOUCH_REPUTATION_H

#include "counts.h"

/* From counts to natural log-odds. 0 is "nothing is known"; more good never lowers a value, more
 * bad never raises one. */

/* Largest |log-odds| of one subject: some 200 good messages and no bad one with a prior of 0.5. More
 * of the same adds nothing, so that no sender is ever beyond doubt. */
#define REPUTATION_MAX 6.0

/* Log-odds of counts, shrunk towards those of the level above (0: nothing known there) by prior
 * messages' worth. prior > 0. Exactly above when nothing is counted. */
double reputation(const struct counts *c, double prior, double above);
/* What x, the log-odds of counts c of many senders, says of one of them that is not known itself: a
 * source that also sent bad mail vouches for nobody it has not been seen to send good mail for. Bad
 * log-odds count in full. */
double reputation_shared(double x, const struct counts *c, double prior);
/* What parent knows and child does not. */
struct counts reputation_rest(const struct counts *parent, const struct counts *child);

#endif
