/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a record of the journal is one of those that are asked for. */
#include "journal_query.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "identity.h"

static bool equal(const char *a, const char *b)
{
    return a && strcasecmp(a, b) == 0;
}

static bool client_matches(const struct ipnet *net, const struct record *r)
{
    struct ipaddr ip = message_client(r->message).ip;
    return ip.family != IP_NONE && ipnet_contains(net, &ip);
}

bool journal_query_matches(const struct journal_query *q, const struct record *r)
{
    const struct message *m = r->message;
    if (r->time_us < q->since_us || r->time_us >= q->until_us)
        return false;
    if (q->kind >= 0 && (int)r->kind != q->kind)
        return false;
    if (q->id && !equal(r->id, q->id) && !equal(r->subject, q->id))
        return false;
    if (q->message_id && !(m && m->message_id && strcmp(m->message_id, q->message_id) == 0))
        return false;
    if (q->queue_id && !(m && m->env.queue_id && strcmp(m->env.queue_id, q->queue_id) == 0))
        return false;
    if (q->senders.count && !(m && m->env.sender && pattern_list_match(&q->senders, m->env.sender)))
        return false;
    if (q->client.addr.family != IP_NONE && !(m && client_matches(&q->client, r)))
        return false;
    if (q->shadow_differs && !(r->shadow && r->shadow->reason))
        return false;
    return q->class < 0 || (r->decision && (int)r->decision->class == q->class);
}

static const char *add(struct journal_query *q, struct arena *arena, size_t *cap,
                       const char *pattern)
{
    const char *parsed, *wrong = pattern_parse(arena, span_of(pattern), false, &parsed);
    if (wrong)
        return wrong;
    if (arena_grow(arena, &q->senders.patterns, q->senders.count, cap, sizeof *q->senders.patterns,
                   2 * PSEUDONYM_MAX_KEYS) != 0)
        return "is too much: out of memory";
    q->senders.patterns[q->senders.count++] = parsed;
    return NULL;
}

const char *journal_query_sender(struct journal_query *q, struct arena *arena, const char *pattern,
                                 const struct pseudonym_keys *keys)
{
    size_t cap = 0;
    q->senders = (struct pattern_list){0};
    const char *wrong = add(q, arena, &cap, pattern);
    const char *at = strrchr(pattern, '@');
    if (wrong || !keys || !at || at == pattern)
        return wrong;
    for (size_t i = 0; i < keys->count && !wrong; i++) {
        const char *name = identity_pseudonym(arena, &keys->list[i], pattern);
        wrong = name ? add(q, arena, &cap, name) : "is too much: out of memory";
    }
    return wrong;
}

int64_t journal_query_id_time(const char *id)
{
    char hex[13], *end;
    if (strlen(id) != RECORD_ID_TEXT - 1 || id[14] != '7')
        return INT64_MIN;
    memcpy(hex, id, 8);
    memcpy(hex + 8, id + 9, 4);
    hex[12] = '\0';
    unsigned long long ms = strtoull(hex, &end, 16);
    return *end ? INT64_MIN : (int64_t)ms * 1000;
}
