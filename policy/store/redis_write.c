/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the model in Redis.
 *
 * A batch is added by compare-and-set: its counts are read, added to here by counts_add, and one
 * script then sets them all together with the watermark, if none has changed meanwhile; otherwise
 * all begins again. So there is one implementation of decay and of the codec, the bytes are those
 * of every other backend, and a batch is applied whole or not at all. (A script that adds would
 * save a round trip, of a writer that nobody waits for, and would have to repeat both in Lua.)
 *
 * One script spans all keys of a batch: right on one server; a cluster would need a batch and a
 * watermark for each bucket. */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "redis_names.h"
#include "redis_store.h"
#include "store_batch.h"

#define ATTEMPTS    50 /* other writers may be faster now and then, not always */
#define ASK_MS      15000
#define WATERMARK   20   /* digits: in one width they compare as text */
#define PUT_AT_ONCE 5000 /* keys in one exchange */

/* KEYS: vouch:active, watermarks, hashes...
 * ARGV: version, writer, watermark, then for each field: index of its hash, field, old, new */
static const char script[] =
    "if (redis.call('GET',KEYS[1]) or '1')~=ARGV[1] then return 'version' end\n"
    "if ARGV[2]~='' then\n"
    " local mark=redis.call('HGET',KEYS[2],ARGV[2])\n"
    " if mark and mark>=ARGV[3] then return 'done' end\n"
    "end\n"
    "for i=4,#ARGV,4 do\n"
    " if (redis.call('HGET',KEYS[tonumber(ARGV[i])],ARGV[i+1]) or '')~=ARGV[i+2] then\n"
    "  return 'conflict'\n"
    " end\n"
    "end\n"
    "for i=4,#ARGV,4 do\n"
    " redis.call('HSET',KEYS[tonumber(ARGV[i])],ARGV[i+1],ARGV[i+3])\n"
    "end\n"
    "if ARGV[2]~='' then redis.call('HSET',KEYS[2],ARGV[2],ARGV[3]) end\n"
    "return 'done'\n";

/* One batch on its way. */
struct writing {
    struct redis *r;
    const struct store_batch *batch;
    struct store_key *keys;     /* of the batch's items */
    struct store_value *values; /* what they have */
    const char *version;
    const char *writer;
    uint64_t watermark;
};

/* Starts a hash: item i is the first of its group. */
static bool first_of_group(const struct store_batch *b, size_t i)
{
    return i == 0 || strcmp(b->items[i].key.group, b->items[i - 1].key.group) != 0;
}

static void add_item(struct sbuf *out, const struct writing *w, size_t i, unsigned hash)
{
    const struct store_batch_item *item = &w->batch->items[i];
    struct counts c = w->values[i].counts;
    uint8_t before[COUNTS_BYTES], after[COUNTS_BYTES];
    counts_encode(&c, before);
    store_batch_add(item, w->r->store.half_life, &c);
    counts_encode(&c, after);
    redis_arg_uint(out, hash);
    redis_arg(out, item->key.field);
    redis_arg_bytes(out, before, w->values[i].outcome == LOOKUP_FOUND ? sizeof before : 0);
    redis_arg_bytes(out, after, sizeof after);
}

static void add_eval(struct sbuf *out, const struct writing *w)
{
    const struct store_batch *b = w->batch;
    unsigned hashes = 0;
    char mark[WATERMARK + 1];
    for (size_t i = 0; i < b->count; i++)
        hashes += first_of_group(b, i);
    redis_command(out, 3 + 2 + hashes + 3 + 4 * b->count);
    redis_arg(out, "EVAL");
    redis_arg(out, script);
    redis_arg_uint(out, 2 + hashes);
    redis_arg(out, REDIS_ACTIVE);
    redis_arg_watermarks(out, w->version);
    for (size_t i = 0; i < b->count; i++)
        if (first_of_group(b, i))
            redis_arg_group(out, w->version, b->items[i].key.group);
    snprintf(mark, sizeof mark, "%0*" PRIu64, WATERMARK, w->watermark);
    redis_arg(out, w->version);
    redis_arg(out, w->writer);
    redis_arg(out, mark);
    hashes = 2;
    for (size_t i = 0; i < b->count; i++) {
        hashes += first_of_group(b, i);
        add_item(out, w, i, hashes);
    }
}

