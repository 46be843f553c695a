/* SPDX-License-Identifier: BSD-2-Clause */
#include "relationship.h"
#include "reputation.h"
#include "terms.h"

void relationship_terms(struct ledger *l)
{
    struct term_extremes e = {0};
    if (l->author != PROOF_YES)
        return;
    for (size_t i = 0; i < l->in->identity_count; i++)
        if (l->in->identities[i].kind == ID_PAIR_RCPT)
            term_consider(&e, i, reputation(&l->counts[i], l->params->prior, 0));
    term_extremes(l, TW_RELATIONSHIP, &e);
}
