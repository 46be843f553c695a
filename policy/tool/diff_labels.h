/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_DIFF_LABELS_H
#define VOUCH_TOOL_DIFF_LABELS_H

#include "record.h"

/* Which label holds for each message of a journal (mark.h). */
struct diff_labels;
/* NULL: out of memory. */
struct diff_labels *diff_labels_new(void);
void diff_labels_free(struct diff_labels **lp);
/* What a record says of its own message, or of another. Labels that settings gives no weight are none. 0 or
 * VOUCH_E_NOMEM. */
int diff_labels_add(struct diff_labels *l, const struct settings *settings, const struct record *r);
/* Before the first diff_labels_of; then nothing is added. */
void diff_labels_sort(struct diff_labels *l);
enum label_verdict diff_labels_of(const struct diff_labels *l, const char *id);

#endif
