/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticity.h"
#include <math.h>
#include "reputation.h"
#include "terms.h"

#define STRANGE_MAX        5.0
#define AUTHENTICITY_DOUBT 3.0  /* good messages: a above */
#define SITE_DOUBT         20.0 /* good messages before it can be said what is usual here */
#define SOFT_FULL          1.6 /* log-odds of a pair that explain any lack of proof: 6 good messages */
#define FORGED_MAX         2.5 /* log-odds that proven history alone can hold against a claim */
#define FORGED             0.9 /* log-odds from which the author is called forged */

/* pair: of the author's organisation with a source; sources: what is known of that source itself, from
 * whomever */
struct kin {
    enum identity_kind pair, sources[2];
    enum trust_weight authenticity, reputation; /* TW_COUNT: none */
};

static const struct kin kin[] = {
    {ID_PAIR_NETWORK, {ID_NETWORK, ID_NETWORK}, TW_WAY_NETWORK, TW_PAIR_NETWORK},
    {ID_PAIR_HELO, {ID_HELO_ORG, ID_HELO_ORG}, TW_WAY_HELO, TW_PAIR_HELO},
    {ID_PAIR_PTR, {ID_PTR, ID_PTR}, TW_COUNT, TW_PAIR_PTR},
    {ID_PAIR_MAILFROM, {ID_MAILFROM_ORG, ID_CLAIM_MAILFROM_ORG}, TW_COUNT, TW_PAIR_MAILFROM},
    {ID_PAIR_ORIGIN, {ID_HOP, ID_HOP}, TW_WAY_ORIGIN, TW_PAIR_ORIGIN},
};

/* the last of a kind: of hops, the origin */
static int find_last(const struct ledger *l, enum identity_kind kind)
{
    for (size_t i = l->in->identity_count; i-- > 0;)
        if (l->in->identities[i].kind == kind)
            return (int)i;
    return -1;
}

/* good messages from the source itself */
static double source_good(const struct ledger *l, const struct kin *k)
{
    double good = 0;
    for (int n = 0; n < 2; n++) {
        int i = n && k->sources[1] == k->sources[0] ? -1 : find_last(l, k->sources[n]);
        if (i >= 0)
            good += l->counts[i].good;
    }
    return good;
}

/* messages of whoever is proven to be, or claims to be, of that kind */
static struct counts all_of(const struct ledger *l, enum identity_kind proven,
                            enum identity_kind claimed)
{
    struct counts c = term_counts(l, proven), claims = term_counts(l, claimed);
    c.good += claims.good;
    c.bad += claims.bad;
    c.seen += claims.seen;
    return c;
}

/* The formula of authenticity.h. */
static double authenticity(const struct ledger *l, double both, double author, double source)
{
    const double a = AUTHENTICITY_DOUBT, site = term_counts(l, ID_SITE).good;
    both = fmin(both, author);
    const double q = fmin(1, (fmax(source, both) + 1) / (site + SITE_DOUBT));
    const double x = log((both + a * q) / ((author + a) * q));
    return fmax(-AUTHENTICITY_MAX, fmin(AUTHENTICITY_MAX, x));
}

/* Being himself speaks for an author as far as his mail was good. */
static double deserved(const struct counts *author, double x)
{
    const double all = author->good + author->bad;
    return x > 0 ? x * fmax(0, author->good - author->bad) / all : x;
}

/* Nothing about his ways is held against an author who proves himself. */
static double fair(const struct ledger *l, double x)
{
    return l->author == PROOF_YES ? fmax(0, x) : x;
}

static void pair_terms(struct ledger *l, const struct kin *k)
{
    int i = ledger_find(l, k->pair);
    if (i < 0)
        return;
    const struct counts author = all_of(l, ID_AUTHOR_ORG, ID_CLAIM_AUTHOR_ORG);
    if (k->authenticity != TW_COUNT)
        term_known(l, k->authenticity, (size_t)i,
                   fair(l, deserved(&author, authenticity(l, l->counts[i].good, author.good,
                                                          source_good(l, k)))));
    term_known(l, k->reputation, (size_t)i, fair(l, term_shared(l, &l->counts[i])));
}

/* The author's address with one kind of place. */
static void person_term(struct ledger *l, enum identity_kind kind, enum trust_weight w)
{
    int i = ledger_find(l, kind);
    if (i >= 0 && (l->counts[i].good > 0 || l->counts[i].bad > 0))
        term_known(l, w, (size_t)i,
                   fair(l, reputation(&l->counts[i], l->params->prior, l->base) - l->base));
}

/* The author's address with the origin's provider. */
static void way_person_term(struct ledger *l)
{
    int i = ledger_find(l, ID_PERSON_ORIGIN);
    const struct counts author = all_of(l, ID_AUTHOR, ID_CLAIM_AUTHOR);
    if (i >= 0 && ledger_find(l, ID_ORIGIN_WIDE) >= 0)
        term_known(l, TW_WAY_PERSON, (size_t)i,
                   fair(l, deserved(&author, authenticity(l, l->counts[i].good, author.good,
                                                          term_counts(l, ID_ORIGIN_WIDE).good))));
}

