/* SPDX-License-Identifier: BSD-2-Clause */
/* Terms from the message itself. Failed checks weigh against it; passed ones hardly for it, since
 * whoever sends bad mail passes them too. What could not be asked (temperror) counts nothing and is
 * mentioned. */
#include <string.h>
#include "ipaddr.h"
#include "ledger.h"

#define FORWARDED                                                                                  \
    0.25 /* of an SPF failure when the author is proven by signature: it was forwarded */

static const char not_counted[] = "temporary DNS failure, not counted";

static void iprev_term(struct ledger *l)
{
    const struct iprev_result *iprev = &l->in->evidence->iprev;
    switch (iprev->result) {
    case AUTH_FAIL:
        ledger_add(l, TW_IPREV_FAIL, iprev->name, 1, NULL,
                   "the client's name does not point back to it");
        break;
    case AUTH_NONE:
    case AUTH_PERMERROR:
        ledger_add(l, TW_IPREV_FAIL, iprev->name, 1, NULL, "the client has no name");
        break;
    case AUTH_TEMPERROR:
        ledger_mention(l, TW_IPREV_FAIL, iprev->name, not_counted);
        break;
    default:
        break;
    }
}

static void spf_term(struct ledger *l)
{
    const struct spf_result *spf = &l->in->evidence->spf;
    bool forwarded = l->author == PROOF_YES;
    double x = forwarded ? FORWARDED : 1;
    const char *note = forwarded ? "forwarded? the author is proven" : NULL;
    if (spf->result == AUTH_FAIL)
        ledger_add(l, TW_SPF_FAIL, spf->domain, x, NULL, note);
    else if (spf->result == AUTH_SOFTFAIL)
        ledger_add(l, TW_SPF_SOFTFAIL, spf->domain, x, NULL, note);
    else if (spf->result == AUTH_TEMPERROR)
        ledger_mention(l, TW_SPF_FAIL, spf->domain, not_counted);
}

/* Only when no signature is good: RFC 6376 s6.1 takes a bad one for none. */
static void dkim_term(struct ledger *l)
{
    const struct evidence *ev = l->in->evidence;
    const struct dkim_result *bad = NULL, *unasked = NULL;
    for (size_t i = 0; i < ev->dkim_count; i++) {
        const struct dkim_result *sig = &ev->dkim[i];
        if (sig->result == AUTH_PASS)
            return;
        if (sig->result == AUTH_TEMPERROR && !unasked)
            unasked = sig;
        if ((sig->result == AUTH_FAIL || sig->result == AUTH_PERMERROR) && !bad)
            bad = sig;
    }
    if (unasked)
        ledger_mention(l, TW_DKIM_FAIL, unasked->domain, not_counted);
    else if (bad)
        ledger_add(l, TW_DKIM_FAIL, bad->domain, 1, NULL, "no signature verifies");
}

/* l=: what was appended is nobody's, unless another signature covers the whole body (RFC 6376
 * s8.2) */
static void appended_term(struct ledger *l)
{
    const struct evidence *ev = l->in->evidence;
    const struct dkim_result *open = NULL;
    bool covered = false;
    for (size_t i = 0; i < ev->dkim_count; i++) {
        bool appended = ev->dkim[i].flags & DKIM_FLAG_BODY_APPENDED;
        if (ev->dkim[i].result == AUTH_PASS && !appended)
            covered = true;
        else if (appended && !open)
            open = &ev->dkim[i];
    }
    if (!open)
        return;
    l->flags |= FLAG_BODY_APPENDED;
    if (!covered)
        ledger_add(l, TW_BODY_APPENDED, open->domain, 1, NULL, "more body came than was signed");
}

