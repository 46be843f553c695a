/* SPDX-License-Identifier: BSD-2-Clause */
/* What proves a name: TCP the address, a forward-confirmed PTR the client's name (or, where we did not
 * ask, the MTA that did), SPF the envelope's and HELO's domain, a verified signature its d=, and DMARC's alignment (RFC 7489 s3.1)
 * the author. A claim in a Received field proves nothing. */
#include "proof.h"
#include <string.h>
#include "dmarc.h"
#include "domain.h"

#define PAIR_DKIM_PREFIX "p:dkim:" /* identity_key.c: what follows is the signer's organisation */

static bool equal(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool is_unanswered(enum auth_result result)
{
    return result == AUTH_TEMPERROR || result == AUTH_UNKNOWN;
}

/* Body added behind what was signed is not the signer's. */
static bool is_clean_pass(const struct dkim_result *sig)
{
    return sig->result == AUTH_PASS && !(sig->flags & DKIM_FLAG_BODY_APPENDED);
}

/* What the aligned identifiers say, strictly or relaxed aligned. */
static enum proof aligned(const char *author, const struct evidence *ev, const char *sender,
                          const struct psl_ctx_st *psl, bool strict)
{
    bool open = false;
    for (size_t i = 0; i < ev->dkim_count; i++) {
        const struct dkim_result *sig = &ev->dkim[i];
        if (!sig->domain || !dmarc_aligned(psl, author, sig->domain, strict))
            continue;
        if (is_clean_pass(sig))
            return PROOF_YES;
        open |= is_unanswered(sig->result);
    }
    const char *domain = ev->spf.domain ? ev->spf.domain : sender;
    if (domain && *domain && dmarc_aligned(psl, author, domain, strict)) {
        if (ev->spf.result == AUTH_PASS)
            return PROOF_YES;
        open |= is_unanswered(ev->spf.result);
    }
    return open ? PROOF_UNDECIDED : PROOF_NO;
}

/* A signature that would align verified, but body was added behind what it covers. */
static bool has_appended(const char *author, const struct evidence *ev,
                         const struct psl_ctx_st *psl)
{
    for (size_t i = 0; i < ev->dkim_count; i++) {
        const struct dkim_result *sig = &ev->dkim[i];
        if (sig->result == AUTH_PASS && !is_clean_pass(sig) && sig->domain &&
            dmarc_aligned(psl, author, sig->domain, false))
            return true;
    }
    return false;
}

enum proof proof_author(const struct message *m, const struct evidence *ev,
                        const struct psl_ctx_st *psl)
{
    if (!m->author || m->from_count != 1 || m->author_count != 1)
        return PROOF_NO;
    const char *author = m->author->domain;
    enum proof relaxed = aligned(author, ev, m->sender_domain, psl, false);
    switch (ev->dmarc.result) {
    case AUTH_PASS:
        return relaxed == PROOF_YES || !has_appended(author, ev, psl) ? PROOF_YES : PROOF_NO;
    case AUTH_NONE:
    case AUTH_PERMERROR:
        return relaxed;
    case AUTH_TEMPERROR:
    case AUTH_UNKNOWN: /* the record might ask for strict alignment */
        if (aligned(author, ev, m->sender_domain, psl, true) == PROOF_YES)
            return PROOF_YES;
        return relaxed == PROOF_NO && ev->dmarc.result == AUTH_UNKNOWN ? PROOF_NO : PROOF_UNDECIDED;
    default:
        return relaxed == PROOF_UNDECIDED ? PROOF_UNDECIDED : PROOF_NO;
    }
}

static bool sender_proven(const struct trust_input *in)
{
    const struct spf_result *spf = &in->evidence->spf;
    return spf->result == AUTH_PASS && spf->scope == SPF_SCOPE_MAILFROM &&
           equal(spf->domain, in->message->sender_domain);
}

/* The client's confirmed name. NULL: it has none, or nobody knows. */
static const char *client_name(const struct trust_input *in)
{
    const struct iprev_result *iprev = &in->evidence->iprev;
    if (iprev->result == AUTH_UNKNOWN)
        return message_client(in->message).name;
    return iprev->result == AUTH_PASS ? iprev->name : NULL;
}

static bool helo_proven(const struct trust_input *in, const char *helo)
{
    const struct evidence *ev = in->evidence;
    const char *name = client_name(in);
    if (ev->spf_helo.result == AUTH_PASS && equal(ev->spf_helo.domain, helo))
        return true;
    if (ev->spf.result == AUTH_PASS && ev->spf.scope == SPF_SCOPE_HELO &&
        equal(ev->spf.domain, helo))
        return true;
    return name && domain_is_below(helo, name);
}

/* org is an Organizational Domain: its own too. */
static bool is_org_of(const struct trust_input *in, const char *org, const char *name)
{
    return equal(org, name) ||
           (domain_is_below(name, org) && equal(org, domain_org(in->psl, name)));
}

static bool ptr_proven(const struct trust_input *in)
{
    const char *name = client_name(in);
    if (!name)
        return false;
    for (size_t i = 0; i < in->identity_count; i++)
        if (in->identities[i].kind == ID_PTR)
            return is_org_of(in, in->identities[i].subject, name);
    return false;
}

/* any verified signature of that d=, or of that organisation */
static bool signer_proven(const struct trust_input *in, const char *domain, bool as_org)
{
    for (size_t i = 0; i < in->evidence->dkim_count; i++) {
        const struct dkim_result *sig = &in->evidence->dkim[i];
        if (is_clean_pass(sig) && sig->domain &&
            (as_org ? is_org_of(in, domain, sig->domain) : equal(domain, sig->domain)))
            return true;
    }
    return false;
}

/* The model could be asked, and had not seen that name. */
static bool is_new(const struct trust_input *in, unsigned bit)
{
    const unsigned known = in->evidence->known_before;
    return known & KNOWN_SITE && !(known & bit);
}

bool proof_identity(const struct trust_input *in, size_t i)
{
    const struct identity *id = &in->identities[i];
    switch (id->kind) {
    case ID_HOST:
    case ID_NETWORK:
    case ID_WIDE:
    case ID_SITE:
    case ID_TRAIT:
    case ID_PERSON_NETWORK:
    case ID_PERSON_HELO:
    case ID_ROUTE:
    case ID_HELO_ORG:
    case ID_WINDOW_CLIENT:
    case ID_PAIR_NETWORK:
    case ID_PAIR_HELO:
        return true;
    case ID_HELO:
        return helo_proven(in, id->subject);
    case ID_NEW:
        return is_new(in, (unsigned)id->index);
    case ID_SITUATION:
        return in->evidence->known_before & KNOWN_SITE &&
               id->index == identity_situation(in->evidence->known_before);
    case ID_CLAIM_HELO:
        return !helo_proven(in, id->subject);
    case ID_PTR:
    case ID_PAIR_PTR:
        return ptr_proven(in);
    case ID_MAILFROM:
    case ID_MAILFROM_DOMAIN:
    case ID_MAILFROM_ORG:
    case ID_PAIR_MAILFROM:
        return sender_proven(in);
    case ID_CLAIM_MAILFROM:
    case ID_CLAIM_MAILFROM_ORG:
        return !sender_proven(in);
    case ID_DKIM:
        return signer_proven(in, id->subject, false);
    case ID_PAIR_DKIM:
        return signer_proven(in, id->field + strlen(PAIR_DKIM_PREFIX), true);
    case ID_AUTHOR:
    case ID_AUTHOR_DOMAIN:
    case ID_AUTHOR_ORG:
    case ID_WINDOW_AUTHOR:
    case ID_PAIR_RCPT:
        return proof_author(in->message, in->evidence, in->psl) == PROOF_YES;
    case ID_CLAIM_AUTHOR:
    case ID_CLAIM_AUTHOR_DOMAIN:
    case ID_CLAIM_AUTHOR_ORG:
        return proof_author(in->message, in->evidence, in->psl) != PROOF_YES;
    case ID_ORIGIN_WIDE:
    case ID_HOP:
    case ID_HOP_NETWORK:
    case ID_PAIR_ORIGIN:
    case ID_PERSON_ORIGIN:
    case ID_KIND_COUNT:
        break;
    }
    return false;
}

static bool teaches(const struct trust_input *in, size_t i, enum proof proof)
{
    bool author = proof == PROOF_YES;
    if (in->outbound)
        return in->identities[i].kind == ID_WINDOW_AUTHOR;
    switch (in->identities[i].kind) {
    case ID_AUTHOR:
    case ID_AUTHOR_DOMAIN:
    case ID_AUTHOR_ORG:
    case ID_WINDOW_AUTHOR:
    case ID_PAIR_RCPT:
        return author;
    case ID_CLAIM_AUTHOR:
    case ID_CLAIM_AUTHOR_DOMAIN:
    case ID_CLAIM_AUTHOR_ORG:
        return !author;
    case ID_HOP: /* claims about places, in roles of their own */
    case ID_ORIGIN_WIDE:
    case ID_PAIR_ORIGIN:
    case ID_PERSON_ORIGIN:
        return true;
    case ID_HOP_NETWORK:
        return false;
    default:
        return proof_identity(in, i);
    }
}

bool trust_teaches(const struct trust_input *in, size_t i)
{
    return teaches(in, i, proof_author(in->message, in->evidence, in->psl));
}

void trust_teaching(const struct trust_input *in, bool *teaches_r)
{
    const enum proof proof = proof_author(in->message, in->evidence, in->psl);
    for (size_t i = 0; i < in->identity_count; i++)
        teaches_r[i] = teaches(in, i, proof);
}
