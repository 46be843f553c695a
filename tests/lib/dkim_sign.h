/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DKIM_SIGN_H
#define VOUCH_DKIM_SIGN_H

#include "span.h"

/* A DKIM signer for tests that signs whatever it is told to, sense or nonsense, and shares no code
 * with what it tests: the caller writes the canonical forms down. Every failure aborts. */
struct dkim_signer;

enum signer_kind { SIGNER_RSA, SIGNER_ED25519 };

struct dkim_signer *dkim_signer_new(enum signer_kind kind, unsigned bits);
void dkim_signer_free(struct dkim_signer **sp);
/* The public key as p= has it. */
const char *dkim_signer_public(const struct dkim_signer *s);
/* The value of a DKIM-Signature field: " TAGS; bh=...; b=...". fields: canonical bytes of the
 * signed fields, in order of h=. body: canonical. The field itself is canonicalized as c= in tags
 * says, for which tags must be in relaxed form. To be freed. */
char *dkim_signer_sign(const struct dkim_signer *s, const char *tags, const char *fields,
                       struct span body);

#endif
