/* SPDX-License-Identifier: BSD-2-Clause */
/* Teaching a version of the model all journals of a tree. Memory: one batch of one learner, one
 * record, and the list of erasures; none of it grows with the journals. */
#include "config.h"
#include "model_teach.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "clock.h"
#include "erasure.h"
#include "model.h"
#include "progress.h"
#include "record_avro.h"
#include "tool.h"

#define RECORD_ARENA (64u << 20) /* of one record: see learn.c */
#define AWAY_S       60          /* how long a store may be away before a build gives up */

static int no_memory(void)
{
    return tool_error(EX_OSERR, "out of memory");
}

static int add_source(void *arg, const struct journal_writer_info *info)
{
    struct teach *t = arg;
    struct teach_source s = {.path = arena_strdup(t->arena, info->path),
                             .writer = arena_strdup(t->arena, info->writer),
                             .first = info->first,
                             .last = info->last};
    if (!s.path || !s.writer ||
        arena_grow(t->arena, &t->sources, t->count, &t->cap, sizeof s, TEACH_WRITERS_MAX) != 0)
        return VOUCH_E_NOMEM;
    t->sources[t->count++] = s;
    t->total += s.last > 0 ? s.last - s.first + 1 : 0;
    return 0;
}

/* What retention has removed cannot be learnt again. */
static void tell_of_gaps(const struct teach *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->sources[i].first > 1)
            tool_error(0,
                       "%s: records 1 to %" PRIu64 " are no longer there: what they taught is not "
                       "in the new version",
                       t->sources[i].path, t->sources[i].first - 1);
}

int teach_find(struct teach *t, const char *dir)
{
    char error[600];
    *t = (struct teach){.arena = arena_new(64u << 20)};
    if (!t->arena)
        return no_memory();
    int rc = journal_writers(dir, add_source, t, error, sizeof error);
    if (rc == VOUCH_E_NOMEM)
        return no_memory();
    if (rc != 0)
        return tool_error(EX_NOINPUT, "%s", error);
    if (t->count == 0)
        return tool_error(EX_NOINPUT, "%s: there is no journal in it to build a model from", dir);
    tell_of_gaps(t);
    return 0;
}

void teach_clear(struct teach *t)
{
    arena_free(&t->arena);
    *t = (struct teach){0};
}

/* --- erasures --- */

/* An erasure names its kind in words: what does not hold the word need not be decoded. */
static bool may_be_erasure(struct span datum)
{
    const char *word = record_kind_name(RECORD_ERASURE);
    size_t n = strlen(word);
    for (const char *p = datum.p, *end = datum.p + datum.len;
         (p = memchr(p, word[0], (size_t)(end - p))) && (size_t)(end - p) >= n; p++)
        if (memcmp(p, word, n) == 0)
            return true;
    return false;
}

/* 0 or a VOUCH_E_* */
static int take_erasure(struct arena *arena, struct span datum, struct erasure_list *list)
{
    const struct record *r;
    if (!may_be_erasure(datum))
        return 0;
    arena_reset(arena);
    int rc = record_decode(arena, datum, &r);
    if (rc == VOUCH_E_SYNTAX || (rc == 0 && (r->kind != RECORD_ERASURE || !r->erased)))
        return 0; /* the learner tells of it */
    if (rc == 0)
        rc = erasure_add(list, span_of(r->erased), r->time_us / 1000000);
    return rc == VOUCH_E_SYNTAX || rc == VOUCH_E_RANGE ? 0 : rc;
}

static int read_source(const struct teach_source *s, struct arena *arena, struct erasure_list *list,
                       struct progress *progress, uint64_t *read)
{
    char error[600];
    struct journal_entry entry;
    struct journal_reader *r = journal_reader_open(s->path, 0, error, sizeof error);
    uint64_t at = 0;
    int rc = 1;
    if (!r)
        return tool_error(EX_IOERR, "%s", error);
    /* behind damage it goes on */
    while ((rc == 1 || rc == VOUCH_E_SYNTAX) && at < s->last) {
        rc = journal_reader_next(r, &entry);
        int taken = rc == 1 ? take_erasure(arena, entry.datum, list) : 0;
        at = rc == 1 ? entry.number : at;
        if (taken != 0)
            rc = taken;
        ++*read;
        progress_set(progress, *read, *read);
    }
    int status = 0;
    if (rc == VOUCH_E_LIMIT)
        status = tool_error(
            EX_DATAERR, "%s: more than %d subjects are to be forgotten: more than a model keeps",
            s->path, ERASURE_MAX);
    else if (rc < 0 && rc != VOUCH_E_SYNTAX)
        status = tool_error(rc == VOUCH_E_NOMEM ? EX_OSERR : EX_IOERR, "%s: %s", s->path,
                            rc == VOUCH_E_NOMEM ? "out of memory" : journal_reader_error(r));
    journal_reader_close(&r);
    return status;
}

static int set_value(void *arg, const struct span *now, struct span *new_r)
{
    (void)now;
    new_r[0] = *(const struct span *)arg;
    return 0;
}

static int write_erasures(const struct erasure_list *list, struct store *s, const char *writer,
                          uint64_t watermark)
{
    static const struct store_key key = {ERASURE_GROUP, ERASURE_FIELD};
    struct sbuf bytes;
    sbuf_init(&bytes, ERASURE_BYTES_MAX);
    erasure_encode(list, &bytes);
    size_t count;
    (void)erasure_items(list, &count);
    struct span value = count > 0 ? sbuf_span(&bytes) : SPAN_NONE;
    int rc = bytes.failed ? VOUCH_E_NOMEM
                          : store_change(s, &key, 1, set_value, &value, writer, watermark);
    sbuf_clear(&bytes);
    return rc == 0 ? 0 : model_store_error(s, "the new version cannot be written", rc);
}

