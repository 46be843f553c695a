/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DECISION_REASON_H
#define VOUCH_DECISION_REASON_H

#include "decision.h"

/* Which rule decided. */
enum rule {
    RULE_ACTIONS,             /* the file's own actions */
    RULE_POLICY,              /* a policy's action */
    RULE_PROTECTED_SENDER,    /* protected.action, because of the author */
    RULE_PROTECTED_SHOWN,     /* because of another one that From shows */
    RULE_IMPERSONATION,       /* because of another one that it poses as */
    RULE_PROTECTED_RECIPIENT, /* because of the recipient */
    RULE_OUTBOUND,            /* outbound mail that no policy speaks of */
    RULE_ON_FAILURE           /* the message could not be judged */
};

/* One sentence in the arena; NULL: out of memory. */
const char *decision_reason(struct arena *arena, const struct message *m, enum direction direction,
                            double trust, const struct rcpt_decision *d, enum rule rule);

#endif
