/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_SEALED_H
#define VOUCH_JOURNAL_SEALED_H

#include "journal_block.h"
#include "journal_datum.h"

/* Reads a sealed segment: the data of its blocks in order, or of one block. */
struct journal_sealed;

/* Of <first>.avro in dir; what its index says of its blocks is checked where there is one. NULL: errno, and one line in error_r, without the file's name; ENODATA:
 * the file is damaged or foreign. */
struct journal_sealed *journal_sealed_open(int dir, uint64_t first, char *error_r, size_t size);
void journal_sealed_close(struct journal_sealed **sp);

/* The next datum whose number is at least from: 1; 0: the end. VOUCH_E_SYNTAX: a block is damaged;
 * VOUCH_E_IO, VOUCH_E_NOMEM: journal_sealed_error says more. After damage the next call goes on behind
 * it: last is the segment's last number, by which the number of what follows is known (0: it is not
 * known, so nothing follows). */
int journal_sealed_next(struct journal_sealed *s, uint64_t from, uint64_t last, uint64_t *number_r,
                        struct span *datum_r);
const char *journal_sealed_error(const struct journal_sealed *s);
/* The datum at a place of the block that begins at offset. 1, or negative as above. */
int journal_sealed_at(struct journal_sealed *s, uint64_t offset, uint16_t place,
                      struct span *datum_r);
/* Data from here to the end by the heads of the blocks alone, which stay read. 0, or negative as
 * above. */
int journal_sealed_count(struct journal_sealed *s, uint64_t *count_r);

#endif
