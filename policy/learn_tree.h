/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LEARN_TREE_H
#define VOUCH_LEARN_TREE_H

#include "learn.h"

/* All journals of a directory tree, learnt side by side: vouch-milter's own, those that `vouch learn`
 * writes, and any that appear later. */

#define LEARN_TREE_SCAN_MS 1000 /* between two looks for new journals */

struct learn_tree_options {
    struct learn_options learn;
    const char *dir; /* borrowed */
    bool once;       /* what is there at the first step, not what comes meanwhile: it has an end */
    /* What a person should know, each once. trouble: something is wrong; else: it is well again. */
    void (*report)(void *arg, bool trouble, const char *text);
    void *report_arg;
};
struct learn_tree;
/* NULL: out of memory. */
struct learn_tree *learn_tree_new(const struct learn_tree_options *options);
void learn_tree_free(struct learn_tree **tp);
/* A step of each journal in turn. Records learnt; 0: none are left for now; VOUCH_E_TEMP: the model is
 * away; VOUCH_E_SYNTAX: something could not be read and was passed over, there may be more; VOUCH_E_IO,
 * VOUCH_E_NOMEM. */
int learn_tree_step(struct learn_tree *t);
/* The number of a writer's last record learnt; 0: not known. */
uint64_t learn_tree_watermark(const struct learn_tree *t, const char *writer);
/* How far the model is behind all journals together, as far as known: records in all, seconds of the oldest. Looks at the disk, not
 * at the model. */
struct learn_lag learn_tree_lag(const struct learn_tree *t, int64_t now_us);

#endif
