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

#define FILE_MODE   0440
#define MAGIC       "VOUCHX1\n"
#define ENTRY_BYTES 16u
#define PAGE_HEAD   8u
#define PAGE_MOST   ((INDEX_PAGE - PAGE_HEAD) / ENTRY_BYTES)
#define INDEX_MAX   (1u << 30) /* bytes of an index */

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

void index_clear(struct index_builder *b)
{
    free(b->entries);
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

static void add_page(struct sbuf *out, uint8_t page[INDEX_PAGE], uint64_t number)
{
    put(page + crc_at(number), page_crc(page, number), 4);
    sbuf_add(out, page, INDEX_PAGE);
}

int index_write(struct index_builder *b, int dir, uint64_t first, uint64_t bytes)
{
    char name[JOURNAL_NAME_MAX];
    uint8_t page[INDEX_PAGE] = MAGIC;
    struct sbuf out;
    sbuf_init(&out, INDEX_MAX);
    if (b->count > 0)
        qsort(b->entries, b->count, sizeof *b->entries, compare);
    put(page + 16, first, 8);
    put(page + 24, bytes, 8);
    put(page + 32, b->count, 8);
    add_page(&out, page, 0);
    for (size_t i = 0; i < b->count; i += PAGE_MOST) {
        size_t n = b->count - i < PAGE_MOST ? b->count - i : PAGE_MOST;
        memset(page, 0, sizeof page);
        put(page + 4, n, 4);
        for (size_t k = 0; k < n; k++) {
            uint8_t *p = page + PAGE_HEAD + k * ENTRY_BYTES;
            put(p, b->entries[i + k].digest, 8);
            put(p + 8, b->entries[i + k].offset, 6);
            put(p + 14, b->entries[i + k].place, 2);
        }
        add_page(&out, page, 1 + i / PAGE_MOST);
    }
    journal_name(name, first, ".index");
    errno = ENOMEM;
    int rc = out.failed ? -1 : journal_file_put(dir, name, FILE_MODE, false, sbuf_span(&out));
    int error = errno;
    sbuf_clear(&out);
    errno = error;
    return rc;
}

/* A look-up's state: one page at a time. */
struct lookup {
    const struct index_source *source;
    uint64_t entries;
    uint64_t number; /* of the page at hand */
    uint8_t page[INDEX_PAGE];
};

static int load(struct lookup *l, uint64_t number)
{
    int rc = l->source->page(l->source->arg, number, l->page);
    l->number = number;
    if (rc != 0)
        return rc;
    return get(l->page + crc_at(number), 4) == page_crc(l->page, number) ? 0 : VOUCH_E_SYNTAX;
}

/* Entry i of all, sorted. */
static int entry_at(struct lookup *l, uint64_t i, struct index_entry *e_r)
{
    uint64_t number = 1 + i / PAGE_MOST, place = i % PAGE_MOST;
    int rc = l->number == number ? 0 : load(l, number);
    if (rc != 0)
        return rc;
    if (place >= get(l->page + 4, 4))
        return VOUCH_E_SYNTAX;
    const uint8_t *p = l->page + PAGE_HEAD + place * ENTRY_BYTES;
    *e_r = (struct index_entry){get(p, 8), get(p + 8, 6), (uint16_t)get(p + 14, 2)};
    return 0;
}

int index_find(const struct index_source *source, uint64_t first, uint64_t bytes, uint64_t digest,
               int (*each)(void *, const struct index_entry *), void *arg)
{
    struct lookup l = {.source = source};
    struct index_entry e;
    int rc = load(&l, 0);
    if (rc != 0)
        return rc;
    if (memcmp(l.page, MAGIC, 8) != 0 || get(l.page + 16, 8) != first ||
        get(l.page + 24, 8) != bytes)
        return VOUCH_E_SYNTAX;
    uint64_t low = 0, high = get(l.page + 32, 8);
    if (high > INDEX_MAX / ENTRY_BYTES)
        return VOUCH_E_SYNTAX;
    while (rc == 0 && low < high) { /* to the first entry above digest */
        uint64_t middle = low + (high - low) / 2;
        rc = entry_at(&l, middle, &e);
        if (rc != 0)
            break;
        if (e.digest <= digest)
            low = middle + 1;
        else
            high = middle;
    }
    while (rc == 0 && low > 0 && (rc = entry_at(&l, --low, &e)) == 0 && e.digest == digest)
        rc = each(arg, &e);
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
    int fd = journal_file_open(dir, name, O_RDONLY, 0);
    if (fd < 0)
        return VOUCH_E_IO;
    int rc = index_find(&(struct index_source){page_of_file, &fd}, first, bytes, digest, each, arg);
    int error = errno;
    close(fd);
    errno = error;
    return rc;
}
