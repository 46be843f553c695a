/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads an open segment. What is not whole may be whole at the next look: so bytes are kept only as
 * far as they are frames, and the rest is read anew. */
#include "config.h"
#include "journal_tail.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "journal_dir.h"
#include "disk.h"

#define ROOM_FIRST (256u * 1024)
#define ROOM_MAX   (2u * (FRAME_DATUM_MAX + FRAME_BYTES)) /* more than the longest frame */

struct journal_tail {
    int fd;
    struct frame_head head; /* its spans: in head_bytes */
    char *head_bytes;
    char *buffer;
    size_t room, filled, used; /* of buffer */
    uint64_t at;               /* in the file: of the byte at `used` */
};

static int read_head(struct journal_tail *t)
{
    char *bytes = malloc(FRAME_HEAD_MAX);
    if (!bytes)
        return -1;
    ssize_t n = journal_read_at(t->fd, bytes, FRAME_HEAD_MAX, 0);
    int rc = n < 0 ? -1 : 0;
    int is = rc == 0 ? frame_head_parse(span_make(bytes, (size_t)n), &t->head) : 0;
    if (rc == 0 && is != FRAME_WHOLE) {
        errno = is == FRAME_PART ? ENODATA : EBADMSG;
        rc = -1;
    }
    if (rc == 0) {
        t->head_bytes = malloc(t->head.length);
        if (!t->head_bytes)
            rc = -1;
    }
    if (rc == 0) {
        memcpy(t->head_bytes, bytes, t->head.length);
        frame_head_parse(span_make(t->head_bytes, t->head.length), &t->head);
        t->at = t->head.length;
    }
    int error = errno;
    free(bytes);
    errno = error;
    return rc;
}

struct journal_tail *journal_tail_open(int dir, uint64_t first)
{
    char name[JOURNAL_NAME_MAX];
    struct journal_tail *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    journal_name(name, first, ".open");
    t->fd = disk_file_open(dir, name, O_RDONLY, 0);
    t->buffer = malloc(ROOM_FIRST);
    t->room = ROOM_FIRST;
    if (t->fd >= 0 && t->buffer && read_head(t) == 0) {
        if (t->head.first == first)
            return t;
        errno = EBADMSG;
    }
    int error = errno;
    journal_tail_close(&t);
    errno = error;
    return NULL;
}

void journal_tail_close(struct journal_tail **tp)
{
    struct journal_tail *t = *tp;
    if (!t)
        return;
    if (t->fd >= 0)
        close(t->fd);
    free(t->head_bytes);
    free(t->buffer);
    free(t);
    *tp = NULL;
}

const struct frame_head *journal_tail_head(const struct journal_tail *t)
{
    return &t->head;
}

/* Reads the buffer full from t->at on. */
static int fill(struct journal_tail *t)
{
    ssize_t n = journal_read_at(t->fd, t->buffer, t->room, t->at);
    t->used = 0;
    t->filled = n > 0 ? (size_t)n : 0;
    return n < 0 ? VOUCH_E_IO : 0;
}

static struct span rest(const struct journal_tail *t)
{
    return span_make(t->buffer + t->used, t->filled - t->used);
}

/* The next frame if it is in the buffer. */
static int take(struct journal_tail *t, struct frame *frame_r)
{
    size_t length;
    int rc = frame_parse(rest(t), t->head.salt, frame_r, &length);
    if (rc == FRAME_WHOLE) {
        t->used += length;
        t->at += length;
    }
    return rc;
}

int journal_tail_next(struct journal_tail *t, struct frame *frame_r)
{
    int rc = take(t, frame_r);
    while (rc != FRAME_WHOLE) {
        if (fill(t) != 0)
            return VOUCH_E_IO;
        rc = take(t, frame_r);
        if (rc == FRAME_WHOLE || rc == VOUCH_E_SYNTAX || t->filled < t->room || t->room == ROOM_MAX)
            break;
        char *larger = realloc(t->buffer, ROOM_MAX); /* a frame longer than the buffer */
        if (!larger)
            return VOUCH_E_NOMEM;
        t->buffer = larger;
        t->room = ROOM_MAX;
    }
    return rc == FRAME_WHOLE;
}

uint64_t journal_tail_at(const struct journal_tail *t)
{
    return t->at;
}

void journal_tail_seek(struct journal_tail *t, uint64_t at)
{
    t->at = at;
    t->used = t->filled = 0;
}

uint64_t journal_tail_left(const struct journal_tail *t)
{
    struct stat st;
    return fstat(t->fd, &st) == 0 && (uint64_t)st.st_size > t->at ? (uint64_t)st.st_size - t->at
                                                                  : 0;
}

int64_t journal_tail_pass(struct journal_tail *t, uint64_t *at_r)
{
    uint64_t from = t->at;
    *at_r = from;
    for (;;) {
        if (fill(t) != 0)
            return VOUCH_E_IO;
        ptrdiff_t found = frame_seek(rest(t), t->head.salt, t->at == from ? 1 : 0);
        if (found >= 0) {
            t->used = (size_t)found;
            t->at += (uint64_t)found;
            break;
        }
        if (t->filled < t->room) { /* the end */
            t->at += t->filled;
            t->used = t->filled;
            break;
        }
        if (t->room < ROOM_MAX) {
            char *larger = realloc(t->buffer, ROOM_MAX);
            if (!larger)
                return VOUCH_E_NOMEM;
            t->buffer = larger;
            t->room = ROOM_MAX;
        } else {
            t->at += ROOM_MAX / 2; /* a frame that begins later is whole in the next buffer */
        }
    }
    return (int64_t)(t->at - from);
}

/* The last whole frame in bytes. */
static bool last_of(struct span bytes, uint64_t salt, struct frame *frame_r)
{
    bool found = false;
    size_t length = 0;
    for (ptrdiff_t at = 0; (at = frame_seek(bytes, salt, (size_t)at)) >= 0; at += (ptrdiff_t)length)
        found = frame_parse(span_slice(bytes, (size_t)at, bytes.len), salt, frame_r, &length) ==
                FRAME_WHOLE;
    frame_r->datum = SPAN_NONE;
    return found;
}

int journal_tail_last(struct journal_tail *t, struct frame *frame_r)
{
    struct stat st;
    bool found = false;
    ssize_t n = 0;
    if (fstat(t->fd, &st) != 0)
        return VOUCH_E_IO;
    uint64_t end = (uint64_t)st.st_size, room = 16 * 1024, from = end;
    while (!found && n >= 0 && from > t->head.length) {
        room *= 4; /* so a frame that did not fit is whole in a later look */
        from = end > t->head.length + room ? end - room : t->head.length;
        char *bytes = malloc((size_t)(end - from));
        if (!bytes)
            return VOUCH_E_NOMEM;
        n = journal_read_at(t->fd, bytes, (size_t)(end - from), from);
        found = n > 0 && last_of(span_make(bytes, (size_t)n), t->head.salt, frame_r);
        free(bytes);
    }
    return n < 0 ? VOUCH_E_IO : found;
}

bool journal_tail_linked(const struct journal_tail *t)
{
    struct stat st;
    return fstat(t->fd, &st) == 0 && st.st_nlink > 0;
}
