/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_DIFF_SOURCES_H
#define VOUCH_TOOL_DIFF_SOURCES_H

#include "diff_labels.h"
#include "diff_report.h"
#include "progress.h"
#include "replay.h"

/* Where vouch policy diff has its messages from. */

enum diff_kind { DIFF_SETTINGS, DIFF_URL, DIFF_VERSION };

struct diff {
    const char *config, *journal, *url, *zone;
    int64_t since_us, until_us;
    bool shadow, verbose, json;
    struct corpus *corpus; /* NULL: the journal */

    const char *names[DIFF_SIDES];
    enum diff_kind kind; /* of A and B */
    struct settings *settings[DIFF_SIDES];
    struct assess_context *contexts[DIFF_SIDES]; /* if A and B are settings, A's serves both */
    struct diff_labels *labels;
    struct diff_report *report;
    struct progress progress;
};

/* Judges all messages under both sides and adds them to the report. 0, or an exit status, and what is wrong was
 * said; EX_DATAERR: part of the journal is damaged, the rest is in the report. */
int diff_journal(struct diff *d);
int diff_corpus(struct diff *d);

#endif
