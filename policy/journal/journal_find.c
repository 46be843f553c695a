/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds one record: segments from the newest to the oldest, by their index where there is a good one,
 * else by reading them. What is found is compared: digests only say where to look. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ascii.h"
#include "journal_index.h"
#include "journal_manifest.h"
#include "journal_reader.h"
#include "journal_sealed.h"
#include "journal_tail.h"
#include "rfc5322.h"

#define SCRATCH_MAX   (16u << 20) /* a decoded record */
#define ID_SLACK_US   60000000ll /* the time in an id is its record's, but a file's may be guessed */
#define UUID7_VERSION 14         /* where a UUID's text has its version */

struct search {
    struct span id, message_id; /* one of them is absent */
    const char *utf8;           /* message_id as records have it */
    uint64_t digest;
    int64_t oldest_us, newest_us; /* times that the record can have */
    bool (*will_do)(void *, struct span);
    void *arg;
    struct arena *scratch;
    bool found;
    int64_t found_us;
    struct sbuf datum; /* what was found */
    int failed;        /* something could not be read: absence is not certain */
    char *error;
    size_t error_size;
};

static int fail(struct search *s, int code, const char *path, uint64_t first, const char *extension,
                const char *text)
{
    char name[JOURNAL_NAME_MAX];
    journal_name(name, first, extension);
    snprintf(s->error, s->error_size, "%s/%s: %s", path, name, text);
    s->failed = code;
    return 0;
}

/* The time of a UUIDv7 (RFC 9562); false: it is none. */
static bool id_time(struct span id, int64_t *us_r)
{
    int64_t ms = 0;
    if (id.len != RECORD_ID_TEXT - 1 || id.p[UUID7_VERSION] != '7')
        return false;
    for (size_t i = 0; i < 13; i++) {
        int digit = i == 8 ? 0 : ascii_hex(id.p[i]);
        if (digit < 0)
            return false;
        ms = i == 8 ? ms : ms << 4 | digit;
    }
    *us_r = ms * 1000;
    return true;
}

static bool is_it(const struct search *s, const struct record *r)
{
    if (r->time_us < s->oldest_us)
        return false;
    if (s->id.p)
        return span_eq(s->id, span_of(r->id));
    return r->message && r->message->message_id && strcmp(r->message->message_id, s->utf8) == 0;
}

/* Takes the datum if it is what is looked for, and newer than what was found. 1: it is taken; 0;
 * VOUCH_E_NOMEM. */
static int consider(struct search *s, struct span datum)
{
    const struct record *r;
    int rc = record_decode(s->scratch, datum, &r);
    if (rc == VOUCH_E_NOMEM)
        return rc;
    bool taken = rc == 0 && is_it(s, r) && (!s->found || r->time_us >= s->found_us) &&
                 (!s->will_do || s->will_do(s->arg, datum));
    if (taken) {
        s->found = true;
        s->found_us = r->time_us;
        sbuf_reset(&s->datum);
        sbuf_addspan(&s->datum, datum);
    }
    arena_reset(s->scratch);
    return s->datum.failed ? VOUCH_E_NOMEM : taken;
}

/* In an open segment. 1: found in it; 0; VOUCH_E_TEMP: it has gone meanwhile; VOUCH_E_NOMEM. */
static int in_tail(struct search *s, int dir, const char *path, uint64_t first)
{
    char error[300];
    struct journal_datum d;
    struct frame f;
    struct span rest, datum;
    struct journal_tail *t = journal_tail_open(dir, first);
    int rc = 0, found = 0;
    if (!t)
        return errno == ENOENT    ? VOUCH_E_TEMP
               : errno == ENODATA ? 0
               : errno == EBADMSG ? fail(s, VOUCH_E_SYNTAX, path, first, ".open", "is damaged")
                                  : fail(s, VOUCH_E_IO, path, first, ".open", strerror(errno));
    if (journal_datum_init(&d, journal_tail_head(t)->schema, error, sizeof error) != 0) {
        fail(s, VOUCH_E_SYNTAX, path, first, ".open", error);
    } else {
        while (rc >= 0 && (rc = journal_tail_next(t, &f)) == 1) {
            rest = f.datum;
            if (f.time_us < s->oldest_us || (s->id.p ? f.id : f.message_id) != s->digest)
                continue;
            if (journal_datum_take(&d, &rest, &datum) == 0)
                rc = consider(s, datum);
            found |= rc == 1;
        }
    }
    journal_datum_clear(&d);
    journal_tail_close(&t);
    if (rc == VOUCH_E_IO)
        return fail(s, rc, path, first, ".open", strerror(errno));
    return rc < 0 ? rc : found;
}

struct indexed {
    struct search *s;
    struct journal_sealed *sealed;
};

/* index_find's each */
static int look_at(void *arg, const struct index_entry *e)
{
    struct indexed *x = arg;
    struct span datum;
    int rc = journal_sealed_at(x->sealed, e->offset, e->place, &datum);
    return rc == 1 ? consider(x->s, datum) : rc;
}

/* Reads all of a segment that has no index, or a wrong one. */
static int scan(struct search *s, struct journal_sealed *sealed, const char *path, uint64_t first,
                uint64_t last)
{
    struct span wanted = s->id.p ? s->id : span_of(s->utf8), datum;
    uint64_t number;
    int rc, found = 0;
    while ((rc = journal_sealed_next(sealed, first, last, &number, &datum)) == 1 ||
           rc == VOUCH_E_SYNTAX) {
        if (rc == VOUCH_E_SYNTAX) {
            fail(s, rc, path, first, ".avro", journal_sealed_error(sealed));
        } else if (memmem(datum.p, datum.len, wanted.p, wanted.len)) {
            rc = consider(s, datum);
            if (rc < 0)
                return rc;
            found |= rc;
        }
    }
    if (rc == VOUCH_E_IO)
        return fail(s, rc, path, first, ".avro", journal_sealed_error(sealed));
    return rc < 0 ? rc : found;
}

