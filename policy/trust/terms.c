/* SPDX-License-Identifier: BSD-2-Clause */
#include "terms.h"
#include <math.h>
#include "errors.h"
#include "habits.h"
#include "reputation.h"

#define LEVELS 3
#define DAY    86400 /* seconds */

struct counts term_counts(const struct ledger *l, enum identity_kind kind)
{
    int i = ledger_find(l, kind);
    return i < 0 ? (struct counts){0} : l->counts[i];
}

static double site_odds(const struct counts *site)
{
    return log((site->good + HABIT_SITE) / (site->bad + HABIT_SITE));
}

double term_base(const struct ledger *l)
{
    const struct counts site = term_counts(l, ID_SITE);
    return fmax(-REPUTATION_MAX, fmin(BASE_MAX, site_odds(&site)));
}

double term_habit(const struct ledger *l, size_t i, double doubt)
{
    const struct counts site = term_counts(l, ID_SITE);
    const double base = fmax(-REPUTATION_MAX, fmin(REPUTATION_MAX, site_odds(&site)));
    struct counts c = l->counts[i];
    if (c.good + c.bad <= 0)
        return 0;
    const double x = reputation(&c, doubt, base) - base;
    if (x <= 0)
        return x;
    const double share = fmin(1, (c.good + c.bad) / fmax(site.good + site.bad, 1));
    c.good += HABIT_SITE * share;
    c.bad += HABIT_SITE * share;
    return fmax(0, fmin(x, reputation(&c, doubt, base) - base));
}

double term_new(const struct ledger *l, unsigned bit)
{
    const int first = ledger_find(l, ID_NEW);
    for (size_t i = (size_t)first; first >= 0 && i < l->in->identity_count; i++)
        if (l->in->identities[i].kind == ID_NEW && l->in->identities[i].index == (int)bit)
            return l->base + term_habit(l, i, HABIT_DOUBT);
    return l->base;
}

double term_shared(const struct ledger *l, const struct counts *c)
{
    if (c->good <= 0 && c->bad <= 0)
        return 0;
    const double prior = l->params->prior;
    return reputation_shared(reputation(c, prior, l->base) - l->base, c, prior);
}

static const char *plural(long n)
{
    return n == 1 ? "" : "s";
}

/* "over 40 days, last 2 days ago" */
static const char *history_note(struct ledger *l, size_t i)
{
    const struct counts *c = &l->in->known[i].counts;
    if (!l->arena || l->in->known[i].outcome != LOOKUP_FOUND)
        return NULL;
    const long days = (long)((c->last - c->first) / DAY),
               ago = (long)((l->in->now - c->last) / DAY);
    if (days <= 0 && ago <= 0)
        return "last today";
    char *note;
    if (days <= 0)
        note = arena_printf(l->arena, "last %ld day%s ago", ago, plural(ago));
    else if (ago <= 0)
        note = arena_printf(l->arena, "over %ld day%s, last today", days, plural(days));
    else
        note = arena_printf(l->arena, "over %ld day%s, last %ld day%s ago", days, plural(days), ago,
                            plural(ago));
    l->failed |= !note;
    return note;
}

void term_known(struct ledger *l, enum trust_weight w, size_t i, double x)
{
    if (x != 0)
        ledger_add(l, w, l->in->identities[i].subject, x, &l->counts[i], history_note(l, i));
}

void term_levels(struct ledger *l, const struct term_level *levels, size_t count, unsigned new_bit,
                 double scale)
{
    const double prior = l->params->prior;
    double above = term_new(l, new_bit), told = l->base;
    int at[LEVELS];
    for (size_t k = 0; k < count; k++)
        at[k] = ledger_find(l, levels[k].kind);
    for (size_t k = 0; k < count; k++) {
        if (at[k] < 0)
            continue;
        struct counts own = l->counts[at[k]];
        for (size_t finer = k + 1; finer < count; finer++)
            if (at[finer] >= 0) {
                own = reputation_rest(&own, &l->counts[at[finer]]);
                break;
            }
        double x = reputation(&own, prior, above);
        if (!levels[k].person && (own.good > 0 || own.bad > 0))
            x = l->base + reputation_shared(x - l->base, &own, prior);
        term_known(l, levels[k].weight, (size_t)at[k], scale * (x - told));
        above = told = x;
    }
}

void term_consider(struct term_extremes *e, size_t i, double x)
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

void term_extremes(struct ledger *l, enum trust_weight w, const struct term_extremes *e)
{
    if (e->best_x > 0)
        term_known(l, w, e->best, e->best_x);
    if (e->worst_x < 0)
        term_known(l, w, e->worst, e->worst_x);
}
