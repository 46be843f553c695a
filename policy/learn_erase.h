/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LEARN_ERASE_H
#define VOUCH_LEARN_ERASE_H

#include "store.h"

/* Forgetting a subject, as an erasure record wants it. The model's list of erasures comes first, so
 * that nobody adds again what was before it; then what is there is removed; then the writer's
 * watermark says that it is done. What messages after the erasure taught before it was taken in goes
 * as well; that is what a learner is behind, some seconds, and a rebuild brings it back.
 *
 * A list that has the subject already, while this writer has not begun with it, is a rebuild's that put
 * all erasures first: then nothing has to be removed. */

/* The first two steps; may be repeated, also after a crash between any two of them. time: seconds.
 * 0; VOUCH_E_SYNTAX: the subject is none, nothing was done; VOUCH_E_LIMIT: the list is full; else as
 * store_change. */
int learn_erase(struct store *s, const char *writer, const char *subject, int64_t time);
/* The last one, from record `from` to record `to`: as learn_batch_apply. */
int learn_erase_end(struct store *s, const char *writer, uint64_t from, uint64_t to);

#endif
