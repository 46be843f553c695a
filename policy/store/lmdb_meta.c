/* SPDX-License-Identifier: BSD-2-Clause */
/* Which versions an LMDB environment holds, which is active, and how far writers came. */
#include "lmdb_meta.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "2"

struct name {
    char text[sizeof "mark::" + STORE_VERSION_MAX + STORE_WRITER_MAX];
};

static MDB_val value_of(const char *s)
{
    MDB_val v = {strlen(s), NULL};
    memcpy(&v.mv_data, &s, sizeof s); /* LMDB only reads it */
    return v;
}

static MDB_val version_key(const char *version, struct name *name)
{
    snprintf(name->text, sizeof name->text, "version:%s", version);
    return value_of(name->text);
}

/* No version's name has a colon in it. */
static MDB_val mark_key(const char *version, const char *writer, struct name *name)
{
    snprintf(name->text, sizeof name->text, "mark:%s:%s", version, writer);
    return value_of(name->text);
}

static int put_text(struct lmdb_env *env, MDB_txn *txn, const char *key, const char *text)
{
    MDB_val k = value_of(key), v = value_of(text);
    return mdb_put(txn, env->meta, &k, &v, 0);
}

/* A version's name, from memory of LMDB's. */
static int take_name(const void *p, size_t len, char name_r[STORE_VERSION_MAX + 1])
{
    if (len == 0 || len > STORE_VERSION_MAX || memchr(p, '\0', len))
        return MDB_CORRUPTED;
    memcpy(name_r, p, len);
    name_r[len] = '\0';
    return 0;
}

static int get_name(struct lmdb_env *env, MDB_txn *txn, const char *key,
                    char name_r[STORE_VERSION_MAX + 1])
{
    MDB_val k = value_of(key), v;
    int rc = mdb_get(txn, env->meta, &k, &v);
    return rc ? rc : take_name(v.mv_data, v.mv_size, name_r);
}

static int take_version(const MDB_val *v, struct lmdb_version *v_r)
{
    if (v->mv_size != sizeof *v_r)
        return MDB_CORRUPTED;
    memcpy(v_r, v->mv_data, sizeof *v_r);
    return v_r->slot < LMDB_SLOTS ? 0 : MDB_CORRUPTED;
}

int lmdb_meta_init(struct lmdb_env *env, MDB_txn *txn)
{
    struct lmdb_version first;
    int rc = put_text(env, txn, "format", FORMAT);
    if (rc == 0)
        rc = put_text(env, txn, "active", "1");
    return rc ? rc : lmdb_meta_make(env, txn, "1", &first);
}

int lmdb_meta_check(struct lmdb_env *env, MDB_txn *txn)
{
    MDB_val k = value_of("format"), v;
    int rc = mdb_get(txn, env->meta, &k, &v);
    if (rc != 0)
        return rc;
    return v.mv_size == strlen(FORMAT) && memcmp(v.mv_data, FORMAT, v.mv_size) == 0
               ? 0
               : MDB_VERSION_MISMATCH;
}

int lmdb_meta_active(struct lmdb_env *env, MDB_txn *txn, char name_r[STORE_VERSION_MAX + 1])
{
    int rc = get_name(env, txn, "active", name_r);
    return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
}

int lmdb_meta_previous(struct lmdb_env *env, MDB_txn *txn, char name_r[STORE_VERSION_MAX + 1])
{
    return get_name(env, txn, "previous", name_r);
}

int lmdb_meta_activate(struct lmdb_env *env, MDB_txn *txn, const char *name)
{
    char active[STORE_VERSION_MAX + 1];
    struct lmdb_version v;
    int rc = lmdb_meta_version(env, txn, name, &v);
    if (rc == 0)
        rc = lmdb_meta_active(env, txn, active);
    if (rc != 0 || strcmp(active, name) == 0)
        return rc;
    rc = put_text(env, txn, "previous", active);
    return rc ? rc : put_text(env, txn, "active", name);
}

int lmdb_meta_version(struct lmdb_env *env, MDB_txn *txn, const char *name,
                      struct lmdb_version *v_r)
{
    struct name key;
    MDB_val k = version_key(name, &key), v;
    int rc = mdb_get(txn, env->meta, &k, &v);
    return rc ? rc : take_version(&v, v_r);
}

/* Moves a cursor to the next key that begins with prefix; start: to the first. MDB_NOTFOUND after
 * the last. */
static int next_with(MDB_cursor *cursor, bool start, const char *prefix, MDB_val *k, MDB_val *v)
{
    size_t n = strlen(prefix);
    if (start)
        *k = value_of(prefix);
    int rc = mdb_cursor_get(cursor, k, v, start ? MDB_SET_RANGE : MDB_NEXT);
    if (rc == 0 && (k->mv_size < n || memcmp(k->mv_data, prefix, n) != 0))
        rc = MDB_NOTFOUND;
    return rc;
}

static int by_number(const void *pa, const void *pb)
{
    const struct lmdb_version_named *a = pa, *b = pb;
    return (a->version.number > b->version.number) - (a->version.number < b->version.number);
}

