/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys and values of a model as LMDB keeps them. */
#include "lmdb_key.h"
#include <string.h>

enum { LENGTH_BYTES = 2 };

bool lmdb_key_make(const struct store_key *key, struct lmdb_key *k_r)
{
    size_t group = strlen(key->group), field = strlen(key->field);
    if (group == 0 || group > STORE_NAME_MAX || field > STORE_NAME_MAX)
        return false;
    memcpy(k_r->names, key->group, group + 1);
    memcpy(k_r->names + group + 1, key->field, field + 1);
    k_r->length = group + 1 + field;
    k_r->hashed = k_r->length > LMDB_KEY_MAX;
    if (k_r->hashed) {
        k_r->hash[0] = '\0'; /* no group is empty: never the start of a key as it is */
        SHA256(k_r->names, k_r->length, k_r->hash + 1);
    }
    return true;
}

MDB_val lmdb_key_val(struct lmdb_key *k)
{
    return k->hashed ? (MDB_val){sizeof k->hash, k->hash} : (MDB_val){k->length, k->names};
}

/* Cuts the names off the value of a hashed key. */
static int cut_names(const MDB_val *v, struct span *names_r, struct span *value_r)
{
    struct span all = span_make(v->mv_data, v->mv_size);
    if (all.len < LENGTH_BYTES)
        return MDB_CORRUPTED;
    size_t length = (unsigned char)all.p[0] | (size_t)(unsigned char)all.p[1] << 8;
    if (length > all.len - LENGTH_BYTES)
        return MDB_CORRUPTED;
    *names_r = span_slice(all, LENGTH_BYTES, LENGTH_BYTES + length);
    *value_r = span_slice(all, LENGTH_BYTES + length, all.len);
    return 0;
}

int lmdb_key_read(const MDB_val *k, const MDB_val *v, char names_r[LMDB_NAMES_MAX],
                  struct store_key *key_r, struct span *value_r)
{
    struct span names = span_make(k->mv_data, k->mv_size);
    *value_r = span_make(v->mv_data, v->mv_size);
    if (names.len > 0 && *names.p == '\0' && cut_names(v, &names, value_r) != 0)
        return MDB_CORRUPTED;
    ptrdiff_t end = span_index(names, '\0', 0);
    if (end < 0 || names.len >= LMDB_NAMES_MAX)
        return MDB_CORRUPTED;
    memcpy(names_r, names.p, names.len);
    names_r[names.len] = '\0';
    *key_r = (struct store_key){names_r, names_r + end + 1};
    return 0;
}

int lmdb_key_value(const struct lmdb_key *k, const MDB_val *v, struct span *value_r)
{
    struct span names;
    *value_r = span_make(v->mv_data, v->mv_size);
    return k->hashed ? cut_names(v, &names, value_r) : 0;
}

int lmdb_key_put(struct lmdb_key *k, MDB_cursor *cursor, struct span value)
{
    size_t before = k->hashed ? LENGTH_BYTES + k->length : 0;
    MDB_val key = lmdb_key_val(k), v = {before + value.len, NULL};
    int rc = mdb_cursor_put(cursor, &key, &v, MDB_RESERVE);
    if (rc != 0)
        return rc;
    unsigned char *p = v.mv_data;
    if (k->hashed) {
        p[0] = (unsigned char)k->length;
        p[1] = (unsigned char)(k->length >> 8);
        memcpy(p + LENGTH_BYTES, k->names, k->length);
    }
    memcpy(p + before, value.p, value.len);
    return 0;
}
