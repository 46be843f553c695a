/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that are taken as a mark are written back as they were. */
#include <stdlib.h>
#include <string.h>
#include "mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mark m;
    uint8_t again[MARK_BYTES_MAX];
    if (mark_decode(data, size, &m) != 0)
        return 0;
    if (mark_encode(&m, again) != size || memcmp(again, data, size) != 0 || mark_beats(&m, &m))
        abort();
    return 0;
}
