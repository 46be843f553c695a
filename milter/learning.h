/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LEARNING_H
#define VOUCH_LEARNING_H

#include "learn.h"
#include "log.h"

/* The daemon's learner: a thread that applies all journals of its tree to the model, by a connection of
 * its own, labels what was answered or delivered, and never holds a message up. While the model is away it waits and catches up. */

struct journal;

struct learning_options {
    struct settings *(*settings)(void *arg); /* the snapshot in force; the learner unrefs it */
    void *settings_arg;
    const struct psl_ctx_st *psl; /* borrowed */
    /* The daemon's own, which is told what has been learnt and gets labels of replies and deliveries
     * (labeller.h); NULL: none. */
    struct journal *journal;
    const char *sensor; /* this host; borrowed */
    struct log *log;    /* borrowed */
};
struct learning;
/* Where the model and the journals are is read now; whether to learn at all, and how, from the snapshot
 * then in force. NULL: one line in error_r. */
struct learning *learning_start(const struct learning_options *options, char *error_r, size_t size);
/* Ends after the step under way. If that takes longer than LEARNING_STOP_MS, as with a large batch or a Redis that
 * says nothing, the thread is left alone and false returned: what it uses must then stay. A step that the end of the process
 * breaks off was none: its lessons and the watermark are one change. */
#define LEARNING_STOP_MS 500
bool learning_stop(struct learning **lp);
/* How far the model is behind the journals, as it was a few seconds ago. false: not known (yet), or somebody else learns. l may be
 * NULL. */
bool learning_lag(struct learning *l, struct learn_lag *lag_r);

#endif
