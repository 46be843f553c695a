/* SPDX-License-Identifier: BSD-2-Clause */
/* A held message's log: read under its lock, appended and synced. A line without an end was torn by a crash, before anybody acted
 * upon it, and goes. A line that cannot be read is no state to guess from: nothing is done until a person has seen it. */
#include "config.h"
#include "held_log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "held_dir.h"
#include "held_line.h"
#include "held_seal.h"
#include "quarantine_private.h"
#include "disk.h"

#define LOG_MAX (64u << 20) /* bytes that are read of one */

struct held_log {
    int fd;
    const struct pseudonym_keys *keys; /* the quarantine's */
    char id[HELD_ID_TEXT];
    bool busy;
    uint64_t size; /* of its whole lines */
    struct held_line *lines;
    size_t count;
};

void held_log_close(struct held_log **lp)
{
    struct held_log *l = *lp;
    *lp = NULL;
    if (!l)
        return;
    if (l->fd >= 0)
        close(l->fd);
    for (size_t i = 0; i < l->count; i++)
        held_line_clear(&l->lines[i]);
    free(l->lines);
    free(l);
}

static int append(struct held_log *l, struct span text)
{
    if ((l->count & (l->count - 1)) == 0) { /* room for a power of two, and full */
        size_t room = l->count ? l->count * 2 : 1;
        struct held_line *lines = realloc(l->lines, room * sizeof *lines);
        if (!lines)
            return VOUCH_E_NOMEM;
        l->lines = lines;
    }
    int rc = held_line_parse(text, &l->lines[l->count]);
    l->count += rc == 0;
    return rc;
}

/* One that was written before there was a key is not encrypted. */
static int append_read(struct held_log *l, struct span line)
{
    struct sbuf text;
    if (line.len && line.p[0] == '{')
        return append(l, line);
    sbuf_init(&text, 2 * HELD_LINE_MAX);
    int rc = held_unseal(l->keys, l->id, line, &text);
    if (rc == 0)
        rc = append(l, sbuf_span(&text));
    sbuf_clear(&text);
    return rc;
}

static int read_all(int fd, struct sbuf *out)
{
    char part[4096];
    ssize_t n;
    off_t at = 0;
    while ((n = pread(fd, part, sizeof part, at)) > 0 && !out->failed) {
        sbuf_add(out, part, (size_t)n);
        at += n;
    }
    return n < 0 ? VOUCH_E_IO : out->failed ? VOUCH_E_NOMEM : 0;
}

static int read_lines(struct held_log *l)
{
    struct sbuf text;
    sbuf_init(&text, LOG_MAX);
    int rc = read_all(l->fd, &text);
    struct span rest = sbuf_span(&text);
    ptrdiff_t end;
    while (rc == 0 && (end = span_index(rest, '\n', 0)) >= 0) {
        rc = append_read(l, span_slice(rest, 0, (size_t)end));
        rest = span_slice(rest, (size_t)end + 1, rest.len);
        l->size += (size_t)end + 1;
    }
    int error = errno;
    sbuf_clear(&text);
    errno = error;
    return rc;
}

static int open_log(struct quarantine *q, struct held_log *l, const char *id, unsigned wait_ms)
{
    if (!held_id_ok(id)) {
        errno = ENOENT;
        return VOUCH_E_IO;
    }
    int day = quarantine_day(q, id, false);
    if (day < 0)
        return VOUCH_E_IO;
    l->fd = quarantine_lock(day, id, wait_ms);
    int rc = l->fd < 0 || fsync(day) != 0 ? VOUCH_E_IO : 0, error = errno;
    close(day);
    errno = error;
    if (rc == 0)
        rc = read_lines(l);
    if (rc == 0 && ftruncate(l->fd, (off_t)l->size) != 0) /* what was torn */
        rc = VOUCH_E_IO;
    return rc;
}

/* A message without a log has none yet: nothing happened to it. */
static int look(struct quarantine *q, struct held_log *l, const char *id)
{
    char name[HELD_NAME_MAX];
    int day = held_id_ok(id) ? quarantine_day(q, id, false) : -1;
    if (day < 0) {
        errno = held_id_ok(id) ? errno : ENOENT;
        return VOUCH_E_IO;
    }
    held_name(name, id, ".held");
    int rc = faccessat(day, name, F_OK, 0) == 0 ? 0 : VOUCH_E_IO;
    held_name(name, id, ".log");
    if (rc == 0 && (l->fd = held_file_open(day, name, O_RDONLY)) < 0 && errno != ENOENT)
        rc = VOUCH_E_IO;
    int error = errno;
    close(day);
    errno = error;
    if (rc != 0 || l->fd < 0)
        return rc;
    l->busy = flock(l->fd, LOCK_SH | LOCK_NB) != 0;
    flock(l->fd, LOCK_UN);
    return read_lines(l);
}

