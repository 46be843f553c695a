/* SPDX-License-Identifier: BSD-2-Clause */
/* The trust sum: trust = logistic(bias + sum of terms). Pure: the same input gives the same answer
 * to the last printed digit on every platform, since terms are rounded as they are printed before
 * they are added.
 *
 * Two bounds keep one kind of evidence from deciding alone. A term is at most TERM_MAX. All terms
 * that speak for the message together are at most FOR_MAX, however many names of one known sender
 * agree (they are one fact seen many times): so one strong contradiction, such as a relay known to
 * be bad, still lowers the class of the best known sender. And with all that speaks against it, they
 * come to FOR_STRANGER at most where the author is not proven, nor known to write by this way: the
 * best of servers passes on what somebody's broken web form sends. */
#include "trust.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "ledger.h"
#include "trust_case.h"

#define FOR_MAX      4.5 /* log-odds: trust 0.989 */
#define FOR_STRANGER 2.0 /* trust 0.881, less than thresholds.trusted by default */

/* Weights are kept in hundredths, as they are printed, so that the terms shown add up to the sum
 * shown and no platform's last bit tells. */
static double rounded(double weight)
{
    double r = round(weight * 100);
    return r == 0 ? 0 : r / 100; /* never -0 */
}

double ledger_weigh(const struct ledger *l, enum trust_weight w, double x)
{
    return rounded(fmax(-TERM_MAX, fmin(TERM_MAX, l->params->w[w] * x)));
}

static struct trust_item *append(struct ledger *l, enum trust_weight w, const char *subject,
                                 const char *note)
{
    assert(l->count < LEDGER_MAX);
    struct trust_item *item = &l->items[l->count++];
    *item = (struct trust_item){.name = trust_weight_name(w),
                                .subject = subject,
                                .good = -1,
                                .bad = -1,
                                .seen = -1,
                                .note = note};
    return item;
}

void ledger_add(struct ledger *l, enum trust_weight w, const char *subject, double weight,
                const struct counts *counts, const char *note)
{
    weight = rounded(weight);
    if (weight == 0 || l->without == (int)w)
        return;
    struct trust_item *item = append(l, w, subject, note);
    item->weight = weight;
    if (counts) {
        item->good = counts->good;
        item->bad = counts->bad;
        item->seen = counts->seen;
    }
}

void ledger_mention(struct ledger *l, enum trust_weight w, const char *subject, const char *note)
{
    append(l, w, subject, note);
}

int ledger_find(const struct ledger *l, enum identity_kind kind)
{
    for (size_t i = 0; i < l->in->identity_count; i++)
        if (l->in->identities[i].kind == kind)
            return (int)i;
    return -1;
}

static double most_for(const struct ledger *l)
{
    double against = 0;
    if (l->author == PROOF_YES || l->known_way || l->in->outbound)
        return FOR_MAX;
    for (size_t i = 0; i < l->count; i++)
        against -= fmin(0, l->items[i].weight);
    return fmin(FOR_MAX, FOR_STRANGER + against);
}

/* Shrinks the terms for the message to most_for together; what rounding leaves over is the largest
 * one's. */
static void bound(struct ledger *l)
{
    const double most = most_for(l);
    struct trust_item *largest = NULL;
    double sum = 0, left = most;
    for (size_t i = 0; i < l->count; i++)
        sum += fmax(0, l->items[i].weight);
    if (sum <= most)
        return;
    for (size_t i = 0; i < l->count; i++) {
        struct trust_item *item = &l->items[i];
        if (item->weight <= 0)
            continue;
        if (!largest || item->weight > largest->weight)
            largest = item;
        item->weight = rounded(item->weight * most / sum);
        left -= item->weight;
    }
    largest->weight = rounded(largest->weight + left);
}

static double total(const struct ledger *l)
{
    double hundredths = 0; /* whole numbers, so that order does not matter */
    for (size_t i = 0; i < l->count; i++)
        hundredths += round(l->items[i].weight * 100);
    return l->params->bias + hundredths / 100;
}

static void decay(const struct trust_params *params, const struct trust_input *in,
                  struct counts *counts_r)
{
    for (size_t i = 0; i < in->identity_count; i++)
        if (in->known[i].outcome == LOOKUP_FOUND)
            counts_r[i] = counts_at(&in->known[i].counts, in->now, params->half_life);
}

void trust_case_sum(const struct trust_case *c, const struct counts *counts,
                    const struct what_if *what_if, struct ledger *l)
{
    const struct trust_input *in = &c->input;
    l->params = &c->params;
    l->in = in;
    l->counts = counts;
    l->without = what_if ? what_if->without : -1;
    l->author =
        what_if && what_if->proven ? PROOF_YES : proof_author(in->message, in->evidence, in->psl);
    history_terms(l);
    rate_terms(l);
    fact_terms(l);
    bound(l);
    l->sum = total(l);
}

static unsigned input_flags(const struct trust_input *in)
{
    unsigned flags = 0;
    if (in->evidence->dns_timeout)
        flags |= FLAG_DNS_TIMEOUT;
    if (in->message->over || in->evidence->dkim_skipped)
        flags |= FLAG_OVER_LIMIT;
    for (size_t i = 0; i < in->identity_count; i++)
        if (in->known[i].outcome < 0)
            flags |= FLAG_MODEL_UNAVAILABLE;
    return flags;
}

/* largest |weight| first, then by name and subject: one order whatever the sort does with equals */
static int by_weight(const void *pa, const void *pb)
{
    const struct trust_item *a = pa, *b = pb;
    double x = fabs(a->weight), y = fabs(b->weight);
    if (x != y)
        return x > y ? -1 : 1;
    int names = strcmp(a->name, b->name);
    return names ? names : strcmp(a->subject ? a->subject : "", b->subject ? b->subject : "");
}

double trust_logistic(double sum)
{
    return 1 / (1 + exp(-sum));
}

int trust_sum(struct arena *arena, const struct trust_params *params, const struct trust_input *in,
              struct trust_result *result_r)
{
    struct ledger *l = arena_alloc(arena, sizeof *l);
    struct trust_case *c = arena_alloc(arena, sizeof *c);
    struct counts *counts = arena_array(arena, in->identity_count, sizeof *counts);
    if (!l || !c || !counts)
        return VOUCH_E_NOMEM;
    c->params = *params;
    c->input = *in;
    c->counts = counts;
    decay(params, in, counts);
    l->arena = arena;
    trust_case_sum(c, counts, NULL, l);
    if (l->failed)
        return VOUCH_E_NOMEM;
    qsort(l->items, l->count, sizeof *l->items, by_weight);
    *result_r = (struct trust_result){.items = l->items,
                                      .item_count = l->count,
                                      .sum = l->sum,
                                      .trust = trust_logistic(l->sum),
                                      .flags = l->flags | input_flags(in),
                                      .basis = c};
    return 0;
}
