/* SPDX-License-Identifier: BSD-2-Clause */
/* The trust sum: trust = logistic(bias + sum of terms). Pure: the same input gives the same answer
 * to the last printed digit on every platform, since terms are rounded as they are printed before
 * they are added.
 */
#include "trust.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "authenticity.h"
#include "errors.h"
#include "ledger.h"
#include "names.h"
#include "habits.h"
#include "path.h"
#include "relationship.h"
#include "terms.h"
#include "trust_case.h"

/* Log-odds, before S, that all names of the way together can say for an author of whom nothing good is known:
 * with the shipped weights less than 0.9, whatever services he uses. */
#define STRANGER_MOST 2.4

/* Weights are kept in hundredths, as they are printed, so that the terms shown add up to the sum
 * shown and no platform's last bit tells. */
static double rounded(double weight)
{
    double r = round(weight * 100);
    return r == 0 ? 0 : r / 100; /* never -0 */
}

/* What is left of 1 of the terms that speak for a message, when they come to so much. */
static double left_of(double terms_for, double most)
{
    return terms_for > 0 ? most * -expm1(-terms_for / most) / terms_for : 1;
}

static double terms_for(const struct trust_params *params, const double x[TW_COUNT])
{
    double sum = 0;
    for (int w = 0; w < TW_COUNT; w++)
        sum += fmax(0, params->w[w] * x[w]);
    return sum;
}

double trust_total(const struct trust_params *params, const double x[TW_COUNT])
{
    double above = terms_for(params, x), below = 0;
    for (int w = 0; w < TW_COUNT; w++)
        below += fmin(0, params->w[w] * x[w]);
    return params->bias + above * left_of(above, params->most_for) + below;
}

static struct trust_item *append(struct ledger *l, enum trust_weight w, const char *subject,
                                 const char *note)
{
    assert(l->count < LEDGER_MAX);
    l->of[l->count] = w;
    struct trust_item *item = &l->items[l->count++];
    *item = (struct trust_item){.name = trust_weight_name(w),
                                .subject = subject,
                                .good = -1,
                                .bad = -1,
                                .seen = -1,
                                .note = note};
    return item;
}

void ledger_add(struct ledger *l, enum trust_weight w, const char *subject, double x,
                const struct counts *counts, const char *note)
{
    if (x == 0 || l->without == (int)w)
        return;
    struct trust_item *item = append(l, w, subject, note);
    item->weight = x;
    l->x[w] += x;
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
    return l->first[kind];
}

static void find_first(const struct trust_input *in, int first_r[ID_KIND_COUNT])
{
    for (int kind = 0; kind < ID_KIND_COUNT; kind++)
        first_r[kind] = -1;
    for (size_t i = in->identity_count; i-- > 0;)
        first_r[in->identities[i].kind] = (int)i;
}

/* Whether it could be asked who the author is, and nothing good is known of his organisation, proven or
 * claimed. */
static bool is_stranger(const struct ledger *l)
{
    if (l->in->outbound || l->in->evidence->dmarc.result == AUTH_UNKNOWN)
        return false;
    return l->in->message->author_count != 1 ||
           term_counts(l, ID_AUTHOR_ORG).good + term_counts(l, ID_CLAIM_AUTHOR_ORG).good <= 0;
}

/* Whatever way he came by, it vouches for a stranger only so far, beyond what is known against his network:
 * a good host stands out from it. */
static void doubt_stranger(struct ledger *l)
{
    const double *w = l->params->w, *x = l->x;
    const double network =
        fmin(0, w[TW_WIDE] * x[TW_WIDE]) + fmin(0, w[TW_NETWORK] * x[TW_NETWORK]);
    const double left = left_of(terms_for(l->params, x), STRANGER_MOST - network);
    if (!is_stranger(l))
        return;
    for (size_t i = 0; i < l->count; i++)
        if (w[l->of[i]] * x[l->of[i]] > 0)
            l->items[i].weight *= left;
    for (int k = 0; k < TW_COUNT; k++)
        if (w[k] * x[k] > 0)
            l->x[k] *= left;
}

/* From what each item says to what it counts; items that count nothing and have nothing to say go. */
static void weigh(struct ledger *l)
{
    const double left = left_of(terms_for(l->params, l->x), l->params->most_for);
    double hundredths = 0; /* whole numbers, so that order does not matter */
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        struct trust_item item = l->items[i];
        const enum trust_weight w = l->of[i];
        const bool mention = item.weight == 0;
        item.weight =
            rounded(item.weight * l->params->w[w] * (l->params->w[w] * l->x[w] > 0 ? left : 1));
        if (item.weight == 0 && !mention)
            continue;
        hundredths += round(item.weight * 100);
        l->of[kept] = w;
        l->items[kept++] = item;
    }
    l->count = kept;
    l->sum = l->params->bias + hundredths / 100;
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
    find_first(in, l->first);
    l->without = what_if ? what_if->without : -1;
    l->author =
        what_if && what_if->proven ? PROOF_YES : proof_author(in->message, in->evidence, in->psl);
    l->base = term_base(l);
    name_terms(l);
    path_terms(l);
    authenticity_terms(l);
    relationship_terms(l);
    habit_terms(l);
    rate_terms(l);
    fact_terms(l);
    doubt_stranger(l);
    weigh(l);
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
    memcpy(result_r->x, l->x, sizeof l->x);
    return 0;
}
