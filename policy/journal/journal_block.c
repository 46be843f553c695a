/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads Avro's object container format from memory. Nothing is believed before it is compared with
 * the bytes that are there. */
#include "config.h"
#include "journal_block.h"
#include <string.h>
#include <zlib.h>

#define METADATA_MAX 64u /* entries of a header's map */

/* A long off the front of *rest. */
static int take_long(struct span *rest, int64_t *v_r)
{
    uint64_t z = 0;
    for (size_t i = 0; i < 10; i++) {
        if (i == rest->len)
            return BLOCK_PART;
        uint8_t byte = (uint8_t)rest->p[i];
        if (i == 9 && byte > 1)
            return VOUCH_E_SYNTAX;
        z |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80)) {
            *v_r = (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
            *rest = span_slice(*rest, i + 1, rest->len);
            return BLOCK_WHOLE;
        }
    }
    return VOUCH_E_SYNTAX;
}

static int take_bytes(struct span *rest, struct span *bytes_r)
{
    int64_t len;
    int rc = take_long(rest, &len);
    if (rc != BLOCK_WHOLE)
        return rc;
    if (len < 0)
        return VOUCH_E_SYNTAX;
    if (len > (int64_t)BLOCK_HEADER_MAX)
        return VOUCH_E_LIMIT;
    if ((uint64_t)len > rest->len)
        return BLOCK_PART;
    *bytes_r = span_slice(*rest, 0, (size_t)len);
    *rest = span_slice(*rest, (size_t)len, rest->len);
    return BLOCK_WHOLE;
}

static int take_entry(struct span *rest, struct block_header *h)
{
    struct span key, value;
    int rc = take_bytes(rest, &key);
    if (rc == BLOCK_WHOLE)
        rc = take_bytes(rest, &value);
    if (rc != BLOCK_WHOLE)
        return rc;
    if (span_eq(key, SPAN_LIT("avro.schema")))
        h->schema = value;
    if (span_eq(key, SPAN_LIT("avro.codec"))) {
        h->deflate = span_eq(value, SPAN_LIT("deflate"));
        if (!h->deflate && !span_eq(value, SPAN_LIT("null")))
            return VOUCH_E_SYNTAX;
    }
    return BLOCK_WHOLE;
}

/* The header's map: blocks of entries, each led by their count, the last by 0. */
static int take_map(struct span *rest, struct block_header *h)
{
    int64_t count, bytes;
    size_t entries = 0;
    for (;;) {
        int rc = take_long(rest, &count);
        if (rc == BLOCK_WHOLE && count == 0)
            return rc;
        if (rc == BLOCK_WHOLE && count < 0) { /* the block's size follows */
            rc = take_long(rest, &bytes);
            count = count < -(int64_t)METADATA_MAX ? (int64_t)METADATA_MAX + 1 : -count;
        }
        for (; rc == BLOCK_WHOLE && count > 0; count--)
            rc = ++entries > METADATA_MAX ? VOUCH_E_LIMIT : take_entry(rest, h);
        if (rc != BLOCK_WHOLE)
            return rc;
    }
}

int block_header_parse(struct span bytes, struct block_header *header_r)
{
    struct span rest = bytes;
    *header_r = (struct block_header){.schema = SPAN_NONE};
    if (memcmp(bytes.p, BLOCK_MAGIC, bytes.len < 4 ? bytes.len : 4) != 0)
        return VOUCH_E_SYNTAX;
    if (bytes.len < 4)
        return BLOCK_PART;
    rest = span_slice(rest, 4, rest.len);
    int rc = take_map(&rest, header_r);
    if (rc == BLOCK_WHOLE && rest.len < BLOCK_SYNC)
        rc = BLOCK_PART;
    if (rc == BLOCK_PART && bytes.len >= BLOCK_HEADER_MAX)
        rc = VOUCH_E_LIMIT;
    if (rc != BLOCK_WHOLE)
        return rc;
    memcpy(header_r->sync, rest.p, BLOCK_SYNC);
    header_r->length = bytes.len - rest.len + BLOCK_SYNC;
    return header_r->schema.p ? BLOCK_WHOLE : VOUCH_E_SYNTAX;
}

int block_head_parse(struct span bytes, struct block *block_r)
{
    struct span rest = bytes;
    int64_t count, size;
    int rc = take_long(&rest, &count);
    if (rc == BLOCK_WHOLE)
        rc = take_long(&rest, &size);
    if (rc != BLOCK_WHOLE)
        return rc;
    if (count < 0 || size < 0)
        return VOUCH_E_SYNTAX;
    if (size > (int64_t)BLOCK_DATA_MAX)
        return VOUCH_E_LIMIT;
    *block_r = (struct block){.count = (uint64_t)count,
                              .data = SPAN_NONE,
                              .head = bytes.len - rest.len,
                              .size = (size_t)size};
    return BLOCK_WHOLE;
}

int block_parse(struct span bytes, const uint8_t sync[BLOCK_SYNC], struct block *block_r)
{
    int rc = block_head_parse(bytes, block_r);
    if (rc != BLOCK_WHOLE)
        return rc;
    if (bytes.len - block_r->head < block_r->size + BLOCK_SYNC)
        return BLOCK_PART;
    block_r->data = span_slice(bytes, block_r->head, block_r->head + block_r->size);
    return memcmp(block_r->data.p + block_r->size, sync, BLOCK_SYNC) == 0 ? BLOCK_WHOLE
                                                                          : VOUCH_E_SYNTAX;
}

static int inflate_all(z_stream *z, struct span data, struct sbuf *out)
{
    char chunk[16384];
    union {
        const char *in;
        Bytef *out;
    } from = {data.p}; /* zlib only reads it */
    int rc = Z_OK;
    z->next_in = from.out;
    z->avail_in = (uInt)data.len;
    while (rc == Z_OK && !out->failed) {
        z->next_out = (Bytef *)chunk;
        z->avail_out = sizeof chunk;
        rc = inflate(z, Z_NO_FLUSH);
        sbuf_add(out, chunk, sizeof chunk - z->avail_out);
    }
    if (out->failed)
        return out->len + sizeof chunk > out->max ? VOUCH_E_SYNTAX : VOUCH_E_NOMEM;
    return rc == Z_STREAM_END && z->avail_in == 0 ? 0 : VOUCH_E_SYNTAX;
}

int block_unpack(struct span data, bool deflate, struct sbuf *out)
{
    z_stream z = {0};
    if (!deflate) {
        sbuf_addspan(out, data);
        return out->failed ? VOUCH_E_NOMEM : 0;
    }
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return VOUCH_E_NOMEM;
    int rc = inflate_all(&z, data, out);
    inflateEnd(&z);
    return rc;
}
