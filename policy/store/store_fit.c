/* SPDX-License-Identifier: BSD-2-Clause */
/* Fitted weights, decoded once: every look-up asks for them, and they change once in a night. */
#include <stdlib.h>
#include <string.h>
#include "params.h"
#include "store_ops.h"

struct store_fit {
    struct store_fit *next;
    struct trust_fit fit;
    size_t len;
    char bytes[]; /* that it was read from */
};

static struct store_fit *fit_new(const void *bytes, size_t len)
{
    struct store_fit *f = malloc(sizeof *f + len);
    if (!f)
        return NULL;
    *f = (struct store_fit){.len = len};
    memcpy(f->bytes, bytes, len);
    trust_params_default(&f->fit.params);
    if (params_decode(bytes, len, &f->fit) == 0)
        return f;
    free(f);
    return NULL;
}

const struct trust_fit *store_fit_of(struct store *s, const void *bytes, size_t len)
{
    struct store_fit *first = atomic_load(&s->fits);
    for (struct store_fit *f = first; f; f = f->next)
        if (f->len == len && memcmp(f->bytes, bytes, len) == 0)
            return &f->fit;
    struct store_fit *f = fit_new(bytes, len);
    if (!f)
        return NULL;
    do /* one that another thread has just added stands twice: no harm */
        f->next = first;
    while (!atomic_compare_exchange_weak(&s->fits, &first, f));
    return &f->fit;
}

void store_fits_free(struct store *s)
{
    for (struct store_fit *f = atomic_load(&s->fits), *next; f; f = next) {
        next = f->next;
        free(f);
    }
    atomic_store(&s->fits, NULL);
}
