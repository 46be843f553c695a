/* SPDX-License-Identifier: BSD-2-Clause */
#include "names.h"
#include "errors.h"
#include "reputation.h"
#include "terms.h"

static const struct term_level client[] = {
    {ID_WIDE, TW_WIDE, false}, {ID_NETWORK, TW_NETWORK, false}, {ID_HOST, TW_HOST, false}};
static const struct term_level helo[] = {{ID_HELO_ORG, TW_HELO, false}, {ID_HELO, TW_HELO, false}};
static const struct term_level claimed_helo[] = {{ID_HELO_ORG, TW_HELO, false},
                                                 {ID_CLAIM_HELO, TW_HELO, false}};
static const struct term_level sender[] = {{ID_MAILFROM_ORG, TW_MAILFROM, false},
                                           {ID_MAILFROM_DOMAIN, TW_MAILFROM, false},
                                           {ID_MAILFROM, TW_MAILFROM, true}};
static const struct term_level claimed_sender[] = {
    {ID_CLAIM_MAILFROM_ORG, TW_CLAIM_MAILFROM, false},
    {ID_CLAIM_MAILFROM, TW_CLAIM_MAILFROM, true}};
static const struct term_level author[] = {{ID_AUTHOR_ORG, TW_AUTHOR, false},
                                           {ID_AUTHOR_DOMAIN, TW_AUTHOR, false},
                                           {ID_AUTHOR, TW_AUTHOR, true}};
static const struct term_level claimed_author[] = {{ID_CLAIM_AUTHOR_ORG, TW_CLAIM_DOMAIN, false},
                                                   {ID_CLAIM_AUTHOR_DOMAIN, TW_CLAIM_DOMAIN, false},
                                                   {ID_CLAIM_AUTHOR, TW_CLAIM_AUTHOR, true}};

#define LEVELS(a) (a), sizeof(a) / sizeof *(a)

static bool is_proven(const struct ledger *l, enum identity_kind kind)
{
    int i = ledger_find(l, kind);
    return i >= 0 && proof_identity(l->in, (size_t)i);
}

/* Signers stand alone; one is worn by all the mail of a service. */
static void signer_terms(struct ledger *l)
{
    struct term_extremes e = {0};
    for (size_t i = 0; i < l->in->identity_count; i++)
        if (l->in->identities[i].kind == ID_DKIM && proof_identity(l->in, i))
            term_consider(&e, i, term_shared(l, &l->counts[i]));
    term_extremes(l, TW_DKIM, &e);
}

static void ptr_term(struct ledger *l)
{
    int i = ledger_find(l, ID_PTR);
    if (i >= 0 && proof_identity(l->in, (size_t)i))
        term_known(l, TW_PTR, (size_t)i,
                   reputation(&l->counts[i], l->params->prior, term_new(l, KNOWN_PTR)) - l->base);
}

/* Whether the message proves whose it is. */
static bool has_tenant(const struct ledger *l)
{
    if (l->author == PROOF_YES || is_proven(l, ID_MAILFROM_ORG))
        return true;
    for (size_t i = 0; i < l->in->identity_count; i++)
        if (l->in->identities[i].kind == ID_DKIM && proof_identity(l->in, i))
            return true;
    return false;
}

/* How far the client's address speaks for this message. */
static double own_share(const struct ledger *l)
{
    int i = ledger_find(l, ID_WINDOW_CLIENT);
    if (i < 0 || l->in->known[i].outcome != LOOKUP_FOUND || !has_tenant(l))
        return 1;
    struct window_sum sum = window_sum_at(&l->in->known[i].window, l->in->now);
    uint32_t domains = sum.distinct[WINDOW_Y][WINDOW_DAY];
    return domains > SHARED_USUAL ? (double)SHARED_USUAL / domains : 1;
}

void name_terms(struct ledger *l)
{
    term_levels(l, LEVELS(client), KNOWN_WIDE, own_share(l));
    if (is_proven(l, ID_HELO))
        term_levels(l, LEVELS(helo), KNOWN_HELO, 1);
    else
        term_levels(l, LEVELS(claimed_helo), KNOWN_HELO, 1);
    ptr_term(l);
    signer_terms(l);
    if (is_proven(l, ID_MAILFROM_ORG))
        term_levels(l, LEVELS(sender), 0, 1);
    else
        term_levels(l, LEVELS(claimed_sender), KNOWN_SENDER, 1);
    if (l->author == PROOF_YES)
        term_levels(l, LEVELS(author), 0, 1);
    else
        term_levels(l, LEVELS(claimed_author), KNOWN_AUTHOR_ORG, 1);
}
