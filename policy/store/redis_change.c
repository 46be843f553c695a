/* SPDX-License-Identifier: BSD-2-Clause */
/* Changing the model in Redis, by compare-and-set: what is kept is read, new values are computed
 * here, and written together with the watermark unless somebody else wrote meanwhile; then all begins
 * again. So there is one implementation of every value, whatever keeps it.
 *
 * Not values are compared but stamps: one for each bucket, made anew by every change that touches
 * it. They are read before the values; so if they are still the same, the values are.
 *
 * A change is committed by one command: an HSET of the version's state, with the watermark, the
 * stamps and all new values, packed. Then it is settled (redis_settle.c): a script puts the values
 * where look-ups find them. Whoever finds a change open settles it before anything else. So a change
 * is there whole or not at all, wherever the server was killed. (A script that writes all at once
 * would be shorter, and is not that safe: what a script writes stands in the append-only file between
 * MULTI and EXEC, and a server that was killed while it wrote them keeps the first part, unseen, to
 * execute it with the next EXEC when it loads the file again: redis up to 7.0.15 and later, fixed in
 * valkey by pull request 4342. What that part repeats here was committed before.)
 *
 * A large change would never come through between many small ones. After some conflicts it claims
 * the turn: for a moment no other change is taken.
 *
 * All keys of a change belong to one state: right on one server; a cluster would need a change and a
 * watermark for each bucket. EVAL names the script by its text: Redis compiles it once, and finds
 * it again in some microseconds, where EVALSHA would need to know when it is gone. */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "clock.h"
#include "redis_names.h"
#include "redis_pack.h"
#include "redis_store.h"

#define CHANGE_MS   10000 /* no new attempt after that */
#define PATIENCE    3     /* conflicts before the turn is claimed */
#define PAUSE_US    2000  /* at most, before the next attempt */
#define PIECE_MAX   1000  /* fields in one command: Lua's unpack takes some thousand */
#define STAMP_BYTES 8     /* nobody needs to know it, only no two may be the same */

/* KEYS: active, versions, state, turn.
 * ARGV: version, '1' if it must be the active one, the writer's field ('' for none), watermark, the
 * new stamp, '1' to claim the turn, the values, then each bucket's field and the stamp that was read.
 * It never writes twice: see above. */
static const char script[] =
    "local call,keys,argv=redis.call,KEYS,ARGV\n"
    "if argv[2]=='1' and (call('GET',keys[1]) or '1')~=argv[1] then return 'version' end\n"
    "if argv[3]~='' then\n"
    " local mark=call('HGET',keys[3],argv[3])\n"
    " if mark and mark>=argv[4] then return 'done' end\n"
    "end\n"
    "if tonumber(call('ZSCORE',keys[2],argv[1]) or 0)<0 then return 'removed' end\n"
    "local turn=call('GET',keys[4])\n"
    "if turn and turn~=argv[5] then return 'turn' end\n"
    "if call('HEXISTS',keys[3],'open')==1 then return 'open' end\n"
    "local set,fields={'open',argv[5],'values',argv[7]},{}\n"
    "if argv[3]~='' then set[5],set[6]=argv[3],argv[4] end\n"
    "for i=8,#argv,2 do fields[#fields+1]=argv[i] end\n"
    "if #fields>0 then\n"
    " local stamps=call('HMGET',keys[3],unpack(fields))\n"
    " for i=1,#fields do\n"
    "  if (stamps[i] or '')~=argv[7+2*i] then\n"
    "   if argv[6]=='1' then call('SET',keys[4],argv[5],'PX',2000) end\n"
    "   return 'conflict'\n"
    "  end\n"
    "  set[#set+1]=fields[i]\n"
    "  set[#set+1]=argv[5]\n"
    " end\n"
    "end\n"
    "call('HSET',keys[3],unpack(set))\n"
    "return 'done'\n";

/* Keys of one group that are asked for together. */
struct piece {
    const char *group;
    size_t first, count; /* among the keys */
    size_t set, remove;  /* how many of them are to be */
};

