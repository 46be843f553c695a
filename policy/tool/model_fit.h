/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_MODEL_FIT_H
#define VOUCH_TOOL_MODEL_FIT_H

#include "params.h"
#include "model_teach.h"

/* Weights from the labels of the journals: the part of vouch model build --fit between teaching and
 * activating. */

#define MODEL_FIT_LABELS  200 /* messages with labels; fewer say too little */
#define MODEL_FIT_KIND    20  /* of them good, and bad ones */
#define MODEL_FIT_HELD    5   /* good, and bad ones, among those held out */
#define MODEL_FIT_HOLDOUT 0.2

enum model_fit {
    MODEL_FIT_DONE,   /* *fit has them */
    MODEL_FIT_FEW,    /* *fit is as it was */
    MODEL_FIT_REFUSED /* *fit has them, but they judge what was held out worse than those in force */
};

/* Fits to the labels of the earlier part, and compares on the later part, of which holdout (0..1) says how large it is, with
 * the weights in force: fit's (NULL *active: there is none) with those that vouch.conf sets. If it is not worse, fits
 * to all. Prints what it did. options->store is the version, taught. 0; on error prints it and returns the exit
 * status. */
int model_fit(const struct teach *t, const struct learn_options *options, double holdout,
              const struct trust_fit *active, struct trust_fit *fit_r, enum model_fit *done_r);

#endif
