/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_IMPERSONATION_H
#define VOUCH_IMPERSONATION_H

#include "guarded.h"
#include "message.h"

/* Whether a message shows its reader somebody whom its addresses do not belong to. It takes no history
 * and no proof: an address that belongs to who is shown, forged or not, is a matter of SPF, DKIM and
 * DMARC. */

enum impersonation_kind {
    IMPERSONATION_NAME,     /* a guarded name with an address that may not bear it */
    IMPERSONATION_ADDRESS,  /* From shows an address that is not its author's */
    IMPERSONATION_DOMAIN,   /* the author's domain looks like a guarded one */
    IMPERSONATION_REPLY_TO, /* what claims to be from a guarded sender is answered elsewhere */
};

struct impersonation {
    enum impersonation_kind kind;
    const char *subject; /* who or what is posed as: a name, an address, a domain */
    const char *note;    /* one phrase for a person */
    double strength;     /* 0..1; from IMPERSONATION_FLAGGED on it is told as a fact */
    bool operators;      /* what is posed as is the operator's: protected or local */
};

#define IMPERSONATION_MAX     4 /* findings of one message that are kept; further ones add nothing */
#define IMPERSONATION_FLAGGED 0.5 /* strength: more likely than not */

struct impersonations {
    size_t count;
    struct impersonation found[IMPERSONATION_MAX]; /* strongest first */
};

/* m: as message_scan left it. guarded: NULL for none; then only what needs no list is seen. Strings
 * live in the arena or in guarded. 0 or VOUCH_E_NOMEM. */
int impersonation_find(struct arena *arena, const struct message *m, const struct guarded *guarded,
                       const struct psl_ctx_st *psl, struct impersonations *found_r);

#endif
