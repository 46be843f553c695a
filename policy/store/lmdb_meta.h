/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LMDB_META_H
#define VOUCH_LMDB_META_H

#include <stdint.h>
#include "lmdb_env.h"
#include "store.h"

/* The database "meta" of a model's environment; private to this room:
 *
 *   format                   "2"
 *   active                   the version that look-ups use
 *   previous                 the one that was active before; absent: none, or it was dropped
 *   version:<name>           struct lmdb_version: a version that something was written to
 *   mark:<version>:<writer>  uint64_t: a watermark
 *
 * Numbers are in this machine's byte order, as all of LMDB's are. All functions return LMDB's codes,
 * MDB_NOTFOUND for what is not there. */

struct lmdb_version {
    uint64_t number; /* 1, 2, ...: in the order they were made */
    uint64_t slot;
};
struct lmdb_version_named {
    char name[STORE_VERSION_MAX + 1];
    struct lmdb_version version;
};

/* Of an environment that is new. */
int lmdb_meta_init(struct lmdb_env *env, MDB_txn *txn);
/* MDB_VERSION_MISMATCH: another format. */
int lmdb_meta_check(struct lmdb_env *env, MDB_txn *txn);

int lmdb_meta_active(struct lmdb_env *env, MDB_txn *txn, char name_r[STORE_VERSION_MAX + 1]);
int lmdb_meta_previous(struct lmdb_env *env, MDB_txn *txn, char name_r[STORE_VERSION_MAX + 1]);
int lmdb_meta_activate(struct lmdb_env *env, MDB_txn *txn, const char *name);

int lmdb_meta_version(struct lmdb_env *env, MDB_txn *txn, const char *name,
                      struct lmdb_version *v_r);
/* All, in the order they were made. */
int lmdb_meta_versions(struct lmdb_env *env, MDB_txn *txn,
                       struct lmdb_version_named list_r[LMDB_SLOTS], size_t *count_r);
/* Makes a version, in an empty slot. MDB_DBS_FULL: there is none. */
int lmdb_meta_make(struct lmdb_env *env, MDB_txn *txn, const char *name, struct lmdb_version *v_r);
/* Forgets a version and its watermarks, and that it was active before. */
int lmdb_meta_drop(struct lmdb_env *env, MDB_txn *txn, const char *name);

int lmdb_meta_mark(struct lmdb_env *env, MDB_txn *txn, const char *version, const char *writer,
                   uint64_t *mark_r);
int lmdb_meta_set_mark(struct lmdb_env *env, MDB_txn *txn, const char *version, const char *writer,
                       uint64_t mark);
/* Calls each for every writer, until it returns non-zero: then that is *ended_r. */
int lmdb_meta_marks(struct lmdb_env *env, MDB_txn *txn, const char *version,
                    int (*each)(void *, const char *writer, uint64_t watermark), void *arg,
                    int *ended_r);

#endif
