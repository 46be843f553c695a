/* SPDX-License-Identifier: BSD-2-Clause */
/* From a record to what its evidence says now. */
#include "rejudge.h"
#include <math.h>
#include <string.h>
#include "clock.h"
#include "learn_lesson.h"

#define STORE_WAIT_MS 10000

static int ask(struct arena *arena, struct store *store, struct trust_input *in)
{
    const size_t n = in->identity_count;
    struct store_key *keys = arena_array(arena, n + 1, sizeof *keys);
    struct store_value *values = arena_array(arena, n + 1, sizeof *values);
    struct trust_known *known = arena_array(arena, n + 1, sizeof *known);
    if (!keys || !values || !known)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        keys[i] = (struct store_key){in->identities[i].group, in->identities[i].field};
    struct store_query *q = store_ask(store, keys, n);
    if (!q)
        return VOUCH_E_NOMEM;
    if (store_wait(&q, clock_ms() + STORE_WAIT_MS, values) < 0)
        return VOUCH_E_TEMP;
    for (size_t i = 0; i < n; i++)
        known[i] = (struct trust_known){values[i].outcome, values[i].counts, values[i].window};
    in->known = known;
    return 0;
}

/* What can no longer be seen says what it said, as far as the weight of then was that of now; 1 at most. */
static void take_recorded(const struct record *record, enum trust_weight w, double weight,
                          struct trust_result *trust)
{
    const char *name = trust_weight_name(w);
    for (size_t i = 0; record->trust && i < record->trust->item_count; i++) {
        const struct trust_item *item = &record->trust->items[i];
        if (strcmp(item->name, name) == 0 && item->weight * weight > 0 && trust->x[w] == 0)
            trust->x[w] = fmin(1, item->weight / weight);
    }
}

int rejudge(struct arena *arena, const struct settings *s, const struct psl_ctx_st *psl,
            struct store *store, const struct record *record, struct trust_result *trust_r)
{
    const struct message *m = record->message;
    struct message_client client = message_client(m);
    struct trust_input in;
    int rc = lesson_input(arena, s, psl, record, &in);
    if (rc == 0)
        rc = ask(arena, store, &in);
    if (rc != 0)
        return rc;
    in.protected_sender =
        m->author && pattern_list_match(&s->protected_senders, m->author->address);
    in.helo_ours = client.helo && pattern_list_match(&s->local_domains, client.helo);
    in.now = record->time_us / 1000000;
    rc = trust_sum(arena, &s->trust, &in, trust_r);
    for (int w = TW_PROTECTED; rc == 0 && w <= TW_IMPERSONATION; w++)
        take_recorded(record, (enum trust_weight)w, s->trust.w[w], trust_r);
    return rc;
}
