/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that are taken as a window are written back as they were, and summed; what is refused is
 * not summed either. It stays encodable whatever is added. */
#include <stdlib.h>
#include <string.h>
#include "window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct window *w)
{
    uint8_t bytes[WINDOW_BYTES_MAX];
    struct window_sum s;
    struct window *again = NULL;
    size_t len = window_encode(w, bytes, sizeof bytes);
    if (!len || window_decode(bytes, len, &again) != 0 || window_sum(bytes, len, &s) != 0)
        abort();
    window_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[WINDOW_BYTES_MAX];
    struct window *w = NULL;
    struct window_sum s;
    int rc = window_decode(data, size, &w);
    if (rc != window_sum(data, size, &s))
        abort();
    if (rc != 0)
        return 0;
    if (window_encode(w, bytes, sizeof bytes) != size || memcmp(bytes, data, size) != 0)
        abort();
    window_add_member(w, s.last - 1800, WINDOW_X, 42);
    check(w);
    window_add_message(w, s.last + 1800);
    window_add_member(w, s.last + 7200, WINDOW_Y, 42);
    check(w);
    window_free(&w);
    return 0;
}
