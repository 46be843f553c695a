/* SPDX-License-Identifier: BSD-2-Clause */
/* Settling a change that has been committed (redis_change.c): its values go where look-ups find them.
 * All of it may be repeated, by anybody: until it is through, nothing else is committed, and only its
 * last command says that it is through. */
#include <hiredis/hiredis.h>
#include <string.h>
#include "redis_names.h"
#include "redis_store.h"

/* KEYS: state, versions, turn; the others are among the values. ARGV: version, the change's stamp ('':
 * whichever is open). The values: for each hash its key, the number of what follows for HSET, and that;
 * or a negative number, for HDEL. */
static const char script[] =
    "local call,state=redis.call,KEYS[1]\n"
    "local open=call('HGET',state,'open')\n"
    "if not open or (ARGV[2]~='' and ARGV[2]~=open) then return 'done' end\n"
    "local last=call('ZREVRANGE',KEYS[2],0,0,'WITHSCORES')\n"
    "local made=call('ZSCORE',KEYS[2],ARGV[1])\n"
    "if made and tonumber(made)<0 then return 'removed' end\n"
    "local list=cmsgpack.unpack(call('HGET',state,'values'))\n"
    "local at,size=1,#list\n"
    "while at<size do\n"
    " local n=list[at+1]\n"
    " if n>0 then\n"
    "  call('HSET',list[at],unpack(list,at+2,at+1+n))\n"
    "  at=at+2+n\n"
    " else\n"
    "  call('HDEL',list[at],unpack(list,at+2,at+1-n))\n"
    "  at=at+2-n\n"
    " end\n"
    "end\n"
    "if not made then call('ZADD',KEYS[2],(last[2] or 0)+1,ARGV[1]) end\n"
    "if call('GET',KEYS[3])==open then call('DEL',KEYS[3]) end\n"
    "call('HDEL',state,'open','values')\n"
    "return 'done'\n";

void redis_settle_add(struct sbuf *out, const char *version, struct span stamp)
{
    redis_command(out, 8);
    redis_arg(out, "EVAL");
    redis_arg(out, script);
    redis_arg(out, "3");
    redis_arg_state(out, version);
    redis_arg(out, REDIS_VERSIONS);
    redis_arg_turn(out, version);
    redis_arg(out, version);
    redis_arg_bytes(out, stamp.p ? stamp.p : "", stamp.len);
}

int redis_settle_take(struct redis *r, const redisReply *reply)
{
    char answer[REDIS_ANSWER_MAX];
    int rc = redis_word(r, reply, answer);
    if (rc != 0 || strcmp(answer, "done") == 0)
        return rc;
    redis_trouble(r, "this version of the model is being removed");
    return VOUCH_E_IO;
}

int redis_settle(struct redis *r, const char *version)
{
    redisReply *reply;
    struct sbuf out;
    sbuf_init(&out, REDIS_REQUEST_MAX);
    redis_settle_add(&out, version, SPAN_NONE);
    int rc = redis_send(r, &out, 1, &reply);
    if (rc != 0)
        return rc;
    rc = redis_settle_take(r, reply);
    freeReplyObject(reply);
    return rc;
}

int redis_find_settled(struct redis *r, const char **version_r)
{
    redisReply *reply;
    struct sbuf out;
    int rc = redis_find_version(r, version_r);
    if (rc != 0)
        return rc;
    sbuf_init(&out, REDIS_REQUEST_MAX);
    redis_command(&out, 3);
    redis_arg(&out, "HEXISTS");
    redis_arg_state(&out, *version_r);
    redis_arg(&out, REDIS_OPEN);
    rc = redis_call(r, &out, 1, &reply);
    if (rc != 0)
        return rc;
    bool open = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    freeReplyObject(reply);
    return open ? redis_settle(r, *version_r) : 0;
}
