/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that are taken as a tally are written back as they were, read as finite masses, and stay
 * encodable whatever is added. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tally.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct tally *t)
{
    uint8_t bytes[TALLY_BYTES_MAX], again[TALLY_BYTES_MAX];
    struct tally r;
    size_t len = tally_encode(t, bytes);
    if (tally_decode(bytes, len, &r) != 0 || tally_encode(&r, again) != len ||
        memcmp(bytes, again, len) != 0)
        abort();
    struct counts c = tally_counts(t);
    if (!(c.good >= 0 && c.bad >= 0 && c.seen >= 0) || !isfinite(c.good + c.bad + c.seen) ||
        c.first > c.last)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tally t, late;
    uint8_t again[TALLY_BYTES_MAX];
    if (tally_decode(data, size, &t) != 0)
        return 0;
    if (tally_encode(&t, again) != size || memcmp(again, data, size) != 0)
        abort();
    check(&t);
    late = t;
    tally_add(&late, late.half_life, late.first, 1, -1, 1);
    check(&late);
    tally_add(&t, t.half_life, t.last + 3600, 0, 1e300, 1);
    check(&t);
    tally_add(&t, 3600, t.last + 86400, 1, 0, 1);
    check(&t);
    return 0;
}
