/* SPDX-License-Identifier: BSD-2-Clause */
/* All of a model in Redis: SCAN finds its hashes, page by page, and the HSCANs of a page go out
 * together. A hash that is too large for one answer is then read to its end. Memory is bounded by a
 * page, whatever the model holds. */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include "redis_names.h"
#include "redis_store.h"

#define PAGE_KEYS   200 /* hashes to ask SCAN for; it may give some more */
#define PAGE_FIELDS 500 /* fields to ask HSCAN for */

struct scan {
    struct redis *r;
    const char *version;
    int (*each)(void *, const struct store_key *, const struct counts *);
    void *arg;
};

static void add_hscan(struct sbuf *out, const redisReply *key, const char *cursor)
{
    redis_command(out, 5);
    redis_arg(out, "HSCAN");
    redis_arg_bytes(out, key->str, key->len);
    redis_arg(out, cursor);
    redis_arg(out, "COUNT");
    redis_arg_uint(out, PAGE_FIELDS);
}

/* SCAN's and HSCAN's answer: a cursor and an array */
static bool well_formed(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           reply->element[0]->type == REDIS_REPLY_STRING &&
           reply->element[1]->type == REDIS_REPLY_ARRAY;
}

static bool is_last(const redisReply *reply)
{
    return strcmp(reply->element[0]->str, "0") == 0;
}

static int not_ours(struct redis *r)
{
    redis_trouble(r, "holds what is not a model, or counts of another version of vouch");
    return VOUCH_E_IO;
}

/* Hands the fields of one HSCAN answer to each. */
static int give_fields(struct scan *s, const redisReply *key, const redisReply *reply)
{
    const char *group =
        key->type == REDIS_REPLY_STRING ? redis_key_group(key->str, s->version) : NULL;
    if (!group || !well_formed(reply))
        return not_ours(s->r);
    const redisReply *pairs = reply->element[1];
    for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
        const redisReply *field = pairs->element[i], *value = pairs->element[i + 1];
        struct counts c;
        if (field->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING ||
            counts_decode(value->str, value->len, &c) != 0)
            return not_ours(s->r);
        int rc = s->each(s->arg, &(struct store_key){group, field->str}, &c);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* One hash, from an answer on. */
static int give_hash(struct scan *s, const redisReply *key, redisReply *reply)
{
    struct sbuf out;
    int rc = give_fields(s, key, reply);
    sbuf_init(&out, REDIS_REQUEST_MAX);
    while (rc == 0 && !is_last(reply)) {
        add_hscan(&out, key, reply->element[0]->str);
        freeReplyObject(reply);
        reply = NULL;
        rc = redis_call(s->r, &out, 1, &reply);
        if (rc == 0)
            rc = give_fields(s, key, reply);
    }
    if (reply)
        freeReplyObject(reply);
    return rc;
}

/* The hashes of one page. */
static int give_page(struct scan *s, const redisReply *keys)
{
    size_t n = keys->elements;
    struct sbuf out;
    if (n == 0)
        return 0;
    redisReply **replies = calloc(n, sizeof *replies);
    if (!replies)
        return VOUCH_E_NOMEM;
    sbuf_init(&out, REDIS_REQUEST_MAX);
    for (size_t i = 0; i < n; i++)
        add_hscan(&out, keys->element[i], "0");
    int rc = redis_call(s->r, &out, (unsigned)n, replies);
    for (size_t i = 0; i < n; i++) {
        if (rc == 0)
            rc = give_hash(s, keys->element[i], replies[i]);
        else if (replies[i])
            freeReplyObject(replies[i]);
    }
    free(replies);
    return rc;
}

static void add_scan(struct sbuf *out, const char *version, const char *cursor)
{
    redis_command(out, 6);
    redis_arg(out, "SCAN");
    redis_arg(out, cursor);
    redis_arg(out, "MATCH");
    redis_arg_pattern(out, version);
    redis_arg(out, "COUNT");
    redis_arg_uint(out, PAGE_KEYS);
}

int redis_scan(struct store *store,
               int (*each)(void *, const struct store_key *, const struct counts *), void *arg)
{
    struct scan s = {.r = (struct redis *)store, .each = each, .arg = arg};
    redisReply *reply = NULL;
    struct sbuf out;
    int rc = redis_find_version(s.r, &s.version);
    sbuf_init(&out, REDIS_REQUEST_MAX);
    if (rc == 0)
        add_scan(&out, s.version, "0");
    while (rc == 0) {
        rc = redis_call(s.r, &out, 1, &reply);
        if (rc == 0)
            rc = well_formed(reply) ? give_page(&s, reply->element[1]) : not_ours(s.r);
        if (rc != 0 || is_last(reply))
            break;
        add_scan(&out, s.version, reply->element[0]->str);
        freeReplyObject(reply);
        reply = NULL;
    }
    if (reply)
        freeReplyObject(reply);
    sbuf_clear(&out);
    return rc;
}
