/* SPDX-License-Identifier: BSD-2-Clause */
/* The format of an open segment; pure. What reads and writes the file is journal_segment.c. */
#include "journal_frame.h"
#include <string.h>
#include <zlib.h>

static const char head_magic[] = "VOUCHJ1\n";
static const char frame_magic[] = "vjf1";

#define MAGIC_BYTES 4u /* of a frame */

static void put32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

static uint32_t get32(const char *p)
{
    uint8_t b[4];
    memcpy(b, p, sizeof b);
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static uint64_t get64(const char *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static uint32_t crc_add(uint32_t crc, const void *p, size_t len)
{
    return (uint32_t)crc32_z(crc, p, len);
}

static uint32_t crc_salted(uint64_t salt)
{
    uint8_t bytes[8];
    put64(bytes, salt);
    return crc_add(0, bytes, sizeof bytes);
}

/* FNV-1a, its bits mixed (the finalizer of MurmurHash3). Whoever can choose ids can make two of one
 * digest, but then he can send one id twice just as well: what is found is compared. */
uint64_t frame_digest(struct span id)
{
    uint64_t h = 14695981039346656037u;
    if (id.len > 1 && id.p[0] == '<' && id.p[id.len - 1] == '>')
        id = span_slice(id, 1, id.len - 1);
    if (!id.p || id.len == 0)
        return 0;
    for (size_t i = 0; i < id.len; i++)
        h = (h ^ (uint8_t)id.p[i]) * 1099511628211u;
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
    h ^= h >> 33;
    return h ? h : 1;
}

int frame_head_write(struct sbuf *out, const struct frame_head *head)
{
    uint8_t b[FRAME_HEAD_BYTES] = {0};
    if (head->writer.len > FRAME_WRITER_MAX ||
        head->schema.len > FRAME_HEAD_MAX - FRAME_HEAD_BYTES - FRAME_WRITER_MAX)
        return VOUCH_E_LIMIT;
    memcpy(b, head_magic, 8);
    put32(b + 12, (uint32_t)(FRAME_HEAD_BYTES + head->writer.len + head->schema.len));
    put64(b + 16, head->salt);
    put64(b + 24, head->first);
    put64(b + 32, head->previous);
    put64(b + 40, (uint64_t)head->created_us);
    put32(b + 48, (uint32_t)head->writer.len);
    put32(b + 52, (uint32_t)head->schema.len);
    uint32_t crc = crc_add(0, b + 12, sizeof b - 12);
    crc = crc_add(crc, head->writer.p, head->writer.len);
    put32(b + 8, crc_add(crc, head->schema.p, head->schema.len));
    sbuf_add(out, b, sizeof b);
    sbuf_addspan(out, head->writer);
    sbuf_addspan(out, head->schema);
    return out->failed ? VOUCH_E_NOMEM : 0;
}

int frame_head_parse(struct span bytes, struct frame_head *head_r)
{
    size_t seen = bytes.len < 8 ? bytes.len : 8;
    if (memcmp(bytes.p, head_magic, seen) != 0)
        return VOUCH_E_SYNTAX;
    if (bytes.len < FRAME_HEAD_BYTES)
        return FRAME_PART;
    uint32_t length = get32(bytes.p + 12), writer = get32(bytes.p + 48),
             schema = get32(bytes.p + 52);
    if (length > FRAME_HEAD_MAX || writer > FRAME_WRITER_MAX || schema > FRAME_HEAD_MAX ||
        length != FRAME_HEAD_BYTES + writer + schema)
        return VOUCH_E_SYNTAX;
    if (bytes.len < length)
        return FRAME_PART;
    if (crc_add(0, bytes.p + 12, length - 12) != get32(bytes.p + 8))
        return VOUCH_E_SYNTAX;
    *head_r = (struct frame_head){.salt = get64(bytes.p + 16),
                                  .first = get64(bytes.p + 24),
                                  .previous = get64(bytes.p + 32),
                                  .created_us = (int64_t)get64(bytes.p + 40),
                                  .writer = {bytes.p + FRAME_HEAD_BYTES, writer},
                                  .schema = {bytes.p + FRAME_HEAD_BYTES + writer, schema},
                                  .length = length};
    return head_r->first > head_r->previous ? FRAME_WHOLE : VOUCH_E_SYNTAX;
}

void frame_write(uint8_t bytes_r[FRAME_BYTES], uint64_t salt, const struct frame *f)
{
    memcpy(bytes_r, frame_magic, MAGIC_BYTES);
    put32(bytes_r + 8, (uint32_t)f->datum.len);
    put32(bytes_r + 12, f->synced);
    put64(bytes_r + 16, f->number);
    put64(bytes_r + 24, (uint64_t)f->time_us);
    put64(bytes_r + 32, f->id);
    put64(bytes_r + 40, f->message_id);
    uint32_t crc = crc_add(crc_salted(salt), bytes_r + 8, FRAME_BYTES - 8);
    put32(bytes_r + 4, crc_add(crc, f->datum.p, f->datum.len));
}

int frame_parse(struct span bytes, uint64_t salt, struct frame *frame_r, size_t *length_r)
{
    size_t seen = bytes.len < MAGIC_BYTES ? bytes.len : MAGIC_BYTES;
    if (seen > 0 && memcmp(bytes.p, frame_magic, seen) != 0)
        return VOUCH_E_SYNTAX;
    if (bytes.len < FRAME_BYTES)
        return FRAME_PART;
    size_t datum = get32(bytes.p + 8);
    if (datum > FRAME_DATUM_MAX)
        return VOUCH_E_SYNTAX;
    if (bytes.len - FRAME_BYTES < datum)
        return FRAME_PART;
    if (crc_add(crc_salted(salt), bytes.p + 8, FRAME_BYTES - 8 + datum) != get32(bytes.p + 4))
        return VOUCH_E_SYNTAX;
    *frame_r = (struct frame){.number = get64(bytes.p + 16),
                              .time_us = (int64_t)get64(bytes.p + 24),
                              .id = get64(bytes.p + 32),
                              .message_id = get64(bytes.p + 40),
                              .synced = get32(bytes.p + 12),
                              .datum = {bytes.p + FRAME_BYTES, datum}};
    *length_r = FRAME_BYTES + datum;
    return FRAME_WHOLE;
}

ptrdiff_t frame_seek(struct span bytes, uint64_t salt, size_t from)
{
    struct frame f;
    size_t length;
    for (size_t at = from; at + FRAME_BYTES <= bytes.len; at++) {
        const char *p = memchr(bytes.p + at, frame_magic[0], bytes.len - FRAME_BYTES - at + 1);
        if (!p)
            return -1;
        at = (size_t)(p - bytes.p);
        if (frame_parse(span_slice(bytes, at, bytes.len), salt, &f, &length) == FRAME_WHOLE)
            return (ptrdiff_t)at;
    }
    return -1;
}
