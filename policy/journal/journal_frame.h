/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_FRAME_H
#define VOUCH_JOURNAL_FRAME_H

#include "errors.h"
#include "sbuf.h"
#include "span.h"

/* The bytes of an open segment: a head, then frames, one a record. All integers are little-endian.
 *
 *   head    "VOUCHJ1\n"  crc:4 length:4 salt:8 first:8 previous:8 created:8 writer:4 schema:4
 *           the writer's bytes, the schema's bytes; length counts all of it
 *   frame   "vjf1" crc:4 length:4 synced:4 number:8 time:8 id:8 message_id:8, the datum
 *
 * synced: so many bytes of the file were on the disk when the frame was written, up to the beginning of a
 * frame; 0: not known. So after a crash the last frame says from where on there is something to look at.
 *
 * Both CRCs (CRC-32, zlib's) cover all that follows them; a frame's begins with the segment's random
 * salt, so that nothing a message brings can look like a frame of its segment. */

#define FRAME_BYTES      48u        /* before the datum */
#define FRAME_DATUM_MAX  (1u << 20) /* RECORD_BYTES_MAX */
#define FRAME_HEAD_BYTES 56u        /* before writer and schema */
#define FRAME_HEAD_MAX   (1u << 20) /* a schema is some 10 KB */
#define FRAME_WRITER_MAX 255u

struct frame_head {
    uint64_t salt;
    uint64_t first; /* number of the segment's first record */
    uint64_t
        previous; /* number of the last record before it; less than first - 1: a declared gap */
    int64_t created_us;
    struct span writer, schema; /* of parsed bytes: borrowed from them */
    size_t length;              /* of the head, in bytes */
};

struct frame {
    uint64_t number;
    int64_t time_us;
    uint64_t id, message_id; /* frame_digest; 0: none */
    uint32_t synced;         /* bytes that the disk had; 0: not known */
    struct span datum;       /* of parsed bytes: borrowed from them */
};

enum frame_outcome { FRAME_WHOLE = 1, FRAME_PART = 0 };

/* What finds an id again, or a message-id, with or without its <>: 64 bits, never 0 but for an absent
 * or empty span. */
uint64_t frame_digest(struct span id);

/* Appends the head's bytes. 0, VOUCH_E_NOMEM, VOUCH_E_LIMIT: writer or schema is too long. */
int frame_head_write(struct sbuf *out, const struct frame_head *head);
/* The head at the front of bytes: FRAME_WHOLE; FRAME_PART, it may be whole when there are more
 * bytes; VOUCH_E_SYNTAX, it is none or damaged. */
int frame_head_parse(struct span bytes, struct frame_head *head_r);

/* Writes what stands before the datum in the file. */
void frame_write(uint8_t bytes_r[FRAME_BYTES], uint64_t salt, const struct frame *f);
/* The frame at the front of bytes, its length in *length_r. As frame_head_parse. */
int frame_parse(struct span bytes, uint64_t salt, struct frame *frame_r, size_t *length_r);
/* Where the first whole frame in bytes begins, at or after from; -1: there is none. */
ptrdiff_t frame_seek(struct span bytes, uint64_t salt, size_t from);

#endif
