/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LABEL_H
#define VOUCH_LABEL_H

/* What somebody else says a message was: never vouch itself. */

enum label_verdict {
    LABEL_BAD = -1,
    LABEL_NONE = 0 /* an earlier label is taken back */,
    LABEL_GOOD = 1
};

enum label_source {
    LABEL_PERSON,            /* vouch learn: a report by hand or from a mailbox */
    LABEL_RELEASE,           /* released from quarantine */
    LABEL_REPLY,             /* a local user answered the message, or wrote to its author */
    LABEL_TRAP,              /* it was sent to a trap address */
    LABEL_FILTER,            /* a field of another filter that the operator trusts */
    LABEL_UNKNOWN_RECIPIENT, /* its sender tried recipients that do not exist */
    LABEL_DELIVERY,          /* delivered, and nobody complained */
    LABEL_SOURCE_COUNT
};
const char *label_verdict_name(enum label_verdict verdict); /* "good", "bad", "none" */
const char *label_source_name(enum label_source source);    /* "person", "unknown_recipient", ... */
/* the value, or -2 for an unknown verdict */
int label_verdict_parse(const char *name);
/* the value, or -1 */
int label_source_parse(const char *name);
/* Which of two labels of one message holds: the higher rank. People stand above all; delivery below
 * all. */
unsigned label_rank(enum label_source source);

struct label {
    enum label_verdict verdict;
    enum label_source source;
    const char *note; /* whose, which field, which address; NULL if there is nothing to say */
};

#endif
