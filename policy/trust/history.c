/* SPDX-License-Identifier: BSD-2-Clause */
/* Terms from history: the reputation of each name the message proved, the authenticity of the
 * author's organisation with the sources this message came from, and the forgery of a name that is
 * known and was not proven.
 *
 * A name that is not proven has no reputation here, good or bad, since anybody may claim it. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "errors.h"
#include "ledger.h"
#include "reputation.h"

/* Good history of a place counts this much of bad history: good senders share it with whoever moves
 * in next. */
#define PLACE_GOOD 0.25

#define HOP_GOOD 0.1    /* the same of a hop, which is only claimed */
#define HOP_BAD  (-1.0) /* log-odds from which a hop is a known bad relay */

/* Share of a hop's bad history when the proven author's provider took the message there from a user
 * who logged in: his neighbours are bad, not he. */
#define HOP_SUBMITTED 0.25

#define CLAIM_GOOD 0.5 /* of a pair whose author is only claimed: half of it is proven */
#define SOFT_FULL  1.6 /* log-odds of a pair that explain any lack of proof: 6 good messages */
#define FORGED_MAX 2.5 /* log-odds that proven history alone can hold against a claim */
#define FORGED     0.9 /* log-odds from which the author is called forged */

#define LEVELS 3

static const char *ago(int64_t seconds, char *text, size_t size)
{
    const long days = (long)(seconds / 86400);
    if (days <= 0)
        snprintf(text, size, "today");
    else
        snprintf(text, size, "%ld day%s ago", days, days == 1 ? "" : "s");
    return text;
}

/* "over 40 days, last 2 days ago" */
static const char *history_note(struct ledger *l, size_t i)
{
    const struct counts *c = &l->in->known[i].counts;
    char last[32];
    if (!l->arena || l->in->known[i].outcome != LOOKUP_FOUND)
        return NULL;
    ago(l->in->now - c->last, last, sizeof last);
    long days = (long)((c->last - c->first) / 86400);
    char *note = days > 0 ? arena_printf(l->arena, "over %ld day%s, last %s", days,
                                         days == 1 ? "" : "s", last)
                          : arena_printf(l->arena, "last %s", last);
    l->failed |= !note;
    return note;
}

static void add_known(struct ledger *l, enum trust_weight w, size_t i, double x)
{
    if (x != 0)
        ledger_add(l, w, l->in->identities[i].subject, x, &l->counts[i], history_note(l, i));
}

static double place(double x)
{
    return x > 0 ? x * PLACE_GOOD : x;
}

static double plain(double x)
{
    return x;
}

/* One level of a back-off, coarse to fine. */
struct level {
    enum identity_kind kind;
    enum trust_weight weight;
};

/* Each level adds what it knows beyond the one above it. A level knows only what the finer one does
 * not: the same messages are counted in both. person: the last level is a single sender; all others
 * are shared by many. */
static void add_levels(struct ledger *l, const struct level *levels, int n, bool person,
                       double (*scale)(double))
{
    double prior = l->params->prior, above = 0;
    int at[LEVELS];
    for (int k = 0; k < n; k++)
        at[k] = ledger_find(l, levels[k].kind);
    for (int k = 0; k < n; k++) {
        if (at[k] < 0)
            continue;
        struct counts own = l->counts[at[k]];
        for (int finer = k + 1; finer < n; finer++)
            if (at[finer] >= 0) {
                own = reputation_rest(&own, &l->counts[at[finer]]);
                break;
            }
        double x = reputation(&own, prior, above);
        if ((k + 1 < n || !person) && (own.good > 0 || own.bad > 0))
            x = reputation_shared(x, &own, prior);
        add_known(l, levels[k].weight, (size_t)at[k], scale(x) - scale(above));
        above = x;
    }
}

/* of several of one kind: the best that is above 0 and the worst that is below it */
struct extremes {
    int best, worst;
    double best_x, worst_x;
};

static void consider(struct extremes *e, int i, double x)
{
    if (x > e->best_x) {
        e->best = i;
        e->best_x = x;
    }
    if (x < e->worst_x) {
        e->worst = i;
        e->worst_x = x;
    }
}

