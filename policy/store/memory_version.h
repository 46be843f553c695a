/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MEMORY_VERSION_H
#define VOUCH_MEMORY_VERSION_H

#include "store.h"

/* One version of a model in memory; private to this room. Whoever uses it holds a lock. */

struct memory_node {
    struct store_key key; /* points into text */
    uint64_t hash;
    struct memory_node *chain; /* the next one in the table */
    struct memory_node *next;  /* of all */
    char *value;               /* NULL: there is none */
    size_t len;
    char text[];
};
struct memory_mark {
    struct memory_mark *next;
    uint64_t value;
    char writer[];
};
struct memory_version {
    struct memory_version *next; /* made after this one */
    char name[STORE_VERSION_MAX + 1];
    struct memory_node **chains; /* the table */
    size_t size;                 /* of it, in chains */
    struct memory_node *nodes;
    size_t count; /* of nodes */
    size_t keys;  /* nodes that have a value */
    struct memory_mark *marks;
};

/* NULL: there is none; so is v, then. */
struct memory_node *memory_node_find(const struct memory_version *v, const struct store_key *key);
/* The node of key, made without a value if there is none. NULL: out of memory. */
struct memory_node *memory_node_make(struct memory_version *v, const struct store_key *key);
/* Takes value; NULL removes. */
void memory_node_fill(struct memory_version *v, struct memory_node *n, char *value, size_t len);

struct memory_mark *memory_mark_find(const struct memory_version *v, const char *writer);
/* At 0. NULL: out of memory. */
struct memory_mark *memory_mark_make(struct memory_version *v, const char *writer);

/* Frees what is in it; it is then empty. */
void memory_version_clear(struct memory_version *v);

#endif
