/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_PROOF_H
#define VOUCH_PROOF_H

#include "trust.h"

/* Which of the names a message wears it proved to be its own. */

enum proof {
    PROOF_NO,
    PROOF_YES,
    PROOF_UNDECIDED /* a check that might have proven it got no answer, or was not made */
};

/* Whether this message speaks for the author's Organizational Domain: DMARC pass, or an aligned
 * DKIM or SPF pass where no DMARC record is published, and one From field with one author. */
enum proof proof_author(const struct message *m, const struct evidence *ev,
                        const struct psl_ctx_st *psl);
/* identities[i] of any kind. For pairs: that the source is proven; the author is proof_author's
 * question. For ID_CLAIM_*: that the name is claimed only. */
bool proof_identity(const struct trust_input *in, size_t i);

#endif
