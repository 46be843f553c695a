/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting. Counters are never taken back, and a reader sees each of them at its own moment; a list of policies only grows at
 * its head. So nobody waits for anybody. */
#include "metrics_private.h"
#include <stdlib.h>
#include <string.h>

static void add(metrics_count *n, uint64_t by)
{
    atomic_fetch_add_explicit(n, by, memory_order_relaxed);
}

static unsigned bucket_of(const char *name)
{
    return span_fnv1a(span_of(name), SPAN_FNV1A) % METRICS_BUCKETS;
}

static struct policy_counts *find(const struct metrics *m, const char *name)
{
    struct policy_counts *p =
        atomic_load_explicit(&m->policies[bucket_of(name)], memory_order_acquire);
    while (p && strcmp(p->name, name) != 0)
        p = p->next;
    return p;
}

static struct policy_counts *insert(struct metrics *m, const char *name)
{
    size_t size = strlen(name) + 1;
    struct policy_counts *p = calloc(1, sizeof *p + size);
    if (!p)
        return NULL;
    memcpy(p->name, name, size);
    struct policy_counts *_Atomic *head = &m->policies[bucket_of(name)];
    p->next = atomic_load(head);
    atomic_store_explicit(head, p, memory_order_release);
    return p;
}

struct metrics *metrics_new(void)
{
    struct metrics *m = calloc(1, sizeof *m);
    if (m && (!(m->own = insert(m, "")) || !(m->other = insert(m, METRICS_OTHER))))
        metrics_free(&m);
    return m;
}

void metrics_free(struct metrics **mp)
{
    struct metrics *m = *mp;
    *mp = NULL;
    if (!m)
        return;
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        struct policy_counts *p = atomic_load(&m->policies[i]), *next;
        for (; p; p = next) {
            next = p->next;
            free(p);
        }
    }
    free(m);
}

void metrics_policies(struct metrics *m, const struct settings *s)
{
    for (size_t i = 0; i < s->policy_count && m->policy_count < METRICS_POLICIES; i++)
        if (!find(m, s->policies[i].name) && insert(m, s->policies[i].name))
            m->policy_count++;
}

void metrics_add(struct metrics *m, enum metric which)
{
    if (m)
        add(&m->n[which], 1);
}

static void count_decision(struct metrics *m, const struct decision *d)
{
    struct policy_counts *p = d->policy ? find(m, d->policy->name) : m->own;
    add(&(p ? p : m->other)->n[d->class][d->action][d->direction], 1);
}

static void count_stage(struct metrics *m, enum stage stage, int64_t us)
{
    static const int64_t bounds[STAGE_BOUND_COUNT] = STAGE_BOUNDS;
    struct stage_counts *s = &m->stages[stage];
    size_t i = 0;
    if (us < 0)
        return;
    while (i < STAGE_BOUND_COUNT && us > bounds[i])
        i++;
    add(&s->n[i], 1);
    add(&s->sum_us, (uint64_t)us);
}

static void count_stages(struct metrics *m, const struct record_timing *t)
{
    count_stage(m, STAGE_DNS, t->dns);
    count_stage(m, STAGE_SPF, t->spf);
    count_stage(m, STAGE_DKIM, t->dkim);
    count_stage(m, STAGE_DMARC, t->dmarc);
    count_stage(m, STAGE_STORE, t->store);
    count_stage(m, STAGE_RULES, t->rules);
    count_stage(m, STAGE_TOTAL, t->total);
}

static void count_checks(struct metrics *m, const struct evidence *ev)
{
    add(&m->checks[CHECK_SPF][ev->spf.result], 1);
    add(&m->checks[CHECK_DMARC][ev->dmarc.result], 1);
    add(&m->checks[CHECK_IPREV][ev->iprev.result], 1);
    for (size_t i = 0; i < ev->dkim_count; i++)
        add(&m->checks[CHECK_DKIM][ev->dkim[i].result], 1);
}

void metrics_decision(struct metrics *m, const struct record *r)
{
    if (!m)
        return;
    count_decision(m, r->decision);
    count_stages(m, &r->timing);
    count_checks(m, r->evidence);
    if (!r->judged)
        metrics_add(m, METRIC_UNJUDGED);
    if (r->flags & FLAG_DNS_TIMEOUT)
        metrics_add(m, METRIC_DNS_LATE);
    if (r->flags & FLAG_MODEL_UNAVAILABLE)
        metrics_add(m, METRIC_STORE_LATE);
}
