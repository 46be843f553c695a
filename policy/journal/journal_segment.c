/* SPDX-License-Identifier: BSD-2-Clause */
/* The segment that grows. One write(2) a record, behind the last whole one. Invariant: the first
 * `size` bytes of the file are the head and whole frames numbered first to last. */
#include "config.h"
#include "journal_segment.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>
#include "clock.h"
#include "journal_tail.h"
#include "disk.h"

#define FILE_MODE    0640
#define REWRITE_STEP (1u << 20)

static struct segment *segment_alloc(uint64_t first)
{
    struct segment *s = calloc(1, sizeof *s);
    if (s)
        *s = (struct segment){.fd = -1, .first = first, .last = first - 1};
    return s;
}

void segment_free(struct segment **sp)
{
    if (*sp && (*sp)->fd >= 0)
        close((*sp)->fd);
    free(*sp);
    *sp = NULL;
}

/* With errno as it is. */
static struct segment *give_up(struct segment *s)
{
    int error = errno;
    segment_free(&s);
    errno = error;
    return NULL;
}

struct segment *segment_new(int dir, uint64_t first, uint64_t previous, struct span writer,
                            struct span schema, int64_t now_us)
{
    char name[JOURNAL_NAME_MAX];
    struct sbuf bytes;
    struct frame_head head = {.first = first,
                              .previous = previous,
                              .created_us = now_us,
                              .writer = writer,
                              .schema = schema};
    struct segment *s = segment_alloc(first);
    if (!s)
        return NULL;
    sbuf_init(&bytes, FRAME_HEAD_MAX);
    journal_name(name, first, ".open");
    unlinkat(dir, name, 0); /* left by a failure: no record of such a number was ever taken */
    errno = ENOMEM;
    if (getrandom(&head.salt, sizeof head.salt, 0) == (ssize_t)sizeof head.salt &&
        frame_head_write(&bytes, &head) == 0)
        s->fd = disk_file_open(dir, name, O_RDWR | O_CREAT | O_EXCL, FILE_MODE);
    if (s->fd >= 0 && disk_write_all(s->fd, bytes.p, bytes.len) != 0) {
        int error = errno;
        unlinkat(dir, name, 0);
        close(s->fd);
        s->fd = -1;
        errno = error;
    }
    s->salt = head.salt;
    s->previous = previous;
    s->head = s->size = bytes.len;
    sbuf_clear(&bytes);
    return s->fd < 0 ? give_up(s) : s;
}

static void take_frame(struct segment *s, const struct frame *f)
{
    if (s->last < s->first)
        s->first_us = f->time_us;
    s->last = f->number;
}

static bool frame_at(struct journal_tail *t, uint64_t at, struct frame *frame_r)
{
    journal_tail_seek(t, at);
    return journal_tail_next(t, frame_r) == 1;
}

/* What the disk had when the last frame was written is whole, and need not be read. */
static int skip_synced(struct segment *s, struct journal_tail *t)
{
    struct frame first, last, next;
    int rc = journal_tail_last(t, &last);
    if (rc == 1 && last.synced > s->head && frame_at(t, s->head, &first) &&
        frame_at(t, last.synced, &next) && next.number > first.number) {
        take_frame(s, &first);
        s->last = next.number - 1;
        s->size = s->synced = s->unread = last.synced;
    }
    journal_tail_seek(t, s->size);
    return rc < 0 ? -1 : 0;
}

/* Reads the frames from there on, and finds where the last whole one ends. */
static int recover(struct segment *s, struct journal_tail *t, uint64_t *cut_r, uint64_t *lost_r)
{
    struct frame f;
    uint64_t at;
    int rc;
    int64_t passed;
    do {
        while ((rc = journal_tail_next(t, &f)) == 1) {
            if (f.number <= s->last)
                continue; /* one that was there before is none of this segment's */
            take_frame(s, &f);
            *lost_r += *cut_r;
            *cut_r = 0;
            s->size = journal_tail_at(t);
        }
        passed = rc == 0 ? journal_tail_pass(t, &at) : rc;
        *cut_r += passed > 0 ? (uint64_t)passed : 0;
    } while (passed > 0);
    if (passed == 0 && s->last < s->first) {
        errno = ENODATA;
        passed = -1;
    }
    return passed < 0 ? -1 : 0;
}

