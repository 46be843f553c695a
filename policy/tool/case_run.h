/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_CASE_RUN_H
#define VOUCH_TOOL_CASE_RUN_H

#include "assess.h"
#include "cases.h"

/* A case judged by the same assess as in vouch-milter: the message is fed to it, the model is one in memory that holds
 * what the case says (or the one that was asked for), DNS is a zone file, or what the case says of it, or was not
 * asked. */

struct case_runner {
    struct settings *settings;
    const char *zone; /* NULL: no DNS */
    const char *url;  /* the model of cases that do not say what it knows; NULL: it knows nothing */
    struct assess_context *memory, *given; /* made when first needed */
};
/* One case, judged. */
struct case_judged {
    struct arena *arena;
    struct assess *assess;
    const struct record *record; /* borrowed from assess */
};

/* file: that the case stands in, for messages, and where a name of a file starts from. 0, or an exit status; then what is wrong was said. Free
 * with case_judged_clear, also on error. */
int case_judge(struct case_runner *r, const char *file, const struct policy_case *c,
               struct case_judged *judged_r);
void case_judged_clear(struct case_judged *j);
void case_runner_clear(struct case_runner *r);

#endif
