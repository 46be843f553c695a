/* SPDX-License-Identifier: BSD-2-Clause */
/* The embedded model: one LMDB environment in a directory of its own. Readers never wait for the
 * writer, and a crash loses nothing that was committed.
 *
 * Keys are group NUL field; one over LMDB's limit is NUL and the SHA-256 of that, and its names
 * then stand behind the counts. */
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lmdb_env.h"
#include "lmdb_owner.h"
#include "store_batch.h"
#include "store_ops.h"

struct lmdb {
    struct store store;
    struct lmdb_env *env;
};

#define LMDB_KEY_MAX 511 /* bytes; LMDB's own limit as it is built */

/* A key as LMDB takes it. */
struct packed {
    unsigned char bytes[2 * (STORE_NAME_MAX + 1)]; /* both names, each with its NUL */
    size_t names;                                  /* bytes of the names, without the last NUL */
    bool hashed;
    unsigned char hash[1 + SHA256_DIGEST_LENGTH];
};

/* false: no such key can be in the store */
static bool pack(const struct store_key *key, struct packed *p)
{
    size_t group = strlen(key->group), field = strlen(key->field);
    if (group == 0 || group > STORE_NAME_MAX || field > STORE_NAME_MAX)
        return false;
    memcpy(p->bytes, key->group, group + 1);
    memcpy(p->bytes + group + 1, key->field, field + 1);
    p->names = group + 1 + field;
    p->hashed = p->names > LMDB_KEY_MAX;
    if (p->hashed) {
        p->hash[0] = '\0'; /* no group is empty: never the start of a key as it is */
        SHA256(p->bytes, p->names, p->hash + 1);
    }
    return true;
}

static MDB_val packed_key(struct packed *p)
{
    return p->hashed ? (MDB_val){sizeof p->hash, p->hash} : (MDB_val){p->names, p->bytes};
}

static struct lmdb_env *env_of(struct store *s)
{
    return ((struct lmdb *)s)->env;
}

/* LMDB's code as ours; kept for lmdb_state. */
static int fail(struct lmdb_env *env, int rc)
{
    if (rc == 0)
        return 0;
    __atomic_store_n(&env->error, rc, __ATOMIC_RELAXED);
    errno = rc > 0 ? rc : EIO;
    return rc == ENOMEM ? VOUCH_E_NOMEM : VOUCH_E_IO;
}

static int decode(const MDB_val *v, struct counts *c_r)
{
    return v->mv_size < COUNTS_BYTES ? VOUCH_E_SYNTAX
                                     : counts_decode(v->mv_data, COUNTS_BYTES, c_r);
}

static struct store_value get_one(struct lmdb_env *env, MDB_txn *txn, const struct store_key *key)
{
    struct store_value r = {.outcome = LOOKUP_ABSENT};
    struct packed p;
    MDB_val v;
    if (!pack(key, &p))
        return r;
    MDB_val k = packed_key(&p);
    int rc = mdb_get(txn, env->counts, &k, &v);
    if (rc == 0)
        r.outcome = decode(&v, &r.counts) == 0 ? LOOKUP_FOUND : LOOKUP_FAILED;
    else if (rc != MDB_NOTFOUND)
        r.outcome = LOOKUP_FAILED;
    if (r.outcome == LOOKUP_FAILED)
        fail(env, rc ? rc : MDB_INCOMPATIBLE);
    return r;
}

static int lmdb_get(struct store *s, const struct store_key *keys, size_t count,
                    struct store_value *values_r)
{
    struct lmdb_env *env = env_of(s);
    MDB_txn *txn;
    if (fail(env, mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn)) != 0)
        return store_values_fill(values_r, count, LOOKUP_FAILED);
    for (size_t i = 0; i < count; i++)
        values_r[i] = get_one(env, txn, &keys[i]);
    mdb_txn_abort(txn);
    return store_values_outcome(values_r, count);
}

static int put_one(struct lmdb_env *env, MDB_txn *txn, const struct store_key *key,
                   const struct counts *c)
{
    unsigned char value[COUNTS_BYTES + sizeof((struct packed *)0)->bytes];
    struct packed p;
    if (!pack(key, &p))
        return EINVAL;
    MDB_val k = packed_key(&p), v = {COUNTS_BYTES, value};
    counts_encode(c, value);
    if (p.hashed) {
        memcpy(value + COUNTS_BYTES, p.bytes, p.names);
        v.mv_size += p.names;
    }
    return mdb_put(txn, env->counts, &k, &v, 0);
}

