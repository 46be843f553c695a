/* SPDX-License-Identifier: BSD-2-Clause */
/* The LMDB environment of a model: made, recognised, shared.
 *
 * Databases in it:
 *   meta          what lmdb_meta.h says
 *   slot:<n>      the values of one version (lmdb_key.h), n = 0 to LMDB_SLOTS - 1
 *
 * Versions come and go, in this process and in others, while others look up. LMDB asks much care of
 * who opens and closes databases meanwhile; so none ever is: all slots are made with the
 * environment, opened with it, and stay open. A version takes a free slot and leaves it empty.
 *
 * LMDB must not open one environment twice in a process (its locks would be dropped when either is
 * closed), but a daemon that reloads its settings opens the new store before it closes the old:
 * all stores on one directory share one environment. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lmdb_env.h"
#include "lmdb_meta.h"
#include "lmdb_owner.h"

/* Process-wide because LMDB's rule is: see above. */
static pthread_mutex_t envs_lock = PTHREAD_MUTEX_INITIALIZER;
static struct lmdb_env *envs;

/* Opens all databases; flags: MDB_CREATE makes them. */
static int open_databases(struct lmdb_env *env, MDB_txn *txn, unsigned flags)
{
    int rc = mdb_dbi_open(txn, "meta", flags, &env->meta);
    for (unsigned i = 0; i < LMDB_SLOTS && rc == 0; i++) {
        char name[16];
        snprintf(name, sizeof name, "slot:%u", i);
        rc = mdb_dbi_open(txn, name, flags, &env->slots[i]);
    }
    return rc;
}

/* Finds the model, or makes it in an environment that is empty. 0, MDB_NOTFOUND or MDB_INCOMPATIBLE
 * (this is somebody else's), MDB_VERSION_MISMATCH. */
static int open_model(struct lmdb_env *env, MDB_txn *txn)
{
    MDB_stat all;
    MDB_dbi main;
    int rc = mdb_dbi_open(txn, NULL, 0, &main);
    if (rc == 0)
        rc = mdb_stat(txn, main, &all);
    if (rc != 0)
        return rc;
    if (all.ms_entries == 0 && !env->read_only) {
        rc = open_databases(env, txn, MDB_CREATE);
        return rc ? rc : lmdb_meta_init(env, txn);
    }
    rc = mdb_dbi_open(txn, "meta", 0, &env->meta);
    if (rc == 0)
        rc = lmdb_meta_check(env, txn);
    return rc ? rc : open_databases(env, txn, 0);
}

static int env_open(struct lmdb_env *env, const char *dir)
{
    MDB_txn *txn;
    int rc = mdb_env_create(&env->mdb);
    if (rc == 0)
        rc = mdb_env_set_mapsize(env->mdb, LMDB_MAP_BYTES);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(env->mdb, LMDB_MAX_READERS);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(env->mdb, 1 + LMDB_SLOTS);
    if (rc == 0)
        rc = mdb_env_open(env->mdb, dir, MDB_NOTLS | (env->read_only ? MDB_RDONLY : 0), 0600);
    if (rc == 0)
        rc = env->read_only ? lmdb_env_read(env, &txn) : lmdb_env_write(env, &txn);
    if (rc != 0)
        return rc;
    rc = open_model(env, txn);
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

int lmdb_env_read(struct lmdb_env *env, MDB_txn **txn_r)
{
    int dead, rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, txn_r);
    if (rc == MDB_READERS_FULL && mdb_reader_check(env->mdb, &dead) == 0 && dead > 0)
        rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, txn_r);
    return rc;
}

/* What a process that was killed while it read had before it would keep the file growing for as long
 * as nobody noticed. */
int lmdb_env_write(struct lmdb_env *env, MDB_txn **txn_r)
{
    int dead, rc = mdb_reader_check(env->mdb, &dead);
    return rc ? rc : mdb_txn_begin(env->mdb, NULL, 0, txn_r);
}
