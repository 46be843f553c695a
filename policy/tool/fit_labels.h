/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_FIT_LABELS_H
#define VOUCH_TOOL_FIT_LABELS_H

#include "store.h"

/* The label that holds for each message in the end, from a version's marks. Memory: 32 to 64 bytes for each; they are
 * known by 64 bits of a digest. */

struct fit_labels;
/* 0 or an error of store_scan_bytes. */
int fit_labels_read(struct store *s, struct fit_labels **l_r);
void fit_labels_free(struct fit_labels **lp);
/* id: of the decision. Messages that the label counts as, below 0 for a bad one; 0: there is none. */
double fit_labels_mass(const struct fit_labels *l, const char *id);

#endif
