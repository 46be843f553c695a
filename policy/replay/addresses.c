/* SPDX-License-Identifier: BSD-2-Clause */
/* An open hash table, at most half full, of indices into a list. */
#include "addresses.h"
#include <stdlib.h>
#include <string.h>
#include "errors.h"

struct addresses {
    struct ipaddr *list;
    size_t count;
    size_t *table; /* index + 1; 0: free */
    size_t size;   /* of table, a power of two; list has room for half as many */
};

struct addresses *addresses_new(void)
{
    return calloc(1, sizeof(struct addresses));
}

void addresses_free(struct addresses **ap)
{
    if (!*ap)
        return;
    free((*ap)->list);
    free((*ap)->table);
    free(*ap);
    *ap = NULL;
}

/* Where ip stands in the table, or would. */
static size_t *find(struct addresses *a, const struct ipaddr *ip)
{
    size_t i = span_fnv1a(span_make(ip, sizeof *ip), SPAN_FNV1A) & (a->size - 1);
    while (a->table[i] && !ipaddr_eq(&a->list[a->table[i] - 1], ip))
        i = (i + 1) & (a->size - 1);
    return &a->table[i];
}

static int grow(struct addresses *a)
{
    size_t size = a->size ? 2 * a->size : 1024;
    struct ipaddr *list = realloc(a->list, size / 2 * sizeof *list);
    if (!list)
        return VOUCH_E_NOMEM;
    a->list = list;
    size_t *table = calloc(size, sizeof *table);
    if (!table)
        return VOUCH_E_NOMEM;
    free(a->table);
    a->table = table;
    a->size = size;
    for (size_t i = 0; i < a->count; i++)
        *find(a, &list[i]) = i + 1;
    return 0;
}

int addresses_number(struct addresses *a, const struct ipaddr *ip, size_t *number_r, bool *new_r)
{
    if (a->count == a->size / 2 && grow(a) != 0)
        return VOUCH_E_NOMEM;
    size_t *at = find(a, ip);
    *new_r = *at == 0;
    if (*new_r) {
        a->list[a->count++] = *ip;
        *at = a->count;
    }
    *number_r = *at - 1;
    return 0;
}
