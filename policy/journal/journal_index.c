/* SPDX-License-Identifier: BSD-2-Clause */
/* The index of a sealed segment. Made once, with the segment; a lost or damaged one costs time, since
 * then the segment is read, and nothing else. */
#include "config.h"
#include "journal_index.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "errors.h"
#include "disk.h"

#define FILE_MODE  0440
#define MAGIC      "VOUCHX1\n"
#define ITEM_BYTES 16u
#define PAGE_HEAD  8u
#define PAGE_MOST  ((INDEX_PAGE - PAGE_HEAD) / ITEM_BYTES)
#define INDEX_MAX  (1u << 30) /* bytes of an index */

int index_add(struct index_builder *b, uint64_t digest, uint64_t offset, uint16_t place)
{
    if (digest == 0)
        return 0;
    if (b->count == b->room) {
        size_t room = b->room ? 2 * b->room : 1024;
        struct index_entry *entries = realloc(b->entries, room * sizeof *entries);
        if (!entries)
            return VOUCH_E_NOMEM;
        b->entries = entries;
        b->room = room;
    }
    b->entries[b->count++] = (struct index_entry){digest, offset, place};
    return 0;
}

int index_add_block(struct index_builder *b, uint64_t offset, uint32_t crc)
{
    if (b->block_count == b->block_room) {
        size_t room = b->block_room ? 2 * b->block_room : 256;
        struct index_block *blocks = realloc(b->blocks, room * sizeof *blocks);
        if (!blocks)
            return VOUCH_E_NOMEM;
        b->blocks = blocks;
        b->block_room = room;
    }
    b->blocks[b->block_count++] = (struct index_block){offset, crc};
    return 0;
}

void index_clear(struct index_builder *b)
{
    free(b->entries);
    free(b->blocks);
    *b = (struct index_builder){0};
}