/* "mark:<writer>" */
static MDB_val mark_key(const char *writer, char text_r[5 + STORE_WRITER_MAX + 1])
{
    int n = snprintf(text_r, 5 + STORE_WRITER_MAX + 1, "mark:%s", writer);
    return (MDB_val){(size_t)n, text_r};
}

/* 0, MDB_NOTFOUND or another of LMDB's codes */
static int get_mark(struct lmdb_env *env, MDB_txn *txn, const char *writer, uint64_t *mark_r)
{
    char name[5 + STORE_WRITER_MAX + 1];
    MDB_val k = mark_key(writer, name), v;
    int rc = mdb_get(txn, env->meta, &k, &v);
    if (rc == 0 && v.mv_size != sizeof *mark_r)
        return MDB_CORRUPTED;
    if (rc == 0)
        memcpy(mark_r, v.mv_data, sizeof *mark_r);
    return rc;
}

static int put_mark(struct lmdb_env *env, MDB_txn *txn, const char *writer, uint64_t mark)
{
    char name[5 + STORE_WRITER_MAX + 1];
    MDB_val k = mark_key(writer, name), v = {sizeof mark, &mark};
    return mdb_put(txn, env->meta, &k, &v, 0);
}

static int add_one(struct lmdb_env *env, MDB_txn *txn, const struct store_batch_item *item,
                   double half_life)
{
    struct counts c = {0};
    struct packed p;
    MDB_val v;
    if (!pack(&item->key, &p))
        return EINVAL;
    MDB_val k = packed_key(&p);
    int rc = mdb_get(txn, env->counts, &k, &v);
    if (rc == 0 && decode(&v, &c) != 0)
        return MDB_INCOMPATIBLE;
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    store_batch_add(item, half_life, &c);
    return put_one(env, txn, &item->key, &c);
}

static int apply_batch(struct lmdb_env *env, MDB_txn *txn, const struct store_batch *b,
                       double half_life, const char *writer, uint64_t watermark)
{
    uint64_t mark;
    int rc = 0;
    if (*writer) {
        rc = get_mark(env, txn, writer, &mark);
        if (rc == 0 && watermark <= mark)
            return 0;
        if (rc != 0 && rc != MDB_NOTFOUND)
            return rc;
        rc = put_mark(env, txn, writer, watermark);
    }
    for (size_t i = 0; i < b->count && rc == 0; i++)
        rc = add_one(env, txn, &b->items[i], half_life);
    return rc;
}

static int lmdb_apply(struct store *s, const struct store_update *updates, size_t count,
                      const char *writer, uint64_t watermark)
{
    struct lmdb_env *env = env_of(s);
    struct store_batch b;
    MDB_txn *txn;
    if (store_batch_init(&b, updates, count) != 0)
        return VOUCH_E_NOMEM;
    int rc = mdb_txn_begin(env->mdb, NULL, 0, &txn);
    if (rc == 0) {
        rc = apply_batch(env, txn, &b, s->half_life, writer, watermark);
        if (rc == 0)
            rc = mdb_txn_commit(txn);
        else
            mdb_txn_abort(txn);
    }
    store_batch_clear(&b);
    return fail(env, rc);
}

static int lmdb_watermark(struct store *s, const char *writer, uint64_t *watermark_r)
{
    struct lmdb_env *env = env_of(s);
    MDB_txn *txn;
    int rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn);
    if (rc == 0) {
        rc = get_mark(env, txn, writer, watermark_r);
        mdb_txn_abort(txn);
    }
    if (rc == MDB_NOTFOUND)
        return LOOKUP_ABSENT;
    return fail(env, rc) == 0 ? LOOKUP_FOUND : LOOKUP_FAILED;
}

static int lmdb_put(struct store *s, const struct store_key *keys, const struct counts *counts,
                    size_t n)
{
    struct lmdb_env *env = env_of(s);
    MDB_txn *txn;
    int rc = mdb_txn_begin(env->mdb, NULL, 0, &txn);
    if (rc == 0) {
        for (size_t i = 0; i < n && rc == 0; i++)
            rc = put_one(env, txn, &keys[i], &counts[i]);
        if (rc == 0)
            rc = mdb_txn_commit(txn);
        else
            mdb_txn_abort(txn);
    }
    return fail(env, rc);
}

