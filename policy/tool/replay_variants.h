/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REPLAY_VARIANTS_H
#define VOUCH_REPLAY_VARIANTS_H

#include "replay.h"
#include "score.h"

/* The same replay again, each time with one thing changed, several side by side. */

struct replay_variant {
    int without;              /* enum trust_weight that counts nothing; -1: all count */
    uint64_t seed;            /* in place of the options' */
    struct score_figures all; /* what came out */
};
/* Runs them in processes of their own, jobs (> 0) at a time; options->progress is told how many are
 * done. 0, or an exit status; what is wrong was said on standard error. No other thread may be running. */
int replay_variants_run(struct corpus *corpus, const struct replay_options *options,
                        struct replay_variant *variants, size_t count, unsigned jobs);
/* How much each does worse without what its variant leaves out than full: a table, or a JSON array. */
void replay_variants_ablation(const struct score_figures *full,
                              const struct replay_variant *variants, size_t count, FILE *out,
                              bool json);
/* Mean and standard deviation over seeds: a table, or a JSON object. */
void replay_variants_spread(const struct replay_variant *variants, size_t count, FILE *out,
                            bool json);

#endif
