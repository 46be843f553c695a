/* SPDX-License-Identifier: BSD-2-Clause */
/* A message that is taken in. The first of it waits in memory, what is beyond in an unlinked file, encrypted by a key of its own where
 * the quarantine is. When it is to be kept, head and message are copied into a file that gets its name once it is on the disk. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "held_dir.h"
#include "held_head.h"
#include "held_stream.h"
#include "quarantine_private.h"

#define DAY_TRIES 10 /* an empty day may be tidied away before there is a file in it */

struct held_writer {
    struct quarantine *q;
    struct sbuf memory;
    uint64_t size;
    int failed; /* VOUCH_E_*, and with VOUCH_E_IO its errno */
    int error;

    int spill; /* -1: none yet */
    struct held_out out;
    struct pseudonym_keys key; /* of the spill; count 0: not encrypted */
};

struct held_writer *held_writer_new(struct quarantine *q)
{
    struct held_writer *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->q = q;
    w->spill = -1;
    sbuf_init(&w->memory, q->memory_bytes > HELD_BLOCK ? q->memory_bytes : HELD_BLOCK);
    return w;
}

void held_writer_free(struct held_writer **wp)
{
    struct held_writer *w = *wp;
    *wp = NULL;
    if (!w)
        return;
    if (w->spill >= 0)
        close(w->spill);
    sbuf_clear(&w->memory);
    explicit_bzero(&w->key, sizeof w->key);
    explicit_bzero(&w->out, sizeof w->out);
    free(w);
}

static void fail(struct held_writer *w, int rc)
{
    w->failed = rc;
    w->error = errno;
    sbuf_clear(&w->memory);
}

static int spill_open(struct held_writer *w)
{
    char name[HELD_NAME_MAX];
    if (w->q->keys) {
        w->key.count = 1;
        snprintf(w->key.list[0].id, sizeof w->key.list[0].id, "aaaa");
        if (getrandom(w->key.list[0].bytes, PSEUDONYM_KEY_BYTES, 0) != PSEUDONYM_KEY_BYTES)
            return VOUCH_E_IO;
    }
    w->spill = held_temp_make(w->q->dir, name);
    if (w->spill < 0 || unlinkat(w->q->dir, name, 0) != 0)
        return VOUCH_E_IO;
    return held_out_begin(&w->out, w->spill, w->key.count ? w->key.list : NULL);
}

/* All of memory goes into blocks of o; the last of them ends it, if so wanted. */
static int write_memory(const struct sbuf *memory, struct held_out *o, bool last)
{
    int rc = 0;
    size_t at = 0;
    do {
        size_t n = memory->len - at < HELD_BLOCK ? memory->len - at : HELD_BLOCK;
        rc = held_out_block(o, memory->p ? memory->p + at : "", n, last && at + n == memory->len);
        at += n;
    } while (rc == 0 && at < memory->len);
    return rc;
}

static int spill_memory(struct held_writer *w)
{
    int rc = w->spill < 0 ? spill_open(w) : 0;
    if (rc == 0)
        rc = write_memory(&w->memory, &w->out, false);
    sbuf_reset(&w->memory);
    return rc;
}

void held_add(struct held_writer *w, struct span bytes)
{
    while (bytes.len && !w->failed) {
        size_t room = w->memory.max - w->memory.len;
        size_t n = bytes.len < room ? bytes.len : room;
        sbuf_add(&w->memory, bytes.p, n);
        if (w->memory.failed)
            fail(w, VOUCH_E_NOMEM);
        w->size += n;
        bytes = span_slice(bytes, n, bytes.len);
        if (!w->failed && w->memory.len == w->memory.max) {
            int rc = spill_memory(w);
            if (rc != 0)
                fail(w, rc);
        }
    }
}

size_t held_writer_memory(const struct held_writer *w)
{
    return sizeof *w + w->memory.cap;
}

/* As held_writer_each, of the spill alone; it has no last block. */
static int each_spilled(struct held_writer *w, int (*each)(void *arg, const char *p, size_t n),
                        void *arg)
{
    struct held_in in;
    char id[PSEUDONYM_ID_TEXT], *block;
    size_t len;
    uint64_t seen = 0;
    if (w->spill < 0)
        return 0;
    int rc = held_in_begin(&in, w->spill, &w->key, id);
    while (rc == 0 && seen < w->size - w->memory.len) {
        rc = held_in_block(&in, HELD_BLOCK, &block, &len);
        if (rc != 0)
            break;
        seen += len;
        rc = each(arg, block, len);
        int error = errno;
        free(block);
        errno = error;
    }
    if (rc == VOUCH_E_SYNTAX || rc == VOUCH_E_CONFIG) {
        errno = EIO;
        rc = VOUCH_E_IO;
    }
    return rc;
}

