/* SPDX-License-Identifier: BSD-2-Clause */
/* Input: a prefix, a line end, and the value of a Subject field. What was tagged once is not tagged
 * again, holds no CR and no NUL. */
#include <stdlib.h>
#include <string.h>
#include "subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct span value = span_make(bytes, n), prefix;
    char text[256];
    span_split(&value, '\n', &prefix);
    prefix = span_slice(prefix, 0, sizeof text - 1);
    memcpy(text, prefix.p, prefix.len);
    text[prefix.len] = '\0';
    if (strlen(text) != prefix.len || span_trim(prefix).len == 0)
        return 0;
    struct sbuf once, twice;
    sbuf_init(&once, SUBJECT_MAX_BYTES);
    sbuf_init(&twice, SUBJECT_MAX_BYTES);
    if (subject_tag(&once, text, value)) {
        if (memchr(once.p, '\r', once.len) || memchr(once.p, '\0', once.len))
            abort();
        if (subject_tag(&twice, text, sbuf_span(&once)))
            abort();
    }
    sbuf_clear(&once);
    sbuf_clear(&twice);
    return 0;
}