int lmdb_meta_versions(struct lmdb_env *env, MDB_txn *txn,
                       struct lmdb_version_named list_r[LMDB_SLOTS], size_t *count_r)
{
    static const char prefix[] = "version:";
    const size_t n = sizeof prefix - 1;
    MDB_cursor *cursor;
    MDB_val k, v;
    int rc = mdb_cursor_open(txn, env->meta, &cursor);
    *count_r = 0;
    if (rc != 0)
        return rc;
    while ((rc = next_with(cursor, *count_r == 0, prefix, &k, &v)) == 0) {
        if (*count_r == LMDB_SLOTS)
            rc = MDB_CORRUPTED;
        if (rc == 0)
            rc = take_name((const char *)k.mv_data + n, k.mv_size - n, list_r[*count_r].name);
        if (rc == 0)
            rc = take_version(&v, &list_r[*count_r].version);
        if (rc != 0)
            break;
        ++*count_r;
    }
    mdb_cursor_close(cursor);
    if (rc != MDB_NOTFOUND)
        return rc;
    qsort(list_r, *count_r, sizeof *list_r, by_number);
    return 0;
}

int lmdb_meta_make(struct lmdb_env *env, MDB_txn *txn, const char *name, struct lmdb_version *v_r)
{
    struct lmdb_version_named list[LMDB_SLOTS];
    bool taken[LMDB_SLOTS] = {false};
    size_t count;
    struct name key;
    int rc = lmdb_meta_versions(env, txn, list, &count);
    if (rc != 0)
        return rc;
    *v_r = (struct lmdb_version){.number = 1};
    if (count > 0)
        v_r->number = list[count - 1].version.number + 1;
    for (size_t i = 0; i < count; i++)
        taken[list[i].version.slot] = true;
    while (v_r->slot < LMDB_SLOTS && taken[v_r->slot])
        v_r->slot++;
    if (v_r->slot == LMDB_SLOTS)
        return MDB_DBS_FULL;
    MDB_val k = version_key(name, &key), v = {sizeof *v_r, v_r};
    return mdb_put(txn, env->meta, &k, &v, MDB_NOOVERWRITE);
}

static int drop_marks(struct lmdb_env *env, MDB_txn *txn, const char *version)
{
    struct name prefix;
    MDB_cursor *cursor;
    MDB_val k, v;
    int rc = mdb_cursor_open(txn, env->meta, &cursor);
    if (rc != 0)
        return rc;
    mark_key(version, "", &prefix);
    while ((rc = next_with(cursor, true, prefix.text, &k, &v)) == 0)
        if ((rc = mdb_cursor_del(cursor, 0)) != 0)
            break;
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int lmdb_meta_drop(struct lmdb_env *env, MDB_txn *txn, const char *name)
{
    char previous[STORE_VERSION_MAX + 1];
    struct name key;
    MDB_val k = version_key(name, &key), was = value_of("previous");
    int rc = mdb_del(txn, env->meta, &k, NULL);
    if (rc == 0)
        rc = drop_marks(env, txn, name);
    if (rc != 0)
        return rc;
    rc = lmdb_meta_previous(env, txn, previous);
    if (rc == 0 && strcmp(previous, name) == 0)
        rc = mdb_del(txn, env->meta, &was, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int take_mark(const MDB_val *v, uint64_t *mark_r)
{
    if (v->mv_size != sizeof *mark_r)
        return MDB_CORRUPTED;
    memcpy(mark_r, v->mv_data, sizeof *mark_r);
    return 0;
}

int lmdb_meta_mark(struct lmdb_env *env, MDB_txn *txn, const char *version, const char *writer,
                   uint64_t *mark_r)
{
    struct name key;
    MDB_val k = mark_key(version, writer, &key), v;
    int rc = mdb_get(txn, env->meta, &k, &v);
    return rc ? rc : take_mark(&v, mark_r);
}

int lmdb_meta_set_mark(struct lmdb_env *env, MDB_txn *txn, const char *version, const char *writer,
                       uint64_t mark)
{
    struct name key;
    MDB_val k = mark_key(version, writer, &key), v = {sizeof mark, &mark};
    return mdb_put(txn, env->meta, &k, &v, 0);
}

int lmdb_meta_marks(struct lmdb_env *env, MDB_txn *txn, const char *version,
                    int (*each)(void *, const char *writer, uint64_t watermark), void *arg,
                    int *ended_r)
{
    struct name prefix;
    MDB_cursor *cursor;
    MDB_val k, v;
    bool start = true;
    int rc = mdb_cursor_open(txn, env->meta, &cursor);
    *ended_r = 0;
    if (rc != 0)
        return rc;
    mark_key(version, "", &prefix);
    size_t n = strlen(prefix.text);
    while (*ended_r == 0 && (rc = next_with(cursor, start, prefix.text, &k, &v)) == 0) {
        char writer[STORE_WRITER_MAX + 1];
        uint64_t mark;
        start = false;
        rc = k.mv_size - n > STORE_WRITER_MAX ? MDB_CORRUPTED : take_mark(&v, &mark);
        if (rc != 0)
            break;
        memcpy(writer, (const char *)k.mv_data + n, k.mv_size - n);
        writer[k.mv_size - n] = '\0';
        *ended_r = each(arg, writer, mark);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}
