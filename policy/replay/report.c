/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept while messages are judged. worst[] is in order, its count at most REPORT_WORST: most
 * messages are compared with its last and forgotten. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "html.h"
#include "report_private.h"

#define FACTS_BYTES (512 * 1024)

struct report *report_new(const struct settings *settings)
{
    struct report *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->settings = settings;
    sbuf_init(&r->facts, FACTS_BYTES);
    return r;
}

void report_free(struct report **rp)
{
    struct report *r = *rp;
    if (!r)
        return;
    for (size_t good = 0; good < 2; good++)
        for (size_t i = 0; i < r->worst_count[good]; i++)
            free(r->worst[good][i].html);
    sbuf_clear(&r->facts);
    free(r);
    *rp = NULL;
}

int report_fact(struct report *r, const char *name, const char *value)
{
    if (r->fact_count == REPORT_FACTS)
        return VOUCH_E_LIMIT;
    sbuf_adds(&r->facts, "<tr><th scope=\"row\">");
    html_text(&r->facts, span_of(name), REPORT_TEXT_BYTES);
    sbuf_adds(&r->facts, "</th><td>");
    html_text(&r->facts, span_of(value), REPORT_FACT_BYTES);
    sbuf_adds(&r->facts, "</td></tr>\n");
    r->fact_count++;
    return r->facts.failed ? VOUCH_E_NOMEM : 0;
}

void report_ablation(struct report *r, enum trust_weight without, const struct score_figures *all)
{
    r->ablated[without] = true;
    r->ablations[without] = *all;
}

static void count_evidence(struct report *r, const struct trust_result *t, bool good)
{
    double weights[TW_COUNT] = {0};
    for (size_t i = 0; i < t->item_count; i++) {
        int w = 0;
        while (w < TW_COUNT && strcmp(t->items[i].name, trust_weight_name(w)) != 0)
            w++;
        if (w < TW_COUNT)
            weights[w] += t->items[i].weight;
    }
    for (int w = 0; w < TW_COUNT; w++) {
        struct report_evidence *e = &r->evidence[w];
        e->messages[good] += weights[w] != 0;
        e->weight[good] += weights[w];
        e->absolute += fabs(weights[w]);
    }
}

/* Keeps it among the worst of its kind if it is one of them; of equal ones the first stays. */
static int keep_worst(struct report *r, const struct replay_judged *j)
{
    bool good = j->item->good;
    double sum = j->record->trust->sum;
    struct report_mistake *worst = r->worst[good];
    size_t *count = &r->worst_count[good], at = *count;
    while (at > 0 && (good ? sum < worst[at - 1].sum : sum > worst[at - 1].sum))
        at--;
    if (at == REPORT_WORST)
        return 0;
    char *html = report_explain(j, r->settings);
    if (!html)
        return VOUCH_E_NOMEM;
    if (*count == REPORT_WORST)
        free(worst[--*count].html);
    memmove(worst + at + 1, worst + at, (*count - at) * sizeof *worst);
    worst[at] = (struct report_mistake){sum, html};
    ++*count;
    return 0;
}

int report_see(struct report *r, const struct replay_judged *j)
{
    bool good = j->item->good;
    enum trust_class right = good ? CLASS_TRUSTED : CLASS_UNTRUSTED;
    r->seen[good]++;
    count_evidence(r, j->record->trust, good);
    return j->record->decision->class == right ? 0 : keep_worst(r, j);
}
