/* SPDX-License-Identifier: BSD-2-Clause */
/* The embedded model: one LMDB environment in a directory of its own. Readers never wait for the
 * writer, and a crash loses nothing that was committed.
 *
 * Which version is active is read in the transaction of each look-up, so a look-up sees one version
 * as it was at one moment, whoever activates another meanwhile. */
#include "store_lmdb.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lmdb_key.h"
#include "lmdb_meta.h"
#include "lmdb_owner.h"

static struct lmdb *lmdb_of(struct store *s)
{
    return (struct lmdb *)s;
}

int lmdb_fail(struct lmdb *l, int rc)
{
    if (rc == 0)
        return 0;
    __atomic_store_n(&l->env->error, rc, __ATOMIC_RELAXED);
    errno = rc > 0 ? rc : EIO;
    return rc == ENOMEM ? VOUCH_E_NOMEM : VOUCH_E_IO;
}

int lmdb_view(struct lmdb *l, MDB_txn *txn, struct lmdb_view *view_r)
{
    struct lmdb_version v;
    int rc = 0;
    *view_r = (struct lmdb_view){0};
    if (*l->store.version)
        memcpy(view_r->name, l->store.version, sizeof view_r->name);
    else
        rc = lmdb_meta_active(l->env, txn, view_r->name);
    if (rc == 0)
        rc = lmdb_meta_version(l->env, txn, view_r->name, &v);
    if (rc == 0) {
        view_r->exists = true;
        view_r->values = l->env->slots[v.slot];
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Begins to read. LMDB's codes. */
static int begin(struct lmdb *l, MDB_txn **txn_r, struct lmdb_view *view_r)
{
    int rc = lmdb_env_read(l->env, txn_r);
    if (rc != 0)
        return rc;
    rc = lmdb_view(l, *txn_r, view_r);
    if (rc != 0)
        mdb_txn_abort(*txn_r);
    return rc;
}

static struct store_value get_one(struct lmdb *l, MDB_txn *txn, const struct lmdb_view *view,
                                  const struct store_key *key)
{
    struct lmdb_key packed;
    struct span value;
    MDB_val v;
    if (!view->exists || !lmdb_key_make(key, &packed))
        return (struct store_value){.outcome = LOOKUP_ABSENT};
    MDB_val k = lmdb_key_val(&packed);
    int rc = mdb_get(txn, view->values, &k, &v);
    if (rc == MDB_NOTFOUND)
        return (struct store_value){.outcome = LOOKUP_ABSENT};
    if (rc == 0)
        rc = lmdb_key_value(&packed, &v, &value);
    if (lmdb_fail(l, rc) != 0)
        return (struct store_value){.outcome = LOOKUP_FAILED};
    return store_value_decode(&l->store, value.p, value.len);
}

static int lmdb_get(struct store *s, const struct store_key *keys, size_t count,
                    struct store_value *values_r)
{
    struct lmdb *l = lmdb_of(s);
    struct lmdb_view view;
    MDB_txn *txn;
    if (lmdb_fail(l, begin(l, &txn, &view)) != 0)
        return store_values_fill(values_r, count, LOOKUP_FAILED);
    for (size_t i = 0; i < count; i++)
        values_r[i] = get_one(l, txn, &view, &keys[i]);
    mdb_txn_abort(txn);
    return store_values_outcome(values_r, count);
}

static int lmdb_watermark(struct store *s, const char *writer, uint64_t *watermark_r)
{
    struct lmdb *l = lmdb_of(s);
    struct lmdb_view view;
    MDB_txn *txn;
    int rc = begin(l, &txn, &view);
    if (rc == 0) {
        rc = strlen(writer) > STORE_WRITER_MAX
                 ? MDB_NOTFOUND
                 : lmdb_meta_mark(l->env, txn, view.name, writer, watermark_r);
        mdb_txn_abort(txn);
    }
    if (rc == MDB_NOTFOUND)
        return LOOKUP_ABSENT;
    return lmdb_fail(l, rc) == 0 ? LOOKUP_FOUND : LOOKUP_FAILED;
}

static int lmdb_watermarks(struct store *s,
                           int (*each)(void *, const char *writer, uint64_t watermark), void *arg)
{
    struct lmdb *l = lmdb_of(s);
    struct lmdb_view view;
    MDB_txn *txn;
    int ended = 0;
    int rc = begin(l, &txn, &view);
    if (rc == 0) {
        rc = lmdb_meta_marks(l->env, txn, view.name, each, arg, &ended);
        mdb_txn_abort(txn);
    }
    return rc ? lmdb_fail(l, rc) : ended;
}

/* Hands every entry to each, until it returns non-zero: then that is *ended_r. LMDB's codes. */
static int scan(MDB_txn *txn, MDB_dbi values,
                int (*each)(void *, const struct store_key *, struct span value), void *arg,
                int *ended_r)
{
    char names[LMDB_NAMES_MAX];
    struct store_key key;
    struct span value;
    MDB_cursor *cursor;
    MDB_val k, v;
    int rc = mdb_cursor_open(txn, values, &cursor);
    if (rc != 0)
        return rc;
    while (*ended_r == 0 && (rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0 &&
           (rc = lmdb_key_read(&k, &v, names, &key, &value)) == 0)
        *ended_r = each(arg, &key, value);
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int lmdb_scan(struct store *s,
                     int (*each)(void *, const struct store_key *, struct span value), void *arg)
{
    struct lmdb *l = lmdb_of(s);
    struct lmdb_view view;
    MDB_txn *txn;
    int ended = 0;
    int rc = begin(l, &txn, &view);
    if (rc == 0) {
        if (view.exists)
            rc = scan(txn, view.values, each, arg, &ended);
        mdb_txn_abort(txn);
    }
    return rc ? lmdb_fail(l, rc) : ended;
}

/* In a transaction. LMDB's codes. */
static int list_versions(struct lmdb *l, MDB_txn *txn,
                         int (*each)(void *, const struct store_version_info *), void *arg,
                         int *ended_r)
{
    struct lmdb_version_named list[LMDB_SLOTS];
    char active[STORE_VERSION_MAX + 1], previous[STORE_VERSION_MAX + 1] = "";
    size_t count;
    int rc = lmdb_meta_active(l->env, txn, active);
    if (rc == 0)
        rc = lmdb_meta_previous(l->env, txn, previous);
    if (rc == 0 || rc == MDB_NOTFOUND)
        rc = lmdb_meta_versions(l->env, txn, list, &count);
    for (size_t i = 0; rc == 0 && *ended_r == 0 && i < count; i++) {
        const char *name = list[i].name;
        MDB_stat st;
        rc = mdb_stat(txn, l->env->slots[list[i].version.slot], &st);
        if (rc == 0)
            *ended_r =
                each(arg, &(struct store_version_info){name, strcmp(name, active) == 0,
                                                       strcmp(name, previous) == 0, st.ms_entries});
    }
    return rc;
}

static int lmdb_versions(struct store *s, int (*each)(void *, const struct store_version_info *),
                         void *arg)
{
    struct lmdb *l = lmdb_of(s);
    MDB_txn *txn;
    int ended = 0;
    int rc = lmdb_env_read(l->env, &txn);
    if (rc == 0) {
        rc = list_versions(l, txn, each, arg, &ended);
        mdb_txn_abort(txn);
    }
    return rc ? lmdb_fail(l, rc) : ended;
}

/* The name for as long as the store; NULL: out of memory. */
static const char *keep_name(struct lmdb *l, const char *name)
{
    pthread_mutex_lock(&l->lock);
    struct lmdb_name *n = l->names;
    while (n && strcmp(n->name, name) != 0)
        n = n->next;
    if (!n && (n = malloc(sizeof *n))) {
        snprintf(n->name, sizeof n->name, "%s", name);
        n->next = l->names;
        l->names = n;
    }
    pthread_mutex_unlock(&l->lock);
    return n ? n->name : NULL;
}

static const char *lmdb_version(struct store *s)
{
    struct lmdb *l = lmdb_of(s);
    struct lmdb_view view;
    MDB_txn *txn;
    if (*s->version)
        return s->version;
    if (lmdb_fail(l, begin(l, &txn, &view)) != 0)
        return NULL;
    mdb_txn_abort(txn);
    return keep_name(l, view.name);
}

static void lmdb_state(struct store *s, char *text_r, size_t size)
{
    int error = __atomic_load_n(&lmdb_of(s)->env->error, __ATOMIC_RELAXED);
    if (error == MDB_MAP_FULL)
        snprintf(text_r, size, "full: %zu MiB is the most it may hold", LMDB_MAP_BYTES >> 20);
    else if (error == MDB_DBS_FULL)
        snprintf(text_r, size, "holds %d versions, and no more may be there at once: drop one",
                 LMDB_SLOTS);
    else if (error == MDB_PANIC)
        snprintf(text_r, size, "a write failed half-way: cannot be used until it is opened again");
    else if (error)
        snprintf(text_r, size, "last failure: %s", mdb_strerror(error));
    else
        snprintf(text_r, size, "its files are open%s", s->read_only ? " for reading" : "");
}

static void lmdb_close(struct store *s)
{
    struct lmdb *l = lmdb_of(s);
    for (struct lmdb_name *n = l->names, *next; n; n = next) {
        next = n->next;
        free(n);
    }
    if (l->env)
        lmdb_env_unref(l->env);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static const struct store_ops lmdb_ops = {
    .get = lmdb_get,
    .change = lmdb_change,
    .watermark = lmdb_watermark,
    .watermarks = lmdb_watermarks,
    .scan_bytes = lmdb_scan,
    .remove = lmdb_remove,
    .versions = lmdb_versions,
    .activate = lmdb_activate,
    .drop = lmdb_drop,
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
    pthread_mutex_init(&l->lock, NULL);
    l->env = lmdb_env_ref(dir, options->read_only, &rc);
    if (!l->env) {
        lmdb_close(&l->store);
        explain(dir, options->read_only, rc, error_r, size);
        errno = rc > 0 && rc != EINVAL ? rc : EIO;
        return NULL;
    }
    l->store.ops = &lmdb_ops;
    return &l->store;
}
