/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LMDB_KEY_H
#define VOUCH_LMDB_KEY_H

#include <lmdb.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include "store.h"

/* Keys and values of a model as LMDB keeps them; private to this room.
 *
 * A key is group NUL field, and its value is as it is. One over LMDB's limit is NUL and the SHA-256 of
 * that; before its value then stand the names: their length in two bytes, low one first, and they. */

#define LMDB_KEY_MAX   511 /* bytes; LMDB's own limit as it is built */
#define LMDB_NAMES_MAX (2 * (STORE_NAME_MAX + 1))

struct lmdb_key {
    unsigned char names[LMDB_NAMES_MAX];
    size_t length; /* of the names, without the last NUL */
    bool hashed;
    unsigned char hash[1 + SHA256_DIGEST_LENGTH];
};

/* false: no such key can be in the store. */
bool lmdb_key_make(const struct store_key *key, struct lmdb_key *k_r);
/* Borrowed from k. */
MDB_val lmdb_key_val(struct lmdb_key *k);
/* What an entry means. names: from LMDB's key or value, copied. 0 or MDB_CORRUPTED. */
int lmdb_key_read(const MDB_val *k, const MDB_val *v, char names_r[LMDB_NAMES_MAX],
                  struct store_key *key_r, struct span *value_r);
/* The value of an entry of which the key is known. 0 or MDB_CORRUPTED. */
int lmdb_key_value(const struct lmdb_key *k, const MDB_val *v, struct span *value_r);
/* Writes an entry through a cursor. LMDB's codes. */
int lmdb_key_put(struct lmdb_key *k, MDB_cursor *cursor, struct span value);

#endif