struct change {
    struct redis *r;
    const struct store_key *keys; /* ascending */
    size_t count;
    store_compute *compute;
    void *arg;
    const char *writer;
    uint64_t watermark;
    uint8_t stamp[STAMP_BYTES];
    unsigned conflicts;

    struct span *now, *made; /* of each key */
    bool *differs;           /* whether it is to be written */
    struct piece *pieces;
    unsigned piece_count;
    unsigned buckets; /* how many are touched, and which */
    uint8_t bucket[REDIS_BUCKETS];

    const char *version;  /* of this attempt */
    redisReply **replies; /* 0: active version; 1: state; 2...: the pieces */
};

#define HEAD   2 /* replies before those of the pieces */
#define STAMPS 2 /* in the state, after what is open and the watermark */

static void cut(struct change *c)
{
    bool touched[REDIS_BUCKETS] = {false};
    struct piece *p = NULL;
    for (size_t i = 0; i < c->count; i++) {
        const char *group = c->keys[i].group;
        if (!p || p->count == PIECE_MAX || (group != p->group && strcmp(group, p->group) != 0)) {
            unsigned bucket = redis_bucket(group);
            p = &c->pieces[c->piece_count++];
            *p = (struct piece){.group = group, .first = i};
            if (!touched[bucket])
                c->bucket[c->buckets++] = (uint8_t)bucket;
            touched[bucket] = true;
        }
        p->count++;
    }
}

static int init(struct change *c)
{
    c->now = calloc(c->count + 1, sizeof *c->now);
    c->made = calloc(c->count + 1, sizeof *c->made);
    c->differs = calloc(c->count + 1, sizeof *c->differs);
    c->pieces = calloc(c->count + 1, sizeof *c->pieces);
    c->replies = calloc(HEAD + c->count, sizeof *c->replies);
    if (!c->now || !c->made || !c->differs || !c->pieces || !c->replies)
        return VOUCH_E_NOMEM;
    cut(c);
    if (getrandom(c->stamp, sizeof c->stamp, 0) == (ssize_t)sizeof c->stamp)
        return 0;
    redis_trouble(c->r, "not asked: this system has no random numbers yet");
    return VOUCH_E_TEMP;
}

static void drop_replies(struct change *c)
{
    redis_free_replies(c->replies, HEAD + c->piece_count);
}

static void clear(struct change *c)
{
    free(c->replies);
    free(c->pieces);
    free(c->differs);
    free(c->made);
    free(c->now);
}

/* --- reading -------------------------------------------------------------------------------- */

static int ask(struct change *c)
{
    struct sbuf out;
    sbuf_init(&out, REDIS_REQUEST_MAX);
    redis_get_active(&out);
    redis_command(&out, 2 + STAMPS + c->buckets);
    redis_arg(&out, "HMGET");
    redis_arg_state(&out, c->version);
    redis_arg(&out, REDIS_OPEN);
    redis_arg_writer(&out, c->writer);
    for (unsigned i = 0; i < c->buckets; i++)
        redis_arg_stamp(&out, c->bucket[i]);
    for (unsigned i = 0; i < c->piece_count; i++) {
        const struct piece *p = &c->pieces[i];
        redis_command(&out, 2 + p->count);
        redis_arg(&out, "HMGET");
        redis_arg_group(&out, c->version, p->group);
        for (size_t k = 0; k < p->count; k++)
            redis_arg(&out, c->keys[p->first + k].field);
    }
    return redis_call(c->r, &out, HEAD + c->piece_count, c->replies);
}

/* An array of so many strings, some of which may not be there. */
static bool is_list(const redisReply *reply, size_t count)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (reply->element[i]->type != REDIS_REPLY_NIL &&
            reply->element[i]->type != REDIS_REPLY_STRING)
            return false;
    return true;
}

