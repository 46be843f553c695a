/* SPDX-License-Identifier: BSD-2-Clause */
/* An Avro object container file, block by block. Only its bytes: what a datum is, the schema says. */
#include "config.h"
#include "journal_container.h"
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zlib.h>
#include "journal_block.h"
#include "journal_dir.h"
#include "disk.h"

#define BLOCK_BYTES   (64u * 1024) /* of data in a block, unless a datum is larger */
#define BLOCK_RECORDS 4096u        /* a place in a block is 16 bits */
#define DEFLATE_LEVEL 6

struct container {
    int fd;
    int (*block)(void *, uint64_t, uint32_t);
    void *arg;
    uint64_t offset; /* of the block that is collected */
    uint64_t count;  /* data in it */
    struct sbuf data, packed;
    uint8_t sync[BLOCK_SYNC];
    EVP_MD_CTX *sha256;
    z_stream z;
    bool z_ready;
};

/* Avro's long: zigzag, 7 bits a byte */
static void add_long(struct sbuf *b, int64_t v)
{
    uint64_t z = (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
    for (; z > 0x7f; z >>= 7)
        sbuf_addc(b, (char)(0x80 | (z & 0x7f)));
    sbuf_addc(b, (char)z);
}

static void add_bytes(struct sbuf *b, struct span s)
{
    add_long(b, (int64_t)s.len);
    sbuf_addspan(b, s);
}

static int put(struct container *c, const struct sbuf *b)
{
    if (b->failed) {
        errno = ENOMEM;
        return -1;
    }
    if (disk_write_all(c->fd, b->p, b->len) != 0)
        return -1;
    EVP_DigestUpdate(c->sha256, b->p, b->len);
    c->offset += b->len;
    return 0;
}

static int put_header(struct container *c, struct span schema)
{
    struct sbuf b;
    sbuf_init(&b, BLOCK_HEADER_MAX);
    sbuf_add(&b, BLOCK_MAGIC, 4);
    add_long(&b, 2);
    add_bytes(&b, SPAN_LIT("avro.schema"));
    add_bytes(&b, schema);
    add_bytes(&b, SPAN_LIT("avro.codec"));
    add_bytes(&b, SPAN_LIT("deflate"));
    add_long(&b, 0);
    sbuf_add(&b, c->sync, BLOCK_SYNC);
    int rc = put(c, &b);
    sbuf_clear(&b);
    return rc;
}

struct container *container_new(int fd, struct span schema,
                                int (*block)(void *, uint64_t offset, uint32_t crc), void *arg)
{
    struct container *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->fd = fd;
    c->block = block;
    c->arg = arg;
    sbuf_init(&c->data, BLOCK_DATA_MAX);
    sbuf_init(&c->packed, 2 * BLOCK_DATA_MAX);
    c->sha256 = EVP_MD_CTX_new();
    c->z_ready =
        deflateInit2(&c->z, DEFLATE_LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    errno = ENOMEM;
    if (c->sha256 && c->z_ready && EVP_DigestInit_ex(c->sha256, EVP_sha256(), NULL) == 1 &&
        getrandom(c->sync, sizeof c->sync, 0) == (ssize_t)sizeof c->sync &&
        put_header(c, schema) == 0)
        return c;
    int error = errno;
    container_free(&c);
    errno = error;
    return NULL;
}

void container_free(struct container **cp)
{
    struct container *c = *cp;
    if (!c)
        return;
    if (c->z_ready)
        deflateEnd(&c->z);
    EVP_MD_CTX_free(c->sha256);
    sbuf_clear(&c->data);
    sbuf_clear(&c->packed);
    free(c);
    *cp = NULL;
}

/* Deflates the data behind room for the block's head. NULL: out of memory. */
static char *pack(struct container *c, size_t *len_r)
{
    size_t most = deflateBound(&c->z, c->data.len);
    char *p = malloc(most);
    if (!p || deflateReset(&c->z) != Z_OK) {
        free(p);
        return NULL;
    }
    union {
        const char *in;
        Bytef *out;
    } data = {c->data.p}; /* zlib only reads it */
    c->z.next_in = data.out;
    c->z.avail_in = (uInt)c->data.len;
    c->z.next_out = (Bytef *)p;
    c->z.avail_out = (uInt)most;
    if (deflate(&c->z, Z_FINISH) != Z_STREAM_END) {
        free(p);
        return NULL;
    }
    *len_r = most - c->z.avail_out;
    return p;
}

static int flush(struct container *c)
{
    size_t len = 0;
    if (c->count == 0)
        return 0;
    char *packed = pack(c, &len);
    if (!packed) {
        errno = ENOMEM;
        return -1;
    }
    sbuf_reset(&c->packed);
    add_long(&c->packed, (int64_t)c->count);
    add_long(&c->packed, (int64_t)len);
    sbuf_add(&c->packed, packed, len);
    free(packed);
    uint32_t crc = (uint32_t)crc32_z(0, (const Bytef *)c->packed.p, c->packed.len);
    if (c->block(c->arg, c->offset, crc) != 0) {
        errno = ENOMEM;
        return -1;
    }
    sbuf_add(&c->packed, c->sync, BLOCK_SYNC);
    sbuf_reset(&c->data);
    c->count = 0;
    return put(c, &c->packed);
}

int container_add(struct container *c, struct span datum, uint64_t *offset_r, uint16_t *place_r)
{
    if (c->count == BLOCK_RECORDS || (c->count > 0 && c->data.len + datum.len > BLOCK_BYTES))
        if (flush(c) != 0)
            return -1;
    sbuf_addspan(&c->data, datum);
    if (c->data.failed) {
        errno = ENOMEM;
        return -1;
    }
    *offset_r = c->offset;
    *place_r = (uint16_t)c->count++;
    return 0;
}

int container_end(struct container *c, uint64_t *bytes_r, uint8_t sha256_r[CONTAINER_SHA256])
{
    unsigned len;
    if (flush(c) != 0)
        return -1;
    EVP_DigestFinal_ex(c->sha256, sha256_r, &len);
    *bytes_r = c->offset;
    return 0;
}