static void add_extremes(struct ledger *l, enum trust_weight w, const struct extremes *e)
{
    if (e->best_x > 0)
        add_known(l, w, (size_t)e->best, e->best_x);
    if (e->worst_x < 0)
        add_known(l, w, (size_t)e->worst, e->worst_x);
}

/* log-odds of identity i, which many senders share */
static double shared_reputation(const struct ledger *l, size_t i)
{
    double x = reputation(&l->counts[i], l->params->prior, 0);
    return reputation_shared(x, &l->counts[i], l->params->prior);
}

/* Names that stand alone; they are worn by all the mail of a host or a signer. */
static void add_name(struct ledger *l, enum identity_kind kind, enum trust_weight w,
                     double (*scale)(double))
{
    struct extremes e = {0};
    for (size_t i = 0; i < l->in->identity_count; i++) {
        if (l->in->identities[i].kind != kind || !proof_identity(l->in, i))
            continue;
        consider(&e, (int)i, scale(shared_reputation(l, i)));
    }
    add_extremes(l, w, &e);
}

/* A hop's network is known from two roles: as a hop, and as a client of ours. *latest_r: the
 * identity that was last heard of. */
static struct counts hop_counts(const struct ledger *l, size_t i, size_t *latest_r)
{
    struct counts c = l->counts[i];
    *latest_r = i;
    for (size_t k = 0; k < l->in->identity_count; k++)
        if (l->in->identities[k].kind == ID_HOP_NETWORK &&
            strcmp(l->in->identities[k].group, l->in->identities[i].group) == 0) {
            c.good += l->counts[k].good;
            c.bad += l->counts[k].bad;
            c.seen += l->counts[k].seen;
            if (l->in->known[k].counts.last > l->in->known[i].counts.last)
                *latest_r = k;
        }
    return c;
}

static double hop_reputation(const struct ledger *l, size_t i)
{
    const struct message *m = l->in->message;
    int hop = l->in->identities[i].index;
    size_t latest;
    struct counts c = hop_counts(l, i, &latest);
    double x = reputation_shared(reputation(&c, l->params->prior, 0), &c, l->params->prior);
    if (x > 0)
        return x * HOP_GOOD;
    bool submitted = hop >= 0 && (size_t)hop < m->hop_count && m->hops[hop].authenticated;
    return submitted && l->author == PROOF_YES ? x * HOP_SUBMITTED : x;
}

static void add_hop(struct ledger *l, int i, double x)
{
    size_t latest;
    struct counts c = hop_counts(l, (size_t)i, &latest);
    ledger_add(l, TW_HOP, l->in->identities[i].subject, x, &c, history_note(l, latest));
}

static void add_hops(struct ledger *l)
{
    struct extremes e = {0};
    for (size_t i = 0; i < l->in->identity_count; i++)
        if (l->in->identities[i].kind == ID_HOP)
            consider(&e, (int)i, hop_reputation(l, i));
    if (e.worst_x <= HOP_BAD)
        l->flags |= FLAG_BAD_RELAY;
    if (e.best_x > 0)
        add_hop(l, e.best, e.best_x);
    if (e.worst_x < 0)
        add_hop(l, e.worst, e.worst_x);
}

struct pair {
    enum identity_kind kind, source; /* source: what else is known of the other half */
    enum trust_weight weight;
};

static const struct pair pairs[] = {
    {ID_PAIR_NETWORK, ID_NETWORK, TW_PAIR_NETWORK},
    {ID_PAIR_PTR, ID_PTR, TW_PAIR_PTR},
    {ID_PAIR_DKIM, ID_KIND_COUNT, TW_PAIR_DKIM},
    {ID_PAIR_MAILFROM, ID_KIND_COUNT, TW_PAIR_MAILFROM},
};

/* How far mail from the source of pair i is mail of this author: 1 where it carries nobody
 * else's. */
static double exclusive(const struct ledger *l, const struct pair *p, size_t i)
{
    int source = p->source < ID_KIND_COUNT ? ledger_find(l, p->source) : -1;
    if (source < 0)
        return 1;
    double all = l->counts[source].good + l->counts[source].bad, own = l->counts[i].good;
    return own < all ? own / all : 1;
}

