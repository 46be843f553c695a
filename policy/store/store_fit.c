/* SPDX-License-Identifier: BSD-2-Clause */
/* Fitted weights, decoded once: every look-up asks for them, and they change once in a night. */
#include <stdlib.h>
#include <string.h>
#include "clock.h"
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

#define WAIT_MS 10000

static const struct store_key place = {PARAMS_GROUP, PARAMS_FIELD};

static int put(void *arg, const struct span *now, struct span *new_r)
{
    (void)now;
    new_r[0] = *(const struct span *)arg;
    return 0;
}

int store_put_weights(struct store *s, const struct trust_fit *fit)
{
    struct sbuf bytes;
    sbuf_init(&bytes, PARAMS_BYTES_MAX);
    params_encode(fit, &bytes);
    struct span value = sbuf_span(&bytes);
    int rc = bytes.failed ? VOUCH_E_NOMEM : store_change(s, &place, 1, put, &value, "", 0);
    sbuf_clear(&bytes);
    return rc;
}

int store_weights(struct store *s, struct trust_fit *fit_r)
{
    struct store_value value;
    struct store_query *q = store_ask(s, &place, 1);
    *fit_r = (struct trust_fit){0};
    trust_params_default(&fit_r->params);
    if (!q || store_wait(&q, clock_ms() + WAIT_MS, &value) < 0 || value.outcome < 0)
        return LOOKUP_FAILED;
    if (value.fit)
        *fit_r = *value.fit;
    return value.fit ? LOOKUP_FOUND : LOOKUP_ABSENT;
}
