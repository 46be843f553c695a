/* SPDX-License-Identifier: BSD-2-Clause */
/* An Avro container file: what is taken lies within the bytes, and no block is unpacked to more than
 * is allowed. */
#include <stdlib.h>
#include <string.h>
#include "journal_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNPACKED_MAX 100000u

static void within(struct span part, struct span all)
{
    if (part.p && (part.p < all.p || part.p + part.len > all.p + all.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    struct block_header header;
    struct block b;
    struct sbuf out;
    size_t at = 0;
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    struct span bytes = span_make(copy, size);
    sbuf_init(&out, UNPACKED_MAX);
    if (block_header_parse(bytes, &header) == BLOCK_WHOLE) {
        within(header.schema, bytes);
        at = header.length;
    } else {
        header = (struct block_header){.deflate = true};
        block_unpack(bytes, true, &out);
    }
    while (at <= size && block_parse(span_slice(bytes, at, size), header.sync, &b) == BLOCK_WHOLE) {
        within(b.data, bytes);
        if (b.data.len != b.size || b.head == 0)
            abort();
        sbuf_reset(&out);
        block_unpack(b.data, header.deflate, &out);
        if (out.len > UNPACKED_MAX)
            abort();
        at += b.head + b.size + BLOCK_SYNC;
    }
    if (at > size)
        abort();
    sbuf_clear(&out);
    free(copy);
    return 0;
}
