/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_PUPIL_H
#define VOUCH_PUPIL_H

#include "record.h"
#include "settings.h"

struct psl_ctx_st;
struct store;

/* Learns records one after the other, as the learner would from a journal: by their lessons. Labels may
 * be told at once, with their message's decision, or come later as records of their own. */

struct pupil;
/* All is borrowed. NULL: out of memory. */
struct pupil *pupil_new(struct store *store, const struct settings *settings,
                        const struct psl_ctx_st *psl);
void pupil_free(struct pupil **pp);
/* A decision, and the identities of its message; label: what is known of it now, NULL: nothing. 0 or
 * VOUCH_E_*. */
int pupil_learn(struct pupil *p, const struct record *decision, const struct identity *identities,
                size_t count, const struct label *label);
/* A record of any kind, as it is; an erasure is passed over. 0 or VOUCH_E_*. */
int pupil_take(struct pupil *p, const struct record *record);
/* A label of that decision's message, given at due_us, is learnt when pupil_advance comes to that time.
 * They must be told in order of due_us. Keeps a copy of all it needs. */
int pupil_learn_later(struct pupil *p, const struct record *decision, const struct label *label,
                      int64_t due_us);
/* All that was told up to now_us is in the model when this returns. 0 or VOUCH_E_*. */
int pupil_advance(struct pupil *p, int64_t now_us);

#endif
