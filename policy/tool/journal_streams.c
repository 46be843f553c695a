/* SPDX-License-Identifier: BSD-2-Clause */
/* Several journals merged by time: each stream holds its next record, the oldest of them is the next
 * of all. */
#include "config.h"
#include "journal_streams.h"
#include <stdlib.h>
#include <string.h>
#include "journal_reader.h"
#include "record_avro.h"
#include "tool.h"

#define STREAM_BYTES (16u << 20) /* of one record decoded */

struct stream {
    struct stream *next;
    char *path, *name;
    struct journal_reader *reader; /* NULL: it cannot be read any more */
    struct arena *arena;           /* of head; NULL: none */
    const struct record *head;
    struct span datum; /* of head; in the arena */
};

struct journal_streams {
    struct journal_streams_options options;
    struct stream *list, *taken; /* taken: whose head was given out last */
    bool following;
    int status;
};

static void stream_free(struct stream *st)
{
    journal_reader_close(&st->reader);
    arena_free(&st->arena);
    free(st->path);
    free(st->name);
    free(st);
}

static void note(struct journal_streams *s, int status)
{
    if (s->status == 0)
        s->status = status;
}

/* the writer's own name: what stands before "@" */
static char *name_of(const char *writer)
{
    return strndup(writer, strcspn(writer, "@"));
}

static bool is_wanted(const struct journal_streams *s, const char *name)
{
    for (size_t i = 0; i < s->options.writer_count; i++)
        if (strcmp(s->options.writers[i], name) == 0)
            return true;
    return s->options.writer_count == 0;
}

static uint64_t start_after(const struct journal_streams *s, const struct journal_writer_info *w)
{
    uint64_t after = 0;
    if (s->following)
        return 0;
    if (s->options.since_us > INT64_MIN)
        after = journal_before_time(w->path, s->options.since_us);
    if (s->options.last && w->last > s->options.last && w->last - s->options.last > after)
        after = w->last - s->options.last;
    return after;
}

static int add_stream(void *arg, const struct journal_writer_info *w)
{
    struct journal_streams *s = arg;
    char error[512];
    for (const struct stream *st = s->list; st; st = st->next)
        if (strcmp(st->path, w->path) == 0)
            return 0;
    struct stream *st = calloc(1, sizeof *st);
    if (!st || !(st->path = strdup(w->path)) || !(st->name = name_of(w->writer))) {
        if (st)
            stream_free(st);
        note(s, tool_error(EX_OSERR, "out of memory"));
        return 1;
    }
    if (!is_wanted(s, st->name)) {
        stream_free(st);
        return 0;
    }
    st->reader = journal_reader_open(w->path, start_after(s, w), error, sizeof error);
    if (!st->reader)
        note(s, tool_error(EX_DATAERR, "%s", error));
    struct stream **at = &s->list;
    while (*at)
        at = &(*at)->next;
    *at = st;
    return 0;
}

static bool has_stream(const struct journal_streams *s, const char *name)
{
    for (const struct stream *st = s->list; st; st = st->next)
        if (strcmp(st->name, name) == 0)
            return true;
    return false;
}

struct journal_streams *journal_streams_open(const struct journal_streams_options *options,
                                             int *status_r)
{
    char error[512];
    struct journal_streams *s = calloc(1, sizeof *s);
    if (!s) {
        *status_r = tool_error(EX_OSERR, "out of memory");
        return NULL;
    }
    s->options = *options;
    int rc = journal_writers(options->dir, add_stream, s, error, sizeof error);
    if (rc < 0)
        note(s, tool_error(EX_NOINPUT, "%s", error));
    for (size_t i = 0; i < options->writer_count && s->status == 0; i++)
        if (!has_stream(s, options->writers[i]))
            note(s, tool_error(EX_NOINPUT, "%s: there is no journal of '%s'", options->dir,
                               options->writers[i]));
    if (!s->list && s->status != 0) {
        *status_r = s->status;
        journal_streams_close(&s);
        return NULL;
    }
    return s;
}

void journal_streams_close(struct journal_streams **sp)
{
    struct journal_streams *s = *sp;
    if (!s)
        return;
    *sp = NULL;
    while (s->list) {
        struct stream *st = s->list;
        s->list = st->next;
        stream_free(st);
    }
    free(s);
}

void journal_streams_refresh(struct journal_streams *s)
{
    char error[512];
    s->following = true;
    (void)journal_writers(s->options.dir, add_stream, s, error, sizeof error);
}

int journal_streams_status(const struct journal_streams *s)
{
    return s->status;
}

/* Takes the datum apart. false: damage was told, go on with the next. */
static bool decode(struct journal_streams *s, struct stream *st, const struct journal_entry *e)
{
    st->arena = arena_new(STREAM_BYTES);
    const char *copy = st->arena ? arena_span(st->arena, e->datum) : NULL;
    st->datum = span_make(copy, e->datum.len);
    int rc = copy ? record_decode(st->arena, st->datum, &st->head) : VOUCH_E_NOMEM;
    if (rc == 0)
        return true;
    arena_free(&st->arena);
    st->head = NULL;
    note(s, tool_error(rc == VOUCH_E_NOMEM ? EX_OSERR : EX_DATAERR, "%s: record %llu: %s", st->path,
                       (unsigned long long)e->number,
                       rc == VOUCH_E_SYNTAX ? "is damaged" : vouch_strerror(rc)));
    return false;
}

/* Makes sure that st holds its next record, if there is one. */
static void fill(struct journal_streams *s, struct stream *st)
{
    struct journal_entry e;
    while (st->reader && !st->head) {
        int rc = journal_reader_next(st->reader, &e);
        if (rc == 0)
            return;
        if (rc == 1) {
            decode(s, st, &e);
            continue;
        }
        note(s, tool_error(rc == VOUCH_E_NOMEM ? EX_OSERR : EX_DATAERR, "%s",
                           journal_reader_error(st->reader)));
        if (rc != VOUCH_E_SYNTAX)
            journal_reader_close(&st->reader);
    }
}

const struct record *journal_streams_next(struct journal_streams *s, struct span *datum_r)
{
    struct stream *oldest = NULL;
    if (s->taken) {
        arena_free(&s->taken->arena);
        s->taken->head = NULL;
    }
    for (struct stream *st = s->list; st; st = st->next) {
        fill(s, st);
        if (st->head && (!oldest || st->head->time_us < oldest->head->time_us))
            oldest = st;
    }
    s->taken = oldest;
    if (oldest)
        *datum_r = oldest->datum;
    return oldest ? oldest->head : NULL;
}
