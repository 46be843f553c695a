/* SPDX-License-Identifier: BSD-2-Clause */
/* The LMDB environment of a model: made, recognised, shared.
 *
 * Two databases in it:
 *   meta             "format" -> "1"; "active" -> the version that look-ups use;
 *                    "mark:<writer>" -> watermark
 *   counts:<version> the counts (store_lmdb.c)
 *
 * LMDB must not open one environment twice in a process (its locks would be dropped when either is
 * closed), but a daemon that reloads its settings opens the new store before it closes the old:
 * all stores on one directory share one environment. That another version was activated is seen
 * when the environment is next opened. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lmdb_env.h"
#include "lmdb_owner.h"

#define LMDB_FORMAT "1"

/* Process-wide because LMDB's rule is: see above. */
static pthread_mutex_t envs_lock = PTHREAD_MUTEX_INITIALIZER;
static struct lmdb_env *envs;

static MDB_val text(const char *s)
{
    MDB_val v = {strlen(s), NULL};
    memcpy(&v.mv_data, &s, sizeof s); /* LMDB only reads it */
    return v;
}

/* Opens "meta", and makes it in an environment that is empty. 0, MDB_NOTFOUND or MDB_INCOMPATIBLE
 * (this is somebody else's), MDB_VERSION_MISMATCH. */
static int open_meta(struct lmdb_env *env, MDB_txn *txn)
{
    MDB_stat all;
    MDB_dbi main;
    MDB_val k = text("format"), v = text(LMDB_FORMAT), found;
    int rc = mdb_dbi_open(txn, NULL, 0, &main);
    if (rc == 0)
        rc = mdb_stat(txn, main, &all);
    if (rc != 0)
        return rc;
    if (all.ms_entries == 0 && !env->read_only) {
        rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &env->meta);
        return rc ? rc : mdb_put(txn, env->meta, &k, &v, 0);
    }
    rc = mdb_dbi_open(txn, "meta", 0, &env->meta);
    if (rc == 0)
        rc = mdb_get(txn, env->meta, &k, &found);
    if (rc != 0)
        return rc;
    return found.mv_size == v.mv_size && memcmp(found.mv_data, v.mv_data, v.mv_size) == 0
               ? 0
               : MDB_VERSION_MISMATCH;
}

/* Opens the counts of the active version. */
static int open_counts(struct lmdb_env *env, MDB_txn *txn)
{
    char name[7 + LMDB_VERSION_MAX + 1];
    MDB_val k = text("active"), v = text("1");
    int rc = mdb_get(txn, env->meta, &k, &v);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    if (v.mv_size == 0 || v.mv_size > LMDB_VERSION_MAX)
        return MDB_CORRUPTED;
    memcpy(env->version, v.mv_data, v.mv_size);
    snprintf(name, sizeof name, "counts:%s", env->version);
    return mdb_dbi_open(txn, name, env->read_only ? 0 : MDB_CREATE, &env->counts);
}

static int env_open(struct lmdb_env *env, const char *dir)
{
    MDB_txn *txn;
    int dead;
    int rc = mdb_env_create(&env->mdb);
    if (rc == 0)
        rc = mdb_env_set_mapsize(env->mdb, LMDB_MAP_BYTES);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(env->mdb, LMDB_MAX_READERS);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(env->mdb, 2);
    if (rc == 0)
        rc = mdb_env_open(env->mdb, dir, MDB_NOTLS | (env->read_only ? MDB_RDONLY : 0), 0600);
    if (rc == 0)
        rc = mdb_reader_check(env->mdb, &dead); /* slots of processes that were killed */
    if (rc == 0)
        rc = mdb_txn_begin(env->mdb, NULL, env->read_only ? MDB_RDONLY : 0, &txn);
    if (rc != 0)
        return rc;
    rc = open_meta(env, txn);
    if (rc == 0)
        rc = open_counts(env, txn);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE ? MDB_INVALID : rc;
}

static void env_free(struct lmdb_env *env)
{
    if (env->mdb)
        mdb_env_close(env->mdb);
    free(env);
}

/* A further user of an environment that this process has open; NULL: it has not. */
static struct lmdb_env *env_share(const struct stat *st)
{
    struct lmdb_env *env = envs;
    while (env && (env->device != st->st_dev || env->inode != st->st_ino))
        env = env->next;
    if (env)
        env->refs++;
    return env;
}

/* Finds the directory, or makes it: 0 or an errno. LMDB would leave a lock file where a reader
 * finds no model, so that is seen before. */
static int find_dir(const char *dir, bool read_only, struct stat *st_r)
{
    char data[PATH_MAX];
    if (!read_only && mkdir(dir, 0700) != 0 && errno != EEXIST)
        return errno;
    if (stat(dir, st_r) != 0)
        return errno;
    if (!S_ISDIR(st_r->st_mode))
        return ENOTDIR;
    if (snprintf(data, sizeof data, "%s/data.mdb", dir) >= (int)sizeof data)
        return ENAMETOOLONG;
    return read_only && access(data, R_OK) != 0 ? errno : 0;
}

static struct lmdb_env *env_new(const char *dir, bool read_only, int *rc_r)
{
    struct stat st;
    *rc_r = find_dir(dir, read_only, &st);
    if (*rc_r != 0)
        return NULL;
    struct lmdb_env *env = env_share(&st);
    if (env)
        return env;
    env = calloc(1, sizeof *env);
    *rc_r = ENOMEM;
    if (!env)
        return NULL;
    env->refs = 1;
    env->device = st.st_dev;
    env->inode = st.st_ino;
    env->read_only = read_only;
    *rc_r = env_open(env, dir);
    if (*rc_r != 0) {
        env_free(env);
        return NULL;
    }
    env->next = envs;
    envs = env;
    return env;
}

struct lmdb_env *lmdb_env_ref(const char *dir, bool read_only, int *rc_r)
{
    struct lmdb_owner root;
    pthread_mutex_lock(&envs_lock);
    lmdb_owner_become(dir, &root);
    struct lmdb_env *env = env_new(dir, read_only, rc_r);
    lmdb_owner_resume(&root);
    pthread_mutex_unlock(&envs_lock);
    if (env && env->read_only && !read_only) {
        lmdb_env_unref(env);
        env = NULL;
        *rc_r = EROFS;
    }
    return env;
}

void lmdb_env_unref(struct lmdb_env *env)
{
    pthread_mutex_lock(&envs_lock);
    if (--env->refs == 0) {
        struct lmdb_env **at = &envs;
        while (*at != env)
            at = &(*at)->next;
        *at = env->next;
        env_free(env);
    }
    pthread_mutex_unlock(&envs_lock);
}
