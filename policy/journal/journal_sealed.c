/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a sealed segment through a window on the file. Invariant: the window's bytes stand at
 * `offset` in the file; `used` of them are read. */
#include "config.h"
#include "journal_sealed.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "journal_dir.h"
#include "journal_index.h"
#include "disk.h"

#define WINDOW_FIRST (256u * 1024)
#define WINDOW_MAX   (BLOCK_HEAD_MAX + BLOCK_DATA_MAX + BLOCK_SYNC)

struct journal_sealed {
    int fd;
    char *window;
    size_t room, filled, used;
    uint64_t offset;
    uint64_t block;             /* where the one that is read begins */
    struct block_header header; /* its schema: in `schema` */
    char *schema;
    struct index_crcs *crcs; /* NULL: they are not known */
    struct journal_datum datum;
    struct sbuf data; /* of the block that is read */
    struct span rest; /* what is left of them */
    uint64_t left;    /* data in rest */
    uint64_t number;  /* of the next datum */
    bool damaged;     /* the block at hand cannot be walked over: seek the next */
    char error[400];
};

static int wrong(struct journal_sealed *s, int code, uint64_t at, const char *text)
{
    snprintf(s->error, sizeof s->error, "the block at offset %" PRIu64 " %s", at, text);
    return code;
}

static int io_error(struct journal_sealed *s)
{
    snprintf(s->error, sizeof s->error, "%s", strerror(errno));
    return VOUCH_E_IO;
}

static struct span window(const struct journal_sealed *s)
{
    return span_make(s->window + s->used, s->filled - s->used);
}

static uint64_t here(const struct journal_sealed *s)
{
    return s->offset + s->used;
}

/* Reads the window from `at` on; grows it first where it was full and not enough. */
static int fill(struct journal_sealed *s, uint64_t at, bool grow)
{
    if (grow && s->room < WINDOW_MAX) {
        char *larger = realloc(s->window, WINDOW_MAX);
        if (!larger)
            return VOUCH_E_NOMEM;
        s->window = larger;
        s->room = WINDOW_MAX;
    }
    ssize_t n = journal_read_at(s->fd, s->window, s->room, at);
    s->offset = at;
    s->used = 0;
    s->filled = n > 0 ? (size_t)n : 0;
    return n < 0 ? io_error(s) : 0;
}

/* Parses at the window's position, with more bytes where they are needed. BLOCK_PART: the file ends
 * in it. */
static int parse(struct journal_sealed *s, struct block *b, bool whole)
{
    for (int look = 0;; look++) {
        int rc = whole ? block_parse(window(s), s->header.sync, b) : block_head_parse(window(s), b);
        if (rc != BLOCK_PART || look == 2 || (look > 0 && s->filled < s->room))
            return rc;
        rc = fill(s, here(s), look > 0);
        if (rc != 0)
            return rc;
    }
}

static int read_header(struct journal_sealed *s, char *error_r, size_t size)
{
    for (int look = 0; look < 2; look++) {
        if (fill(s, 0, look > 0) != 0)
            return -1;
        int rc = block_header_parse(window(s), &s->header);
        if (rc == BLOCK_PART && s->filled == s->room)
            continue;
        if (rc != BLOCK_WHOLE)
            break;
        s->schema = malloc(s->header.schema.len + 1);
        if (!s->schema)
            return -1;
        memcpy(s->schema, s->header.schema.p, s->header.schema.len);
        s->header.schema.p = s->schema;
        s->used = s->header.length;
        errno = ENODATA;
        return journal_datum_init(&s->datum, s->header.schema, error_r, size) == 0 ? 0 : -1;
    }
    errno = ENODATA;
    snprintf(error_r, size, "its head is damaged: this is no sealed segment of a journal");
    return -1;
}

struct journal_sealed *journal_sealed_open(int dir, uint64_t first, char *error_r, size_t size)
{
    char name[JOURNAL_NAME_MAX];
    struct stat st;
    struct journal_sealed *s = calloc(1, sizeof *s);
    error_r[0] = '\0';
    if (s) {
        journal_name(name, first, ".avro");
        sbuf_init(&s->data, BLOCK_DATA_MAX);
        s->number = first;
        s->room = WINDOW_FIRST;
        s->window = malloc(s->room);
        s->fd = s->window ? disk_file_open(dir, name, O_RDONLY, 0) : -1;
        if (s->fd >= 0 && read_header(s, error_r, size) == 0 && fstat(s->fd, &st) == 0) {
            s->crcs = index_crcs_open(dir, first, (uint64_t)st.st_size);
            return s;
        }
    }
    int error = errno;
    if (error_r[0] == '\0')
        snprintf(error_r, size, "%s", strerror(error));
    journal_sealed_close(&s);
    errno = error;
    return NULL;
}

void journal_sealed_close(struct journal_sealed **sp)
{
    struct journal_sealed *s = *sp;
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    index_crcs_close(&s->crcs);
    journal_datum_clear(&s->datum);
    sbuf_clear(&s->data);
    free(s->schema);
    free(s->window);
    free(s);
    *sp = NULL;
}

const char *journal_sealed_error(const struct journal_sealed *s)
{
    return s->error;
}

