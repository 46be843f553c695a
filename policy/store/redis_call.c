/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands to Redis one after the other, for what is not done while mail waits: over a connection of
 * its own, made when it is needed first. What is large would stand before the look-ups. */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "redis_store.h"

#define CALL_MS 5000 /* a server that forks, or a disk that writes, may say nothing for so long */

struct call {
    struct redis_exchange x;
    unsigned count;
    redisReply *replies[];
};

static void call_free(struct redis_exchange *x)
{
    struct call *c = (struct call *)x;
    for (unsigned i = 0; i < c->count; i++)
        if (c->replies[i])
            freeReplyObject(c->replies[i]);
    sbuf_clear(&x->out);
    free(c);
}

static bool keep_reply(struct redis_exchange *x, unsigned index, redisReply *reply)
{
    ((struct call *)x)->replies[index] = reply;
    return true;
}

/* Refusals that pass: the server starts, is a replica, is full for the moment. */
static bool passes(const char *error)
{
    static const char *const words[] = {"LOADING",     "BUSY ",    "MASTERDOWN", "READONLY",
                                        "CLUSTERDOWN", "TRYAGAIN", "OOM "};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(error, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static struct redis_link *bulk_link(struct redis *r)
{
    pthread_mutex_lock(&r->lock);
    if (!r->bulk)
        r->bulk = redis_link_like(r->link);
    struct redis_link *l = r->bulk;
    pthread_mutex_unlock(&r->lock);
    return l;
}

int redis_send(struct redis *r, struct sbuf *out, unsigned replies, redisReply **replies_r)
{
    struct call *c = NULL;
    struct redis_link *l = bulk_link(r);
    if (l && !out->failed)
        c = calloc(1, sizeof *c + replies * sizeof(c->replies[0]));
    if (!c) {
        sbuf_clear(out);
        return VOUCH_E_NOMEM;
    }
    c->x.out = *out;
    sbuf_init(out, out->max);
    c->x.replies = c->count = replies;
    c->x.on_reply = keep_reply;
    c->x.free = call_free;
    if (redis_link_submit(l, &c->x) != 0) {
        call_free(&c->x);
        return VOUCH_E_NOMEM;
    }
    int rc = VOUCH_E_TEMP;
    if (redis_link_wait(l, &c->x, clock_ms() + CALL_MS) == LOOKUP_FOUND) {
        memcpy(replies_r, c->replies, replies * sizeof *replies_r);
        memset(c->replies, 0, replies * sizeof *replies_r);
        rc = 0;
    }
    redis_link_release(l, &c->x);
    return rc;
}

/* 0; VOUCH_E_TEMP or VOUCH_E_IO: this answer is a refusal, trouble says why. */
static int refusal(struct redis *r, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return 0;
    return passes(redis_trouble(r, reply->str)) ? VOUCH_E_TEMP : VOUCH_E_IO;
}

void redis_free_replies(redisReply **replies, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (replies[i])
            freeReplyObject(replies[i]);
        replies[i] = NULL;
    }
}

int redis_call(struct redis *r, struct sbuf *out, unsigned replies, redisReply **replies_r)
{
    int rc = redis_send(r, out, replies, replies_r);
    if (rc != 0)
        return rc;
    for (unsigned i = 0; i < replies && rc == 0; i++)
        rc = refusal(r, replies_r[i]);
    if (rc != 0)
        redis_free_replies(replies_r, replies);
    return rc;
}

int redis_not_ours(struct redis *r)
{
    redis_trouble(r, "holds what is not a model of vouch");
    return VOUCH_E_IO;
}

int redis_word(struct redis *r, const redisReply *reply, char answer_r[REDIS_ANSWER_MAX])
{
    int rc = refusal(r, reply);
    if (rc != 0)
        return rc;
    if (reply->type != REDIS_REPLY_STRING || reply->len >= REDIS_ANSWER_MAX)
        return redis_not_ours(r);
    memcpy(answer_r, reply->str, reply->len + 1);
    return 0;
}

int redis_answer(struct redis *r, struct sbuf *out, char answer_r[REDIS_ANSWER_MAX])
{
    redisReply *reply;
    int rc = redis_send(r, out, 1, &reply);
    if (rc != 0)
        return rc;
    rc = redis_word(r, reply, answer_r);
    freeReplyObject(reply);
    return rc;
}
