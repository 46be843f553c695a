/* SPDX-License-Identifier: BSD-2-Clause */
/* Versions of the model in Redis. A version is made by the first change to it (redis_change.c);
 * which one is active is one key, that every look-up asks for. */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include "redis_names.h"
#include "redis_store.h"

/* Each script writes with one command at most: redis_change.c says why.
 *
 * KEYS: active, previous, versions. ARGV: version. The one that was active stays among the versions
 * even if nothing was ever written to it: it may be activated again. */
static const char activate_script[] = "local active=redis.call('GET',KEYS[1]) or '1'\n"
                                      "if active==ARGV[1] then return 'done' end\n"
                                      "local made=redis.call('ZSCORE',KEYS[3],ARGV[1])\n"
                                      "if not made then return 'none' end\n"
                                      "if tonumber(made)<0 then return 'removed' end\n"
                                      "if not redis.call('ZSCORE',KEYS[3],active) then\n"
                                      " redis.call('ZADD',KEYS[3],0,active)\n"
                                      " return 'again'\n"
                                      "end\n"
                                      "redis.call('MSET',KEYS[1],ARGV[1],KEYS[2],active)\n"
                                      "return 'done'\n";

/* The steps of a removal. The version stays among the others to the last, so that a removal which was
 * interrupted can be repeated; from the first on nobody writes to it. */
static const char drop_script[] =
    "if (redis.call('GET',KEYS[1]) or '1')==ARGV[1] then return 'active' end\n"
    "if not redis.call('ZSCORE',KEYS[3],ARGV[1]) then return 'none' end\n"
    "redis.call('ZADD',KEYS[3],-1,ARGV[1])\n"
    "return 'done'\n";
static const char forget_previous_script[] =
    "if redis.call('GET',KEYS[2])==ARGV[1] then redis.call('DEL',KEYS[2]) end\n"
    "return 'done'\n";
static const char dropped_script[] = "redis.call('ZREM',KEYS[3],ARGV[1])\n"
                                     "return 'done'\n";

#define AGAIN 1

/* What a script says to a version: 0, AGAIN, or an error. */
static int run(struct redis *r, const char *script, const char *version)
{
    char answer[REDIS_ANSWER_MAX];
    struct sbuf out;
    sbuf_init(&out, REDIS_REQUEST_MAX);
    redis_command(&out, 7);
    redis_arg(&out, "EVAL");
    redis_arg(&out, script);
    redis_arg(&out, "3");
    redis_arg(&out, REDIS_ACTIVE);
    redis_arg(&out, REDIS_PREVIOUS);
    redis_arg(&out, REDIS_VERSIONS);
    redis_arg(&out, version);
    int rc = redis_answer(r, &out, answer);
    if (rc != 0 || strcmp(answer, "done") == 0)
        return rc;
    if (strcmp(answer, "again") == 0)
        return AGAIN;
    if (strcmp(answer, "removed") == 0)
        redis_trouble(r, "this version of the model is being removed");
    return VOUCH_E_RANGE;
}

int redis_activate(struct store *s, const char *version)
{
    struct redis *r = (struct redis *)s;
    int rc;
    while ((rc = run(r, activate_script, version)) == AGAIN)
        continue;
    return rc == 0 ? redis_set_active(r, version) : rc;
}

static int unlink_page(void *arg, const redisReply *keys)
{
    struct redis *r = arg;
    redisReply *reply;
    struct sbuf out;
    if (keys->elements == 0)
        return 0;
    sbuf_init(&out, REDIS_REQUEST_MAX);
    redis_command(&out, 1 + keys->elements);
    redis_arg(&out, "UNLINK");
    for (size_t i = 0; i < keys->elements; i++)
        redis_arg_bytes(&out, keys->element[i]->str, keys->element[i]->len);
    int rc = redis_call(r, &out, 1, &reply);
    if (rc == 0)
        freeReplyObject(reply);
    return rc;
}

