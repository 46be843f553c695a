/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LEARN_H
#define VOUCH_LEARN_H

#include "journal_reader.h"
#include "settings.h"
#include "store.h"

/* The one path from the journal to the model. vouch-milter's thread and `vouch model learn` apply a
 * journal to the active version, `vouch model build` all journals to a new one.
 *
 * Exactly once: a batch of records becomes one store_change, which moves the writer's watermark in the
 * same atomic step, and is made only from where the model then is (learn_position.h). What a record
 * teaches depends on the record, the settings and the mark of its message alone, every sum is exact
 * (tally.h), and of two labels the same one always wins (mark.h): so order, batches and the number of
 * learners do not matter. Labels of one message must repeat the same of it, as the journal's do.
 *
 * Nothing here reads trust, class, action, policy, evidence or any other part of a judgement. */

struct psl_ctx_st;

struct learn_options {
    struct store *store;             /* borrowed */
    const struct settings *settings; /* borrowed: half-life, weights of labels */
    const struct psl_ctx_st *psl;    /* borrowed */
    /* Records in one step at most; 0: 1024. A step also ends at four times as many keys. Memory:
     * learn_batch.h. */
    size_t batch;
    /* What time it is, in us, to know records that are dated more than a day later: the clock of who
     * wrote them ran ahead, and what they teach would push out all that is older (tally.h, window.h).
     * They are passed over, or waited with as long as the time is not sure. NULL: all are believed. */
    bool (*now)(void *arg, int64_t *now_us_r);
    void *now_arg;
};
/* A learn_options.now for a program that ends soon: the wall clock, which is sure. */
bool learn_now_wall(void *arg, int64_t *now_us_r);
/* How many are well learnt in one step by the store at url. Redis answers nobody else while it makes
 * one, so it is given some milliseconds' worth; LMDB keeps nobody waiting, and writes a page that many
 * records changed only once. */
size_t learn_batch_for(const char *url);
struct learner;
/* Of one journal: path is DIR/WRITER, writer is "WRITER@<uuid>". NULL: out of memory. */
struct learner *learner_new(const struct learn_options *options, const char *path,
                            const char *writer);
void learner_free(struct learner **lp);
/* Applies the next batch. Records learnt; 0: none is left for now; VOUCH_E_TEMP: the model is away, ask
 * again later (nothing is lost); VOUCH_E_SYNTAX: records that could not be read were passed over;
 * VOUCH_E_IO, VOUCH_E_NOMEM. learner_error says more. */
int learner_step(struct learner *l);
const char *learner_error(const struct learner *l);
/* Number of the last record learnt, as far as known. */
uint64_t learner_watermark(const struct learner *l);

/* How far a model is behind a journal. */
struct learn_lag {
    uint64_t records;
    int64_t seconds; /* age of the oldest record not learnt; 0: none */
};
/* watermark: number of the last record learnt. */
struct learn_lag learn_lag_after(const char *path, uint64_t watermark, int64_t now_us);
/* 0, or VOUCH_E_TEMP: the model cannot say. */
int learn_lag(struct store *s, const char *path, const char *writer, int64_t now_us,
              struct learn_lag *lag_r);

/* Removes marks whose label was given more than LEARN_MARK_DAYS ago. A label about a decision that
 * comes LESSON_LABEL_DAYS late teaches nothing, so it cannot ask for one of them; the rest is for
 * learners that are behind. (One about a message that no decision is known of may be of any age, such
 * as an archive's: vouch learn sees in the journal whether it was given before.) As store_remove. */
#define LEARN_MARK_DAYS 210
int learn_expire(struct store *s, int64_t now_us, uint64_t *removed_r);

#endif
