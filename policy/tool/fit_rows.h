/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_FIT_ROWS_H
#define VOUCH_TOOL_FIT_ROWS_H

#include "model_teach.h"
#include "training.h"

/* What a fit is made from: every message of the journals that has a label, each with what its evidence
 * said before that label was learnt. */

/* Of more, the newest are replayed: so many are some hundred MiB of counts. */
#define FIT_RECORDS_MAX 1000000

/* Replays the journals in order of time into a model of its own in memory. options: as for the teaching;
 * options->store is the version that was taught all of them: it knows which label holds for each message, and
 * whom to forget. Rows are added in order of time. 0; on error prints it and returns the exit status. */
int fit_rows(const struct teach *t, const struct learn_options *options, struct training *rows);

#endif
