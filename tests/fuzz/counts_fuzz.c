/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that are taken as counts are written back as they were, and stay encodable whatever is
 * added. */
#include <stdlib.h>
#include <string.h>
#include "counts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct counts c;
    uint8_t again[COUNTS_BYTES];
    if (counts_decode(data, size, &c) != 0)
        return 0;
    if (c.good <= COUNTS_MASS_MAX && c.bad <= COUNTS_MASS_MAX && c.seen <= COUNTS_MASS_MAX) {
        counts_encode(&c, again);
        if (memcmp(again, data, sizeof again) != 0)
            abort();
    }
    counts_add(&c, c.first, 3600, 1, 0, 1);
    counts_add(&c, c.last + 3600, 3600, 0, 1e300, 1);
    struct counts later = counts_at(&c, c.last + 86400, 1);
    counts_encode(&later, again);
    if (counts_decode(again, sizeof again, &later) != 0)
        abort();
    return 0;
}
