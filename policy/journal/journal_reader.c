/* SPDX-License-Identifier: BSD-2-Clause */
/* One journal read in order of its numbers, from segment to segment.
 *
 * Nothing is asked of the writer, and nothing locked: a segment that was opened stays readable when it
 * is sealed or removed, and an open one is only left when a newer one shows that nothing can follow in
 * it. */
#include "config.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "journal_dir.h"
#include "journal_reader.h"
#include "journal_manifest.h"
#include "journal_sealed.h"
#include "journal_tail.h"

#define TRIES 5 /* to open a segment that is being sealed or removed */

struct journal_reader {
    char *path;
    int dir;
    struct journal_list list; /* as it was when a segment was last missed in it */
    uint64_t next;            /* the number wanted: lower ones are passed over */
    uint64_t done;            /* segments up to this one are read */
    uint64_t current;         /* the segment that is read, 0: none */
    bool any;                 /* it gave a record */
    /* it is the one or the other */
    struct journal_tail *tail;
    struct journal_datum datum; /* of tail */
    struct journal_sealed *sealed;
    uint64_t last; /* number of sealed; 0: not asked for yet */
    char error[400];
};

static int wrong_in(struct journal_reader *r, int code, uint64_t first, const char *extension,
                    const char *text)
{
    char name[JOURNAL_NAME_MAX];
    journal_name(name, first, extension);
    snprintf(r->error, sizeof r->error, "%s/%s: %s", r->path, name, text);
    return code;
}

/* In the segment that is read. */
static int wrong(struct journal_reader *r, int code, const char *text)
{
    return wrong_in(r, code, r->current, r->sealed ? ".avro" : ".open", text);
}

struct journal_reader *journal_reader_open(const char *path, uint64_t after, char *error_r,
                                           size_t size)
{
    struct journal_reader *r = calloc(1, sizeof *r);
    snprintf(error_r, size, "%s", vouch_strerror(VOUCH_E_NOMEM));
    if (!r)
        return NULL;
    r->dir = -1;
    r->next = after + 1;
    r->path = strdup(path);
    if (r->path && (r->dir = journal_dir_open(path)) < 0)
        snprintf(error_r, size, "%s: %s", path, strerror(errno));
    if (r->dir < 0)
        journal_reader_close(&r);
    return r;
}

static void leave(struct journal_reader *r)
{
    journal_tail_close(&r->tail);
    journal_datum_clear(&r->datum);
    journal_sealed_close(&r->sealed);
    r->current = 0;
}

void journal_reader_close(struct journal_reader **rp)
{
    struct journal_reader *r = *rp;
    if (!r)
        return;
    leave(r);
    journal_list_clear(&r->list);
    if (r->dir >= 0)
        close(r->dir);
    free(r->path);
    free(r);
    *rp = NULL;
}

const char *journal_reader_error(const struct journal_reader *r)
{
    return r->error;
}

/* Of the segments not done, the one that may hold the number wanted, else the first after it. */
static const struct journal_item *choose(const struct journal_list *list, uint64_t done,
                                         uint64_t next)
{
    const struct journal_item *best = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct journal_item *item = &list->items[i];
        if (item->first <= done || !(item->open || item->sealed))
            continue;
        if (best && item->first > next)
            break;
        best = item;
    }
    return best;
}

static bool newer_than(const struct journal_list *list, uint64_t first)
{
    return list->count > 0 && list->items[list->count - 1].first > first;
}

/* The segment cannot be read at all: it is passed over. */
static int pass_over(struct journal_reader *r, uint64_t first, const char *extension,
                     const char *text)
{
    r->done = first;
    return wrong_in(r, VOUCH_E_SYNTAX, first, extension, text);
}

static void begin(struct journal_reader *r, uint64_t first)
{
    r->current = first;
    r->any = false;
    r->last = 0;
}

/* These two open a segment: 1; 0: not yet; VOUCH_E_TEMP: it has gone, or become another, meanwhile. */
static int open_sealed(struct journal_reader *r, uint64_t first)
{
    char error[300];
    r->sealed = journal_sealed_open(r->dir, first, error, sizeof error);
    if (r->sealed) {
        begin(r, first);
        return 1;
    }
    if (errno == ENOENT)
        return VOUCH_E_TEMP;
    return errno == ENODATA ? pass_over(r, first, ".avro", error)
                            : wrong_in(r, VOUCH_E_IO, first, ".avro", error);
}

static int open_tail(struct journal_reader *r, uint64_t first, bool newer)
{
    char error[300];
    r->tail = journal_tail_open(r->dir, first);
    if (r->tail) {
        if (journal_datum_init(&r->datum, journal_tail_head(r->tail)->schema, error,
                               sizeof error) == 0) {
            begin(r, first);
            return 1;
        }
        leave(r);
        return pass_over(r, first, ".open", error);
    }
    if (errno == ENOENT)
        return VOUCH_E_TEMP;
    if (errno == EBADMSG)
        return pass_over(r, first, ".open", "its head is damaged: nothing in it can be read");
    if (errno != ENODATA)
        return wrong_in(r, VOUCH_E_IO, first, ".open", strerror(errno));
    if (!newer)
        return 0; /* its writer is about to make it */
    r->done = first;
    return VOUCH_E_TEMP;
}