static int copy(void *out, const char *p, size_t n)
{
    return held_out_block(out, p, n, false);
}

uint64_t held_writer_size(const struct held_writer *w)
{
    return w->size;
}

int held_writer_each(struct held_writer *w, int (*each)(void *arg, const char *p, size_t n),
                     void *arg)
{
    int rc = w->failed ? w->failed : each_spilled(w, each, arg);
    return rc == 0 && w->memory.len ? each(arg, w->memory.p, w->memory.len) : rc;
}

static int write_file(struct held_writer *w, int fd, const struct sbuf *head)
{
    struct held_out o;
    int rc = held_out_begin(&o, fd, w->q->keys ? w->q->keys->list : NULL);
    if (rc == 0)
        rc = held_out_block(&o, head->p, head->len, false);
    if (rc == 0)
        rc = each_spilled(w, copy, &o);
    if (rc == 0)
        rc = write_memory(&w->memory, &o, true);
    if (rc == 0 && fsync(fd) != 0)
        rc = VOUCH_E_IO;
    explicit_bzero(&o, sizeof o);
    return rc;
}

/* Gives the file its name, durably, or leaves nothing. */
static int name_file(int day, const char *temp, const char *id)
{
    char name[HELD_NAME_MAX];
    held_name(name, id, ".held");
    if (linkat(day, temp, day, name, 0) != 0)
        return VOUCH_E_IO;
    if (unlinkat(day, temp, 0) == 0 && fsync(day) == 0)
        return 0;
    int error = errno;
    unlinkat(day, name, 0);
    errno = error;
    return VOUCH_E_IO;
}

/* The day's directory with a temporary file in it. */
static int make_temp(struct quarantine *q, const char *id, int *day_r, char temp_r[HELD_NAME_MAX])
{
    for (int tries = 0; tries < DAY_TRIES; tries++) {
        *day_r = quarantine_day(q, id, true);
        int fd = *day_r < 0 ? -1 : held_temp_make(*day_r, temp_r), error = errno;
        if (fd >= 0)
            return fd;
        if (*day_r >= 0)
            close(*day_r);
        errno = error;
        if (error != ENOENT)
            break;
    }
    return -1;
}

static int keep(struct held_writer *w, const char *id, const struct sbuf *head)
{
    char temp[HELD_NAME_MAX];
    int day, fd = make_temp(w->q, id, &day, temp);
    if (fd < 0)
        return VOUCH_E_IO;
    int rc = write_file(w, fd, head);
    if (rc == 0)
        rc = name_file(day, temp, id);
    int error = errno;
    if (rc != 0)
        unlinkat(day, temp, 0);
    close(fd);
    close(day);
    errno = error;
    return rc;
}

/* One line of why not. */
static int explain(const struct held_writer *w, int rc, char *error_r, size_t size)
{
    const struct quarantine *q = w->q;
    if (rc == VOUCH_E_RANGE)
        snprintf(error_r, size,
                 "the quarantine %s is full: it may hold %" PRIu64 " bytes (quarantine.max_size)",
                 q->path, q->bytes);
    else if (rc == VOUCH_E_IO)
        snprintf(error_r, size, "cannot write to the quarantine %s: %s", q->path, strerror(errno));
    else if (rc == VOUCH_E_SYNTAX)
        snprintf(error_r, size, "its envelope or record cannot be written down");
    else if (rc != 0)
        snprintf(error_r, size, "%s", vouch_strerror(rc));
    return rc;
}

int held_keep(struct held_writer *w, const char *id, const struct held_envelope *envelope,
              const char *record, char *error_r, size_t size)
{
    const struct held_head h = {.id = id, .envelope = *envelope, .size = w->size, .record = record};
    struct sbuf head;
    errno = w->error;
    if (w->failed)
        return explain(w, w->failed, error_r, size);
    sbuf_init(&head, HELD_BLOCK_MAX);
    bool fine = held_id_ok(id) && held_head_write(&h, &head);
    int rc = !fine ? VOUCH_E_SYNTAX : head.failed ? VOUCH_E_NOMEM : 0;
    uint64_t bytes = head.len + w->size;
    if (rc == 0 && !quarantine_reserve(w->q, bytes))
        rc = VOUCH_E_RANGE;
    else if (rc == 0 && (rc = keep(w, id, &head)) != 0)
        quarantine_unreserve(w->q, bytes);
    explain(w, rc, error_r, size);
    sbuf_clear(&head);
    return rc;
}
