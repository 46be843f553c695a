/* SPDX-License-Identifier: BSD-2-Clause */
/* One version of a model in memory: a balanced tree (no hostile key makes it slow) whose nodes also
 * form a list for scans. */
#include "memory_version.h"
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include "store_ops.h"

static int compare(const void *a, const void *b)
{
    return store_key_compare(a, b);
}

struct memory_node *memory_node_find(const struct memory_version *v, const struct store_key *key)
{
    struct memory_node *const *found = v ? tfind(key, &v->tree, compare) : NULL;
    return found ? *found : NULL;
}

struct memory_node *memory_node_make(struct memory_version *v, const struct store_key *key)
{
    struct memory_node *n = memory_node_find(v, key);
    if (n)
        return n;
    size_t group = strlen(key->group) + 1, field = strlen(key->field) + 1;
    n = calloc(1, sizeof *n + group + field);
    if (!n)
        return NULL;
    memcpy(n->text, key->group, group);
    memcpy(n->text + group, key->field, field);
    n->key = (struct store_key){n->text, n->text + group};
    if (!tsearch(n, &v->tree, compare)) {
        free(n);
        return NULL;
    }
    n->next = v->nodes;
    v->nodes = n;
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
        tdelete(n, &v->tree, compare);
        free(n->value);
        free(n);
    }
    for (struct memory_mark *k = v->marks, *next; k; k = next) {
        next = k->next;
        free(k);
    }
    v->nodes = NULL;
    v->marks = NULL;
    v->keys = 0;
}