int teach_erasures(struct teach *t, struct store *s, const char *writer, uint64_t watermark)
{
    struct progress progress;
    uint64_t read = 0;
    size_t count;
    struct erasure_list *list = erasure_list_new();
    struct arena *arena = arena_new(RECORD_ARENA);
    int status = list && arena ? 0 : no_memory();
    progress_start(&progress, stderr, "looking for erasures", "records", t->total);
    for (size_t i = 0; i < t->count && status == 0; i++)
        status = read_source(&t->sources[i], arena, list, &progress, &read);
    progress_end(&progress);
    if (status == 0) {
        (void)erasure_items(list, &count);
        t->erasures = count;
        status = write_erasures(list, s, writer, watermark);
    }
    arena_free(&arena);
    erasure_list_free(&list);
    return status;
}

/* --- records --- */

/* A store that is away for a moment is waited for. */
static bool may_wait(int64_t *away_since_ms)
{
    int64_t now = clock_ms();
    if (*away_since_ms == 0)
        *away_since_ms = now;
    if (now - *away_since_ms > (int64_t)AWAY_S * 1000)
        return false;
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    return true;
}

static int keep_value(void *arg, const struct span *now, struct span *new_r)
{
    (void)arg, (void)now, (void)new_r;
    return 0;
}

/* The version begins behind what is no longer there; it was told of, and is no damage. */
static int skip_removed(const struct teach_source *s, struct store *store)
{
    static const struct store_key key = {ERASURE_GROUP, ERASURE_FIELD};
    return s->first > 1 ? store_change(store, &key, 1, keep_value, NULL, s->writer, s->first - 1)
                        : 0;
}

/* Records learnt by a step. One that passed damage over does not say; numbers that a crash left out
 * may then be counted as well. */
static uint64_t learnt_by(int step, uint64_t before, uint64_t after)
{
    return step > 0                                   ? (uint64_t)step
           : step == VOUCH_E_SYNTAX && after > before ? after - before
                                                      : 0;
}

/* To the end of the journal; but where mail comes as fast as it is learnt there is none, so no further
 * than as much again as there was in the beginning: the rest is for who learns live. 0 or an error of
 * learner_step's */
static int learn_source(struct teach *t, struct teach_source *s, struct learner *l,
                        struct progress *progress)
{
    int64_t away_since_ms = 0;
    s->learnt = s->first > 1 ? s->first - 1 : 0;
    uint64_t there = s->last > s->known ? s->last : s->known;
    uint64_t most = there + (there - s->learnt);
    do {
        uint64_t before = s->learnt;
        int rc = learner_step(l);
        if (learner_watermark(l) > before)
            s->learnt = learner_watermark(l);
        t->records += learnt_by(rc, before, s->learnt);
        progress_set(progress, t->records, t->records);
        if (rc > 0) {
            away_since_ms = 0;
        } else if (rc == VOUCH_E_SYNTAX) {
            t->unread++;
            progress_end(progress);
            tool_error(0, "%s", learner_error(l));
        } else if (rc != VOUCH_E_TEMP || !may_wait(&away_since_ms)) {
            return rc;
        }
    } while (s->learnt < most);
    return 0;
}

/* The active version knows more of a journal than is in it. */
static void tell_of_end(struct teach *t, const struct teach_source *s)
{
    if (s->learnt >= s->known)
        return;
    t->unread++;
    tool_error(0,
               "%s: ends at record %" PRIu64 ", but the active version has learnt it up to %" PRIu64
               ": the rest is damaged or was removed",
               s->path, s->learnt, s->known);
}

static int teach_one(struct teach *t, struct teach_source *s, const struct learn_options *options,
                     struct progress *progress)
{
    int rc = skip_removed(s, options->store);
    if (rc != 0) {
        progress_end(progress);
        return model_store_error(options->store, "the new version cannot be written", rc);
    }
    struct learner *l = learner_new(options, s->path, s->writer);
    rc = l ? learn_source(t, s, l, progress) : VOUCH_E_NOMEM;
    int status = 0;
    if (rc != 0) {
        progress_end(progress);
        status = tool_error(rc == VOUCH_E_TEMP    ? EX_UNAVAILABLE
                            : rc == VOUCH_E_NOMEM ? EX_OSERR
                                                  : EX_IOERR,
                            "%s", l ? learner_error(l) : "out of memory");
    }
    learner_free(&l);
    return status;
}

int teach_records(struct teach *t, const struct learn_options *options)
{
    struct progress progress;
    int status = 0;
    progress_start(&progress, stderr, "learning", "records", t->total);
    for (size_t i = 0; i < t->count && status == 0; i++) {
        status = teach_one(t, &t->sources[i], options, &progress);
        if (status == 0)
            tell_of_end(t, &t->sources[i]);
    }
    progress_end(&progress);
    return status;
}

int teach_confirm(const struct teach *t, struct store *s)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct teach_source *source = &t->sources[i];
        uint64_t watermark = 0;
        if (store_watermark(s, source->writer, &watermark) < 0)
            return model_store_error(s, "the new version cannot be read", VOUCH_E_TEMP);
        if (watermark != source->learnt || (watermark < source->last && t->unread == 0))
            return tool_error(EX_SOFTWARE,
                              "the new version stands at record %" PRIu64 " of %s, which it was "
                              "taught to %" PRIu64 ": another program writes to it",
                              watermark, source->writer,
                              source->learnt > source->last ? source->learnt : source->last);
    }
    return 0;
}
