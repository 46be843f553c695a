/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands to Redis one after the other, for what is not done while mail waits. */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "redis_store.h"

#define CALL_MS 15000 /* longer than the link waits for a server that says nothing */

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

/* The first refusal among the answers, as an error code. */
static int refusal(struct redis *r, const struct call *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        const redisReply *reply = c->replies[i];
        if (reply->type == REDIS_REPLY_ERROR)
            return passes(redis_trouble(r, reply->str)) ? VOUCH_E_TEMP : VOUCH_E_IO;
    }
    return 0;
}

int redis_call(struct redis *r, struct sbuf *out, unsigned replies, redisReply **replies_r)
{
    struct call *c = NULL;
    if (!out->failed)
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
    if (redis_link_submit(r->link, &c->x) != 0) {
        call_free(&c->x);
        return VOUCH_E_NOMEM;
    }
    int rc = VOUCH_E_TEMP;
    if (redis_link_wait(r->link, &c->x, clock_ms() + CALL_MS) == LOOKUP_FOUND)
        rc = refusal(r, c);
    if (rc == 0 && replies_r) {
        memcpy(replies_r, c->replies, replies * sizeof *replies_r);
        memset(c->replies, 0, replies * sizeof *replies_r);
    }
    redis_link_release(r->link, &c->x);
    return rc;
}