static void dmarc_term(struct ledger *l)
{
    static const struct {
        double share; /* of the weight: what the domain's owner asks for */
        const char *note;
    } by_policy[] = {
        [DMARC_NO_POLICY] = {0.3, NULL},
        [DMARC_NONE] = {0.3, "p=none"},
        [DMARC_QUARANTINE] = {0.7, "p=quarantine"},
        [DMARC_REJECT] = {1, "p=reject"},
    };
    const struct dmarc_result *dmarc = &l->in->evidence->dmarc;
    bool open = dmarc->result == AUTH_FAIL && l->author == PROOF_UNDECIDED;
    if (dmarc->result == AUTH_TEMPERROR || open)
        ledger_mention(l, TW_DMARC_FAIL, dmarc->domain, not_counted);
    else if (dmarc->result == AUTH_PASS && l->author == PROOF_YES)
        ledger_add(l, TW_DMARC_PASS, dmarc->domain, 1, NULL, NULL);
    else if (dmarc->result == AUTH_FAIL && l->author == PROOF_NO)
        ledger_add(l, TW_DMARC_FAIL, dmarc->domain, by_policy[dmarc->policy].share, NULL,
                   by_policy[dmarc->policy].note);
}

static void helo_term(struct ledger *l)
{
    struct message_client client = message_client(l->in->message);
    struct ipaddr ip;
    if (!client.helo)
        return;
    if (l->in->helo_ours)
        ledger_add(l, TW_HELO_FORGED, client.helo, 1, NULL, "HELO is one of our own names");
    else if (ipaddr_parse(span_of(client.helo), &ip) != 0)
        return;
    else if (client.ip.family != IP_NONE && !ipaddr_eq(&ip, &client.ip))
        ledger_add(l, TW_HELO_FORGED, client.helo, 1, NULL, "HELO is another host's address");
    else
        ledger_add(l, TW_HELO_LITERAL, client.helo, 1, NULL, "HELO is an address, not a name");
}

static void author_terms(struct ledger *l)
{
    const struct message *m = l->in->message;
    if (m->from_count > 1) {
        l->flags |= FLAG_MULTIPLE_FROM;
        ledger_add(l, TW_MULTIPLE_FROM, NULL, 1, NULL, "more than one From field");
    }
    if (!m->author) {
        l->flags |= FLAG_NO_AUTHOR;
        ledger_add(l, TW_NO_AUTHOR, NULL, 1, NULL, "no valid author in From");
    }
}

static void protected_term(struct ledger *l)
{
    const struct message *m = l->in->message;
    const char *shown = l->in->shown;
    bool claimed = l->in->protected_sender && m->author && l->author != PROOF_YES;
    if (l->in->outbound || (!claimed && !shown))
        return;
    l->flags |= FLAG_PROTECTED_SENDER;
    if (shown)
        ledger_add(l, TW_PROTECTED, shown, 1, NULL,
                   "protected sender, shown in From beside the author");
    else if (l->author == PROOF_UNDECIDED)
        ledger_mention(l, TW_PROTECTED, m->author->address, not_counted);
    else
        ledger_add(l, TW_PROTECTED, m->author->address, 1, NULL,
                   "protected sender, not proven by this message");
}

/* The strongest finding counts; the others are about the same deceit. */
static void impersonation_term(struct ledger *l)
{
    const struct impersonations *all = l->in->impersonations;
    if (l->in->outbound || !all)
        return;
    for (size_t i = 0; i < all->count; i++) {
        const struct impersonation *found = &all->found[i];
        if (i == 0)
            ledger_add(l, TW_IMPERSONATION, found->subject, found->strength, NULL, found->note);
        else
            ledger_mention(l, TW_IMPERSONATION, found->subject, found->note);
        if (found->strength >= IMPERSONATION_FLAGGED)
            l->flags |= FLAG_IMPERSONATION | (found->operators ? FLAG_PROTECTED_SENDER : 0);
    }
}

void fact_terms(struct ledger *l)
{
    author_terms(l);
    protected_term(l);
    impersonation_term(l);
    if (l->in->outbound)
        return;
    iprev_term(l);
    spf_term(l);
    dkim_term(l);
    appended_term(l);
    dmarc_term(l);
    helo_term(l);
}
