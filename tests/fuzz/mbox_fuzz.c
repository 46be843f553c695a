/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages at rest: an mbox is taken apart to its end whatever it holds, no message of it lies outside, and
 * taking the quoting off makes none longer; each is then looked at as a message. */
#include <stdlib.h>
#include <string.h>
#include "feed.h"
#include "mbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_make(data, size);
    char *out = malloc(size + 1), error[128];
    if (!out)
        return 0;
    while (rest.len > 0) {
        size_t before = rest.len;
        struct span message = mbox_next(&rest);
        if (rest.len >= before || message.len > before - rest.len)
            abort();
        size_t len = mbox_unquote(message, out);
        if (len > message.len)
            abort();
        if (feed_check(span_make(out, len), error, sizeof error) == 0)
            feed_time(span_make(out, len));
    }
    free(out);
    return 0;
}
