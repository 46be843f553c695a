/* SPDX-License-Identifier: BSD-2-Clause */
/* Learns as the learner does, without a journal: a lesson is read from the record that lies in memory,
 * or, if its time has not come, from the bytes that the journal would keep of it. */
#include "pupil.h"
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "errors.h"
#include "learn_batch.h"
#include "record_avro.h"

#define WRITER       "replay"
#define BATCH        16          /* lessons in one step; mostly there is one */
#define LESSON_BYTES (64u << 20) /* of one record and its lesson */

struct later {
    struct later *next;
    int64_t due_us;
    size_t len;
    char bytes[]; /* of a label record */
};

struct pupil {
    struct store *store;
    const struct settings *settings;
    const struct psl_ctx_st *psl;
    struct learn_batch *batch;
    uint64_t learnt; /* steps made */
    struct arena *arena;
    struct later *first, **last;
};

struct pupil *pupil_new(struct store *store, const struct settings *settings,
                        const struct psl_ctx_st *psl)
{
    struct pupil *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->store = store;
    p->settings = settings;
    p->psl = psl;
    p->last = &p->first;
    p->arena = arena_new(LESSON_BYTES);
    p->batch = learn_batch_new(BATCH, settings->trust.half_life, WRITER);
    if (!p->arena || !p->batch)
        pupil_free(&p);
    return p;
}

void pupil_free(struct pupil **pp)
{
    struct pupil *p = *pp;
    if (!p)
        return;
    *pp = NULL;
    for (struct later *l = p->first, *next; l; l = next) {
        next = l->next;
        free(l);
    }
    learn_batch_free(&p->batch);
    arena_free(&p->arena);
    free(p);
}

static int apply(struct pupil *p)
{
    if (learn_batch_count(p->batch) == 0)
        return 0;
    int rc = learn_batch_apply(p->batch, p->store, p->learnt, p->learnt + 1);
    p->learnt++;
    learn_batch_reset(p->batch);
    return rc;
}

/* lesson lies in the arena. */
static int take(struct pupil *p, const struct lesson *lesson)
{
    int rc = learn_batch_is_full(p->batch) ? apply(p) : 0;
    if (rc == 0)
        rc = learn_batch_add(p->batch, lesson);
    arena_reset(p->arena);
    return rc;
}

/* record may lie in the arena. */
int pupil_take(struct pupil *p, const struct record *record)
{
    struct lesson lesson;
    int rc = lesson_read(p->arena, p->settings, p->psl, record, &lesson);
    return rc == 0 && !lesson.erased ? take(p, &lesson) : rc;
}

int pupil_learn(struct pupil *p, const struct record *decision, const struct identity *identities,
                size_t count, const struct label *label)
{
    struct lesson lesson;
    struct record r = *decision;
    r.labels = label;
    r.label_count = label ? 1 : 0;
    int rc = lesson_read_known(p->arena, p->settings, p->psl, &r, identities, count, &lesson);
    return rc == 0 ? take(p, &lesson) : rc;
}

int pupil_learn_later(struct pupil *p, const struct record *decision, const struct label *label,
                      int64_t due_us)
{
    struct record r = {.kind = RECORD_LABEL,
                       .time_us = due_us,
                       .sensor = decision->sensor,
                       .labels = label,
                       .label_count = 1,
                       .direction = decision->direction,
                       .subject = decision->id,
                       .subject_time_us = decision->time_us,
                       .message = decision->message,
                       .evidence = decision->evidence};
    memcpy(r.id, decision->id, sizeof r.id);
    struct sbuf bytes;
    sbuf_init(&bytes, RECORD_BYTES_MAX);
    int rc = record_encode(&bytes, &r);
    struct span all = sbuf_span(&bytes);
    struct later *l = rc == 0 ? malloc(sizeof *l + all.len) : NULL;
    if (l) {
        *l = (struct later){.due_us = due_us, .len = all.len};
        memcpy(l->bytes, all.p, all.len);
        *p->last = l;
        p->last = &l->next;
    }
    sbuf_clear(&bytes);
    return rc != 0 ? rc : l ? 0 : VOUCH_E_NOMEM;
}

static int learn_due(struct pupil *p, const struct later *l)
{
    const struct record *record;
    int rc = record_decode(p->arena, span_make(l->bytes, l->len), &record);
    return rc == 0 ? pupil_take(p, record) : rc;
}

int pupil_advance(struct pupil *p, int64_t now_us)
{
    int rc = 0;
    while (rc == 0 && p->first && p->first->due_us <= now_us) {
        struct later *l = p->first;
        rc = learn_due(p, l);
        p->first = l->next;
        if (!p->first)
            p->last = &p->first;
        free(l);
    }
    return rc == 0 ? apply(p) : rc;
}
