/* SPDX-License-Identifier: BSD-2-Clause */
/* From a journal to the model: reads records in order, gathers what they teach into a batch, and
 * teaches it in one step with the journal's watermark. A batch that the model did not confirm is kept
 * and taught again; the store knows whether it had been. */
#include "learn.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "clock.h"
#include "learn_batch.h"
#include "learn_erase.h"
#include "record_avro.h"

#define BATCH_DEFAULT 1024 /* records, and LEARN_BATCH_KEYS times as many keys */
#define BATCH_LMDB    8192
#define ERROR_BYTES   512
#define AHEAD_US      INT64_C(86400000000) /* no clock is so wrong, and no zone of time so far */
#define DAMAGE_MAX    16                   /* places that cannot be read, passed over in one step */
#define LOST_RACES    8                    /* steps in a row that another learner made first */
/* of one record and its lesson: RECORD_BYTES_MAX of text, and what is made of it */
#define RECORD_ARENA (64u << 20)

struct learner {
    struct learn_options options;
    char *path, *writer;
    struct journal_reader *reader; /* NULL: where to read on is not known */
    struct learn_batch *batch;     /* what was read */
    struct learn_batch *spare;     /* takes what is read while the other is taught */
    uint64_t spare_last;           /* number of the last record in it; 0: it is empty */
    struct arena *arena;           /* of the record that is read */
    uint64_t watermark;            /* the model's, as far as known */
    uint64_t last;                 /* number of the last record taken into the batch */
    bool waiting;                  /* the batch is to be applied before more is read */
    bool held;                     /* a record behind it is ahead of the time */
    unsigned damage;               /* places passed over since it was last said */
    char *erased;                  /* an erasure that was met behind the batch; NULL: none */
    int64_t erased_time;           /* its time, seconds */
    uint64_t erased_number;
    char damage_text[ERROR_BYTES]; /* the first of them */
    char error[ERROR_BYTES];
};

size_t learn_batch_for(const char *url)
{
    return strncmp(url, "lmdb:", 5) == 0 ? BATCH_LMDB : BATCH_DEFAULT;
}

struct learner *learner_new(const struct learn_options *options, const char *path,
                            const char *writer)
{
    struct learner *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->options = *options;
    if (l->options.batch == 0)
        l->options.batch = BATCH_DEFAULT;
    l->path = strdup(path);
    l->writer = strdup(writer);
    l->arena = arena_new(RECORD_ARENA);
    l->batch = learn_batch_new(l->options.batch, l->options.settings->trust.half_life, writer);
    l->spare = learn_batch_new(l->options.batch, l->options.settings->trust.half_life, writer);
    if (!l->path || !l->writer || !l->arena || !l->batch || !l->spare)
        learner_free(&l);
    return l;
}

void learner_free(struct learner **lp)
{
    struct learner *l = *lp;
    if (!l)
        return;
    *lp = NULL;
    journal_reader_close(&l->reader);
    learn_batch_free(&l->batch);
    learn_batch_free(&l->spare);
    arena_free(&l->arena);
    free(l->erased);
    free(l->path);
    free(l->writer);
    free(l);
}

const char *learner_error(const struct learner *l)
{
    return l->error;
}

uint64_t learner_watermark(const struct learner *l)
{
    return l->watermark;
}

