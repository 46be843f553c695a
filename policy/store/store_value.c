/* SPDX-License-Identifier: BSD-2-Clause */
/* From the bytes that a model keeps to what a look-up says: the one place for all backends. */
#include <math.h>
#include "store_ops.h"
#include "tally.h"
#include "value.h"

int store_value_kind(const void *bytes, size_t len)
{
    int kind = len > 0 ? *(const uint8_t *)bytes : VALUE_NONE;
    return kind == VALUE_TALLY || kind == VALUE_WINDOW || kind == VALUE_MARK ||
                   kind == VALUE_ERASURE || kind == VALUE_POSITION || kind == VALUE_WEIGHTS
               ? kind
               : VALUE_NONE;
}

/* To the digits that a tally really has (tally.h), four behind the point at most: 12.5 that was
 * imported is read, shown and exported so, and 113 messages of one moment are 113. */
static double rounded(double mass)
{
    double digits = 1e4;
    while (digits > 1 && mass * digits > 1 << TALLY_FRACTION)
        digits /= 10;
    return round(mass * digits) / digits;
}

bool store_value_counts(const void *bytes, size_t len, struct counts *c_r)
{
    struct tally t;
    if (tally_decode(bytes, len, &t) != 0)
        return false;
    *c_r = tally_counts(&t);
    c_r->good = rounded(c_r->good);
    c_r->bad = rounded(c_r->bad);
    c_r->seen = rounded(c_r->seen);
    return true;
}

static bool decode(struct store *s, const void *bytes, size_t len, struct store_value *v)
{
    switch (store_value_kind(bytes, len)) {
    case VALUE_TALLY:
        return store_value_counts(bytes, len, &v->counts);
    case VALUE_WINDOW:
        return window_sum(bytes, len, &v->window) == 0;
    case VALUE_WEIGHTS:
        v->fit = store_fit_of(s, bytes, len);
        return v->fit != NULL;
    case VALUE_NONE:
        return false;
    default:
        return true;
    }
}

struct store_value store_value_decode(struct store *s, const void *bytes, size_t len)
{
    struct store_value v = {.outcome = LOOKUP_FOUND};
    if (decode(s, bytes, len, &v))
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
