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
    int (*each)(void *, const struct store_key *, struct span);
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

/* Hands the fields of one HSCAN answer to each. */
static int give_fields(struct scan *s, const redisReply *key, const redisReply *reply)
{
    const char *group = redis_key_group(key->str, s->version);
    if (!group || !well_formed(reply))
        return redis_not_ours(s->r);
    const redisReply *pairs = reply->element[1];
    for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
        const redisReply *field = pairs->element[i], *value = pairs->element[i + 1];
        if (field->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
            return redis_not_ours(s->r);
        int rc = s->each(s->arg, &(struct store_key){group, field->str},
                         span_make(value->str, value->len));
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
static int give_page(void *arg, const redisReply *keys)
{
    struct scan *s = arg;
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

static int check_keys(struct redis *r, const redisReply *reply)
{
    if (!well_formed(reply))
        return redis_not_ours(r);
    const redisReply *keys = reply->element[1];
    for (size_t i = 0; i < keys->elements; i++)
        if (keys->element[i]->type != REDIS_REPLY_STRING)
            return redis_not_ours(r);
    return 0;
}

int redis_scan_keys(struct redis *r, const char *version,
                    void (*add_pattern)(struct sbuf *out, const char *version),
                    int (*each)(void *, const redisReply *keys), void *arg)
{
    redisReply *reply = NULL;
    struct sbuf out;
    int rc;
    sbuf_init(&out, REDIS_REQUEST_MAX);
    do {
        redis_command(&out, 6);
        redis_arg(&out, "SCAN");
        redis_arg(&out, reply ? reply->element[0]->str : "0");
        redis_arg(&out, "MATCH");
        add_pattern(&out, version);
        redis_arg(&out, "COUNT");
        redis_arg_uint(&out, PAGE_KEYS);
        if (reply)
            freeReplyObject(reply);
        reply = NULL;
        rc = redis_call(r, &out, 1, &reply);
        if (rc == 0)
            rc = check_keys(r, reply);
        if (rc == 0)
            rc = each(arg, reply->element[1]);
    } while (rc == 0 && !is_last(reply));
    if (reply)
        freeReplyObject(reply);
    return rc;
}

int redis_scan_bytes(struct store *store,
                     int (*each)(void *, const struct store_key *, struct span value), void *arg)
{
    struct scan s = {.r = (struct redis *)store, .each = each, .arg = arg};
    int rc = redis_find_settled(s.r, &s.version);
    return rc == 0 ? redis_scan_keys(s.r, s.version, redis_arg_groups, give_page, &s) : rc;
}