/* The values kept, borrowed from the replies. */
static int take(struct change *c)
{
    bool fine = is_list(c->replies[1], STAMPS + c->buckets);
    for (unsigned i = 0; i < c->piece_count && fine; i++) {
        const struct piece *p = &c->pieces[i];
        const redisReply *list = c->replies[HEAD + i];
        fine = is_list(list, p->count);
        for (size_t k = 0; k < p->count && fine; k++) {
            const redisReply *e = list->element[k];
            c->now[p->first + k] = e->str ? span_make(e->str, e->len) : SPAN_LIT("");
        }
    }
    if (!fine)
        redis_trouble(c->r, "unexpected answer");
    return fine ? 0 : VOUCH_E_IO;
}

/* --- writing -------------------------------------------------------------------------------- */

static bool differ(struct span a, struct span b)
{
    return a.len != b.len || (a.len > 0 && memcmp(a.p, b.p, a.len) != 0);
}

/* What is to be written; how many keys that are. */
static size_t compare(struct change *c)
{
    size_t all = 0;
    for (unsigned i = 0; i < c->piece_count; i++) {
        struct piece *p = &c->pieces[i];
        p->set = p->remove = 0;
        for (size_t k = p->first; k < p->first + p->count; k++) {
            c->differs[k] = differ(c->now[k], c->made[k]);
            p->set += c->differs[k] && c->made[k].len;
            p->remove += c->differs[k] && !c->made[k].len;
        }
        all += p->set + p->remove;
    }
    return all;
}

/* One piece for the script that settles. */
static void pack_piece(struct sbuf *out, const struct change *c, const struct piece *p)
{
    size_t end = p->first + p->count;
    if (p->set) {
        redis_pack_group(out, c->version, p->group);
        redis_pack_int(out, (int32_t)(2 * p->set));
    }
    for (size_t k = p->first; k < end && p->set; k++) {
        if (c->differs[k] && c->made[k].len) {
            redis_pack(out, span_of(c->keys[k].field));
            redis_pack(out, c->made[k]);
        }
    }
    if (p->remove) {
        redis_pack_group(out, c->version, p->group);
        redis_pack_int(out, -(int32_t)p->remove);
    }
    for (size_t k = p->first; k < end && p->remove; k++)
        if (c->differs[k] && !c->made[k].len)
            redis_pack(out, span_of(c->keys[k].field));
}

static void pack_all(struct sbuf *out, const struct change *c)
{
    size_t items = 0;
    for (unsigned i = 0; i < c->piece_count; i++) {
        const struct piece *p = &c->pieces[i];
        items += 2 * ((p->set > 0) + (size_t)(p->remove > 0)) + 2 * p->set + p->remove;
    }
    redis_pack_list(out, items);
    for (unsigned i = 0; i < c->piece_count; i++)
        pack_piece(out, c, &c->pieces[i]);
}

/* Composes the script's call. */
static void add_eval(struct sbuf *out, const struct change *c)
{
    char mark[REDIS_WATERMARK + 1];
    struct sbuf packed;
    sbuf_init(&packed, REDIS_REQUEST_MAX);
    pack_all(&packed, c);
    snprintf(mark, sizeof mark, "%0*" PRIu64, REDIS_WATERMARK, c->watermark);
    redis_command(out, 3 + 4 + 7 + 2 * c->buckets);
    redis_arg(out, "EVAL");
    redis_arg(out, script);
    redis_arg(out, "4");
    redis_arg(out, REDIS_ACTIVE);
    redis_arg(out, REDIS_VERSIONS);
    redis_arg_state(out, c->version);
    redis_arg_turn(out, c->version);
    redis_arg(out, c->version);
    redis_arg(out, c->r->pinned ? "" : "1");
    if (*c->writer)
        redis_arg_writer(out, c->writer);
    else
        redis_arg(out, "");
    redis_arg(out, mark);
    redis_arg_bytes(out, c->stamp, sizeof c->stamp);
    redis_arg(out, c->conflicts >= PATIENCE ? "1" : "");
    redis_arg_bytes(out, packed.p, packed.len);
    for (unsigned i = 0; i < c->buckets; i++) {
        const redisReply *e = c->replies[1]->element[STAMPS + i];
        redis_arg_stamp(out, c->bucket[i]);
        redis_arg_bytes(out, e->str ? e->str : "", e->str ? e->len : 0);
    }
    out->failed |= packed.failed;
    sbuf_clear(&packed);
}

