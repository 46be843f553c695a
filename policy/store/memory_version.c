/* SPDX-License-Identifier: BSD-2-Clause */
/* One version of a model in memory: a hash table of chains, half full at most, whose nodes also form a
 * list for scans. Who chose its keys could make chains long: it holds nobody's live model. */
#include "memory_version.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024 /* chains; a power of two */

/* Eight bytes at a time; each step spreads what it took in over all bits. */
static uint64_t add_text(uint64_t hash, const char *text)
{
    uint64_t word;
    for (size_t left = strlen(text) + 1; left > 0;) {
        size_t n = left < sizeof word ? left : sizeof word;
        word = 0;
        memcpy(&word, text, n);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
        text += n;
        left -= n;
    }
    return hash;
}

static uint64_t hash_key(const struct store_key *key)
{
    return add_text(add_text(0, key->group), key->field);
}

static bool same_key(const struct store_key *a, const struct store_key *b)
{
    return strcmp(a->field, b->field) == 0 && strcmp(a->group, b->group) == 0;
}

static struct memory_node *find(const struct memory_version *v, const struct store_key *key,
                                uint64_t hash)
{
    struct memory_node *n = v->size ? v->chains[hash & (v->size - 1)] : NULL;
    while (n && (n->hash != hash || !same_key(&n->key, key)))
        n = n->chain;
    return n;
}

struct memory_node *memory_node_find(const struct memory_version *v, const struct store_key *key)
{
    return v ? find(v, key, hash_key(key)) : NULL;
}

static void put(struct memory_version *v, struct memory_node *n)
{
    struct memory_node **chain = &v->chains[n->hash & (v->size - 1)];
    n->chain = *chain;
    *chain = n;
}

static int grow(struct memory_version *v)
{
    size_t size = v->size ? 2 * v->size : FIRST_SIZE;
    struct memory_node **chains = calloc(size, sizeof(*chains));
    if (!chains)
        return VOUCH_E_NOMEM;
    free(v->chains);
    v->chains = chains;
    v->size = size;
    for (struct memory_node *n = v->nodes; n; n = n->next)
        put(v, n);
    return 0;
}

struct memory_node *memory_node_make(struct memory_version *v, const struct store_key *key)
{
    uint64_t hash = hash_key(key);
    struct memory_node *n = find(v, key, hash);
    if (n || (v->count >= v->size / 2 && grow(v) != 0))
        return n;
    size_t group = strlen(key->group) + 1, field = strlen(key->field) + 1;
    n = calloc(1, sizeof *n + group + field);
    if (!n)
        return NULL;
    memcpy(n->text, key->group, group);
    memcpy(n->text + group, key->field, field);
    n->key = (struct store_key){n->text, n->text + group};
    n->hash = hash;
    n->next = v->nodes;
    v->nodes = n;
    v->count++;
    put(v, n);
    return n;
}

void memory_node_fill(struct memory_version *v, struct memory_node *n, char *value, size_t len)
{
    v->keys += (value != NULL) - (n->value != NULL);
    free(n->value);
    n->value = value;
    n->len = len;
}

struct memory_mark *memory_mark_find(const struct memory_version *v, const char *writer)
{
    struct memory_mark *k = v ? v->marks : NULL;
    while (k && strcmp(k->writer, writer) != 0)
        k = k->next;
    return k;
}

struct memory_mark *memory_mark_make(struct memory_version *v, const char *writer)
{
    size_t n = strlen(writer) + 1;
    struct memory_mark *k = calloc(1, sizeof *k + n);
    if (k) {
        memcpy(k->writer, writer, n);
        k->next = v->marks;
        v->marks = k;
    }
    return k;
}

void memory_version_clear(struct memory_version *v)
{
    for (struct memory_node *n = v->nodes, *next; n; n = next) {
        next = n->next;
        free(n->value);
        free(n);
    }
    for (struct memory_mark *k = v->marks, *next; k; k = next) {
        next = k->next;
        free(k);
    }
    free(v->chains);
    v->chains = NULL;
    v->nodes = NULL;
    v->marks = NULL;
    v->size = v->count = v->keys = 0;
}
