/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of a damaged model: what is read of one lies within it, and an entry that is written as it
 * was read is the same. The first byte is the length of LMDB's key. */
#include <stdlib.h>
#include <string.h>
#include "lmdb_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct span s, const MDB_val *v)
{
    const char *from = v->mv_data;
    if (s.p < from || s.p + s.len > from + v->mv_size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char names[LMDB_NAMES_MAX];
    struct store_key key;
    struct lmdb_key made;
    struct span value, again;
    if (size < 1 || data[0] == 0 || (size_t)data[0] + 1 > size)
        return 0;
    char *bytes = malloc(size);
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    MDB_val k = {data[0], bytes + 1}, v = {size - 1 - data[0], bytes + 1 + data[0]};
    if (lmdb_key_read(&k, &v, names, &key, &value) == 0) {
        inside(value, &v);
        if (key.group != names || strlen(key.field) >= sizeof names)
            abort();
        if (bytes[1] != '\0' && lmdb_key_make(&key, &made) && !made.hashed &&
            (lmdb_key_value(&made, &v, &again) != 0 || !span_eq(value, again)))
            abort();
    }
    free(bytes);
    return 0;
}
