/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_INDEX_H
#define VOUCH_JOURNAL_INDEX_H

#include "journal_dir.h"

/* Which records of a sealed segment have an id or a message-id; and the CRC of each of its blocks,
 * which Avro's files have not. A file of pages, so that a look-up reads few of them; each has its own
 * CRC, and a record found is compared all the same.
 *
 *   page 0         "VOUCHX1\n" crc:4 zero:4 first:8 bytes:8 entries:8 blocks:8
 *   the others     crc:4 count:4, then items of 16 bytes: pages of entries, then pages of blocks
 *   an entry       digest:8 offset:6 place:2       sorted
 *   a block        offset:8 crc:4 zero:4           sorted
 *
 * bytes are those of the segment's file; integers are little-endian, digests those of frame_digest,
 * CRCs zlib's crc32. */

#define INDEX_PAGE 4096u

struct index_entry {
    uint64_t digest;
    uint64_t offset; /* of the block */
    uint16_t place;  /* in it */
};
struct index_block {
    uint64_t offset;
    uint32_t crc; /* of all its bytes, but for the sync marker */
};
struct index_builder {
    struct index_entry *entries;
    size_t count, room;
    struct index_block *blocks;
    size_t block_count, block_room;
};
/* digest 0 is not added. 0 or VOUCH_E_NOMEM. A builder of zeros is an empty one. */
int index_add(struct index_builder *b, uint64_t digest, uint64_t offset, uint16_t place);
int index_add_block(struct index_builder *b, uint64_t offset, uint32_t crc);
void index_clear(struct index_builder *b);
/* Writes <first>.index, of a segment file of so many bytes. 0 or -1 with errno. */
int index_write(struct index_builder *b, int dir, uint64_t first, uint64_t bytes);

/* An index is read through page (0, or negative VOUCH_E_*). */
struct index_source {
    int (*page)(void *arg, uint64_t number, uint8_t bytes_r[INDEX_PAGE]);
    void *arg;
};
/* Calls each for the entries with that digest, the last in the file first, until it returns other than
 * 0, and returns that; else 0, or VOUCH_E_SYNTAX: the index is damaged, or of another file. */
int index_find(const struct index_source *source, uint64_t first, uint64_t bytes, uint64_t digest,
               int (*each)(void *, const struct index_entry *), void *arg);
/* The same in <first>.index of dir; VOUCH_E_IO with errno (ENOENT: there is none). */
int index_find_file(int dir, uint64_t first, uint64_t bytes, uint64_t digest,
                    int (*each)(void *, const struct index_entry *), void *arg);

/* The CRCs of blocks. NULL: there is no index of that file, or a damaged one. */
struct index_crcs;
struct index_crcs *index_crcs_open(int dir, uint64_t first, uint64_t bytes);
void index_crcs_close(struct index_crcs **cp);
/* 1; 0: no block begins there; negative: the index is damaged, or cannot be read. */
int index_crc(struct index_crcs *c, uint64_t offset, uint32_t *crc_r);

#endif
