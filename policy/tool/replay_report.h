/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REPLAY_REPORT_H
#define VOUCH_REPLAY_REPORT_H

#include "replay_variants.h"

/* The page of `vouch replay --report FILE`: a report (report.h) and the file it goes to. */

struct replay_report;
/* Makes FILE, so that a run of hours does not find out at its end that it cannot be written. argv: the
 * command line. NULL: one line in error_r. */
struct replay_report *replay_report_new(const char *path, const struct replay_options *options,
                                        int argc, char **argv, char *error_r, size_t size);
void replay_report_free(struct replay_report **rp);
/* As replay_see. */
int replay_report_see(struct replay_report *r, const struct replay_judged *j);
/* One more line of what was replayed: how many messages of a kind. 0, or as report_fact. */
int replay_report_count(struct replay_report *r, const char *name, size_t count);
void replay_report_ablation(struct replay_report *r, const struct replay_variant *variants,
                            size_t count);
/* Writes the file. 0, or VOUCH_E_* with one line in error_r. */
int replay_report_end(struct replay_report *r, const struct corpus *corpus, struct score *score,
                      char *error_r, size_t size);

#endif
