/* SPDX-License-Identifier: BSD-2-Clause */
/* The model in Redis: opening it, and what a new connection says first. redis_names.h has the
 * layout, redis_link.c the connection, redis_query.c the look-ups, redis_change.c, redis_scan.c,
 * redis_remove.c and redis_versions.c the rest. */
#include "config.h"
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "redis_names.h"
#include "redis_store.h"

#define PASSWORD_MAX       512 /* bytes */
#define CONNECT_TIMEOUT_MS 2000

static const char first_version[] = REDIS_FIRST_VERSION;

const char *redis_trouble(struct redis *r, const char *text)
{
    pthread_mutex_lock(&r->lock);
    snprintf(r->trouble, sizeof r->trouble, "%s", text);
    for (char *p = r->trouble; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' ';
    pthread_mutex_unlock(&r->lock);
    return text;
}

/* A version's name for good; NULL: out of memory. */
static const char *intern(struct redis *r, const char *name)
{
    if (strcmp(name, first_version) == 0)
        return first_version;
    pthread_mutex_lock(&r->lock);
    struct redis_version *v = r->versions;
    while (v && strcmp(v->name, name) != 0)
        v = v->next;
    size_t n = strlen(name) + 1;
    if (!v && (v = malloc(sizeof *v + n))) {
        memcpy(v->name, name, n);
        v->next = r->versions;
        r->versions = v;
    }
    pthread_mutex_unlock(&r->lock);
    return v ? v->name : NULL;
}

int redis_set_active(struct redis *r, const char *version)
{
    if (r->pinned)
        return 0;
    const char *name = intern(r, version);
    if (!name)
        return VOUCH_E_NOMEM;
    atomic_store(&r->version, name);
    atomic_store(&r->known, true);
    return 0;
}

int redis_take_active(struct redis *r, const redisReply *reply)
{
    const char *name = reply->type == REDIS_REPLY_NIL ? first_version : reply->str;
    if (reply->type == REDIS_REPLY_ERROR) {
        redis_trouble(r, reply->str);
        return VOUCH_E_SYNTAX;
    }
    if (!name || !store_version_valid(name)) {
        redis_trouble(r, "not a vouch model: " REDIS_ACTIVE " is not the name of a version");
        return VOUCH_E_SYNTAX;
    }
    return redis_set_active(r, name);
}

int redis_find_version(struct redis *r, const char **version_r)
{
    int rc = 0;
    if (!atomic_load(&r->known)) {
        redisReply *reply;
        struct sbuf out;
        sbuf_init(&out, REDIS_REQUEST_MAX);
        redis_get_active(&out);
        rc = redis_call(r, &out, 1, &reply);
        if (rc == 0) {
            rc = redis_take_active(r, reply) == 0 ? 0 : VOUCH_E_IO;
            freeReplyObject(reply);
        }
    }
    *version_r = atomic_load(&r->version);
    return rc;
}

static const char *redis_version(struct store *s)
{
    struct redis *r = (struct redis *)s;
    return atomic_load(&r->known) ? atomic_load(&r->version) : NULL;
}

static void redis_state(struct store *s, char *text_r, size_t size)
{
    struct redis *r = (struct redis *)s;
    char link[160];
    redis_link_state(r->link, link, sizeof link);
    pthread_mutex_lock(&r->lock);
    snprintf(text_r, size, "%s%s%s", link, *r->trouble ? "; last refused: " : "", r->trouble);
    pthread_mutex_unlock(&r->lock);
}

static enum store_breaker redis_breaker(struct store *s)
{
    return redis_link_breaker(((struct redis *)s)->link);
}

static void redis_free(struct redis *r)
{
    redis_link_free(&r->bulk);
    redis_link_free(&r->link);
    for (struct redis_version *v = r->versions, *next; v; v = next) {
        next = v->next;
        free(v);
    }
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static void redis_close(struct store *s)
{
    redis_free((struct redis *)s);
}

static const struct store_ops redis_ops = {
    .ask = redis_ask,
    .ready = redis_ready,
    .wait = redis_wait,
    .cancel = redis_cancel,
    .change = redis_change,
    .watermark = redis_watermark,
    .watermarks = redis_watermarks,
    .scan_bytes = redis_scan_bytes,
    .remove = redis_remove,
    .versions = redis_versions,
    .activate = redis_activate,
    .drop = redis_drop,
    .version = redis_version,
    .state = redis_state,
    .breaker = redis_breaker,
    .close = redis_close,
};

/* AUTH and SELECT answer OK; GET vouch:active, the last, shows that the server can be asked. */
static const char *on_hello(void *arg, unsigned index, const redisReply *reply)
{
    (void)index;
    if (reply->type == REDIS_REPLY_ERROR)
        return reply->str;
    if (reply->type == REDIS_REPLY_STATUS)
        return NULL;
    int rc = redis_take_active(arg, reply);
    return rc == 0               ? NULL
           : rc == VOUCH_E_NOMEM ? "out of memory"
                                 : "not a vouch model: " REDIS_ACTIVE
                                   " is not the name of a version";
}

/* The first line of the password file. */
static int read_password(const char *path, char password_r[PASSWORD_MAX], char *error_r,
                         size_t size)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        snprintf(error_r, size, "%s: cannot read the password for the store: %s", path,
                 strerror(errno));
        return VOUCH_E_IO;
    }
    setvbuf(f, NULL, _IONBF, 0); /* no copy stays behind */
    char *line = fgets(password_r, PASSWORD_MAX, f);
    fclose(f);
    if (line)
        line[strcspn(line, "\r\n")] = '\0';
    if (line && *line)
        return 0;
    snprintf(error_r, size, "%s: the password for the store must be on the first line", path);
    return VOUCH_E_CONFIG;
}

