/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_CONTAINER_H
#define VOUCH_JOURNAL_CONTAINER_H

#include "errors.h"
#include "span.h"

/* Writes an Avro object container file (Avro 1.11 specification), deflate. Not by Avro C: its writer
 * leaves defaults and documentation out of the schema, and readers then see a foreign one. */
struct container;

#define CONTAINER_SHA256 32

/* fd: an empty file, borrowed. block: called for each block written, with the CRC (zlib's crc32) of its
 * bytes but for the sync marker; not 0: container_add or _end fails with ENOMEM. NULL with errno. */
struct container *container_new(int fd, struct span schema,
                                int (*block)(void *, uint64_t offset, uint32_t crc), void *arg);
void container_free(struct container **cp);
/* Adds one encoded datum. *offset_r: where the block that it stands in begins; *place_r: its place
 * there, from 0. 0 or -1 with errno. */
int container_add(struct container *c, struct span datum, uint64_t *offset_r, uint16_t *place_r);
/* Writes the last block. *bytes_r and sha256_r: of the whole file. 0 or -1 with errno. */
int container_end(struct container *c, uint64_t *bytes_r, uint8_t sha256_r[CONTAINER_SHA256]);

#endif