/* Good messages of somebody, proven or not, of which none came by any of these ways. */
static void strange_term(struct ledger *l, enum trust_weight w, enum identity_kind proven,
                         enum identity_kind claimed, const enum identity_kind *ways, size_t count)
{
    const int who = ledger_find(l, claimed);
    double known = 0;
    if (who < 0 || l->author == PROOF_YES)
        return;
    for (size_t i = 0; i < count; i++)
        known = fmax(known, term_counts(l, ways[i]).good);
    const struct counts all = all_of(l, proven, claimed);
    ledger_add(l, w, l->in->identities[who].subject,
               -fmin(STRANGE_MAX, fmax(0, log((all.good + 1) / (known + 1)))), &all,
               "known, but not to come this way");
}

static void strange_terms(struct ledger *l)
{
    static const enum identity_kind person[] = {ID_PERSON_NETWORK, ID_PERSON_HELO};
    static const enum identity_kind org[] = {ID_PAIR_NETWORK, ID_PAIR_HELO, ID_PAIR_PTR};
    strange_term(l, TW_STRANGE, ID_AUTHOR, ID_CLAIM_AUTHOR, person, 2);
    strange_term(l, TW_STRANGE_ORG, ID_AUTHOR_ORG, ID_CLAIM_AUTHOR_ORG, org, 3);
}

/* Who signs for this author. */
static void signer_terms(struct ledger *l)
{
    struct term_extremes e = {0};
    for (size_t i = 0; i < l->in->identity_count; i++)
        if (l->in->identities[i].kind == ID_PAIR_DKIM && proof_identity(l->in, i))
            term_consider(&e, i, term_shared(l, &l->counts[i]));
    term_extremes(l, TW_PAIR_DKIM, &e);
}

/* good messages with that signature's domain */
static double signer_good(const struct ledger *l, int signature)
{
    for (size_t i = 0; i < l->in->identity_count; i++)
        if (l->in->identities[i].kind == ID_DKIM && l->in->identities[i].index == signature)
            return l->counts[i].good;
    return 0;
}

/* The same of one pair, whose source has sent so many good messages. */
static double explains(const struct ledger *l, size_t pair, double all)
{
    const double own = l->counts[pair].good;
    return reputation(&l->counts[pair], l->params->prior, 0) / SOFT_FULL *
           (own < all ? own / all : 1);
}

/* 0..1: how well a known source of this author's mail (a list, a forwarder) explains that proof is
 * missing */
static double explained(const struct ledger *l)
{
    double most = 0;
    for (size_t k = 0; k < sizeof kin / sizeof *kin; k++) {
        int i = ledger_find(l, kin[k].pair);
        if (i < 0 || kin[k].pair == ID_PAIR_ORIGIN || kin[k].pair == ID_PAIR_HELO ||
            !proof_identity(l->in, (size_t)i))
            continue;
        most = fmax(most, explains(l, (size_t)i, source_good(l, &kin[k])));
    }
    for (size_t i = 0; i < l->in->identity_count; i++)
        if (l->in->identities[i].kind == ID_PAIR_DKIM && proof_identity(l->in, i))
            most = fmax(most, explains(l, i, signer_good(l, l->in->identities[i].index)));
    return fmin(1, most);
}

/* The claim of a name that proves itself in its good mail, which its bad mail does not excuse. How
 * mail that claimed it without proof turned out before says more: some organisations prove only
 * part of what they send. */
static void forgery_term(struct ledger *l)
{
    int i = ledger_find(l, ID_AUTHOR_ORG), claimed = ledger_find(l, ID_CLAIM_AUTHOR_ORG);
    if (i < 0 || l->author == PROOF_YES)
        return;
    struct counts good = {.good = l->counts[i].good};
    double x = -fmin(FORGED_MAX, reputation(&good, l->params->prior, 0));
    if (claimed >= 0 && x < 0)
        x = reputation(&l->counts[claimed], l->params->prior, x);
    x = -fmin(0, x) * (1 - explained(l));
    const char *subject = l->in->identities[i].subject;
    if (x == 0 || good.good <= 0 || l->without == TW_FORGERY)
        return;
    if (l->author == PROOF_UNDECIDED) {
        ledger_mention(l, TW_FORGERY, subject, "known, but proof could not be checked");
        return;
    }
    if (x >= FORGED)
        l->flags |= FLAG_FORGED_AUTHOR;
    ledger_add(l, TW_FORGERY, subject, x, &l->counts[i],
               "known author, not proven by this message");
}

void authenticity_terms(struct ledger *l)
{
    if (l->in->outbound)
        return;
    for (size_t k = 0; k < sizeof kin / sizeof *kin; k++)
        pair_terms(l, &kin[k]);
    person_term(l, ID_PERSON_NETWORK, TW_PERSON_NETWORK);
    person_term(l, ID_PERSON_HELO, TW_PERSON_HELO);
    person_term(l, ID_PERSON_ORIGIN, TW_PERSON_ORIGIN);
    way_person_term(l);
    strange_terms(l);
    signer_terms(l);
    forgery_term(l);
}
