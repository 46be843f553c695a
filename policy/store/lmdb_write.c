/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the model in LMDB: one transaction for each change, on disk when it is over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lmdb_key.h"
#include "lmdb_meta.h"
#include "store_lmdb.h"

#define REMOVE_AT_ONCE 20000 /* keys looked at while other writers wait */

/* One store_change on its way. */
struct change {
    struct lmdb *l;
    MDB_txn *txn;
    struct lmdb_view view;
    const struct store_key *keys;
    size_t count;
    struct span *now, *made;
    bool *changed;
    size_t changes;
};

static int read_one(struct change *c, MDB_cursor *cursor, size_t i)
{
    struct lmdb_key key;
    MDB_val v;
    if (!lmdb_key_make(&c->keys[i], &key))
        return EINVAL;
    MDB_val k = lmdb_key_val(&key);
    int rc = mdb_cursor_get(cursor, &k, &v, MDB_SET);
    if (rc == 0)
        rc = lmdb_key_value(&key, &v, &c->now[i]);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* What is kept for the keys: valid until the first of them is written. */
static int read_all(struct change *c)
{
    MDB_cursor *cursor;
    if (!c->view.exists)
        return 0;
    int rc = mdb_cursor_open(c->txn, c->view.values, &cursor);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < c->count && rc == 0; i++)
        rc = read_one(c, cursor, i);
    mdb_cursor_close(cursor);
    return rc;
}

static void find_changes(struct change *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct span a = c->now[i], b = c->made[i];
        c->changed[i] = a.len != b.len || (a.p != b.p && a.len > 0 && memcmp(a.p, b.p, a.len) != 0);
        c->changes += c->changed[i];
    }
}

static int write_one(struct change *c, MDB_cursor *cursor, size_t i)
{
    struct lmdb_key key;
    MDB_val v;
    if (!lmdb_key_make(&c->keys[i], &key))
        return EINVAL;
    if (c->made[i].len > 0)
        return lmdb_key_put(&key, cursor, c->made[i]);
    MDB_val k = lmdb_key_val(&key);
    int rc = mdb_cursor_get(cursor, &k, &v, MDB_SET);
    return rc ? rc : mdb_cursor_del(cursor, 0);
}

static int write_all(struct change *c)
{
    struct lmdb_version made;
    MDB_cursor *cursor;
    int rc = 0;
    if (!c->view.exists) {
        rc = lmdb_meta_make(c->l->env, c->txn, c->view.name, &made);
        if (rc != 0)
            return rc;
        c->view.values = c->l->env->slots[made.slot];
    }
    rc = mdb_cursor_open(c->txn, c->view.values, &cursor);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < c->count && rc == 0; i++)
        if (c->changed[i])
            rc = write_one(c, cursor, i);
    mdb_cursor_close(cursor);
    return rc;
}

/* After a commit that failed: whether LMDB cannot tell what is on disk now. */
static bool unknown(struct lmdb_env *env)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        mdb_txn_abort(txn);
    return rc == MDB_PANIC;
}

/* Ends a transaction: what was changed stays only if rc is 0. */
static int finish(struct lmdb *l, MDB_txn *txn, int rc)
{
    if (rc == 0) {
        rc = mdb_txn_commit(txn);
        if (rc != 0 && unknown(l->env)) {
            lmdb_fail(l, MDB_PANIC);
            return VOUCH_E_TEMP;
        }
        if (rc == 0)
            __atomic_store_n(&l->env->error, 0, __ATOMIC_RELAXED); /* a disk that was full is not */
    } else {
        mdb_txn_abort(txn);
    }
    return lmdb_fail(l, rc);
}

/* With a transaction, which it ends. */
static int change(struct change *c, store_compute *compute, void *arg, const char *writer,
                  uint64_t watermark)
{
    struct lmdb_env *env = c->l->env;
    uint64_t mark;
    int rc = lmdb_view(c->l, c->txn, &c->view);
    if (rc == 0 && *writer) {
        rc = lmdb_meta_mark(env, c->txn, c->view.name, writer, &mark);
        if (rc == 0 && watermark <= mark) {
            mdb_txn_abort(c->txn);
            return 0;
        }
        rc = rc == MDB_NOTFOUND ? 0 : rc;
    }
    if (rc == 0)
        rc = read_all(c);
    if (rc != 0)
        return finish(c->l, c->txn, rc);
    if (c->count)
        memcpy(c->made, c->now, c->count * sizeof *c->made);
    rc = compute(arg, c->now, c->made);
    find_changes(c);
    if (rc != 0 || (c->changes == 0 && !*writer)) {
        mdb_txn_abort(c->txn);
        return rc;
    }
    rc = write_all(c);
    if (rc == 0 && *writer)
        rc = lmdb_meta_set_mark(env, c->txn, c->view.name, writer, watermark);
    return finish(c->l, c->txn, rc);
}

