/* SPDX-License-Identifier: BSD-2-Clause */
#include "habits.h"
#include <math.h>
#include "terms.h"

static void situation_term(struct ledger *l)
{
    const int situation = identity_situation(l->in->evidence->known_before);
    for (size_t i = 0; i < l->in->identity_count; i++) {
        const struct identity *id = &l->in->identities[i];
        if (id->kind != ID_SITUATION || id->index != situation)
            continue;
        double x = term_habit(l, i, HABIT_DOUBT);
        term_known(l, TW_SITUATION, i, l->author == PROOF_YES ? fmax(0, x) : x);
    }
}

static void trait_terms(struct ledger *l)
{
    for (size_t i = 0; i < l->in->identity_count; i++) {
        const struct identity *id = &l->in->identities[i];
        if (id->kind == ID_TRAIT)
            term_known(l, (enum trust_weight)(TW_TRAIT_HELO + id->index), i,
                       term_habit(l, i, TRAIT_DOUBT));
    }
}

void habit_terms(struct ledger *l)
{
    int site = ledger_find(l, ID_SITE);
    if (l->in->outbound || site < 0)
        return;
    term_known(l, TW_SITE, (size_t)site, l->base);
    if (l->in->evidence->known_before & KNOWN_SITE)
        situation_term(l);
    trait_terms(l);
}
