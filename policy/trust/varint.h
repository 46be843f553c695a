/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_VARINT_H
#define VOUCH_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Integers in as few bytes as they need: seven bits a byte, lowest first, the top bit says that more
 * follow (LEB128, as in Avro and Protocol Buffers). Signed ones are zigzag: 0, -1, 1, -2, ... What is
 * read must be the shortest form, so that a value has one encoding. */

#define VARINT_BYTES_MAX 10

struct varint_reader {
    const uint8_t *p, *end; /* borrowed */
    bool bad;               /* something was missing or malformed; all that is read then is 0 */
};

/* Writes up to VARINT_BYTES_MAX bytes; returns behind the last. */
uint8_t *varint_put(uint8_t *p, uint64_t value);
uint8_t *varint_put_signed(uint8_t *p, int64_t value);
uint64_t varint_get(struct varint_reader *r);
/* above max: bad */
uint64_t varint_get_max(struct varint_reader *r, uint64_t max);
int64_t varint_get_signed(struct varint_reader *r);

#endif
