/* SPDX-License-Identifier: BSD-2-Clause */
/* The manifest: read (pure, but for manifest_read), and written so that a crash leaves at most one
 * line that is not whole. */
#include "config.h"
#include "journal_manifest.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ascii.h"
#include "disk.h"

#define FILE_NAME    "manifest"
#define FILE_MODE    0640
#define MANIFEST_MAX (64u << 20) /* bytes: some 300,000 segments */
#define HEAD         "vouch-journal 1 "
#define WORDS_MAX    10
#define SEALED_WORDS 9
#define GONE_WORDS   5

struct reading {
    struct manifest *m;
    size_t room, line;
    size_t kept; /* the first entry not removed: most often the next one to go */
    void (*wrong)(void *, size_t, const char *);
    void *arg;
};

static void wrong_line(struct reading *r, const char *text)
{
    if (r->wrong)
        r->wrong(r->arg, r->line, text);
}

static void hash_line(struct span line, uint8_t hash_r[MANIFEST_HASH])
{
    SHA256((const unsigned char *)line.p, line.len, hash_r);
}

static bool read_hash(struct span hex, uint8_t hash_r[MANIFEST_HASH])
{
    if (hex.len != (size_t)2 * MANIFEST_HASH)
        return false;
    for (size_t i = 0; i < MANIFEST_HASH; i++) {
        int high = ascii_hex(hex.p[2 * i]), low = ascii_hex(hex.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash_r[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool read_time(struct span s, int64_t *us_r)
{
    uint64_t v;
    bool negative = s.len > 0 && s.p[0] == '-';
    if (span_uint(negative ? span_slice(s, 1, s.len) : s, INT64_MAX, &v) != 0)
        return false;
    *us_r = negative ? -(int64_t)v : (int64_t)v;
    return true;
}

static bool read_number(struct span s, uint64_t *n_r)
{
    return span_uint(s, UINT64_MAX, n_r) == 0;
}

static size_t split(struct span line, struct span words_r[WORDS_MAX])
{
    size_t n = 0;
    while (n < WORDS_MAX && span_split(&line, ' ', &words_r[n]))
        n++;
    return n;
}

static int add_entry(struct reading *r, const struct manifest_entry *e)
{
    struct manifest *m = r->m;
    if (m->count == r->room) {
        size_t room = r->room ? 2 * r->room : 64;
        struct manifest_entry *entries = realloc(m->entries, room * sizeof *entries);
        if (!entries)
            return VOUCH_E_NOMEM;
        m->entries = entries;
        r->room = room;
    }
    m->entries[m->count++] = *e;
    m->last = e->last > m->last ? e->last : m->last;
    return 0;
}

static int take_sealed(struct reading *r, const struct span *w)
{
    struct manifest_entry e = {0};
    if (!read_number(w[1], &e.first) || !read_number(w[2], &e.last) ||
        !read_number(w[3], &e.previous) || !read_time(w[4], &e.first_us) ||
        !read_time(w[5], &e.last_us) || !read_number(w[6], &e.bytes) ||
        !read_hash(w[7], e.sha256) || e.first == 0 || e.last < e.first || e.previous >= e.first) {
        wrong_line(r, "a line that says nothing sensible of a sealed segment");
        return 0;
    }
    if (e.previous != r->m->last)
        wrong_line(r,
                   "numbers that do not follow those of the line before: lines are missing, or not "
                   "in their order");
    return add_entry(r, &e);
}

static void take_removed(struct reading *r, const struct span *w)
{
    uint64_t first, last;
    int64_t at;
    struct manifest_entry *e = NULL;
    if (read_number(w[1], &first) && read_number(w[2], &last) && read_time(w[3], &at))
        e = r->kept < r->m->count && r->m->entries[r->kept].first == first
                ? &r->m->entries[r->kept]
                : manifest_find(r->m, first);
    if (e && e->last == last && !e->removed)
        e->removed = true;
    else
        wrong_line(r, "the removal of a segment that no line before speaks of");
    while (r->kept < r->m->count && r->m->entries[r->kept].removed)
        r->kept++;
}

static int take_line(struct reading *r, struct span line)
{
    struct span w[WORDS_MAX];
    uint8_t chain[MANIFEST_HASH];
    size_t n = split(line, w);
    int rc = 0;
    if (n == SEALED_WORDS && span_eq(w[0], SPAN_LIT("sealed")))
        rc = take_sealed(r, w);
    else if (n == GONE_WORDS && span_eq(w[0], SPAN_LIT("removed")))
        take_removed(r, w);
    else
        wrong_line(r, "this is no line of a manifest");
    if (n == 0 || !read_hash(w[n - 1], chain) || memcmp(chain, r->m->tip, MANIFEST_HASH) != 0)
        wrong_line(r,
                   "its hash is not that of the line before: one of the two was changed, or what "
                   "was between them is gone");
    return rc;
}

int manifest_parse(struct span text, struct manifest *m_r,
                   void (*wrong)(void *, size_t, const char *), void *arg)
{
    struct reading r = {.m = m_r, .wrong = wrong, .arg = arg};
    *m_r = (struct manifest){.count = 0};
    int rc = 0;
    for (ptrdiff_t end; rc == 0 && (end = span_index(text, '\n', m_r->size)) >= 0;
         m_r->size = (uint64_t)end + 1) {
        struct span line = span_slice(text, m_r->size, (size_t)end);
        if (++r.line > 1) {
            rc = take_line(&r, line);
        } else {
            struct span writer = span_slice(line, sizeof HEAD - 1, line.len);
            if (!span_istarts(line, HEAD) || writer.len == 0 || writer.len >= sizeof m_r->writer)
                rc = VOUCH_E_SYNTAX;
            else
                snprintf(m_r->writer, sizeof m_r->writer, "%.*s", SPAN_ARGS(writer));
        }
        hash_line(line, m_r->tip);
    }
    m_r->torn = text.len - m_r->size;
    return rc == 0 && r.line == 0 ? VOUCH_E_SYNTAX : rc;
}

void manifest_clear(struct manifest *m)
{
    free(m->entries);
    *m = (struct manifest){.count = 0};
}

int manifest_read(int dir, struct manifest *m_r, void (*wrong)(void *, size_t, const char *),
                  void *arg)
{
    struct sbuf text;
    int rc = VOUCH_E_IO;
    *m_r = (struct manifest){.count = 0};
    sbuf_init(&text, MANIFEST_MAX);
    if (journal_file_get(dir, FILE_NAME, &text) == 0)
        rc = manifest_parse(sbuf_span(&text), m_r, wrong, arg);
    int error = errno;
    sbuf_clear(&text);
    errno = error;
    return rc;
}

int manifest_create(int dir, const char *writer, struct manifest *m_r)
{
    char line[MANIFEST_LINE];
    *m_r = (struct manifest){.count = 0};
    int len = snprintf(line, sizeof line, HEAD "%s", writer);
    hash_line(span_of(line), m_r->tip);
    snprintf(line + len, sizeof line - (size_t)len, "\n");
    snprintf(m_r->writer, sizeof m_r->writer, "%s", writer);
    m_r->size = (uint64_t)len + 1;
    return journal_file_put(dir, FILE_NAME, FILE_MODE, true, span_of(line));
}

int manifest_mend(int dir, struct manifest *m)
{
    if (m->torn == 0)
        return 0;
    int fd = disk_file_open(dir, FILE_NAME, O_WRONLY, 0);
    if (fd < 0)
        return -1;
    int rc = ftruncate(fd, (off_t)m->size);
    if (rc == 0)
        rc = fdatasync(fd);
    int error = errno;
    close(fd);
    errno = error;
    if (rc == 0)
        m->torn = 0;
    return rc;
}

/* Appends lines that are whole; a failure leaves the file as it was, as far as the disk lets it. */
static int append(int dir, const struct manifest *m, struct span lines)
{
    int fd = disk_file_open(dir, FILE_NAME, O_WRONLY, 0);
    if (fd < 0)
        return -1;
    int rc = ftruncate(fd, (off_t)m->size); /* what a failure before could not take back */
    if (rc == 0 && lseek(fd, 0, SEEK_END) != (off_t)m->size) {
        errno = EIO; /* shorter than it was */
        rc = -1;
    }
    if (rc == 0)
        rc = disk_write_all(fd, lines.p, lines.len);
    if (rc == 0)
        rc = fdatasync(fd);
    int error = errno;
    if (rc != 0 && ftruncate(fd, (off_t)m->size) != 0)
        error = errno;
    close(fd);
    errno = error;
    return rc;
}

static void add_hash(struct sbuf *b, const uint8_t hash[MANIFEST_HASH])
{
    for (size_t i = 0; i < MANIFEST_HASH; i++)
        sbuf_addf(b, "%02x", hash[i]);
}

/* Ends a line that begins at from, and makes it the tip. */
static void end_line(struct sbuf *b, size_t from, uint8_t tip[MANIFEST_HASH])
{
    sbuf_addc(b, ' ');
    add_hash(b, tip);
    hash_line(span_slice(sbuf_span(b), from, b->len), tip);
    sbuf_addc(b, '\n');
}

static void add_sealed(struct sbuf *b, const struct manifest_entry *e, uint8_t tip[MANIFEST_HASH])
{
    size_t from = b->len;
    sbuf_addf(b, "sealed %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRIu64 " ",
              e->first, e->last, e->previous, e->first_us, e->last_us, e->bytes);
    add_hash(b, e->sha256);
    end_line(b, from, tip);
}

int manifest_seal(int dir, struct manifest *m, const struct manifest_entry *entries, size_t count)
{
    struct sbuf lines;
    uint8_t tip[MANIFEST_HASH];
    struct manifest_entry *all = realloc(m->entries, (m->count + count) * sizeof *all);
    if (!all)
        return -1;
    m->entries = all;
    memcpy(tip, m->tip, sizeof tip);
    sbuf_init(&lines, count * MANIFEST_LINE);
    for (size_t i = 0; i < count; i++)
        add_sealed(&lines, &entries[i], tip);
    errno = ENOMEM;
    int rc = lines.failed ? -1 : append(dir, m, sbuf_span(&lines));
    if (rc == 0) {
        memcpy(m->entries + m->count, entries, count * sizeof *entries);
        m->count += count;
        m->last = m->entries[m->count - 1].last;
        m->size += lines.len;
        memcpy(m->tip, tip, sizeof tip);
    }
    int error = errno;
    sbuf_clear(&lines);
    errno = error;
    return rc;
}

int manifest_remove(int dir, struct manifest *m, size_t entry, int64_t now_us)
{
    struct manifest_entry *e = &m->entries[entry];
    struct sbuf line;
    uint8_t tip[MANIFEST_HASH];
    memcpy(tip, m->tip, sizeof tip);
    sbuf_init(&line, MANIFEST_LINE);
    sbuf_addf(&line, "removed %" PRIu64 " %" PRIu64 " %" PRId64, e->first, e->last, now_us);
    end_line(&line, 0, tip);
    errno = ENOMEM;
    int rc = line.failed ? -1 : append(dir, m, sbuf_span(&line));
    if (rc == 0) {
        e->removed = true;
        m->size += line.len;
        memcpy(m->tip, tip, sizeof tip);
    }
    int error = errno;
    sbuf_clear(&line);
    errno = error;
    return rc;
}

struct manifest_entry *manifest_find(const struct manifest *m, uint64_t first)
{
    size_t low = 0, high = m->count;
    while (low < high) { /* they are in order, unless somebody put them out of it */
        size_t middle = low + (high - low) / 2;
        if (m->entries[middle].first == first)
            return &m->entries[middle];
        if (m->entries[middle].first < first)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = m->count; i > 0; i--)
        if (m->entries[i - 1].first == first)
            return &m->entries[i - 1];
    return NULL;
}
