/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LEARN_BATCH_H
#define VOUCH_LEARN_BATCH_H

#include "learn_lesson.h"

/* Lessons gathered until they are taught in one atomic step: each key is read once, everything is
 * added in order, each value is written once.
 *
 * Memory: keys are copied once (some 60 bytes each, 2 * IDENTITY_KEY_MAX at most) beside 200 bytes for
 * what they hold; a lesson takes 16 bytes for each key it names. So 1 to 4 KiB a record is usual. A
 * window that thousands of names fell into takes up to WINDOW_BYTES_MAX more. */

struct learn_batch;
/* records: as many lessons at most, and LEARN_BATCH_KEYS as many keys. writer: copied. half_life:
 * seconds, > 0. NULL: out of memory. */
#define LEARN_BATCH_KEYS 12 /* new to a batch; a sender nobody knows has some 25 */
struct learn_batch *learn_batch_new(size_t records, double half_life, const char *writer);
void learn_batch_free(struct learn_batch **bp);
/* Empties it. */
void learn_batch_reset(struct learn_batch *b);
bool learn_batch_is_full(const struct learn_batch *b);
/* records taken in */
size_t learn_batch_count(const struct learn_batch *b);
/* Copies a lesson; not of an erasure. 0, or VOUCH_E_NOMEM: then the batch must be reset. */
int learn_batch_add(struct learn_batch *b, const struct lesson *l);

/* Teaches all of it, in the step that moves the writer from record `from` to record `to`; may be
 * repeated. 0: done, now or before. LEARN_BEHIND: the model is not at `from`, nothing was done. Else
 * as store_change. */
#define LEARN_BEHIND 1
int learn_batch_apply(struct learn_batch *b, struct store *s, uint64_t from, uint64_t to);

#endif
