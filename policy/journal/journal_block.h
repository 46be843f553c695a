/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_BLOCK_H
#define VOUCH_JOURNAL_BLOCK_H

#include <stdbool.h>
#include "errors.h"
#include "sbuf.h"

/* The bytes of an Avro object container file: its header and its blocks, bounds-checked. Pure. */

#define BLOCK_MAGIC      "Obj\x01"
#define BLOCK_SYNC       16u
#define BLOCK_HEADER_MAX (1u << 20)
#define BLOCK_DATA_MAX   (4u << 20) /* of one block, packed or not: RECORD_BYTES_MAX and more */
#define BLOCK_HEAD_MAX   20u        /* two longs */

enum block_outcome { BLOCK_WHOLE = 1, BLOCK_PART = 0 };

struct block_header {
    struct span schema; /* borrowed from the bytes parsed */
    bool deflate;       /* else the data are as they are */
    uint8_t sync[BLOCK_SYNC];
    size_t length;
};
/* BLOCK_WHOLE; BLOCK_PART: it may be whole when there are more bytes; VOUCH_E_SYNTAX: it is none, or
 * has a codec that is unknown here; VOUCH_E_LIMIT: longer than BLOCK_HEADER_MAX. */
int block_header_parse(struct span bytes, struct block_header *header_r);

struct block {
    uint64_t count;   /* of data */
    struct span data; /* borrowed; absent where only the head was parsed */
    size_t head;      /* bytes before the data */
    size_t size;      /* bytes of data */
};
/* Count and size of the block at the front of bytes. As block_header_parse. */
int block_head_parse(struct span bytes, struct block *block_r);
/* All of it, and that the sync marker follows. */
int block_parse(struct span bytes, const uint8_t sync[BLOCK_SYNC], struct block *block_r);
/* Appends the data, unpacked, to out, whose maximum is the limit. 0, VOUCH_E_SYNTAX, VOUCH_E_NOMEM. */
int block_unpack(struct span data, bool deflate, struct sbuf *out);

#endif
