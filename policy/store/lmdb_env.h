/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LMDB_ENV_H
#define VOUCH_LMDB_ENV_H

#include <lmdb.h>
#include <stdbool.h>
#include <sys/types.h>

/* One LMDB environment that holds a model; private to this room. */

/* Address space, not disk: the file grows as it fills. Some hundred million subjects; as much as
 * valgrind goes along with. */
#define LMDB_MAP_BYTES   (sizeof(void *) > 4 ? (size_t)48 << 30 : (size_t)1 << 30)
#define LMDB_MAX_READERS 512 /* look-ups going on at once, in all processes */
#define LMDB_SLOTS       32  /* versions that can be there at once */

struct lmdb_env {
    struct lmdb_env *next;
    unsigned refs;
    dev_t device;
    ino_t inode;
    bool read_only;
    MDB_env *mdb;
    MDB_dbi meta, slots[LMDB_SLOTS];
    int error; /* LMDB's code of the last failure; 0: none yet. Atomic. */
};

/* The environment in dir, shared with whoever in this process has it open; created unless
 * read_only. NULL: *rc_r is one of LMDB's codes (MDB_INVALID: not a model; MDB_VERSION_MISMATCH;
 * EROFS: this process has it open for reading only). Root opens and makes it as the user whose
 * directory it is in. */
struct lmdb_env *lmdb_env_ref(const char *dir, bool read_only, int *rc_r);
void lmdb_env_unref(struct lmdb_env *env);

/* Begin a transaction. LMDB's codes. */
int lmdb_env_read(struct lmdb_env *env, MDB_txn **txn_r);
int lmdb_env_write(struct lmdb_env *env, MDB_txn **txn_r);

#endif
