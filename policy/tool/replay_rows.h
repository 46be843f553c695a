/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REPLAY_ROWS_H
#define VOUCH_REPLAY_ROWS_H

#include "replay.h"
#include "score.h"

/* What vouch replay keeps of each message that was judged, and writes of it to files. */

struct replay_rows;
/* features, out: files to write; NULL: none. NULL: one line in error_r. */
struct replay_rows *replay_rows_new(const char *features, const char *out, char *error_r,
                                    size_t size);
void replay_rows_free(struct replay_rows **rp);
/* replay_see */
int replay_rows_see(void *arg, const struct replay_judged *j);
/* Ends the files, and knows the subsets. 0, or VOUCH_E_IO with one line in error_r. */
int replay_rows_end(struct replay_rows *r, char *error_r, size_t size);
/* borrowed */
struct score *replay_rows_score(struct replay_rows *r);
/* whether that evidence said anything of any message */
bool replay_rows_used(const struct replay_rows *r, int weight);
/* messages whose client nobody knows */
size_t replay_rows_without_client(const struct replay_rows *r);

#endif