static void explain(const struct quarantine *q, const struct held_log *l, const char *id, int rc,
                    char *error_r, size_t size)
{
    int error = errno;
    if (rc == VOUCH_E_SYNTAX) {
        error = EBADMSG;
        snprintf(error_r, size,
                 "line %zu of the log of message %s in the quarantine %s is damaged: see what "
                 "became of the message before you remove that line",
                 l->count + 1, id, q->path);
    } else if (rc == VOUCH_E_CONFIG) {
        error = EACCES;
        snprintf(error_r, size,
                 "the log of message %s in the quarantine %s is encrypted with a key that is not "
                 "in %s",
                 id, q->path, q->keys ? "the key file" : "use: there is no key file");
    } else if (rc != VOUCH_E_IO) {
        error = ENOMEM;
        snprintf(error_r, size, "%s", vouch_strerror(rc));
    } else if (error == ENOENT) {
        snprintf(error_r, size, "there is no message %.80s in the quarantine %s", id, q->path);
    } else if (error == EBUSY) {
        snprintf(error_r, size, "somebody else is at message %s: try again", id);
    } else {
        snprintf(error_r, size, "cannot use the log of message %s in the quarantine %s: %s", id,
                 q->path, strerror(error));
    }
    errno = error;
}

static struct held_log *log_new(const struct quarantine *q, const char *id)
{
    struct held_log *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->fd = -1;
    l->keys = q->keys;
    snprintf(l->id, sizeof l->id, "%s", id);
    return l;
}

static struct held_log *refuse(const struct quarantine *q, struct held_log *l, const char *id,
                               int rc, char *error_r, size_t size)
{
    explain(q, l, id, rc, error_r, size);
    int error = errno;
    held_log_close(&l);
    errno = error;
    return NULL;
}

struct held_log *held_log_open(struct quarantine *q, const char *id, unsigned wait_ms,
                               char *error_r, size_t size)
{
    struct held_log *l = log_new(q, id);
    int rc = l ? open_log(q, l, id, wait_ms) : VOUCH_E_NOMEM;
    return rc == 0 ? l : refuse(q, l, id, rc, error_r, size);
}

struct held_log *held_log_read(struct quarantine *q, const char *id, char *error_r, size_t size)
{
    struct held_log *l = log_new(q, id);
    int rc = l ? look(q, l, id) : VOUCH_E_NOMEM;
    return rc == 0 ? l : refuse(q, l, id, rc, error_r, size);
}

bool held_log_busy(const struct held_log *l)
{
    return l->busy;
}

static bool is_about(const struct held_line *line, const char *rcpt)
{
    for (size_t i = 0; i < line->rcpt_count; i++)
        if (strcmp(line->rcpts[i], rcpt) == 0)
            return true;
    return !line->rcpts;
}

/* What was released stays so, whatever fails later; "undone" takes back what was learnt, not the mail. */
enum held_state held_log_state(const struct held_log *l, const char *rcpt)
{
    enum held_state state = HELD_WAITS;
    for (size_t i = 0; i < l->count && state != HELD_GONE; i++) {
        if (!is_about(&l->lines[i], rcpt))
            continue;
        switch (l->lines[i].event) {
        case HELD_BEGAN:
            state = HELD_DOUBT;
            break;
        case HELD_RELEASED:
            state = HELD_GONE;
            break;
        case HELD_FAILED:
            state = HELD_WAITS;
            break;
        case HELD_LEARNT:
        case HELD_UNDONE:
        case HELD_EVENT_COUNT:
            break;
        }
    }
    return state;
}

const struct held_line *held_log_lines(const struct held_log *l, size_t *count_r)
{
    *count_r = l->count;
    return l->lines;
}

/* A line that is not whole on the disk is taken back: so nobody acts upon it. */
static int write_line(struct held_log *l, struct span text)
{
    if (disk_write_all(l->fd, text.p, text.len) == 0 && fdatasync(l->fd) == 0) {
        l->size += text.len;
        return 0;
    }
    int error = errno;
    if (ftruncate(l->fd, (off_t)l->size) != 0)
        error = errno;
    errno = error;
    return VOUCH_E_IO;
}

int held_log_add(struct held_log *l, const struct held_line *line)
{
    struct sbuf text, sealed;
    sbuf_init(&text, 2 * HELD_LINE_MAX);
    sbuf_init(&sealed, 2 * HELD_LINE_MAX);
    int rc = held_line_write(line, &text);
    struct span json = rc == 0 ? span_make(text.p, text.len - 1) : SPAN_NONE;
    if (rc == 0 && l->keys)
        rc = held_seal(&l->keys->list[0], l->id, json, &sealed);
    if (rc == 0)
        rc = append(l, json);
    if (rc == 0 && (rc = write_line(l, sbuf_span(l->keys ? &sealed : &text))) != 0)
        held_line_clear(&l->lines[--l->count]);
    int error = errno;
    sbuf_clear(&text);
    sbuf_clear(&sealed);
    errno = error;
    return rc;
}
