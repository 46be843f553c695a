/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DECISION_H
#define VOUCH_DECISION_H

#include "settings.h"

/* From trust to what is done, for each recipient. Pure. */

struct rcpt_decision {
    const char *rcpt;
    enum action action; /* wanted for this recipient */
    enum trust_class class;
    const struct policy *policy;    /* NULL: the file's own settings */
    const char *quarantine_mailbox; /* for redirect; NULL otherwise */
    enum quarantine_method quarantine;
    const char *subject_prefix;
    enum mode mode;
    const char *reason; /* one sentence: which rule decided, and why */
};

struct decision {
    enum direction direction;
    enum trust_class class; /* by the strictest recipient's thresholds */
    enum action
        action; /* what the message as a whole gets: the strictest wanted that must apply to all, see decide() */
    const struct policy *policy; /* that decided; NULL: the file's own settings */
    enum mode mode;              /* MODE_OBSERVE: action is what would have been done */
    const char *reason;          /* one sentence */
    const char *
        trusted_if; /* "trusted if ..."; what would have changed the class; NULL if nothing known would */
    struct rcpt_decision *rcpts;
    size_t rcpt_count;
    bool mixed; /* recipients got different answers */
};

/* outbound if authenticated or the SMTP client is in internal */
enum direction decide_direction(const struct settings *s, const struct envelope *env);
/* judged: false if the message could not be judged (then on_failure). Redirect takes only its recipients out; hold, reject and tempfail
 * apply the strictest for all. 0 or VOUCH_E_NOMEM. */
int decide(struct arena *arena, const struct settings *s, const struct message *m,
           const struct trust_result *trust, bool judged, struct decision *decision_r);

#endif