/* Hands one entry to each; an entry that is not ours is an error. */
static int scan_one(const MDB_val *k, const MDB_val *v,
                    int (*each)(void *, const struct store_key *, const struct counts *), void *arg,
                    int *each_r)
{
    unsigned char names[2 * (STORE_NAME_MAX + 1)];
    const unsigned char *from = k->mv_data;
    size_t n = k->mv_size;
    struct counts c;
    if (decode(v, &c) != 0)
        return MDB_INCOMPATIBLE;
    if (n > 0 && *from == '\0') {
        from = (const unsigned char *)v->mv_data + COUNTS_BYTES;
        n = v->mv_size - COUNTS_BYTES;
    }
    const unsigned char *end = n < sizeof names ? memchr(from, '\0', n) : NULL;
    if (!end)
        return MDB_CORRUPTED;
    memcpy(names, from, n);
    names[n] = '\0';
    *each_r = each(
        arg, &(struct store_key){(const char *)names, (const char *)names + (end - from) + 1}, &c);
    return 0;
}

static int lmdb_scan(struct store *s,
                     int (*each)(void *, const struct store_key *, const struct counts *),
                     void *arg)
{
    struct lmdb_env *env = env_of(s);
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val k, v;
    int ended = 0;
    int rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        rc = mdb_cursor_open(txn, env->counts, &cursor);
    while (rc == 0 && ended == 0 && (rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0)
        rc = scan_one(&k, &v, each, arg, &ended);
    if (cursor)
        mdb_cursor_close(cursor);
    if (txn)
        mdb_txn_abort(txn);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return fail(env, rc);
    return ended;
}

static const char *lmdb_version(struct store *s)
{
    return env_of(s)->version;
}

static void lmdb_state(struct store *s, char *text_r, size_t size)
{
    struct lmdb_env *env = env_of(s);
    int error = __atomic_load_n(&env->error, __ATOMIC_RELAXED);
    if (error == MDB_MAP_FULL)
        snprintf(text_r, size, "full: %zu MiB is the most it may hold", LMDB_MAP_BYTES >> 20);
    else if (error == MDB_INCOMPATIBLE)
        snprintf(text_r, size, "holds counts of another version of vouch");
    else if (error)
        snprintf(text_r, size, "last failure: %s", mdb_strerror(error));
    else
        snprintf(text_r, size, "open%s", s->read_only ? " for reading" : "");
}

static void lmdb_close(struct store *s)
{
    lmdb_env_unref(env_of(s));
    free(s);
}

static const struct store_ops lmdb_ops = {
    .get = lmdb_get,
    .apply = lmdb_apply,
    .watermark = lmdb_watermark,
    .put = lmdb_put,
    .scan = lmdb_scan,
    .version = lmdb_version,
    .state = lmdb_state,
    .close = lmdb_close,
};

static void explain(const char *dir, bool read_only, int rc, char *error_r, size_t size)
{
    char owner[512];
    const char *hint = "";
    const char *what = rc == MDB_INVALID            ? "not a vouch model"
                       : rc == MDB_VERSION_MISMATCH ? "written by another version of vouch"
                                                    : mdb_strerror(rc);
    if (rc == ENOENT && read_only) {
        snprintf(error_r, size,
                 "no model at %s; make one with 'vouch model import' or vouch-milter, or use "
                 "--store none",
                 dir);
        return;
    }
    if (rc == EACCES || rc == EPERM) {
        lmdb_owner_explain(dir, owner, sizeof owner);
        hint = owner;
    } else if (rc == ENOENT)
        hint = " (make the directory above it first)";
    else if (rc == MDB_VERSION_MISMATCH)
        hint = " (export it with that version, or upgrade this one)";
    snprintf(error_r, size, "store 'lmdb:%s': %s%s", dir, what, hint);
}

struct store *store_lmdb_open(const char *dir, const struct store_options *options, char *error_r,
                              size_t size)
{
    int rc = 0;
    if (*dir == '\0')
        return store_refuse("lmdb:", dir, "names no directory; accepted: lmdb:DIR", error_r, size);
    struct lmdb *l = calloc(1, sizeof *l);
    if (!l) {
        snprintf(error_r, size, "out of memory");
        return NULL;
    }
    l->env = lmdb_env_ref(dir, options->read_only, &rc);
    if (!l->env) {
        free(l);
        explain(dir, options->read_only, rc, error_r, size);
        errno = rc > 0 && rc != EINVAL ? rc : EIO;
        return NULL;
    }
    l->store.ops = &lmdb_ops;
    return &l->store;
}