/* The author's organisation with each source that is proven. */
static void add_authenticity(struct ledger *l)
{
    for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
        struct extremes e = {0};
        for (size_t i = 0; i < l->in->identity_count; i++) {
            if (l->in->identities[i].kind != pairs[p].kind || !proof_identity(l->in, i))
                continue;
            double x = shared_reputation(l, i);
            if (l->author != PROOF_YES)
                x = pairs[p].kind == ID_PAIR_NETWORK && x > 0
                        ? x * CLAIM_GOOD * exclusive(l, &pairs[p], i)
                        : 0;
            consider(&e, (int)i, x);
        }
        add_extremes(l, pairs[p].weight, &e);
    }
}

/* What only a proven author has: the place he writes from, and those he writes to. */
static void add_author_pairs(struct ledger *l, enum identity_kind kind, enum trust_weight w)
{
    struct extremes e = {0};
    for (size_t i = 0; i < l->in->identity_count; i++)
        if (l->in->identities[i].kind == kind)
            consider(&e, (int)i, reputation(&l->counts[i], l->params->prior, 0));
    add_extremes(l, w, &e);
}

/* 0..1: how well a known source of this author's mail (a list, a forwarder) explains that proof is
 * missing */
static double explained(const struct ledger *l)
{
    double most = 0;
    for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++)
        for (size_t i = 0; i < l->in->identity_count; i++) {
            if (l->in->identities[i].kind != pairs[p].kind || !proof_identity(l->in, i))
                continue;
            double x = reputation(&l->counts[i], l->params->prior, 0);
            most = fmax(most, x / SOFT_FULL * exclusive(l, &pairs[p], i));
        }
    return fmin(1, most);
}

/* The claim of a name that proves itself in its good mail, which its bad mail does not excuse. How
 * mail that claimed it without proof turned out before says more: some organisations prove only
 * part of what they send. */
static void add_forgery(struct ledger *l)
{
    int i = ledger_find(l, ID_AUTHOR_ORG), unproven = ledger_find(l, ID_AUTHOR_UNPROVEN);
    if (i < 0 || l->author == PROOF_YES || l->in->outbound)
        return;
    struct counts good = {.good = l->counts[i].good};
    double x = -fmin(FORGED_MAX, reputation(&good, l->params->prior, 0));
    if (unproven >= 0)
        x = reputation(&l->counts[unproven], l->params->prior, x);
    x = -fmin(0, x) * (1 - explained(l));
    const char *subject = l->in->identities[i].subject;
    if (x == 0 || l->without == TW_FORGERY)
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

void history_terms(struct ledger *l)
{
    static const struct level client[] = {{ID_NETWORK, TW_NETWORK}, {ID_HOST, TW_HOST}};
    static const struct level sender[] = {{ID_MAILFROM_ORG, TW_MAILFROM},
                                          {ID_MAILFROM_DOMAIN, TW_MAILFROM},
                                          {ID_MAILFROM, TW_MAILFROM}};
    static const struct level author[] = {
        {ID_AUTHOR_ORG, TW_AUTHOR}, {ID_AUTHOR_DOMAIN, TW_AUTHOR}, {ID_AUTHOR, TW_AUTHOR}};
    int mailfrom = ledger_find(l, ID_MAILFROM_ORG);
    const struct message *m = l->in->message;

    l->known_way = m->from_count == 1 && m->author_count == 1 && explained(l) > 0;
    add_levels(l, client, 2, false, place);
    add_name(l, ID_HELO, TW_HELO, place);
    add_name(l, ID_PTR, TW_PTR, place);
    add_name(l, ID_DKIM, TW_DKIM, plain);
    if (mailfrom >= 0 && proof_identity(l->in, (size_t)mailfrom))
        add_levels(l, sender, 3, true, plain);
    add_hops(l);
    add_authenticity(l);
    if (l->author == PROOF_YES) {
        add_levels(l, author, 3, true, plain);
        add_author_pairs(l, ID_PAIR_ORIGIN, TW_PAIR_ORIGIN);
        add_author_pairs(l, ID_PAIR_RCPT, TW_RELATIONSHIP);
    }
    add_forgery(l);
}