int lmdb_change(struct store *s, const struct store_key *keys, size_t count, store_compute *compute,
                void *arg, const char *writer, uint64_t watermark)
{
    struct change c = {
        .l = (struct lmdb *)s,
        .keys = keys,
        .count = count,
        .now = calloc(count + 1, sizeof *c.now),
        .made = calloc(count + 1, sizeof *c.made),
        .changed = calloc(count + 1, sizeof *c.changed),
    };
    int rc = VOUCH_E_NOMEM;
    if (c.now && c.made && c.changed) {
        rc = lmdb_fail(c.l, lmdb_env_write(c.l->env, &c.txn));
        if (rc == 0)
            rc = change(&c, compute, arg, writer, watermark);
    }
    free(c.now);
    free(c.made);
    free(c.changed);
    return rc;
}

/* Where a removal that goes over the keys in several steps stands. */
struct removal {
    struct lmdb_version version; /* that it is of: another one may have taken its slot since */
    char name[STORE_VERSION_MAX + 1];
    bool (*match)(void *, const struct store_key *);
    void *arg;
    unsigned char next[LMDB_KEY_MAX]; /* the key to go on from */
    size_t next_length;               /* 0: at the beginning */
    uint64_t removed;                 /* in this step */
    bool over;
};

static int remove_some(struct removal *r, MDB_cursor *cursor)
{
    char names[LMDB_NAMES_MAX];
    struct store_key key;
    struct span value;
    MDB_val k = {r->next_length, r->next}, v;
    int rc = mdb_cursor_get(cursor, &k, &v, r->next_length ? MDB_SET_RANGE : MDB_FIRST);
    for (int i = 0; rc == 0; i++) {
        if (i == REMOVE_AT_ONCE) {
            r->next_length = k.mv_size;
            memcpy(r->next, k.mv_data, k.mv_size);
            return 0;
        }
        rc = lmdb_key_read(&k, &v, names, &key, &value);
        if (rc == 0 && r->match(r->arg, &key)) {
            rc = mdb_cursor_del(cursor, 0);
            r->removed++;
        }
        if (rc == 0)
            rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    }
    r->over = true;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* One step, in a transaction that it ends. */
static int remove_step(struct lmdb *l, struct removal *r)
{
    struct lmdb_version v;
    MDB_txn *txn;
    MDB_cursor *cursor = NULL;
    int rc = lmdb_env_write(l->env, &txn);
    if (rc != 0)
        return lmdb_fail(l, rc);
    r->removed = 0;
    rc = lmdb_meta_version(l->env, txn, r->name, &v);
    r->over = rc == MDB_NOTFOUND || (rc == 0 && v.number != r->version.number);
    if (rc == 0 && !r->over)
        rc = mdb_cursor_open(txn, l->env->slots[v.slot], &cursor);
    if (rc == 0 && !r->over)
        rc = remove_some(r, cursor);
    if (cursor)
        mdb_cursor_close(cursor);
    if (rc == 0 && r->removed > 0)
        return finish(l, txn, rc);
    mdb_txn_abort(txn);
    return rc == MDB_NOTFOUND ? 0 : lmdb_fail(l, rc);
}

int lmdb_remove(struct store *s, bool (*match)(void *, const struct store_key *), void *arg,
                uint64_t *removed_r)
{
    struct lmdb *l = (struct lmdb *)s;
    struct removal r = {.match = match, .arg = arg};
    struct lmdb_view view;
    MDB_txn *txn;
    int rc = lmdb_env_read(l->env, &txn);
    if (rc != 0)
        return lmdb_fail(l, rc);
    rc = lmdb_view(l, txn, &view);
    memcpy(r.name, view.name, sizeof r.name);
    if (rc == 0)
        rc = lmdb_meta_version(l->env, txn, r.name, &r.version);
    mdb_txn_abort(txn);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : lmdb_fail(l, rc);
    while (rc == 0 && !r.over) {
        rc = remove_step(l, &r);
        if (rc == 0)
            *removed_r += r.removed;
    }
    return rc;
}

int lmdb_activate(struct store *s, const char *version)
{
    struct lmdb *l = (struct lmdb *)s;
    MDB_txn *txn;
    int rc = lmdb_env_write(l->env, &txn);
    if (rc != 0)
        return lmdb_fail(l, rc);
    rc = lmdb_meta_activate(l->env, txn, version);
    if (rc != MDB_NOTFOUND)
        return finish(l, txn, rc);
    mdb_txn_abort(txn);
    return VOUCH_E_RANGE;
}

int lmdb_drop(struct store *s, const char *version)
{
    struct lmdb *l = (struct lmdb *)s;
    char active[STORE_VERSION_MAX + 1];
    struct lmdb_version v;
    MDB_txn *txn;
    int rc = lmdb_env_write(l->env, &txn);
    if (rc != 0)
        return lmdb_fail(l, rc);
    rc = lmdb_meta_active(l->env, txn, active);
    if (rc == 0)
        rc = strcmp(active, version) == 0 ? MDB_NOTFOUND
                                          : lmdb_meta_version(l->env, txn, version, &v);
    if (rc == MDB_NOTFOUND) {
        mdb_txn_abort(txn);
        return VOUCH_E_RANGE;
    }
    if (rc == 0)
        rc = mdb_drop(txn, l->env->slots[v.slot], 0);
    if (rc == 0)
        rc = lmdb_meta_drop(l->env, txn, version);
    return finish(l, txn, rc);
}
