/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_KEEPER_H
#define VOUCH_KEEPER_H

#include "log.h"
#include "quarantine.h"
#include "settings.h"

/* The daemon's quarantine: opened once some policy may store mail, and kept in bounds by a thread that looks at it every minute. Safe to
 * use from any thread. */

struct keeper;

struct keeper_options {
    struct settings *(*settings)(void *arg); /* the snapshot in force; the keeper unrefs it */
    void *settings_arg;
    struct log *log; /* borrowed */
};
/* NULL: out of memory. */
struct keeper *keeper_new(const struct keeper_options *options);
/* Ends the thread; what was opened stays so until keeper_free, for a callback may still use it. Both let NULL through. */
void keeper_stop(struct keeper *k);
void keeper_free(struct keeper **kp);
/* Other settings are in force. Where they may store mail, the quarantine is open when it returns, or the log says why not, and the
 * thread, which looks at once, tries again. Where it lies, its key, its size and memory stay what they were when it was opened. */
void keeper_refresh(struct keeper *k);
/* NULL: not open (now). Borrowed until keeper_free. */
struct quarantine *keeper_quarantine(struct keeper *k);
/* What the last look left in the quarantine, and in removed what all looks have removed; false: there was none. Waits for no disk. */
bool keeper_totals(struct keeper *k, struct quarantine_purged *totals_r);
/* Both settings put the quarantine into the same place and treat it alike, but for what a reload changes. */
bool keeper_same(const struct settings *a, const struct settings *b);

#endif
