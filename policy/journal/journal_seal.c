/* SPDX-License-Identifier: BSD-2-Clause */
/* From an open segment to a sealed one. */
#include "config.h"
#include "journal_seal.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "journal_container.h"
#include "journal_index.h"
#include "journal_sealed.h"
#include "journal_tail.h"
#include "disk.h"

#define SEALED_MODE 0440

/* One sealed file as it is made. */
struct piece {
    int fd;
    struct container *container;
    struct index_builder index;
    struct manifest_entry entry;
};

struct sealing {
    int dir;
    struct journal_tail *tail;
    struct manifest_entry *entries; /* of finished pieces */
    size_t count;
    uint64_t previous; /* number of the last record before the next one */
};

static void piece_clear(struct piece *p)
{
    int error = errno;
    container_free(&p->container);
    index_clear(&p->index);
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
    errno = error;
}

/* container_new's block */
static int note_block(void *arg, uint64_t offset, uint32_t crc)
{
    struct piece *p = arg;
    return index_add_block(&p->index, offset, crc);
}

static int piece_begin(struct sealing *s, struct piece *p, const struct frame *f)
{
    char name[JOURNAL_NAME_MAX];
    journal_name(name, f->number, ".avro.tmp");
    *p = (struct piece){.fd = -1};
    p->entry = (struct manifest_entry){
        .first = f->number, .previous = s->previous, .first_us = f->time_us, .last_us = f->time_us};
    p->fd = disk_file_open(s->dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    if (p->fd >= 0)
        p->container = container_new(p->fd, journal_tail_head(s->tail)->schema, note_block, p);
    return p->container ? 0 : -1;
}

static int piece_add(struct piece *p, const struct frame *f)
{
    uint64_t offset;
    uint16_t place;
    struct manifest_entry *e = &p->entry;
    if (container_add(p->container, f->datum, &offset, &place) != 0)
        return -1;
    e->last = f->number;
    e->first_us = f->time_us < e->first_us ? f->time_us : e->first_us;
    e->last_us = f->time_us > e->last_us ? f->time_us : e->last_us;
    if (index_add(&p->index, f->id, offset, place) != 0 ||
        index_add(&p->index, f->message_id, offset, place) != 0) {
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

/* To the disk, and to its name. */
static int piece_end(struct sealing *s, struct piece *p)
{
    char tmp[JOURNAL_NAME_MAX], name[JOURNAL_NAME_MAX];
    struct manifest_entry *e = &p->entry;
    struct manifest_entry *more = realloc(s->entries, (s->count + 1) * sizeof *more);
    if (!more)
        return -1;
    s->entries = more;
    journal_name(tmp, e->first, ".avro.tmp");
    journal_name(name, e->first, ".avro");
    if (container_end(p->container, &e->bytes, e->sha256) != 0 || fchmod(p->fd, SEALED_MODE) != 0 ||
        fsync(p->fd) != 0 || renameat(s->dir, tmp, s->dir, name) != 0 ||
        index_write(&p->index, s->dir, e->first, e->bytes) != 0)
        return -1;
    s->entries[s->count++] = *e;
    s->previous = e->last;
    return 0;
}

/* The next whole frame, past what is damaged: 1; 0: the end; negative with errno. */
static int next_whole(struct journal_tail *t, struct frame *f)
{
    uint64_t at;
    int64_t passed = 1;
    int rc;
    while ((rc = journal_tail_next(t, f)) == 0 && passed > 0)
        passed = journal_tail_pass(t, &at);
    return passed < 0 ? (int)passed : rc;
}

/* Adds the frame to the piece at hand, or to a new one when numbers are missing before it. */
static int add_frame(struct sealing *s, struct piece *p, const struct frame *f)
{
    int rc = 0;
    if (p->container && f->number != p->entry.last + 1) {
        rc = piece_end(s, p);
        piece_clear(p);
    }
    if (rc == 0 && !p->container)
        rc = piece_begin(s, p, f);
    return rc == 0 ? piece_add(p, f) : rc;
}

/* Writes the frames of the open segment to pieces: one, where nothing is damaged. */
static int write_pieces(struct sealing *s, uint64_t last)
{
    struct piece p = {.fd = -1};
    struct frame f;
    uint64_t taken = s->previous;
    int rc = 0, more = 1;
    while (rc == 0 && taken < last && (more = next_whole(s->tail, &f)) == 1) {
        if (f.number <= taken)
            continue;
        rc = add_frame(s, &p, &f);
        taken = f.number;
    }
    if (rc == 0 && taken != last) {
        errno = more < 0 ? errno : ENODATA;
        rc = -1;
    }
    if (rc == 0)
        rc = piece_end(s, &p);
    piece_clear(&p);
    return rc;
}

static int seal(struct sealing *s, struct manifest *m, uint64_t first, uint64_t last)
{
    char name[JOURNAL_NAME_MAX];
    journal_name(name, first, ".open");
    s->tail = journal_tail_open(s->dir, first);
    if (!s->tail)
        return -1;
    s->previous = journal_tail_head(s->tail)->previous;
    if (write_pieces(s, last) != 0 || journal_dir_sync(s->dir) != 0 ||
        manifest_seal(s->dir, m, s->entries, s->count) != 0)
        return -1;
    /* it is done: what cannot be removed now is when the journal is next opened */
    unlinkat(s->dir, name, 0);
    return 0;
}

int journal_seal(int dir, struct manifest *m, uint64_t first, uint64_t last, char *error_r,
                 size_t size)
{
    char name[JOURNAL_NAME_MAX];
    struct sealing s = {.dir = dir};
    int rc = seal(&s, m, first, last);
    int error = errno;
    journal_tail_close(&s.tail);
    free(s.entries);
    journal_name(name, first, ".open");
    if (rc != 0)
        snprintf(error_r, size, "cannot seal %s: %s", name,
                 error == ENODATA ? "records that were in it cannot be read back"
                                  : strerror(error));
    errno = error;
    return rc;
}

static int hash_file(int fd, struct manifest_entry *e)
{
    char chunk[16384];
    unsigned len;
    ssize_t n = -1;
    EVP_MD_CTX *sha256 = EVP_MD_CTX_new();
    e->bytes = 0;
    errno = ENOMEM;
    if (sha256 && EVP_DigestInit_ex(sha256, EVP_sha256(), NULL) == 1)
        while ((n = journal_read_at(fd, chunk, sizeof chunk, e->bytes)) > 0) {
            EVP_DigestUpdate(sha256, chunk, (size_t)n);
            e->bytes += (uint64_t)n;
        }
    if (n == 0)
        EVP_DigestFinal_ex(sha256, e->sha256, &len);
    EVP_MD_CTX_free(sha256);
    return n == 0 ? 0 : -1;
}

int journal_seal_hash(int dir, struct manifest_entry *e, char *error_r, size_t size)
{
    char name[JOURNAL_NAME_MAX];
    journal_name(name, e->first, ".avro");
    int fd = disk_file_open(dir, name, O_RDONLY, 0);
    int rc = fd >= 0 && hash_file(fd, e) == 0 ? 0 : VOUCH_E_IO;
    int error = errno;
    if (rc != 0)
        snprintf(error_r, size, "%s", strerror(error));
    if (fd >= 0)
        close(fd);
    errno = error;
    return rc;
}

int journal_seal_measure(int dir, struct manifest_entry *e, char *error_r, size_t size)
{
    char name[JOURNAL_NAME_MAX];
    struct stat st;
    uint64_t count = 0;
    struct journal_sealed *s = journal_sealed_open(dir, e->first, error_r, size);
    if (!s)
        return errno == ENODATA ? VOUCH_E_SYNTAX : VOUCH_E_IO;
    int rc = journal_sealed_count(s, &count);
    if (rc == 0 && count == 0)
        rc = VOUCH_E_SYNTAX;
    if (rc != 0)
        snprintf(error_r, size, "%s", count ? journal_sealed_error(s) : "there is no record in it");
    journal_sealed_close(&s);
    journal_name(name, e->first, ".avro");
    if (rc == 0)
        rc = journal_seal_hash(dir, e, error_r, size);
    if (rc == 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        e->last_us = (int64_t)st.st_mtime * 1000000;
    e->last = e->first + count - 1;
    e->first_us = 0;
    return rc;
}