static int read_list(struct journal_reader *r)
{
    journal_list_clear(&r->list);
    if (journal_list_read(r->dir, &r->list) == 0)
        return 0;
    snprintf(r->error, sizeof r->error, "%s: %s", r->path, strerror(errno));
    return VOUCH_E_IO;
}

/* Opens the segment to read: 1; 0: there is none for now. The list is read anew only where it does not help. */
static int enter(struct journal_reader *r)
{
    int rc = VOUCH_E_TEMP;
    for (int i = 0; rc == VOUCH_E_TEMP && i < TRIES; i++) {
        const struct journal_item *item = choose(&r->list, r->done, r->next);
        if (!item || i > 0) {
            if (read_list(r) != 0)
                return VOUCH_E_IO;
            item = choose(&r->list, r->done, r->next);
        }
        rc = !item          ? 0
             : item->sealed ? open_sealed(r, item->first)
                            : open_tail(r, item->first, newer_than(&r->list, item->first));
    }
    return rc == VOUCH_E_TEMP ? 0 : rc;
}

/* Whether nothing can be appended any more to the segment that is read. */
static int is_over(struct journal_reader *r)
{
    if (read_list(r) != 0)
        return VOUCH_E_IO;
    return newer_than(&r->list, r->current) || !journal_tail_linked(r->tail);
}

/* At the end of an open segment that is over: done with it, or past what is damaged. */
static int end_tail(struct journal_reader *r)
{
    char text[200];
    uint64_t at;
    int64_t passed = journal_tail_pass(r->tail, &at);
    if (passed < 0)
        return wrong(r, (int)passed, strerror(errno));
    if (passed > 0) {
        snprintf(text, sizeof text,
                 "%" PRId64 " bytes from offset %" PRIu64 " on are damaged and were passed over",
                 passed, at);
        return wrong(r, VOUCH_E_SYNTAX, text);
    }
    /* one that was made anew after a failure has the number of its forerunner */
    if (r->any || journal_tail_linked(r->tail))
        r->done = r->current;
    leave(r);
    return 1;
}

#define SEGMENT_DONE 2

/* The next record of the segment: 1; 0: none for now; SEGMENT_DONE. */
static int next_of_tail(struct journal_reader *r, uint64_t *number_r, struct span *datum_r)
{
    struct frame f;
    int rc = journal_tail_next(r->tail, &f);
    if (rc == 0) {
        rc = is_over(r);
        if (rc <= 0)
            return rc;
        rc = journal_tail_next(r->tail, &f); /* what came before it was over */
        if (rc == 0) {
            rc = end_tail(r);
            return rc == 1 ? SEGMENT_DONE : rc;
        }
    }
    if (rc < 0)
        return wrong(r, rc, rc == VOUCH_E_IO ? strerror(errno) : vouch_strerror(rc));
    *number_r = f.number;
    *datum_r = f.datum;
    return 1;
}

/* The segment's last number, by the manifest. */
static uint64_t last_of_sealed(const struct journal_reader *r)
{
    struct manifest m;
    const struct manifest_entry *e = NULL;
    if (manifest_read(r->dir, &m, NULL, NULL) == 0)
        e = manifest_find(&m, r->current);
    uint64_t last = e ? e->last : 0;
    manifest_clear(&m);
    return last;
}

static int next_of_sealed(struct journal_reader *r, uint64_t *number_r, struct span *datum_r)
{
    int rc = journal_sealed_next(r->sealed, r->next, r->last, number_r, datum_r);
    if (rc == 1)
        return rc;
    if (rc == 0) {
        r->done = r->current;
        leave(r);
        return SEGMENT_DONE;
    }
    if (rc == VOUCH_E_SYNTAX && r->last == 0)
        r->last = last_of_sealed(r);
    return wrong(r, rc, rc == VOUCH_E_NOMEM ? vouch_strerror(rc) : journal_sealed_error(r->sealed));
}

int journal_reader_next(struct journal_reader *r, struct journal_entry *entry_r)
{
    struct span rest;
    for (;;) {
        int rc = r->current ? 1 : enter(r);
        if (rc == 1)
            rc = r->sealed ? next_of_sealed(r, &entry_r->number, &entry_r->datum)
                           : next_of_tail(r, &entry_r->number, &rest);
        if (rc <= 0)
            return rc;
        if (rc == SEGMENT_DONE)
            continue;
        r->any = true;
        if (entry_r->number < r->next)
            continue;
        r->next = entry_r->number + 1;
        if (r->tail && (rc = journal_datum_take(&r->datum, &rest, &entry_r->datum)) != 0)
            return wrong(r, rc, "a record that is not of the segment's schema was passed over");
        if (r->tail && rest.len > 0)
            return wrong(r, VOUCH_E_SYNTAX, "a record with bytes behind it was passed over");
        return 1;
    }
}
