/* SPDX-License-Identifier: BSD-2-Clause */
#include "path.h"
#include <string.h>
#include "reputation.h"
#include "terms.h"

#define HOP_BAD        (-2.0) /* log-odds from which a hop is a known bad relay */
#define HOP_SUBMITTED  0.25
#define TIME_TOLERANCE 3600 /* s that clocks along a path may differ: one mistaken time zone */

/* A hop's network is known from two roles: as a hop, and as a client of ours. */
static struct counts hop_counts(const struct ledger *l, size_t i)
{
    struct counts c = l->counts[i];
    for (size_t k = 0; k < l->in->identity_count; k++)
        if (l->in->identities[k].kind == ID_HOP_NETWORK &&
            strcmp(l->in->identities[k].group, l->in->identities[i].group) == 0) {
            c.good += l->counts[k].good;
            c.bad += l->counts[k].bad;
            c.seen += l->counts[k].seen;
        }
    return c;
}

static double hop_reputation(const struct ledger *l, size_t i)
{
    const struct message *m = l->in->message;
    const int hop = l->in->identities[i].index;
    const struct counts c = hop_counts(l, i);
    const double x = term_shared(l, &c);
    const bool submitted = hop >= 0 && (size_t)hop < m->hop_count && m->hops[hop].authenticated;
    return x < 0 && submitted && l->author == PROOF_YES ? x * HOP_SUBMITTED : x;
}

static void add_hop(struct ledger *l, enum trust_weight w, size_t i, double x)
{
    const struct counts c = hop_counts(l, i);
    ledger_add(l, w, l->in->identities[i].subject, x, &c, NULL);
}

/* The network it was first handed over in, and its provider's. */
static void origin_terms(struct ledger *l, size_t origin)
{
    const double prior = l->params->prior;
    const struct counts wide = term_counts(l, ID_ORIGIN_WIDE), near = hop_counts(l, origin);
    double x = reputation(&wide, prior, term_new(l, KNOWN_ORIGIN));
    add_hop(l, TW_ORIGIN, origin, reputation(&near, prior, x) - l->base);
}

static void route_term(struct ledger *l)
{
    int i = ledger_find(l, ID_ROUTE);
    if (i >= 0 && (l->counts[i].good > 0 || l->counts[i].bad > 0))
        term_known(l, TW_ROUTE, (size_t)i,
                   reputation(&l->counts[i], l->params->prior, l->base) - l->base);
}

static void hop_terms(struct ledger *l)
{
    struct term_extremes e = {0};
    size_t origin = l->in->identity_count;
    for (size_t i = 0; i < l->in->identity_count; i++)
        if (l->in->identities[i].kind == ID_HOP) {
            term_consider(&e, i, hop_reputation(l, i));
            origin = i;
        }
    if (e.worst_x <= HOP_BAD)
        l->flags |= FLAG_BAD_RELAY;
    if (e.worst_x < 0)
        add_hop(l, TW_HOP, e.worst, e.worst_x);
    if (origin < l->in->identity_count)
        origin_terms(l, origin);
}

/* Time runs upwards through the Received fields. */
static void time_term(struct ledger *l)
{
    const struct message *m = l->in->message;
    time_t earliest = -1;
    for (size_t i = 0; i < m->hop_count; i++) {
        time_t t = m->hops[i].time;
        if (t < 0)
            continue;
        if (earliest >= 0 && t - TIME_TOLERANCE > earliest) {
            l->flags |= FLAG_TIME_DISORDER;
            ledger_add(l, TW_TIME_DISORDER, m->hops[i].by, 1, NULL,
                       "received before it was passed on");
            return;
        }
        if (earliest < 0 || t < earliest)
            earliest = t;
    }
}

void path_terms(struct ledger *l)
{
    hop_terms(l);
    route_term(l);
    time_term(l);
}