struct segment *segment_recover(int dir, uint64_t first, struct span schema, uint64_t *cut_r,
                                uint64_t *lost_r)
{
    char name[JOURNAL_NAME_MAX];
    struct segment *s = segment_alloc(first);
    *cut_r = *lost_r = 0;
    if (!s)
        return NULL;
    journal_name(name, first, ".open");
    s->fd = disk_file_open(dir, name, O_RDWR, 0);
    struct journal_tail *t = s->fd < 0 ? NULL : journal_tail_open(dir, first);
    if (!t)
        return give_up(s);
    const struct frame_head *head = journal_tail_head(t);
    s->salt = head->salt;
    s->previous = head->previous;
    s->head = s->size = head->length;
    s->full = !span_eq(head->schema, schema);
    int rc = skip_synced(s, t);
    if (rc == 0)
        rc = recover(s, t, cut_r, lost_r);
    int error = errno;
    journal_tail_close(&t);
    errno = error;
    if (rc != 0)
        return give_up(s);
    s->full = s->full || *lost_r > 0;
    s->torn = *cut_r > 0;
    if (s->torn && segment_cut(s) != 0)
        return give_up(s);
    s->born_ms = clock_ms();
    int64_t age_ms = (clock_wall_us() - s->first_us) / 1000;
    if (age_ms > 0)
        s->born_ms -= age_ms;
    return s;
}

int64_t segment_inspect(int dir, uint64_t first, uint64_t until)
{
    struct frame f;
    uint64_t at;
    int64_t lost = 0, passed = 0;
    struct journal_tail *t = journal_tail_open(dir, first);
    if (!t)
        return VOUCH_E_IO;
    while (passed >= 0 && journal_tail_at(t) < until) {
        int rc = journal_tail_next(t, &f);
        passed = rc == 0 ? journal_tail_pass(t, &at) : rc < 0 ? rc : 0;
        if (rc == 0 && passed == 0)
            passed = VOUCH_E_IO; /* it has become shorter */
        lost += passed > 0 ? passed : 0;
    }
    journal_tail_close(&t);
    return passed < 0 ? passed : lost;
}

int segment_append(struct segment *s, struct frame *f)
{
    uint8_t head[FRAME_BYTES];
    union {
        const char *in;
        void *out;
    } datum = {f->datum.p}; /* writev only reads it */
    struct iovec parts[2] = {{head, sizeof head}, {datum.out, f->datum.len}};
    ssize_t n, want = (ssize_t)(sizeof head + f->datum.len);
    f->number = s->last + 1;
    f->synced = s->synced <= UINT32_MAX ? (uint32_t)s->synced : 0;
    frame_write(head, s->salt, f);
    do
        n = pwritev(s->fd, parts, 2, (off_t)s->size);
    while (n < 0 && errno == EINTR);
    if (n != want) {
        errno = n < 0 ? errno : ENOSPC;
        s->torn = true;
        return -1;
    }
    if (s->last < s->first) {
        s->first_us = f->time_us;
        s->born_ms = clock_ms();
    }
    s->last++;
    s->size += (uint64_t)want;
    return 0;
}

int segment_cut(struct segment *s)
{
    if (s->torn && ftruncate(s->fd, (off_t)s->size) != 0)
        return -1;
    s->torn = false;
    return 0;
}

int segment_rewrite(struct segment *s)
{
    int rc = 0;
    char *step = malloc(REWRITE_STEP);
    if (!step)
        return -1;
    for (uint64_t at = s->synced; rc == 0 && at < s->size; at += REWRITE_STEP) {
        size_t len = s->size - at < REWRITE_STEP ? (size_t)(s->size - at) : REWRITE_STEP;
        ssize_t n = journal_read_at(s->fd, step, len, at);
        if (n == (ssize_t)len)
            n = pwrite(s->fd, step, len, (off_t)at);
        if (n != (ssize_t)len) {
            errno = n < 0 ? errno : EIO;
            rc = -1;
        }
    }
    int error = errno;
    free(step);
    errno = error;
    return rc;
}

int segment_sync(const struct segment *s, int dir)
{
    if (fdatasync(s->fd) != 0)
        return -1;
    return s->named ? 0 : journal_dir_sync(dir);
}
