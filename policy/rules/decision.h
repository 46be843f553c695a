/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DECISION_H
#define VOUCH_DECISION_H

#include "settings.h"

/* From trust to what is done, for each recipient. Pure. */

/* What becomes of one recipient of a message that is not, as a whole, rejected, tempfailed or
 * discarded. */
enum rcpt_effect {
    RCPT_STAYS,      /* gets the message, as the message as a whole is treated */
    RCPT_REDIRECTED, /* taken out; quarantine_mailbox gets the message in its place */
    RCPT_STORED,     /* taken out; vouch's own quarantine has the message in its place */
    RCPT_REMOVED     /* taken out: only its copy is discarded */
};

struct rcpt_decision {
    const char *rcpt;
    enum action action;             /* wanted for this recipient */
    enum rcpt_effect effect;        /* what that comes to, together with what the others want */
    enum trust_class class;         /* by this recipient's thresholds */
    const struct policy *policy;    /* NULL: the file's own settings */
    const char *quarantine_mailbox; /* for redirect; NULL otherwise */
    enum quarantine_method quarantine;
    const char *subject_prefix; /* for tag; "" for none */
    enum mode mode;
    const char *reason; /* one sentence: which rule decided, and why */
};

struct decision {
    enum direction direction;
    enum trust_class class;      /* by the strictest recipient's thresholds */
    enum action action;          /* what the message as a whole gets: see decide */
    const struct policy *policy; /* that decided; NULL: the file's own settings */
    enum mode mode;              /* MODE_OBSERVE: action is what would have been done */
    const char *reason;          /* one sentence */
    struct rcpt_decision *rcpts; /* in the message's order */
    size_t rcpt_count;
    bool mixed; /* recipients got different answers */
};

/* outbound if authenticated or the SMTP client is in internal */
enum direction decide_direction(const struct settings *s, const struct envelope *env);

/* judged: false if the message could not be judged (then on_failure). trust: as trust_sum left it.
 * The decision lives in the arena and borrows from s and m.
 *
 * A message has one answer, its recipients may want several. Redirect, store and discard take only their
 * own recipients out; hold, reject and tempfail are all or nothing: the strictest that any
 * recipient wants applies to all. So action is the strictest of what those recipients want that
 * stay; discard only if all recipients are discarded, quarantine if all are redirected, stored
 * or discarded. Recipients whose policy only observes count for nothing as long as another one
 * enforces; if all observe, mode is MODE_OBSERVE and action and effects are what would have been
 * done. 0 or VOUCH_E_NOMEM. */
int decide(struct arena *arena, const struct settings *s, const struct message *m,
           const struct trust_result *trust, bool judged, struct decision *decision_r);

/* In place of decide: a person has released the message from quarantine, for all of these recipients. reason: borrowed. */
int decide_released(struct arena *arena, const struct settings *s, const struct message *m,
                    const char *reason, struct decision *decision_r);

/* "trusted if ...": what would have changed the class that decide() gave a message it could judge.
 * NULL: it is trusted, nothing known would have, or out of memory. Sums up a dozen times: for who
 * asks, not for every message. What trust->basis borrows must still live. */
const char *decision_trusted_if(struct arena *arena, const struct settings *s,
                                const struct trust_result *trust, const struct decision *d);

#endif
