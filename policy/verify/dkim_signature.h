/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DKIM_SIGNATURE_H
#define VOUCH_DKIM_SIGNATURE_H

#include "evidence.h"
#include "span.h"

struct arena;

#define DKIM_MAX_FIELD   16384 /* longest field read: at 64 KB libopendkim drops the message */
#define DKIM_MAX_H_TAG   4096  /* longest h= read: libopendkim cuts it there without a word */
#define DKIM_MAX_H_NAMES 256   /* names in h=: each costs a walk over all fields of the message */
#define DKIM_MAX_I_TAG   255   /* longest i= read: libopendkim reads past its buffer beyond that */
#define DKIM_CLOCK_SKEW  300   /* s by which a signer's clock may differ from ours */
#define DKIM_EPOCH       1072915200 /* 2004-01-01: nothing was signed before; see dkim_library_open */

/* One DKIM-Signature field before anything was looked up or hashed. */
struct dkim_signature {
    struct dkim_result result; /* AUTH_UNKNOWN: still to be verified; else this is the judgement */
    bool withheld;             /* libopendkim must not see this field */
    bool covers_signatures;    /* h= names DKIM-Signature fields */
    bool ed25519;              /* else RSA */
    bool relaxed_body;
    const char *body_hash; /* bh=, without white space; NULL if it is missing */
    bool below;            /* the domain of i= is below d=, not d= itself */
    bool has_length;       /* l= is there: */
    uint64_t length;       /* bytes of the canonical body that are signed */
    const char *key_name;  /* where the key is; NULL if that cannot be told */
};

/* Reads the field's value and judges all that the field alone shows (RFC 6376 s6.1.1). What the
 * RFCs forbid is permerror; what is our own limit or choice is policy. now: seconds since the
 * epoch. 0 or VOUCH_E_NOMEM; strings live in the arena. */
int dkim_signature_parse(struct arena *arena, struct span value, int64_t now,
                         struct dkim_signature *sig_r);
/* Sets the judgement, unless there is one. */
void dkim_signature_judge(struct dkim_signature *sig, enum auth_result result, const char *reason);

#endif