static int add_auth(struct sbuf *hello, const struct store_options *o, char *error_r, size_t size)
{
    char password[PASSWORD_MAX];
    if (!o->password_file) {
        if (!o->user)
            return 0;
        snprintf(error_r, size, "the store's user '%s' has no password file", o->user);
        return VOUCH_E_CONFIG;
    }
    int rc = read_password(o->password_file, password, error_r, size);
    if (rc == 0) {
        redis_command(hello, o->user ? 3 : 2);
        redis_arg(hello, "AUTH");
        if (o->user)
            redis_arg(hello, o->user);
        redis_arg(hello, password);
    }
    explicit_bzero(password, sizeof password);
    return rc;
}

static struct store *redis_open(const struct redis_address *a, const struct store_options *o,
                                char *error_r, size_t size)
{
    struct sbuf hello;
    struct redis_link_options lo = {
        .address = *a,
        .connect_timeout_ms = o->connect_timeout_ms ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS,
        .hello_replies = 1u + (o->password_file != NULL) + (a->db != 0),
        .on_hello = on_hello,
    };
    sbuf_init(&hello, REDIS_REQUEST_MAX);
    struct redis *r = NULL;
    errno = 0;
    if (add_auth(&hello, o, error_r, size) != 0)
        goto out;
    if (a->db != 0) {
        redis_command(&hello, 2);
        redis_arg(&hello, "SELECT");
        redis_arg_uint(&hello, a->db);
    }
    redis_get_active(&hello);
    snprintf(error_r, size, "out of memory");
    r = hello.failed ? NULL : calloc(1, sizeof *r);
    if (!r)
        goto out;
    r->store.ops = &redis_ops;
    pthread_mutex_init(&r->lock, NULL);
    r->pinned = o->version != NULL;
    atomic_init(&r->known, r->pinned);
    atomic_init(&r->version, r->pinned ? intern(r, o->version) : first_version);
    lo.hello = sbuf_span(&hello);
    lo.arg = r;
    if (atomic_load(&r->version))
        r->link = redis_link_new(&lo);
    if (!r->link) {
        redis_free(r);
        r = NULL;
    }
out:
    if (hello.p)
        explicit_bzero(hello.p, hello.len);
    sbuf_clear(&hello);
    return r ? &r->store : NULL;
}

struct store *store_redis_tcp_open(const char *rest, const struct store_options *options,
                                   char *error_r, size_t size)
{
    struct redis_address a;
    char why[120];
    return redis_address_tcp(rest, &a, why, sizeof why) == 0
               ? redis_open(&a, options, error_r, size)
               : store_refuse("redis://", rest, why, error_r, size);
}

struct store *store_redis_unix_open(const char *rest, const struct store_options *options,
                                    char *error_r, size_t size)
{
    struct redis_address a;
    char why[120];
    return redis_address_unix(rest, &a, why, sizeof why) == 0
               ? redis_open(&a, options, error_r, size)
               : store_refuse("redis+unix:", rest, why, error_r, size);
}