/* 1: done; 0: somebody else was faster; or an error. */
static int attempt(struct writing *w)
{
    struct sbuf out;
    redisReply *reply;
    struct store_query *q = redis_ask(&w->r->store, w->keys, w->batch->count);
    if (!q)
        return VOUCH_E_NOMEM;
    if (redis_wait(q, clock_ms() + ASK_MS, w->values) != LOOKUP_FOUND)
        return VOUCH_E_TEMP;
    w->version = atomic_load(&w->r->version);
    sbuf_init(&out, REDIS_REQUEST_MAX);
    add_eval(&out, w);
    int rc = redis_call(w->r, &out, 1, &reply);
    if (rc != 0)
        return rc;
    rc = reply->type == REDIS_REPLY_STRING && strcmp(reply->str, "done") == 0;
    freeReplyObject(reply);
    return rc;
}

int redis_apply(struct store *s, const struct store_update *updates, size_t count,
                const char *writer, uint64_t watermark)
{
    struct store_batch batch;
    struct writing w = {(struct redis *)s, &batch, NULL, NULL, NULL, writer, watermark};
    int rc = store_batch_init(&batch, updates, count);
    if (rc != 0)
        return rc;
    w.keys = calloc(batch.count + 1, sizeof *w.keys);
    w.values = calloc(batch.count + 1, sizeof *w.values);
    rc = w.keys && w.values ? 0 : VOUCH_E_NOMEM;
    for (size_t i = 0; i < batch.count && rc == 0; i++)
        w.keys[i] = batch.items[i].key;
    for (int i = 0; i < ATTEMPTS && rc == 0; i++)
        rc = attempt(&w);
    if (rc == 0) {
        redis_trouble(w.r, "other writers change the same counts all the time");
        rc = VOUCH_E_TEMP;
    }
    free(w.values);
    free(w.keys);
    store_batch_clear(&batch);
    return rc == 1 ? 0 : rc;
}

int redis_watermark(struct store *s, const char *writer, uint64_t *watermark_r)
{
    struct redis *r = (struct redis *)s;
    const char *version;
    redisReply *reply;
    struct sbuf out;
    int outcome = LOOKUP_FAILED;
    if (redis_find_version(r, &version) != 0)
        return LOOKUP_FAILED;
    sbuf_init(&out, REDIS_REQUEST_MAX);
    redis_command(&out, 3);
    redis_arg(&out, "HGET");
    redis_arg_watermarks(&out, version);
    redis_arg(&out, writer);
    if (redis_call(r, &out, 1, &reply) != 0)
        return LOOKUP_FAILED;
    if (reply->type == REDIS_REPLY_NIL)
        outcome = LOOKUP_ABSENT;
    else if (reply->type == REDIS_REPLY_STRING &&
             span_uint(span_make(reply->str, reply->len), UINT64_MAX, watermark_r) == 0)
        outcome = LOOKUP_FOUND;
    freeReplyObject(reply);
    return outcome;
}

/* One HSET of a group; returns how many of the entries it takes. */
static size_t add_hset(struct sbuf *out, const char *version, const struct redis_entry *entries,
                       size_t count, const struct counts *counts)
{
    size_t n = redis_entries_run(entries, count);
    redis_command(out, 2 + 2 * n);
    redis_arg(out, "HSET");
    redis_arg_group(out, version, entries[0].key.group);
    for (size_t i = 0; i < n; i++) {
        uint8_t bytes[COUNTS_BYTES];
        counts_encode(&counts[entries[i].index], bytes);
        redis_arg(out, entries[i].key.field);
        redis_arg_bytes(out, bytes, sizeof bytes);
    }
    return n;
}

static int put_some(struct redis *r, const char *version, const struct store_key *keys,
                    const struct counts *counts, size_t count)
{
    struct redis_entry *entries = calloc(count, sizeof *entries);
    struct sbuf out;
    unsigned commands = 0;
    if (!entries)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct redis_entry){keys[i], i};
    redis_entries_sort(entries, count);
    sbuf_init(&out, REDIS_REQUEST_MAX);
    for (size_t i = 0; i < count; commands++)
        i += add_hset(&out, version, entries + i, count - i, counts);
    free(entries);
    return redis_call(r, &out, commands, NULL);
}

int redis_put(struct store *s, const struct store_key *keys, const struct counts *counts, size_t n)
{
    struct redis *r = (struct redis *)s;
    const char *version;
    int rc = redis_find_version(r, &version);
    for (size_t i = 0; i < n && rc == 0; i += PUT_AT_ONCE) {
        size_t some = n - i < PUT_AT_ONCE ? n - i : PUT_AT_ONCE;
        rc = put_some(r, version, keys + i, counts + i, some);
    }
    return rc;
}