int journal_sealed_count(struct journal_sealed *s, uint64_t *count_r)
{
    uint64_t at = here(s);
    struct block b;
    int rc;
    *count_r = 0;
    while ((rc = parse(s, &b, false)) == BLOCK_WHOLE) {
        uint64_t end = here(s) + b.head + b.size + BLOCK_SYNC;
        *count_r += b.count;
        if (end - s->offset <= s->filled)
            s->used = (size_t)(end - s->offset);
        else if ((rc = fill(s, end, false)) != 0)
            return rc;
    }
    if (rc == BLOCK_PART && window(s).len == 0)
        return 0;
    return rc == VOUCH_E_IO || rc == VOUCH_E_NOMEM
               ? rc
               : wrong(s, VOUCH_E_SYNTAX, at, "is followed by what is no block");
}

/* Reads on behind the next sync marker; 1; 0: there is none, or nobody knows which number follows. */
static int seek_sync(struct journal_sealed *s, uint64_t last)
{
    uint64_t at = here(s) + 1, count;
    for (;;) {
        int rc = fill(s, at, true);
        if (rc != 0)
            return rc;
        const char *found =
            s->filled ? memmem(s->window, s->filled, s->header.sync, BLOCK_SYNC) : NULL;
        if (found) {
            at += (uint64_t)(found - s->window) + BLOCK_SYNC;
            break;
        }
        if (s->filled < s->room)
            return 0;
        at += s->filled - BLOCK_SYNC + 1;
    }
    int rc = fill(s, at, false);
    if (rc == 0)
        rc = journal_sealed_count(s, &count);
    if (rc != 0)
        return rc == VOUCH_E_SYNTAX ? 0 : rc; /* more damage: the numbers cannot be known */
    if (count == 0 || last + 1 < s->number + count)
        return 0;
    s->number = last + 1 - count;
    rc = fill(s, at, false);
    return rc == 0 ? 1 : rc;
}

/* Unpacks the block that was parsed, and goes behind it. */
static int unpack(struct journal_sealed *s, const struct block *b)
{
    s->block = here(s);
    sbuf_reset(&s->data);
    int rc = block_unpack(b->data, s->header.deflate, &s->data);
    s->rest = sbuf_span(&s->data);
    s->left = rc == 0 ? b->count : 0;
    s->used += b->head + b->size + BLOCK_SYNC;
    if (rc != VOUCH_E_SYNTAX)
        return rc == 0 ? 1 : rc;
    s->number += b->count;
    return wrong(s, rc, s->block, "cannot be unpacked: its records were passed over");
}

/* The block at the window's position, whole and as it was written. */
static int parse_block(struct journal_sealed *s, struct block *b)
{
    uint32_t crc;
    int rc = parse(s, b, true);
    if (rc != BLOCK_WHOLE || !s->crcs)
        return rc;
    int known = index_crc(s->crcs, here(s), &crc);
    if (known < 0)
        index_crcs_close(&s->crcs); /* it is damaged itself */
    if (known == 1 && crc != crc32_z(0, (const Bytef *)window(s).p, b->head + b->size))
        return VOUCH_E_SYNTAX;
    return known == 0 ? VOUCH_E_SYNTAX : rc;
}

/* The next block with a number that is wanted: 1; 0: the end. */
static int next_block(struct journal_sealed *s, uint64_t from, uint64_t last)
{
    struct block b;
    if (s->damaged) {
        int rc = last ? seek_sync(s, last) : 0;
        if (rc <= 0)
            return rc;
        s->damaged = false;
    }
    for (;;) {
        int rc = parse_block(s, &b);
        if (rc == BLOCK_PART && window(s).len == 0)
            return 0;
        if (rc == VOUCH_E_IO || rc == VOUCH_E_NOMEM)
            return rc;
        if (rc != BLOCK_WHOLE) {
            s->damaged = true;
            return wrong(s, VOUCH_E_SYNTAX, here(s), "is damaged: its records were passed over");
        }
        if (s->number + b.count > from)
            return unpack(s, &b);
        s->number += b.count;
        s->used += b.head + b.size + BLOCK_SYNC;
    }
}

/* The next datum of the block: 0, or what is wrong, with the block left. */
static int take(struct journal_sealed *s, struct span *datum_r)
{
    int rc = journal_datum_take(&s->datum, &s->rest, datum_r);
    if (rc == 0 && (s->left > 1 || s->rest.len == 0)) {
        s->left--;
        s->number++;
        return 0;
    }
    if (rc == 0)
        rc = VOUCH_E_SYNTAX; /* bytes are left */
    s->number += s->left;
    s->left = 0;
    return wrong(s, rc, s->block, "holds records that are not of the file's schema");
}

int journal_sealed_next(struct journal_sealed *s, uint64_t from, uint64_t last, uint64_t *number_r,
                        struct span *datum_r)
{
    for (;;) {
        int rc = s->left > 0 ? 1 : next_block(s, from, last);
        if (rc != 1)
            return rc;
        if (s->left == 0)
            continue; /* an empty block */
        rc = take(s, datum_r);
        if (rc != 0)
            return rc;
        if (s->number > from) {
            *number_r = s->number - 1;
            return 1;
        }
    }
}

int journal_sealed_at(struct journal_sealed *s, uint64_t offset, uint16_t place,
                      struct span *datum_r)
{
    struct block b;
    s->left = 0;
    int rc = fill(s, offset, false);
    if (rc == 0) {
        rc = parse_block(s, &b);
        rc = rc == BLOCK_WHOLE && place < b.count ? unpack(s, &b)
             : rc == VOUCH_E_IO || rc == VOUCH_E_NOMEM
                 ? rc
                 : wrong(s, VOUCH_E_SYNTAX, offset, "is none, or damaged");
    }
    for (unsigned i = 0; rc == 1 && i <= place; i++)
        rc = take(s, datum_r) == 0 ? 1 : VOUCH_E_SYNTAX;
    s->left = 0;
    return rc;
}