int redis_drop(struct store *s, const char *version)
{
    struct redis *r = (struct redis *)s;
    int rc = run(r, drop_script, version);
    if (rc == 0)
        rc = redis_scan_keys(r, version, redis_arg_all, unlink_page, r);
    if (rc == 0)
        rc = run(r, forget_previous_script, version);
    if (rc == 0)
        rc = run(r, dropped_script, version);
    return rc;
}

/* --- listing -------------------------------------------------------------------------------- */

struct list {
    size_t count;
    struct store_version_info *infos; /* names borrowed from names and current */
    redisReply *names, *current;      /* the versions; the active one and the one before */
};

static struct store_version_info *find(const struct list *l, const char *name, size_t len)
{
    for (size_t i = 0; i < l->count; i++)
        if (strncmp(l->infos[i].name, name, len) == 0 && l->infos[i].name[len] == '\0')
            return &l->infos[i];
    return NULL;
}

static int count_page(void *arg, const redisReply *keys)
{
    struct list *l = arg;
    for (size_t i = 0; i < keys->elements; i++) {
        struct span rest = span_of(keys->element[i]->str), version;
        span_split(&rest, ':', &version); /* "vouch" */
        if (!span_split(&rest, ':', &version))
            continue;
        struct store_version_info *info = find(l, version.p, version.len);
        if (info)
            info->keys++;
    }
    return 0;
}

/* The versions, in the order in which they were made, and which of them are current. */
static int ask(struct redis *r, struct list *l)
{
    redisReply *replies[2];
    struct sbuf out;
    sbuf_init(&out, REDIS_REQUEST_MAX);
    redis_command(&out, 4);
    redis_arg(&out, "ZRANGE");
    redis_arg(&out, REDIS_VERSIONS);
    redis_arg(&out, "0");
    redis_arg(&out, "-1");
    redis_command(&out, 3);
    redis_arg(&out, "MGET");
    redis_arg(&out, REDIS_ACTIVE);
    redis_arg(&out, REDIS_PREVIOUS);
    int rc = redis_call(r, &out, 2, replies);
    if (rc == 0) {
        l->names = replies[0];
        l->current = replies[1];
    }
    return rc;
}

static int fill(struct redis *r, struct list *l)
{
    if (l->names->type != REDIS_REPLY_ARRAY || l->current->type != REDIS_REPLY_ARRAY ||
        l->current->elements != 2)
        return redis_not_ours(r);
    const char *active = l->current->element[0]->str, *previous = l->current->element[1]->str;
    if (!active)
        active = REDIS_FIRST_VERSION;
    l->infos = calloc(l->names->elements + 1, sizeof *l->infos);
    if (!l->infos)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < l->names->elements; i++) {
        const char *name = l->names->element[i]->str;
        if (!name)
            return redis_not_ours(r);
        l->infos[l->count++].name = name;
    }
    if (!find(l, active, strlen(active))) { /* nothing was written to it */
        memmove(l->infos + 1, l->infos, l->count++ * sizeof *l->infos);
        l->infos[0].name = active;
    }
    for (size_t i = 0; i < l->count; i++) {
        l->infos[i].active = strcmp(l->infos[i].name, active) == 0;
        l->infos[i].previous = previous && strcmp(l->infos[i].name, previous) == 0;
    }
    return 0;
}

int redis_versions(struct store *s, int (*each)(void *, const struct store_version_info *),
                   void *arg)
{
    struct redis *r = (struct redis *)s;
    struct list l = {0};
    int rc = ask(r, &l);
    if (rc == 0)
        rc = fill(r, &l);
    if (rc == 0)
        rc = redis_scan_keys(r, "*", redis_arg_groups, count_page, &l);
    for (size_t i = 0; i < l.count && rc == 0; i++)
        rc = each(arg, &l.infos[i]);
    free(l.infos);
    if (l.names)
        freeReplyObject(l.names);
    if (l.current)
        freeReplyObject(l.current);
    return rc;
}
