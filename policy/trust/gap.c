/* SPDX-License-Identifier: BSD-2-Clause */
/* "Trusted if ...": which single change would have made the difference. The sum is drawn up again
 * with one thing changed at a time: the author proven, one piece of evidence against it gone, or
 * more good messages like it. */
#include <string.h>
#include "trust_case.h"

#define MORE_MAX 100 /* good messages; more are no advice */

struct gap {
    struct arena *arena;
    const struct trust_case *c;
    double wanted;
    struct ledger *scratch;
    struct counts *counts; /* scratch */
    bool *teaches;         /* which identities more messages like it would teach */
};

static double trust_if(const struct gap *g, const struct counts *counts,
                       const struct what_if *what_if)
{
    memset(g->scratch, 0, sizeof *g->scratch);
    trust_case_sum(g->c, counts, what_if, g->scratch);
    return trust_logistic(g->scratch->sum);
}

static const char *proof_gap(const struct gap *g)
{
    const struct message *m = g->c->input.message;
    const struct what_if proven = {.proven = true, .without = -1};
    if (m->from_count != 1 || m->author_count != 1 || !m->author ||
        proof_author(m, g->c->input.evidence, g->c->input.psl) == PROOF_YES ||
        trust_if(g, g->c->counts, &proven) < g->wanted)
        return NULL;
    return arena_printf(g->arena, "SPF or DKIM had proven %s", m->author->domain);
}

/* what to say had been otherwise, for terms about the message as a whole; NULL: history */
static const char *fact_phrase(enum trust_weight w)
{
    switch (w) {
    case TW_IPREV_FAIL:
        return "the client had a confirmed name";
    case TW_SPF_FAIL:
    case TW_SPF_SOFTFAIL:
        return "SPF had not failed";
    case TW_DKIM_FAIL:
        return "a DKIM signature had verified";
    case TW_DMARC_FAIL:
        return "DMARC had not failed";
    case TW_HELO_LITERAL:
    case TW_HELO_FORGED:
        return "the client had given its own name in HELO";
    case TW_HELO_MANY:
        return "the client had not said so many HELO names lately";
    case TW_DOMAINS_MANY:
        return "the client had not sent for so many domains lately";
    case TW_BURST:
        return "its author had not written to so many lately";
    case TW_MULTIPLE_FROM:
        return "it had only one From field";
    case TW_IMPERSONATION:
        return "it did not show who its author is not";
    case TW_NO_AUTHOR:
        return "it had a valid author";
    case TW_BODY_APPENDED:
        return "nothing were appended to the signed body";
    case TW_TIME_DISORDER:
        return "the times of its Received fields were in order";
    default:
        return NULL;
    }
}

static int weight_of(const struct trust_item *item)
{
    int w = 0;
    while (w < TW_COUNT && strcmp(trust_weight_name((enum trust_weight)w), item->name) != 0)
        w++;
    return w;
}

/* Without which one of the terms against the message would it be trusted most? */
static const char *contradiction_gap(const struct gap *g, const struct trust_result *result)
{
    const struct trust_item *best = NULL;
    double most = g->wanted;
    for (size_t i = 0; i < result->item_count; i++) {
        const struct trust_item *item = &result->items[i];
        const struct what_if without = {.without = weight_of(item)};
        if (item->weight >= 0 || without.without == TW_FORGERY || without.without == TW_PROTECTED)
            continue; /* these two are a matter of proof */
        double trust = trust_if(g, g->c->counts, &without);
        if (trust >= most && (!best || trust > most)) {
            best = item;
            most = trust;
        }
    }
    if (!best)
        return NULL;
    const char *phrase = fact_phrase((enum trust_weight)weight_of(best));
    return phrase ? phrase : arena_printf(g->arena, "%s had no bad history", best->subject);
}

static bool enough(const struct gap *g, int more)
{
    const struct trust_case *c = g->c;
    for (size_t i = 0; i < c->input.identity_count; i++) {
        g->counts[i] = c->counts[i];
        if (g->teaches[i])
            g->counts[i].good += more;
    }
    return trust_if(g, g->counts, NULL) >= g->wanted;
}

static const char *history_gap(const struct gap *g)
{
    int low = 0, high = MORE_MAX; /* enough(low) is false, enough(high) true */
    if (!enough(g, high))
        return NULL;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (enough(g, middle))
            high = middle;
        else
            low = middle;
    }
    return arena_printf(g->arena, "%d more good message%s like it had come before", high,
                        high == 1 ? "" : "s");
}

const char *trust_explain_gap(struct arena *arena, const struct trust_result *result, double wanted)
{
    const struct trust_case *c = result->basis;
    if (!c || result->trust >= wanted)
        return NULL;
    struct gap g = {.arena = arena, .c = c, .wanted = wanted};
    g.scratch = arena_alloc(arena, sizeof *g.scratch);
    g.counts = arena_array(arena, c->input.identity_count, sizeof *g.counts);
    g.teaches = arena_array(arena, c->input.identity_count, sizeof *g.teaches);
    if (!g.scratch || !g.counts || !g.teaches)
        return NULL;
    trust_teaching(&c->input, g.teaches);
    const char *phrase = proof_gap(&g);
    if (!phrase)
        phrase = contradiction_gap(&g, result);
    return phrase ? phrase : history_gap(&g);
}