static int fail(struct learner *l, int rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int fail(struct learner *l, int rc, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(l->error, sizeof l->error, format, args);
    va_end(args);
    return rc;
}

/* What is passed over is told of when the step has ended. */
static void note_damage(struct learner *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void note_damage(struct learner *l, const char *format, ...)
{
    va_list args;
    if (l->damage++)
        return;
    va_start(args, format);
    vsnprintf(l->damage_text, sizeof l->damage_text, format, args);
    va_end(args);
}

static int store_failed(struct learner *l, int rc)
{
    char state[300];
    store_state(l->options.store, state, sizeof state);
    return fail(l, rc, "the model cannot be changed: %s (%s)", vouch_strerror(rc), state);
}

/* Drops what was read: the model is asked again how far it is. */
static void lose_place(struct learner *l)
{
    journal_reader_close(&l->reader);
    learn_batch_reset(l->batch);
    learn_batch_reset(l->spare);
    l->spare_last = 0;
    free(l->erased);
    l->erased = NULL;
    l->waiting = l->held = false;
    l->last = l->watermark;
}

static int ask_watermark(struct learner *l, uint64_t *watermark_r)
{
    uint64_t watermark = 0;
    if (store_watermark(l->options.store, l->writer, &watermark) < 0)
        return store_failed(l, VOUCH_E_TEMP);
    *watermark_r = watermark; /* what was known stays known while the model is away */
    return 0;
}

/* Reads on where the model is. Says so if records between are gone, and goes on behind them. */
static int find_place(struct learner *l)
{
    char error[ERROR_BYTES];
    int rc = ask_watermark(l, &l->watermark);
    if (rc != 0)
        return rc;
    l->last = l->watermark;
    l->reader = journal_reader_open(l->path, l->watermark, error, sizeof error);
    if (!l->reader)
        return fail(l, VOUCH_E_IO, "%s", error);
    uint64_t first = journal_first(l->path);
    if (first > l->watermark + 1)
        note_damage(l,
                    "%s: records %llu to %llu were removed before the model had learnt them; what "
                    "they taught is lost to it",
                    l->path, (unsigned long long)l->watermark + 1, (unsigned long long)first - 1);
    return 0;
}

/* --- reading -------------------------------------------------------------------------------- */

static int hold_erasure(struct learner *l, const struct lesson *lesson, uint64_t number)
{
    l->erased = strdup(lesson->erased);
    l->erased_time = lesson->time;
    l->erased_number = number;
    return l->erased ? 0 : VOUCH_E_NOMEM;
}

bool learn_now_wall(void *arg, int64_t *now_us_r)
{
    (void)arg;
    *now_us_r = clock_wall_us();
    return true;
}

/* The clock of who wrote it ran ahead; *sure_r: or is it ours? What is to be forgotten is, whenever. */
static bool is_ahead(const struct learner *l, const struct record *r, bool *sure_r)
{
    int64_t now_us, us = r->time_us > r->subject_time_us ? r->time_us : r->subject_time_us;
    if (!l->options.now || r->kind == RECORD_ERASURE)
        return false;
    *sure_r = l->options.now(l->options.now_arg, &now_us);
    return us > now_us + AHEAD_US;
}

/* It is passed over, or ends the batch and is waited with. */
static int take_ahead(struct learner *l, uint64_t number, bool sure)
{
    if (!sure) {
        l->held = true;
        return fail(l, 0,
                    "%s: record %llu is dated more than a day ahead of this machine's clock, which "
                    "may not be set yet",
                    l->path, (unsigned long long)number);
    }
    note_damage(l,
                "%s: record %llu is dated more than a day ahead and is passed over: was the clock "
                "of who wrote it wrong?",
                l->path, (unsigned long long)number);
    l->last = number;
    return 0;
}

/* A record that cannot be read teaches nothing; an erasure ends the batch. */
static int take(struct learner *l, const struct journal_entry *entry)
{
    const struct record *record;
    struct lesson lesson;
    bool sure = true;
    arena_reset(l->arena);
    int rc = record_decode(l->arena, entry->datum, &record);
    if (rc == VOUCH_E_SYNTAX) {
        note_damage(l, "%s: record %llu cannot be read and is passed over", l->path,
                    (unsigned long long)entry->number);
        l->last = entry->number;
        return 0;
    }
    if (rc == 0 && is_ahead(l, record, &sure))
        return take_ahead(l, entry->number, sure);
    if (rc == 0)
        rc = lesson_read(l->arena, l->options.settings, l->options.psl, record, &lesson);
    if (rc == 0 && lesson.erased)
        return hold_erasure(l, &lesson, entry->number);
    if (rc == 0)
        rc = learn_batch_add(l->batch, &lesson);
    if (rc == 0)
        l->last = entry->number;
    return rc;
}

/* 0: the batch is full, or there is no more, or an erasure or what is held comes next */
static int fill(struct learner *l)
{
    struct journal_entry entry;
    while (!learn_batch_is_full(l->batch) && !l->erased && !l->held && l->damage < DAMAGE_MAX) {
        int rc = journal_reader_next(l->reader, &entry);
        if (rc == 0)
            return 0;
        if (rc == VOUCH_E_SYNTAX) {
            note_damage(l, "%s", journal_reader_error(l->reader));
        } else if (rc < 0) {
            return fail(l, rc, "%s", journal_reader_error(l->reader));
        } else if ((rc = take(l, &entry)) != 0) {
            lose_place(l); /* the reader is behind a record that was not taken in */
            return fail(l, rc, "%s: record %llu: %s", l->path, (unsigned long long)entry.number,
                        vouch_strerror(rc));
        }
    }
    return 0;
}

/* --- teaching ------------------------------------------------------------------------------- */

static int after_step(struct learner *l, int rc, uint64_t to)
{
    if (rc == 0)
        l->watermark = to;
    return rc < 0 ? store_failed(l, rc) : rc;
}

/* Learns the erasure that was held. */
static int erase(struct learner *l, bool *behind_r)
{
    struct store *s = l->options.store;
    int rc = learn_erase(s, l->writer, l->erased, l->erased_time);
    if (rc == VOUCH_E_SYNTAX || rc == VOUCH_E_LIMIT) {
        note_damage(l, "%s: record %llu: '%s' cannot be forgotten: %s", l->path,
                    (unsigned long long)l->erased_number, l->erased,
                    rc == VOUCH_E_SYNTAX ? "it is no address, domain or network"
                                         : "the model's list of erasures is full");
        rc = 0;
    }
    if (rc == 0)
        rc = learn_erase_end(s, l->writer, l->watermark, l->erased_number);
    rc = after_step(l, rc, l->erased_number);
    *behind_r = rc == LEARN_BEHIND;
    if (rc != 0)
        return rc;
    l->last = l->erased_number;
    free(l->erased);
    l->erased = NULL;
    return 1;
}

/* A thread of one step. What it cannot read, the next step will meet again, and say. */
static void *read_ahead(void *arg)
{
    fill(arg);
    return NULL;
}

/* Teaches the batch, which is full, while the next one is read: the store and we have work at the same
 * time. Nothing here but the thread touches l until it has ended. */
static int apply_and_read(struct learner *l, uint64_t to)
{
    struct learn_batch *taught = l->batch;
    pthread_t thread;
    l->batch = l->spare;
    bool ahead = pthread_create(&thread, NULL, read_ahead, l) == 0;
    int rc = learn_batch_apply(taught, l->options.store, l->watermark, to);
    if (ahead)
        pthread_join(thread, NULL);
    rc = after_step(l, rc, to);
    l->waiting = rc != 0;
    if (rc == 0) {
        learn_batch_reset(taught);
        l->spare = taught;
    } else { /* once more; what was read waits behind it */
        l->spare = l->batch;
        l->spare_last = l->last;
        l->batch = taught;
        l->last = to;
    }
    return rc;
}

static int apply_alone(struct learner *l)
{
    int rc = learn_batch_apply(l->batch, l->options.store, l->watermark, l->last);
    rc = after_step(l, rc, l->last);
    l->waiting = rc != 0;
    if (rc != 0)
        return rc;
    learn_batch_reset(l->batch);
    if (l->spare_last) {
        struct learn_batch *next = l->spare;
        l->spare = l->batch;
        l->batch = next;
        l->last = l->spare_last;
        l->spare_last = 0;
    } else if (l->held) {
        lose_place(l); /* what is held is read again */
    }
    return 0;
}

/* Learns the batch. Records learnt. */
static int apply(struct learner *l, bool *behind_r)
{
    int count = (int)learn_batch_count(l->batch);
    bool more =
        learn_batch_is_full(l->batch) && !l->erased && !l->held && !l->damage && !l->waiting;
    int rc = more ? apply_and_read(l, l->last) : apply_alone(l);
    *behind_r = rc == LEARN_BEHIND;
    return rc != 0 ? rc : count;
}

/* Nothing to read: but is the model still where it was, or is another version active by now? */
static int check_place(struct learner *l, bool *behind_r)
{
    uint64_t watermark = 0;
    int rc = ask_watermark(l, &watermark);
    *behind_r = rc == 0 && watermark != l->watermark;
    return rc;
}

/* Records learnt, or an error; *behind_r: the model is elsewhere, and nothing was done. */
static int step(struct learner *l, bool *behind_r)
{
    int rc = 0;
    if (!l->reader && (rc = find_place(l)) != 0)
        return rc;
    if (!l->waiting && !l->erased)
        rc = fill(l);
    if (l->last > l->watermark)
        return apply(l, behind_r);
    if (l->erased)
        return erase(l, behind_r);
    if (l->held) {
        lose_place(l);
        return VOUCH_E_TEMP;
    }
    return rc != 0 ? rc : check_place(l, behind_r);
}

int learner_step(struct learner *l)
{
    bool behind = true;
    int rc = 0;
    l->error[0] = '\0';
    for (int tries = 0; tries < LOST_RACES && behind; tries++) {
        behind = false;
        rc = step(l, &behind);
        if (behind)
            lose_place(l);
    }
    if (behind)
        return fail(l, VOUCH_E_TEMP, "%s: other learners of this journal were faster, %d times",
                    l->path, LOST_RACES);
    if (rc < 0 || l->damage == 0)
        return rc;
    l->damage = 0;
    return fail(l, VOUCH_E_SYNTAX, "%s", l->damage_text);
}
