/* SPDX-License-Identifier: BSD-2-Clause */
/* An index: the first byte says whether its pages' CRCs are made right, the next eight are the digest
 * looked for, the rest is the file. Whatever it says, looking ends, and finds what was asked for. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "errors.h"
#include "journal_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
    const uint8_t *bytes;
    size_t size;
    bool right;
    unsigned pages; /* read */
};

static int page_of(void *arg, uint64_t number, uint8_t bytes_r[INDEX_PAGE])
{
    struct file *f = arg;
    if (f->pages++ > 1000)
        abort();
    if (number > f->size / INDEX_PAGE)
        return VOUCH_E_SYNTAX;
    size_t from = (size_t)number * INDEX_PAGE, len = f->size - from;
    memset(bytes_r, 0, INDEX_PAGE); /* a short file goes on with zeros */
    memcpy(bytes_r, f->bytes + from, len < INDEX_PAGE ? len : INDEX_PAGE);
    if (f->right) {
        unsigned at = number == 0 ? 8 : 0;
        uint32_t crc = (uint32_t)crc32_z(0, bytes_r + at + 4, INDEX_PAGE - at - 4);
        for (unsigned i = 0; i < 4; i++)
            bytes_r[at + i] = (uint8_t)(crc >> (8 * i));
    }
    return 0;
}

static int take(void *arg, const struct index_entry *e)
{
    uint64_t *left = arg;
    return --*left == 0 || e->offset >> 48 != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t digest, left = 500, first = 0, bytes = 0;
    if (size < 9)
        return 0;
    struct file f = {data + 9, size - 9, data[0] & 1, 0};
    memcpy(&digest, data + 1, sizeof digest);
    if (f.size >= 32) { /* the segment that it says it is of */
        for (unsigned i = 0; i < 8; i++) {
            first |= (uint64_t)f.bytes[16 + i] << (8 * i);
            bytes |= (uint64_t)f.bytes[24 + i] << (8 * i);
        }
    }
    index_find(&(struct index_source){page_of, &f}, first, bytes, digest, take, &left);
    return 0;
}
