/* SPDX-License-Identifier: BSD-2-Clause */
/* Watermarks in Redis: how far each writer's journal has been learnt. redis_change.c moves them. */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include "redis_names.h"
#include "redis_store.h"

/* The watermark of one writer, or all that the state has. */
static int ask(struct redis *r, const char *writer, redisReply **reply_r)
{
    const char *version;
    struct sbuf out;
    int rc = redis_find_settled(r, &version);
    if (rc != 0)
        return rc;
    sbuf_init(&out, REDIS_REQUEST_MAX);
    redis_command(&out, writer ? 3 : 2);
    redis_arg(&out, writer ? "HGET" : "HGETALL");
    redis_arg_state(&out, version);
    if (writer)
        redis_arg_writer(&out, writer);
    return redis_call(r, &out, 1, reply_r);
}

static int read_mark(struct redis *r, const redisReply *reply, uint64_t *watermark_r)
{
    if (reply->type == REDIS_REPLY_STRING &&
        span_uint(span_make(reply->str, reply->len), UINT64_MAX, watermark_r) == 0)
        return 0;
    return redis_not_ours(r);
}

int redis_watermark(struct store *s, const char *writer, uint64_t *watermark_r)
{
    struct redis *r = (struct redis *)s;
    redisReply *reply;
    int outcome = LOOKUP_FAILED;
    if (ask(r, writer, &reply) != 0)
        return LOOKUP_FAILED;
    if (reply->type == REDIS_REPLY_NIL)
        outcome = LOOKUP_ABSENT;
    else if (read_mark(r, reply, watermark_r) == 0)
        outcome = LOOKUP_FOUND;
    freeReplyObject(reply);
    return outcome;
}

int redis_watermarks(struct store *s, int (*each)(void *, const char *writer, uint64_t watermark),
                     void *arg)
{
    struct redis *r = (struct redis *)s;
    redisReply *reply;
    int rc = ask(r, NULL, &reply);
    if (rc != 0)
        return rc;
    if (reply->type != REDIS_REPLY_ARRAY)
        rc = redis_not_ours(r);
    for (size_t i = 0; rc == 0 && i + 1 < reply->elements; i += 2) {
        const char *field = reply->element[i]->str;
        uint64_t mark;
        if (!field || strncmp(field, REDIS_WRITER, strlen(REDIS_WRITER)) != 0)
            continue;
        rc = read_mark(r, reply->element[i + 1], &mark);
        if (rc == 0)
            rc = each(arg, field + strlen(REDIS_WRITER), mark);
    }
    freeReplyObject(reply);
    return rc;
}
