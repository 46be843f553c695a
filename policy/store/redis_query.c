/* SPDX-License-Identifier: BSD-2-Clause */
/* Look-ups in Redis: one HMGET for each group, and before them GET vouch:active, written at once.
 * If another version than the one asked about turns out to be active, all is asked again, of that
 * one. */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include "redis_names.h"
#include "redis_store.h"

#define ROUNDS_MAX 4 /* a model whose version changes faster than that cannot be asked */

/* Keys in the order in which they are asked about: those of one group follow each other. */
struct entry {
    struct store_key key;
    size_t index; /* among the caller's */
};

struct query {
    struct store_query query;
    struct redis_exchange x;
    const char *version; /* the one asked about */
    unsigned rounds;
    bool stale;         /* it is not the active one */
    size_t count, next; /* entries; the first that has no answer yet */
    struct entry *entries;
    struct store_value *values; /* LOOKUP_UNCERTAIN: no answer yet */
    char *names;
};

static int compare(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    int c = strcmp(a->key.group, b->key.group);
    return c ? c : (a->index > b->index) - (a->index < b->index);
}

/* How many of the entries from the first on are of one group. */
static size_t run_of(const struct entry *entries, size_t count)
{
    size_t n = 1;
    while (n < count && strcmp(entries[n].key.group, entries[0].key.group) == 0)
        n++;
    return n;
}

static struct query *query_of(struct redis_exchange *x)
{
    return (struct query *)((char *)x - offsetof(struct query, x));
}

static struct redis *redis_of(struct query *q)
{
    return (struct redis *)q->query.store;
}

static void query_free(struct redis_exchange *x)
{
    struct query *q = query_of(x);
    sbuf_clear(&x->out);
    free(q->names);
    free(q->values);
    free(q->entries);
    free(q);
}

/* The commands for q, in the version that is thought to be active. */
static void compose(struct query *q)
{
    struct sbuf *out = &q->x.out;
    q->version = atomic_load(&redis_of(q)->version);
    q->stale = false;
    q->next = 0;
    q->rounds++;
    q->x.replies = 1;
    store_values_fill(q->values, q->count, LOOKUP_UNCERTAIN);
    sbuf_reset(out);
    redis_get_active(out);
    for (size_t i = 0, n; i < q->count; i += n) {
        n = run_of(q->entries + i, q->count - i);
        redis_command(out, 2 + n);
        redis_arg(out, "HMGET");
        redis_arg_group(out, q->version, q->entries[i].key.group);
        for (size_t k = 0; k < n; k++)
            redis_arg(out, q->entries[i + k].key.field);
        q->x.replies++;
    }
}

static struct store_value decode(struct redis *r, const redisReply *e)
{
    if (e->type == REDIS_REPLY_NIL)
        return (struct store_value){.outcome = LOOKUP_ABSENT};
    if (e->type == REDIS_REPLY_STRING)
        return store_value_decode(&r->store, e->str, e->len);
    redis_not_ours(r);
    return (struct store_value){.outcome = LOOKUP_FAILED};
}

/* The answer to the next group's HMGET. */
static void take_group(struct query *q, const redisReply *reply)
{
    struct redis *r = redis_of(q);
    const struct entry *e = q->entries + q->next;
    size_t n = run_of(e, q->count - q->next);
    bool fine = reply->type == REDIS_REPLY_ARRAY && reply->elements == n;
    if (!fine)
        redis_trouble(r, reply->type == REDIS_REPLY_ERROR ? reply->str : "unexpected answer");
    for (size_t i = 0; i < n; i++)
        q->values[e[i].index] =
            fine ? decode(r, reply->element[i]) : (struct store_value){.outcome = LOOKUP_FAILED};
    q->next += n;
}

static bool on_reply(struct redis_exchange *x, unsigned index, redisReply *reply)
{
    struct query *q = query_of(x);
    if (index > 0) {
        if (!q->stale)
            take_group(q, reply);
        return false;
    }
    bool known = redis_take_active(redis_of(q), reply) == 0;
    q->stale = !known || atomic_load(&redis_of(q)->version) != q->version;
    if (!known)
        q->rounds = ROUNDS_MAX;
    return false;
}

static bool on_end(struct redis_exchange *x)
{
    struct query *q = query_of(x);
    if (!q->stale)
        return false;
    if (q->rounds < ROUNDS_MAX)
        compose(q);
    if (!q->stale && !x->out.failed)
        return true;
    store_values_fill(q->values, q->count, LOOKUP_FAILED);
    return false;
}

/* Copies the keys, which are the caller's. */
static int copy_keys(struct query *q, const struct store_key *keys)
{
    size_t bytes = 0;
    for (size_t i = 0; i < q->count; i++)
        bytes += strlen(keys[i].group) + strlen(keys[i].field) + 2;
    q->names = malloc(bytes + 1);
    q->entries = calloc(q->count + 1, sizeof *q->entries);
    q->values = calloc(q->count + 1, sizeof *q->values);
    if (!q->names || !q->entries || !q->values)
        return VOUCH_E_NOMEM;
    char *p = q->names;
    for (size_t i = 0; i < q->count; i++) {
        size_t group = strlen(keys[i].group) + 1, field = strlen(keys[i].field) + 1;
        memcpy(p, keys[i].group, group);
        memcpy(p + group, keys[i].field, field);
        q->entries[i] = (struct entry){{p, p + group}, i};
        p += group + field;
    }
    if (q->count > 1)
        qsort(q->entries, q->count, sizeof *q->entries, compare);
    return 0;
}

struct store_query *redis_ask(struct store *s, const struct store_key *keys, size_t count)
{
    struct query *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->query.store = s;
    q->count = count;
    q->x.on_reply = on_reply;
    q->x.on_end = on_end;
    q->x.free = query_free;
    sbuf_init(&q->x.out, REDIS_REQUEST_MAX);
    if (copy_keys(q, keys) == 0) {
        compose(q);
        if (!q->x.out.failed && redis_link_submit(redis_of(q)->link, &q->x) == 0)
            return &q->query;
    }
    query_free(&q->x);
    return NULL;
}

bool redis_ready(struct store_query *query)
{
    struct query *q = (struct query *)query;
    return redis_link_done(redis_of(q)->link, &q->x);
}

int redis_wait(struct store_query *query, int64_t deadline_ms, struct store_value *values_r)
{
    struct query *q = (struct query *)query;
    int outcome = redis_link_wait(redis_of(q)->link, &q->x, deadline_ms);
    int missing = outcome == LOOKUP_FOUND ? LOOKUP_FAILED : outcome;
    /* what did arrive is an answer, whatever became of the rest; of a version that is no longer
     * active it is none */
    for (size_t i = 0; i < q->count; i++) {
        values_r[i] = q->values[i];
        if (q->stale || values_r[i].outcome == LOOKUP_UNCERTAIN)
            values_r[i] = (struct store_value){.outcome = missing};
    }
    if (outcome == LOOKUP_FOUND)
        outcome = q->stale ? LOOKUP_FAILED : store_values_outcome(values_r, q->count);
    redis_link_release(redis_of(q)->link, &q->x);
    return outcome;
}

void redis_cancel(struct store_query *query)
{
    struct query *q = (struct query *)query;
    redis_link_release(redis_of(q)->link, &q->x);
}
