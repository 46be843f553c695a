/* SPDX-License-Identifier: BSD-2-Clause */
/* The journals once more, merged by time: before a message teaches the model in memory, its evidence is
 * asked what that model knows. So no row knows its own label, or a later one. */
#include "config.h"
#include "fit_rows.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "erasure.h"
#include "fit_labels.h"
#include "model.h"
#include "progress.h"
#include "pupil.h"
#include "record_avro.h"
#include "rejudge.h"
#include "tool.h"

#define RECORD_ARENA (64u << 20) /* of one record: see learn.c */
#define AHEAD_US     INT64_C(86400000000)

/* One journal, at its next record. */
struct stream {
    const struct teach_source *source;
    struct journal_reader *reader;
    struct arena *arena;
    const struct record *record; /* NULL: there is none left */
};

struct replay {
    const struct learn_options *options;
    struct training *rows;
    struct store *memory;
    struct fit_labels *labels;
    struct pupil *pupil;
    struct arena *arena;
    struct stream *streams;
    size_t count;
};

static int no_memory(void)
{
    return tool_error(EX_OSERR, "out of memory");
}

/* What the learner passed over is passed over here. */
static bool is_ahead(const struct replay *r, const struct record *record)
{
    int64_t now_us;
    const struct learn_options *o = r->options;
    return o->now && o->now(o->now_arg, &now_us) && record->time_us > now_us + AHEAD_US;
}

static int next(struct replay *r, struct stream *s)
{
    struct journal_entry entry;
    int rc;
    s->record = NULL;
    do {
        rc = journal_reader_next(s->reader, &entry);
        if (rc == 1 && entry.number > s->source->learnt)
            rc = 0; /* came since: it may never end */
        if (rc != 1)
            continue;
        arena_reset(s->arena);
        int decoded = record_decode(s->arena, entry.datum, &s->record);
        if (decoded == VOUCH_E_NOMEM)
            return no_memory();
        if (decoded != 0 || is_ahead(r, s->record))
            s->record = NULL;
    } while (rc == VOUCH_E_SYNTAX || (rc == 1 && !s->record));
    if (rc < 0)
        return tool_error(EX_IOERR, "%s: %s", s->source->path, journal_reader_error(s->reader));
    return 0;
}

/* Of so many records in all, each journal's newest. */
static uint64_t skipped(const struct teach *t, const struct teach_source *s)
{
    if (t->total <= FIT_RECORDS_MAX || s->last < s->first)
        return 0;
    double share = (double)FIT_RECORDS_MAX / (double)t->total;
    return s->last - (uint64_t)((double)(s->last - s->first + 1) * share);
}

static int open_streams(struct replay *r, const struct teach *t)
{
    char error[600];
    r->streams = calloc(t->count, sizeof *r->streams);
    if (!r->streams)
        return no_memory();
    for (size_t i = 0; i < t->count; i++) {
        struct stream *s = &r->streams[r->count++];
        s->source = &t->sources[i];
        s->arena = arena_new(RECORD_ARENA);
        if (!s->arena)
            return no_memory();
        s->reader =
            journal_reader_open(s->source->path, skipped(t, s->source), error, sizeof error);
        if (!s->reader)
            return tool_error(EX_IOERR, "%s", error);
        int status = next(r, s);
        if (status != 0)
            return status;
    }
    return 0;
}

static struct stream *earliest(const struct replay *r)
{
    struct stream *first = NULL;
    for (size_t i = 0; i < r->count; i++) {
        struct stream *s = &r->streams[i];
        if (s->record && (!first || s->record->time_us < first->record->time_us))
            first = s;
    }
    return first;
}

static int add_row(struct replay *r, const struct record *record)
{
    struct trust_result trust;
    double mass = record->kind == RECORD_DECISION && record->message && record->evidence
                      ? fit_labels_mass(r->labels, record->id)
                      : 0;
    if (mass == 0)
        return 0;
    arena_reset(r->arena);
    int rc = pupil_advance(r->pupil, record->time_us);
    if (rc == 0)
        rc = rejudge(r->arena, r->options->settings, r->options->psl, r->memory, record, &trust);
    if (rc == 0)
        rc = training_add(r->rows, trust.x, mass > 0, mass > 0 ? mass : -mass,
                          record->time_us / 1000000);
    return rc;
}

static int replay(struct replay *r, uint64_t total)
{
    struct progress progress;
    uint64_t done = 0;
    int status = 0;
    progress_start(&progress, stderr, "judging again", "records", total);
    for (struct stream *s; status == 0 && (s = earliest(r));) {
        int rc = add_row(r, s->record);
        if (rc == 0)
            rc = pupil_take(r->pupil, s->record);
        done++;
        progress_set(&progress, done, done);
        status = rc != 0 ? tool_error(EX_OSERR, "%s: the journal could not be replayed: %s",
                                      s->source->path, vouch_strerror(rc))
                         : next(r, s);
    }
    progress_end(&progress);
    return status;
}

/* --- what is to be forgotten, from one model to the other --- */

static const struct store_key erasures = {ERASURE_GROUP, ERASURE_FIELD};

static int copy_out(void *arg, const struct span *now, struct span *new_r)
{
    struct sbuf *list = arg;
    (void)new_r;
    sbuf_reset(list);
    sbuf_addspan(list, now[0]);
    return 0;
}

static int copy_in(void *arg, const struct span *now, struct span *new_r)
{
    (void)now;
    new_r[0] = sbuf_span(arg);
    return 0;
}

static int copy_erasures(struct store *from, struct store *to)
{
    struct sbuf list;
    sbuf_init(&list, ERASURE_BYTES_MAX);
    int rc = store_change(from, &erasures, 1, copy_out, &list, "", 0);
    if (rc == 0 && list.failed)
        rc = VOUCH_E_NOMEM;
    if (rc == 0)
        rc = store_change(to, &erasures, 1, copy_in, &list, "", 0);
    sbuf_clear(&list);
    return rc;
}

static int begin(struct replay *r, const struct teach *t)
{
    const struct learn_options *o = r->options;
    const struct store_options memory = {.half_life = o->settings->trust.half_life};
    char error[300];
    r->memory = store_open("memory:", &memory, error, sizeof error);
    r->arena = arena_new(RECORD_ARENA);
    r->pupil = r->memory ? pupil_new(r->memory, o->settings, o->psl) : NULL;
    if (!r->memory || !r->arena || !r->pupil)
        return no_memory();
    int rc = fit_labels_read(o->store, &r->labels);
    if (rc == 0)
        rc = copy_erasures(o->store, r->memory);
    return rc != 0 ? model_store_error(o->store, "the labels of the new version cannot be read", rc)
                   : open_streams(r, t);
}

int fit_rows(const struct teach *t, const struct learn_options *options, struct training *rows)
{
    struct replay r = {.options = options, .rows = rows};
    int status = begin(&r, t);
    if (status == 0)
        status = replay(&r, t->total < FIT_RECORDS_MAX ? t->total : FIT_RECORDS_MAX);
    for (size_t i = 0; i < r.count; i++) {
        journal_reader_close(&r.streams[i].reader);
        arena_free(&r.streams[i].arena);
    }
    free(r.streams);
    fit_labels_free(&r.labels);
    pupil_free(&r.pupil);
    arena_free(&r.arena);
    store_close(&r.memory);
    return status;
}
