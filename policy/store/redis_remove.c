/* SPDX-License-Identifier: BSD-2-Clause */
/* Removing from a model in Redis what matches: a scan finds it, and changes remove it, so many keys
 * at a time. */
#include <stdlib.h>
#include <string.h>
#include "redis_store.h"

#define AT_ONCE 1000 /* keys in one change */

struct removal {
    struct store *s;
    bool (*match)(void *, const struct store_key *);
    void *arg;
    struct store_key keys[AT_ONCE]; /* group is from malloc and holds the field too */
    size_t count;
    uint64_t *removed;
    uint64_t found; /* by the last compute */
};

static int compare(const void *a, const void *b)
{
    return store_key_compare(a, b);
}

static void forget_key(struct removal *m, size_t i)
{
    free((char *)(uintptr_t)m->keys[i].group);
}

/* In ascending order; a scan may give one twice. */
static void put_in_order(struct removal *m)
{
    size_t kept = 0;
    if (m->count)
        qsort(m->keys, m->count, sizeof *m->keys, compare);
    for (size_t i = 0; i < m->count; i++) {
        if (kept && store_key_compare(&m->keys[kept - 1], &m->keys[i]) == 0)
            forget_key(m, i);
        else
            m->keys[kept++] = m->keys[i];
    }
    m->count = kept;
}

static int remove_all(void *arg, const struct span *now, struct span *new_r)
{
    struct removal *m = arg;
    m->found = 0;
    for (size_t i = 0; i < m->count; i++) {
        m->found += now[i].len > 0;
        new_r[i] = SPAN_LIT("");
    }
    return 0;
}

static int flush(struct removal *m)
{
    put_in_order(m);
    m->found = 0;
    int rc = redis_change(m->s, m->keys, m->count, remove_all, m, "", 0);
    if (rc == 0)
        *m->removed += m->found;
    for (size_t i = 0; i < m->count; i++)
        forget_key(m, i);
    m->count = 0;
    return rc;
}

static int look(void *arg, const struct store_key *key, struct span value)
{
    struct removal *m = arg;
    (void)value;
    if (!m->match(m->arg, key))
        return 0;
    size_t group = strlen(key->group) + 1, field = strlen(key->field) + 1;
    char *copy = malloc(group + field);
    if (!copy)
        return VOUCH_E_NOMEM;
    memcpy(copy, key->group, group);
    memcpy(copy + group, key->field, field);
    m->keys[m->count++] = (struct store_key){copy, copy + group};
    return m->count == AT_ONCE ? flush(m) : 0;
}

int redis_remove(struct store *s, bool (*match)(void *, const struct store_key *), void *arg,
                 uint64_t *removed_r)
{
    struct removal *m = calloc(1, sizeof *m);
    if (!m)
        return VOUCH_E_NOMEM;
    m->s = s;
    m->match = match;
    m->arg = arg;
    m->removed = removed_r;
    int rc = redis_scan_bytes(s, look, m);
    if (rc == 0 && m->count)
        rc = flush(m);
    for (size_t i = 0; i < m->count; i++)
        forget_key(m, i);
    free(m);
    return rc;
}
