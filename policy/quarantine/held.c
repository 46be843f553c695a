/* SPDX-License-Identifier: BSD-2-Clause */
/* One message that is kept, read. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "held_dir.h"
#include "held_head.h"
#include "held_stream.h"
#include "quarantine_private.h"

struct held {
    int fd;
    char *text; /* the head's */
    struct held_head head;
    struct held_in start, in; /* of the message; where reading stands */
    char *block;
    size_t len, used;
    uint64_t read;
    bool damaged;
};

void held_close(struct held **hp)
{
    struct held *h = *hp;
    *hp = NULL;
    if (!h)
        return;
    if (h->fd >= 0)
        close(h->fd);
    held_head_clear(&h->head);
    free(h->text);
    free(h->block);
    explicit_bzero(&h->start, sizeof h->start);
    explicit_bzero(&h->in, sizeof h->in);
    free(h);
}

static int open_file(const struct quarantine *q, const char *id)
{
    char name[HELD_NAME_MAX];
    if (!held_id_ok(id)) {
        errno = ENOENT;
        return -1;
    }
    int day = quarantine_day(q, id, false);
    if (day < 0)
        return -1;
    held_name(name, id, ".held");
    int fd = held_file_open(day, name, O_RDONLY), error = errno;
    close(day);
    errno = error;
    return fd;
}

/* 0, VOUCH_E_* with errno. */
static int read_head(const struct quarantine *q, struct held *h, const char *id, char *key_id)
{
    size_t len;
    h->fd = open_file(q, id);
    int rc = h->fd < 0 ? VOUCH_E_IO : held_in_begin(&h->start, h->fd, q->keys, key_id);
    if (rc == 0)
        rc = held_in_block(&h->start, HELD_BLOCK_MAX, &h->text, &len);
    if (rc == 0)
        rc = h->start.ended ? VOUCH_E_SYNTAX : held_head_parse(h->text, len, &h->head);
    if (rc == 0 && strcmp(h->head.id, id) != 0)
        rc = VOUCH_E_SYNTAX; /* another message's file under this name */
    h->in = h->start;
    return rc;
}

static void explain(const struct quarantine *q, const char *id, int rc, const char *key_id,
                    char *error_r, size_t size)
{
    char day[HELD_DAY_TEXT];
    int error = errno;
    if (!held_id_ok(id)) {
        snprintf(error_r, size, "\"%.80s\" is not a message's id", id);
        errno = ENOENT;
        return;
    }
    held_day(day, id);
    switch (rc) {
    case VOUCH_E_IO:
        if (error == ENOENT)
            snprintf(error_r, size, "there is no message %s in the quarantine %s", id, q->path);
        else
            snprintf(error_r, size, "cannot read message %s in the quarantine %s: %s", id, q->path,
                     strerror(error));
        break;
    case VOUCH_E_SYNTAX:
        error = EBADMSG;
        snprintf(error_r, size, "%s/%s/%s.held is damaged: it is not what was written", q->path,
                 day, id);
        break;
    case VOUCH_E_CONFIG:
        error = EACCES;
        snprintf(error_r, size, "%s/%s/%s.held is encrypted with the key %s, which is not in %s",
                 q->path, day, id, key_id, q->keys ? "the key file" : "use: there is no key file");
        break;
    default:
        error = ENOMEM;
        snprintf(error_r, size, "%s", vouch_strerror(rc));
    }
    errno = error;
}

struct held *held_open(struct quarantine *q, const char *id, char *error_r, size_t size)
{
    char key_id[PSEUDONYM_ID_TEXT] = "";
    struct held *h = calloc(1, sizeof *h);
    if (h)
        h->fd = -1;
    int rc = h ? read_head(q, h, id, key_id) : VOUCH_E_NOMEM;
    if (rc == 0)
        return h;
    explain(q, id, rc, key_id, error_r, size);
    int error = errno;
    held_close(&h);
    errno = error;
    return NULL;
}

const struct held_envelope *held_envelope(const struct held *h)
{
    return &h->head.envelope;
}

const char *held_record(const struct held *h)
{
    return h->head.record;
}

uint64_t held_size(const struct held *h)
{
    return h->head.size;
}

/* The next block in place of the one that is used up; 0 also at the end. */
static int next_block(struct held *h)
{
    free(h->block);
    h->block = NULL;
    h->used = h->len = 0;
    if (h->in.ended)
        return h->read == h->head.size ? 0 : VOUCH_E_SYNTAX;
    int rc = held_in_block(&h->in, HELD_BLOCK, &h->block, &h->len);
    h->read += rc == 0 ? h->len : 0;
    return rc;
}

ptrdiff_t held_read(struct held *h, void *buffer_r, size_t size)
{
    while (h->used == h->len) {
        bool end = h->in.ended;
        int rc = h->damaged ? VOUCH_E_SYNTAX : next_block(h);
        h->damaged = rc == VOUCH_E_SYNTAX;
        if (rc != 0 || end)
            return rc;
    }
    size_t n = h->len - h->used < size ? h->len - h->used : size;
    memcpy(buffer_r, h->block + h->used, n);
    h->used += n;
    return (ptrdiff_t)n;
}

void held_rewind(struct held *h)
{
    free(h->block);
    h->block = NULL;
    h->len = h->used = 0;
    h->read = 0;
    h->in = h->start;
    h->damaged = false;
}