/* --- one after the other -------------------------------------------------------------------- */

#define AGAIN 1 /* somebody else was faster: all from the beginning */

static bool done_before(const struct change *c)
{
    const redisReply *reply = c->replies[1]->element[1];
    uint64_t mark;
    return *c->writer && reply->str &&
           span_uint(span_make(reply->str, reply->len), UINT64_MAX, &mark) == 0 &&
           mark >= c->watermark;
}

/* What the scripts said; 0, AGAIN, or an error. */
static int heed(struct change *c, redisReply *const replies[2])
{
    char answer[REDIS_ANSWER_MAX];
    int rc = redis_word(c->r, replies[0], answer);
    if (rc != 0)
        return rc;
    if (strcmp(answer, "done") ==
        0) /* not settled: whoever comes next will, this one again if it does */
        return redis_settle_take(c->r, replies[1]) == 0 ? 0 : VOUCH_E_TEMP;
    if (strcmp(answer, "conflict") == 0)
        c->conflicts++;
    if (strcmp(answer, "removed") != 0)
        return AGAIN;
    redis_trouble(c->r, "this version of the model is being removed");
    return VOUCH_E_IO;
}

/* From what was read to what is written. */
static int write_new(struct change *c)
{
    redisReply *replies[2];
    struct sbuf out;
    if (c->count)
        memcpy(c->made, c->now, c->count * sizeof *c->made);
    int rc = c->compute ? c->compute(c->arg, c->now, c->made) : 0;
    if (rc != 0)
        return rc;
    if (compare(c) == 0 && !*c->writer)
        return 0;
    sbuf_init(&out, REDIS_REQUEST_MAX);
    add_eval(&out, c);
    redis_settle_add(&out, c->version, span_make(c->stamp, sizeof c->stamp));
    rc = redis_send(c->r, &out, 2, replies);
    if (rc != 0)
        return rc;
    rc = heed(c, replies);
    redis_free_replies(replies, 2);
    return rc;
}

/* What stands in the way of a change that has been read; 0, AGAIN, or an error. */
static int check(struct change *c)
{
    if (redis_take_active(c->r, c->replies[0]) != 0)
        return VOUCH_E_IO;
    if (atomic_load(&c->r->version) != c->version)
        return AGAIN;
    if (c->replies[1]->element[0]->type == REDIS_REPLY_NIL)
        return 0;
    int rc = redis_settle(c->r, c->version);
    return rc ? rc : AGAIN;
}

static int attempt(struct change *c)
{
    c->version = atomic_load(&c->r->version);
    int rc = ask(c);
    if (rc == 0)
        rc = take(c);
    if (rc == 0)
        rc = check(c);
    if (rc == 0 && !done_before(c))
        rc = write_new(c);
    drop_replies(c);
    return rc;
}

/* So that those who compete do not meet again. */
static void pause_between(const struct change *c)
{
    uint16_t random;
    memcpy(&random, c->stamp + c->conflicts % (STAMP_BYTES - 1), sizeof random);
    nanosleep(&(struct timespec){.tv_nsec = random % PAUSE_US * 1000L}, NULL);
}

int redis_change(struct store *s, const struct store_key *keys, size_t count,
                 store_compute *compute, void *arg, const char *writer, uint64_t watermark)
{
    struct change c = {.r = (struct redis *)s,
                       .keys = keys,
                       .count = count,
                       .compute = compute,
                       .arg = arg,
                       .writer = writer,
                       .watermark = watermark};
    int64_t end_ms = clock_ms() + CHANGE_MS;
    int rc = init(&c);
    if (rc == 0)
        rc = attempt(&c);
    while (rc == AGAIN && clock_ms() < end_ms) {
        pause_between(&c);
        rc = attempt(&c);
    }
    if (rc == AGAIN) {
        redis_trouble(c.r, "other writers change the same values all the time");
        rc = VOUCH_E_TEMP;
    }
    clear(&c);
    return rc;
}