static int compare(const void *a, const void *b)
{
    const struct index_entry *x = a, *y = b;
    if (x->digest != y->digest)
        return x->digest < y->digest ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static void put(uint8_t *p, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

/* Where a page's CRC stands: behind the magic in the first. */
static unsigned crc_at(uint64_t number)
{
    return number == 0 ? 8 : 0;
}

static uint32_t page_crc(const uint8_t page[INDEX_PAGE], uint64_t number)
{
    unsigned from = crc_at(number) + 4;
    return (uint32_t)crc32_z(0, page + from, INDEX_PAGE - from);
}

/* Pages as they are written. */
struct writing {
    struct sbuf out;
    uint8_t page[INDEX_PAGE];
    uint64_t number;
    size_t items; /* in the page */
};

static void end_page(struct writing *w)
{
    if (w->number > 0)
        put(w->page + 4, w->items, 4);
    put(w->page + crc_at(w->number), page_crc(w->page, w->number), 4);
    sbuf_add(&w->out, w->page, INDEX_PAGE);
    memset(w->page, 0, INDEX_PAGE);
    w->number++;
    w->items = 0;
}

/* The next item's bytes; they count when it is written. */
static uint8_t *next_item(struct writing *w)
{
    if (w->items == PAGE_MOST)
        end_page(w);
    return w->page + PAGE_HEAD + w->items++ * ITEM_BYTES;
}

static void write_pages(struct writing *w, const struct index_builder *b, uint64_t first,
                        uint64_t bytes)
{
    memcpy(w->page, MAGIC, sizeof MAGIC - 1);
    put(w->page + 16, first, 8);
    put(w->page + 24, bytes, 8);
    put(w->page + 32, b->count, 8);
    put(w->page + 40, b->block_count, 8);
    end_page(w);
    for (size_t i = 0; i < b->count; i++) {
        uint8_t *p = next_item(w);
        put(p, b->entries[i].digest, 8);
        put(p + 8, b->entries[i].offset, 6);
        put(p + 14, b->entries[i].place, 2);
    }
    if (w->items > 0)
        end_page(w);
    for (size_t i = 0; i < b->block_count; i++) {
        uint8_t *p = next_item(w);
        put(p, b->blocks[i].offset, 8);
        put(p + 8, b->blocks[i].crc, 4);
    }
    if (w->items > 0)
        end_page(w);
}

int index_write(struct index_builder *b, int dir, uint64_t first, uint64_t bytes)
{
    char name[JOURNAL_NAME_MAX];
    struct writing w = {.number = 0};
    sbuf_init(&w.out, INDEX_MAX);
    if (b->count > 0)
        qsort(b->entries, b->count, sizeof *b->entries, compare);
    write_pages(&w, b, first, bytes);
    journal_name(name, first, ".index");
    errno = ENOMEM;
    int rc = w.out.failed ? -1 : journal_file_put(dir, name, FILE_MODE, false, sbuf_span(&w.out));
    int error = errno;
    sbuf_clear(&w.out);
    errno = error;
    return rc;
}

/* An index that is read, one page at a time. */
struct lookup {
    const struct index_source *source;
    uint64_t entries, blocks;
    uint64_t number; /* of the page at hand */
    uint8_t page[INDEX_PAGE];
};

static int load(struct lookup *l, uint64_t number)
{
    int rc = l->source->page(l->source->arg, number, l->page);
    l->number = number;
    if (rc != 0)
        l->number = UINT64_MAX; /* what is there is no page */
    if (rc != 0)
        return rc;
    return get(l->page + crc_at(number), 4) == page_crc(l->page, number) ? 0 : VOUCH_E_SYNTAX;
}

static int begin(struct lookup *l, const struct index_source *source, uint64_t first,
                 uint64_t bytes)
{
    l->source = source;
    int rc = load(l, 0);
    if (rc != 0)
        return rc;
    l->entries = get(l->page + 32, 8);
    l->blocks = get(l->page + 40, 8);
    return memcmp(l->page, MAGIC, sizeof MAGIC - 1) == 0 && get(l->page + 16, 8) == first &&
                   get(l->page + 24, 8) == bytes && l->entries <= INDEX_MAX / ITEM_BYTES &&
                   l->blocks <= INDEX_MAX / ITEM_BYTES
               ? 0
               : VOUCH_E_SYNTAX;
}

/* Item i of those whose pages begin with page `from`. NULL: *rc_r says why. */
static const uint8_t *item_at(struct lookup *l, uint64_t from, uint64_t i, int *rc_r)
{
    uint64_t number = from + i / PAGE_MOST, place = i % PAGE_MOST;
    *rc_r = l->number == number ? 0 : load(l, number);
    if (*rc_r == 0 && place >= get(l->page + 4, 4))
        *rc_r = VOUCH_E_SYNTAX;
    return *rc_r == 0 ? l->page + PAGE_HEAD + place * ITEM_BYTES : NULL;
}

/* How many of the items begin with 8 bytes that are at most key. */
static uint64_t count_upto(struct lookup *l, uint64_t from, uint64_t count, uint64_t key, int *rc_r)
{
    uint64_t low = 0, high = count;
    *rc_r = 0;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        const uint8_t *p = item_at(l, from, middle, rc_r);
        if (!p)
            return 0;
        if (get(p, 8) <= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int index_find(const struct index_source *source, uint64_t first, uint64_t bytes, uint64_t digest,
               int (*each)(void *, const struct index_entry *), void *arg)
{
    struct lookup l;
    int rc = begin(&l, source, first, bytes);
    if (rc != 0)
        return rc;
    uint64_t i = count_upto(&l, 1, l.entries, digest, &rc);
    while (rc == 0 && i > 0) {
        const uint8_t *p = item_at(&l, 1, --i, &rc);
        if (!p || get(p, 8) != digest)
            break;
        rc = each(arg, &(struct index_entry){digest, get(p + 8, 6), (uint16_t)get(p + 14, 2)});
    }
    return rc;
}

static int page_of_file(void *arg, uint64_t number, uint8_t bytes_r[INDEX_PAGE])
{
    const int *fd = arg;
    ssize_t n = journal_read_at(*fd, bytes_r, INDEX_PAGE, number * INDEX_PAGE);
    return n == (ssize_t)INDEX_PAGE ? 0 : n < 0 ? VOUCH_E_IO : VOUCH_E_SYNTAX;
}

int index_find_file(int dir, uint64_t first, uint64_t bytes, uint64_t digest,
                    int (*each)(void *, const struct index_entry *), void *arg)
{
    char name[JOURNAL_NAME_MAX];
    journal_name(name, first, ".index");
    int fd = disk_file_open(dir, name, O_RDONLY, 0);
    if (fd < 0)
        return VOUCH_E_IO;
    int rc = index_find(&(struct index_source){page_of_file, &fd}, first, bytes, digest, each, arg);
    int error = errno;
    close(fd);
    errno = error;
    return rc;
}

struct index_crcs {
    int fd;
    struct index_source source;
    struct lookup lookup;
};

struct index_crcs *index_crcs_open(int dir, uint64_t first, uint64_t bytes)
{
    char name[JOURNAL_NAME_MAX];
    struct index_crcs *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    journal_name(name, first, ".index");
    c->fd = disk_file_open(dir, name, O_RDONLY, 0);
    c->source = (struct index_source){page_of_file, &c->fd};
    if (c->fd < 0 || begin(&c->lookup, &c->source, first, bytes) != 0)
        index_crcs_close(&c);
    return c;
}

void index_crcs_close(struct index_crcs **cp)
{
    if (*cp && (*cp)->fd >= 0)
        close((*cp)->fd);
    free(*cp);
    *cp = NULL;
}

int index_crc(struct index_crcs *c, uint64_t offset, uint32_t *crc_r)
{
    struct lookup *l = &c->lookup;
    uint64_t from = 1 + (l->entries + PAGE_MOST - 1) / PAGE_MOST;
    int rc;
    uint64_t i = count_upto(l, from, l->blocks, offset, &rc);
    const uint8_t *p = rc == 0 && i > 0 ? item_at(l, from, i - 1, &rc) : NULL;
    if (!p || get(p, 8) != offset)
        return rc;
    *crc_r = (uint32_t)get(p + 8, 4);
    return 1;
}
