/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_STORE_LMDB_H
#define VOUCH_STORE_LMDB_H

#include <pthread.h>
#include "lmdb_env.h"
#include "store_ops.h"

/* What the parts of the LMDB backend share; private to this room. */

struct lmdb {
    struct store store;
    struct lmdb_env *env;
    pthread_mutex_t lock; /* all below */
    struct lmdb_name {
        struct lmdb_name *next;
        char name[STORE_VERSION_MAX + 1];
    } * names; /* of all versions that store_version ever told: operators make them, not mail */
};

/* The version that this store reads and writes, as a transaction sees it. */
struct lmdb_view {
    char name[STORE_VERSION_MAX + 1];
    bool exists; /* false: nothing was written to it yet */
    MDB_dbi values;
};
/* LMDB's codes. */
int lmdb_view(struct lmdb *l, MDB_txn *txn, struct lmdb_view *view_r);
/* LMDB's code as ours, kept for store_state. */
int lmdb_fail(struct lmdb *l, int rc);

/* Writing (lmdb_write.c), as in store_ops. */
int lmdb_change(struct store *s, const struct store_key *keys, size_t count, store_compute *compute,
                void *arg, const char *writer, uint64_t watermark);
int lmdb_remove(struct store *s, bool (*match)(void *, const struct store_key *), void *arg,
                uint64_t *removed_r);
int lmdb_activate(struct store *s, const char *version);
int lmdb_drop(struct store *s, const char *version);

#endif
