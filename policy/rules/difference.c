/* SPDX-License-Identifier: BSD-2-Clause */
/* Why two judgements of one message differ, in words that are the same for all messages of which the same is true. */
#include "difference.h"
#include <math.h>
#include <string.h>
#include "arena.h"
#include "errors.h"
#include "sbuf.h"

#define TEXT_MAX 1024 /* bytes; the names of two policies are most of it */

static const char *name_of(const struct decision *d)
{
    return d->policy ? d->policy->name : "";
}

static bool same_rcpt(const struct rcpt_decision *a, const struct rcpt_decision *b)
{
    return a->class == b->class && a->action == b->action &&
           (a->action != ACTION_QUARANTINE || a->quarantine == b->quarantine);
}

static bool same_rcpts(const struct decision *a, const struct decision *b)
{
    if (a->rcpt_count != b->rcpt_count)
        return false;
    for (size_t i = 0; i < a->rcpt_count; i++)
        if (!same_rcpt(&a->rcpts[i], &b->rcpts[i]))
            return false;
    return true;
}

static double weight_of(const struct trust_result *t, const char *name)
{
    double sum = 0;
    for (size_t i = 0; i < t->item_count; i++)
        if (strcmp(t->items[i].name, name) == 0)
            sum += t->items[i].weight;
    return sum;
}

/* The kind of evidence whose weight moved most in the direction in which trust did; NULL: none. */
static const char *most_moved(const struct judgement *a, const struct judgement *b)
{
    const struct judgement *sides[] = {a, b};
    const double sign = b->trust->trust < a->trust->trust ? -1 : 1;
    const char *name = "bias";
    double most = sign * (b->bias - a->bias);
    for (int s = 0; s < 2; s++)
        for (size_t i = 0; i < sides[s]->trust->item_count; i++) {
            const char *n = sides[s]->trust->items[i].name;
            double moved = sign * (weight_of(b->trust, n) - weight_of(a->trust, n));
            if (moved > most) {
                most = moved;
                name = n;
            }
        }
    return most > 0 ? name : NULL;
}

/* Trust that went the other way, or nowhere, is not why the class is another. */
static const char *why_class(const struct judgement *a, const struct judgement *b)
{
    double moved = b->trust->trust - a->trust->trust;
    bool down = b->decision->class < a->decision->class;
    const char *name = (down ? moved < 0 : moved > 0) ? most_moved(a, b) : NULL;
    return name ? name : "thresholds";
}

static void add(struct sbuf *out, const char *text)
{
    sbuf_addf(out, "%s%s", out->len ? ", " : "", text);
}

static void add_policy(struct sbuf *out, const char *was, const char *is)
{
    add(out, "policy ");
    if (!*is)
        sbuf_addf(out, "%s no longer decides", was);
    else if (!*was)
        sbuf_addf(out, "%s now decides", is);
    else
        sbuf_addf(out, "%s -> %s", was, is);
}

int decision_difference(struct arena *arena, const struct judgement *a, const struct judgement *b,
                        const char **text_r)
{
    const struct decision *was = a->decision, *is = b->decision;
    bool same_policy = strcmp(name_of(was), name_of(is)) == 0;
    struct sbuf out;
    *text_r = NULL;
    if (was->class == is->class && was->action == is->action && same_policy && same_rcpts(was, is))
        return 0;
    sbuf_init(&out, TEXT_MAX);
    if (was->class != is->class) {
        add(&out, "class ");
        sbuf_addf(&out, "%s -> %s because of %s", trust_class_name(was->class),
                  trust_class_name(is->class), why_class(a, b));
    }
    if (!same_policy)
        add_policy(&out, name_of(was), name_of(is));
    if (was->action != is->action) {
        add(&out, "action ");
        sbuf_addf(&out, "%s -> %s", action_name(was->action), action_name(is->action));
    }
    if (out.len == 0)
        add(&out, "other answers for some recipients");
    *text_r = sbuf_to_arena(&out, arena);
    return *text_r ? 0 : VOUCH_E_NOMEM;
}
