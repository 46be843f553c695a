/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_AVRO_BYTES_H
#define VOUCH_AVRO_BYTES_H

#include <string.h>
#include "sbuf.h"

/* Avro's binary encoding of single values (Avro 1.11 specification, "Binary Encoding"). Readers take
 * off the front of a span; one that ends too early, or a value that is none, makes it absent
 * (in->p == NULL), and every later read gives 0: check once at the end. Inline: a record is hundreds
 * of them. */

#define AVRO_LONG_BYTES 10 /* most bytes of a long */

/* Appends n bytes as sbuf_add does, without a call where there is room. */
static inline void avro_put(struct sbuf *out, const void *bytes, size_t n)
{
    if (out->failed || out->cap - out->len <= n || out->max - out->len < n) {
        sbuf_add(out, bytes, n);
        return;
    }
    memcpy(out->p + out->len, bytes, n);
    out->len += n;
    out->p[out->len] = '\0';
}

static inline void avro_put_byte(struct sbuf *out, char byte)
{
    avro_put(out, &byte, 1);
}

static inline void avro_put_long(struct sbuf *out, int64_t n)
{
    uint64_t z = ((uint64_t)n << 1) ^ (n < 0 ? UINT64_MAX : 0);
    char bytes[AVRO_LONG_BYTES];
    size_t len = 0;
    for (; z >= 0x80; z >>= 7)
        bytes[len++] = (char)(z | 0x80);
    bytes[len++] = (char)z;
    if (len == 1)
        avro_put_byte(out, bytes[0]);
    else
        avro_put(out, bytes, len);
}

static inline void avro_put_string(struct sbuf *out, struct span s)
{
    avro_put_long(out, (int64_t)s.len);
    avro_put(out, s.p, s.len);
}

static inline void avro_put_real(struct sbuf *out, double x)
{
    uint64_t bits;
    char bytes[8];
    memcpy(&bits, &x, sizeof bits);
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(bits >> (8 * i));
    avro_put(out, bytes, sizeof bytes);
}

static inline int64_t avro_fail(struct span *in)
{
    *in = SPAN_NONE;
    return 0;
}

static inline int64_t avro_get_long(struct span *in)
{
    uint64_t z = 0;
    for (size_t i = 0; i < in->len && i < AVRO_LONG_BYTES; i++) {
        uint64_t byte = (unsigned char)in->p[i];
        if (i == AVRO_LONG_BYTES - 1 && byte > 1)
            break; /* over 64 bits */
        z |= (byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *in = (struct span){in->p + i + 1, in->len - i - 1};
            return (int64_t)((z >> 1) ^ (z & 1 ? UINT64_MAX : 0));
        }
    }
    return avro_fail(in);
}

static inline int64_t avro_get_int(struct span *in)
{
    int64_t n = avro_get_long(in);
    return n < INT32_MIN || n > INT32_MAX ? avro_fail(in) : n;
}

/* n bytes as they are; absent: there are fewer */
static inline struct span avro_get_bytes(struct span *in, uint64_t n)
{
    if (!in->p || n > in->len) {
        avro_fail(in);
        return SPAN_NONE;
    }
    struct span bytes = {in->p, (size_t)n};
    *in = (struct span){in->p + n, in->len - (size_t)n};
    return bytes;
}

/* A string, or bytes. A negative length is one beyond the end. */
static inline struct span avro_get_string(struct span *in)
{
    return avro_get_bytes(in, (uint64_t)avro_get_long(in));
}

/* n bytes, 8 at most, as a number: the lowest first */
static inline uint64_t avro_get_bits(struct span *in, size_t n)
{
    struct span bytes = avro_get_bytes(in, n);
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes.len; i++)
        bits |= (uint64_t)(unsigned char)bytes.p[i] << (8 * i);
    return bits;
}

static inline double avro_get_real(struct span *in)
{
    uint64_t bits = avro_get_bits(in, 8);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline float avro_get_float(struct span *in)
{
    uint32_t bits = (uint32_t)avro_get_bits(in, 4);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 0 or 1 */
static inline int avro_get_bool(struct span *in)
{
    struct span byte = avro_get_bytes(in, 1);
    if (byte.p && (unsigned char)byte.p[0] <= 1)
        return byte.p[0];
    return (int)avro_fail(in);
}

/* The number of items in an array's or map's next block; 0: it ends. Items are at least least bytes
 * long each, so a count that cannot be is an error. */
static inline size_t avro_get_block(struct span *in, size_t least)
{
    int64_t count = avro_get_long(in);
    if (count < 0) {
        avro_get_long(in); /* the block's bytes, for who wants to skip it */
        count = count == INT64_MIN ? INT64_MAX : -count;
    }
    if (!in->p || (uint64_t)count > in->len / least)
        return (size_t)avro_fail(in);
    return (size_t)count;
}

#endif
