/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_DIFF_REPORT_H
#define VOUCH_TOOL_DIFF_REPORT_H

#include "record.h"

/* What two sides make of the same messages: how many they judge otherwise, for what reason, and what that costs. */

enum diff_side { DIFF_A, DIFF_B, DIFF_SIDES };

/* One message, judged by both. */
struct diff_pair {
    const char *id, *message_id; /* of it; NULL: not known */
    enum label_verdict label;    /* LABEL_NONE: nobody says */
    enum action actions[DIFF_SIDES];
    const char *reason; /* as decision_difference; NULL: they do not differ */
};

struct diff_report;
/* examples: kept of each reason; 0: all. NULL: out of memory. */
struct diff_report *diff_report_new(size_t examples);
void diff_report_free(struct diff_report **rp);
/* 0 or VOUCH_E_NOMEM. */
int diff_report_add(struct diff_report *r, const struct diff_pair *p);
/* Messages that differ. */
size_t diff_report_count(const struct diff_report *r);
/* names: of the sides; source: a phrase on what was judged, and how. The frequent reasons first. 0 or VOUCH_E_NOMEM. */
int diff_report_print(struct diff_report *r, FILE *out, const char *const names[DIFF_SIDES],
                      const char *source, bool json);

#endif
