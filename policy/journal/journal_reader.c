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
#include "journal_tail.h"
#include "record_avro.h"

#define TRIES 5 /* to open a segment that is being sealed or removed */

struct journal_reader {
    char *path;
    int dir;
    uint64_t next;    /* the number wanted: lower ones are passed over */
    uint64_t done;    /* segments up to this one are read */
    uint64_t current; /* the segment that is read, 0: none */
    bool any;         /* it gave a record */
    struct journal_tail *tail;
    struct record_resolver *resolver; /* NULL: the segment's data are of our schema */
    struct sbuf resolved;
    char error[400];
};

static int wrong(struct journal_reader *r, int code, const char *extension, const char *text)
{
    char name[JOURNAL_NAME_MAX];
    journal_name(name, r->current, extension);
    snprintf(r->error, sizeof r->error, "%s/%s: %s", r->path, name, text);
    return code;
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
    sbuf_init(&r->resolved, RECORD_BYTES_MAX);
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
    record_resolver_free(&r->resolver);
    r->current = 0;
}

void journal_reader_close(struct journal_reader **rp)
{
    struct journal_reader *r = *rp;
    if (!r)
        return;
    leave(r);
    sbuf_clear(&r->resolved);
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

/* What turns the segment's data into ours. */
static int resolve_by(struct journal_reader *r, struct span schema, const char *extension)
{
    char error[300] = "";
    r->resolver = record_resolver_new(schema, error, sizeof error);
    if (r->resolver || *error == '\0')
        return 1;
    int rc = wrong(r, VOUCH_E_SYNTAX, extension, error);
    r->done = r->current;
    leave(r);
    return rc;
}

static int open_tail(struct journal_reader *r, uint64_t first, bool newer)
{
    r->tail = journal_tail_open(r->dir, first);
    if (r->tail) {
        r->current = first;
        r->any = false;
        return resolve_by(r, journal_tail_head(r->tail)->schema, ".open");
    }
    if (errno == ENOENT)
        return VOUCH_E_TEMP;
    if (errno != ENODATA) {
        r->current = first;
        int rc = wrong(r, VOUCH_E_IO, ".open", strerror(errno));
        r->current = 0;
        return rc;
    }
    if (!newer)
        return 0; /* its writer is about to make it */
    r->done = first;
    return VOUCH_E_TEMP;
}

/* Opens the segment to read: 1; 0: there is none for now. */
static int enter(struct journal_reader *r)
{
    int rc = VOUCH_E_TEMP;
    for (int i = 0; rc == VOUCH_E_TEMP && i < TRIES; i++) {
        struct journal_list list;
        if (journal_list_read(r->dir, &list) != 0) {
            snprintf(r->error, sizeof r->error, "%s: %s", r->path, strerror(errno));
            journal_list_clear(&list);
            return VOUCH_E_IO;
        }
        const struct journal_item *item = choose(&list, r->done, r->next);
        rc = item ? open_tail(r, item->first, newer_than(&list, item->first)) : 0;
        journal_list_clear(&list);
    }
    return rc == VOUCH_E_TEMP ? 0 : rc;
}

/* Whether nothing can be appended any more to the segment that is read. */
static int is_over(struct journal_reader *r)
{
    struct journal_list list;
    int rc = journal_list_read(r->dir, &list) == 0 ? 0 : VOUCH_E_IO;
    if (rc == 0)
        rc = newer_than(&list, r->current) || !journal_tail_linked(r->tail);
    else
        snprintf(r->error, sizeof r->error, "%s: %s", r->path, strerror(errno));
    journal_list_clear(&list);
    return rc;
}

/* At the end of an open segment that is over: done with it, or past what is damaged. */
static int end_tail(struct journal_reader *r)
{
    char text[200];
    uint64_t at;
    int64_t passed = journal_tail_pass(r->tail, &at);
    if (passed < 0)
        return wrong(r, (int)passed, ".open", strerror(errno));
    if (passed > 0) {
        snprintf(text, sizeof text,
                 "%" PRId64 " bytes from offset %" PRIu64 " on are damaged and were passed over",
                 passed, at);
        return wrong(r, VOUCH_E_SYNTAX, ".open", text);
    }
    /* one that was made anew after a failure has the number of its forerunner */
    if (r->any || journal_tail_linked(r->tail))
        r->done = r->current;
    leave(r);
    return 1;
}

/* The next frame of the segment: 1; 0: none for now; 2: the segment is done with. */
static int next_frame(struct journal_reader *r, struct frame *f)
{
    int rc = journal_tail_next(r->tail, f);
    if (rc != 0)
        return rc;
    rc = is_over(r);
    if (rc <= 0)
        return rc;
    rc = journal_tail_next(r->tail, f); /* what came before it was over */
    if (rc != 0)
        return rc;
    rc = end_tail(r);
    return rc == 1 ? 2 : rc;
}

static int give(struct journal_reader *r, uint64_t number, struct span datum,
                struct journal_entry *entry_r)
{
    r->next = number + 1;
    if (r->resolver) {
        sbuf_reset(&r->resolved);
        int rc = record_resolve(r->resolver, &datum, &r->resolved);
        if (rc != 0)
            return wrong(r, rc, ".open", "a record that does not follow the segment's schema");
        datum = sbuf_span(&r->resolved);
    }
    *entry_r = (struct journal_entry){number, datum};
    return 1;
}

int journal_reader_next(struct journal_reader *r, struct journal_entry *entry_r)
{
    struct frame f;
    for (;;) {
        int rc = r->current ? 1 : enter(r);
        if (rc == 1)
            rc = next_frame(r, &f);
        if (rc == VOUCH_E_IO && r->current)
            return wrong(r, rc, ".open", strerror(errno));
        if (rc <= 0)
            return rc;
        if (rc == 2)
            continue;
        r->any = true;
        if (f.number >= r->next)
            return give(r, f.number, f.datum, entry_r);
    }
}