/* In a sealed segment; e: its line of the manifest, or NULL. As in_tail. */
static int in_sealed(struct search *s, int dir, const char *path, uint64_t first,
                     const struct manifest_entry *e)
{
    char error[300];
    struct indexed x = {s, journal_sealed_open(dir, first, error, sizeof error)};
    if (!x.sealed)
        return errno == ENOENT    ? VOUCH_E_TEMP
               : errno == ENODATA ? fail(s, VOUCH_E_SYNTAX, path, first, ".avro", error)
                                  : fail(s, VOUCH_E_IO, path, first, ".avro", error);
    int rc = index_find_file(dir, first, e ? e->bytes : 0, s->digest, look_at, &x);
    if (rc == VOUCH_E_SYNTAX || rc == VOUCH_E_IO) {
        journal_sealed_close(&x.sealed);
        x.sealed = journal_sealed_open(dir, first, error, sizeof error);
        rc = x.sealed ? scan(s, x.sealed, path, first, e ? e->last : 0) : VOUCH_E_TEMP;
    }
    journal_sealed_close(&x.sealed);
    return rc;
}

/* Whether the record may be in it, by its times. */
static bool may_have(const struct search *s, const struct manifest_entry *e)
{
    return !e || (e->last_us >= s->oldest_us && e->first_us <= s->newest_us);
}

/* 1: found; 0; VOUCH_E_NOMEM; VOUCH_E_TEMP: an open segment was sealed meanwhile. */
static int in_segments(struct search *s, int dir, const char *path, const struct journal_list *list,
                       const struct manifest *m)
{
    int rc = 0;
    for (size_t i = list->count; i > 0 && rc == 0; i--) {
        const struct journal_item *item = &list->items[i - 1];
        const struct manifest_entry *e = manifest_find(m, item->first);
        if (item->sealed && may_have(s, e)) {
            rc = in_sealed(s, dir, path, item->first, e);
            if (rc == VOUCH_E_TEMP)
                rc = 0; /* removed meanwhile */
        } else if (item->open && !item->sealed) {
            rc = in_tail(s, dir, path, item->first);
        }
    }
    return rc;
}

/* journal_writers' each: 0 to go on; VOUCH_E_NOMEM. */
static int in_writer(void *arg, const struct journal_writer_info *info)
{
    struct search *s = arg;
    int rc = VOUCH_E_TEMP;
    int dir = journal_dir_open(info->path);
    for (int i = 0; dir >= 0 && rc == VOUCH_E_TEMP && i < 3; i++) {
        struct journal_list list;
        struct manifest m;
        rc = journal_list_read(dir, &list);
        manifest_read(dir, &m, NULL, NULL); /* without it, all segments are read */
        if (rc == 0)
            rc = in_segments(s, dir, info->path, &list, &m);
        manifest_clear(&m);
        journal_list_clear(&list);
    }
    if (dir < 0 || rc == -1) {
        snprintf(s->error, s->error_size, "%s: %s", info->path, strerror(errno));
        s->failed = VOUCH_E_IO;
    }
    if (dir >= 0)
        close(dir);
    return rc == VOUCH_E_NOMEM ? rc : 0;
}

static struct span bare(struct span message_id)
{
    bool brackets =
        message_id.len > 1 && message_id.p[0] == '<' && message_id.p[message_id.len - 1] == '>';
    return brackets ? span_slice(message_id, 1, message_id.len - 1) : message_id;
}

int journal_find(const char *dir, struct span id, struct span message_id, int64_t oldest_us,
                 bool (*will_do)(void *, struct span datum), void *arg, struct arena *arena,
                 struct span *datum_r, char *error_r, size_t size)
{
    int64_t us;
    struct search s = {.id = id,
                       .message_id = id.p ? SPAN_NONE : bare(message_id),
                       .oldest_us = oldest_us,
                       .newest_us = INT64_MAX,
                       .will_do = will_do,
                       .arg = arg,
                       .scratch = arena_new(SCRATCH_MAX),
                       .error = error_r,
                       .error_size = size};
    if (id.p && id_time(id, &us)) {
        s.newest_us = us + ID_SLACK_US;
        s.oldest_us = us - ID_SLACK_US > oldest_us ? us - ID_SLACK_US : oldest_us;
    }
    error_r[0] = '\0';
    s.digest = frame_digest(id.p ? id : s.message_id);
    s.utf8 = s.message_id.p ? rfc5322_utf8(arena, s.message_id) : "";
    sbuf_init(&s.datum, RECORD_BYTES_MAX);
    int rc = s.scratch && s.utf8 ? 0 : VOUCH_E_NOMEM;
    if (rc == 0 && s.digest != 0)
        rc = journal_writers(dir, in_writer, &s, error_r, size);
    if (rc == 0 && s.found) {
        char *copy = arena_span(arena, sbuf_span(&s.datum));
        *datum_r = span_make(copy, s.datum.len);
        rc = copy ? 1 : VOUCH_E_NOMEM;
    } else if (rc == 0) {
        rc = s.failed;
    }
    if (rc == VOUCH_E_NOMEM)
        snprintf(error_r, size, "%s", vouch_strerror(rc));
    sbuf_clear(&s.datum);
    arena_free(&s.scratch);
    return rc;
}
