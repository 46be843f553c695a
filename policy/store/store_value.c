/* SPDX-License-Identifier: BSD-2-Clause */
/* From the bytes that a model keeps to what a look-up says: the one place for all backends. */
#include "store_ops.h"

struct store_value store_value_decode(struct store *s, const void *bytes, size_t len)
{
    struct store_value v = {.outcome = LOOKUP_FOUND};
    if (counts_decode(bytes, len, &v.counts) == 0)
        return v;
    atomic_store(&s->unreadable, true);
    return (struct store_value){.outcome = LOOKUP_FAILED};
}

int store_values_fill(struct store_value *values_r, size_t count, enum lookup_outcome outcome)
{
    for (size_t i = 0; i < count; i++)
        values_r[i] = (struct store_value){.outcome = outcome};
    return outcome < 0 ? outcome : LOOKUP_FOUND;
}

int store_values_outcome(const struct store_value *values, size_t count)
{
    int worst = LOOKUP_FOUND;
    for (size_t i = 0; i < count; i++)
        if (values[i].outcome < 0 && values[i].outcome < worst)
            worst = values[i].outcome;
    return worst;
}
