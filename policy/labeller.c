/* SPDX-License-Identifier: BSD-2-Clause */
/* Labels drawn from a journal: answered messages, and delivered ones that nobody complained of. Two
 * readers go through the same journal, one close behind its end, one labels.delivery_after behind. */
#include "labeller.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>
#include "domain.h"
#include "journal_reader.h"
#include "record_append.h"
#include "record_avro.h"

#define STEP_RECORDS 1000        /* read in one step by each reader */
#define RECORD_BYTES (16u << 20) /* of one decoded */
#define ANSWER_DAYS  90          /* answers to what is older teach nothing any more */
#define DAY_US       (INT64_C(86400) * 1000000)

/* One way through the journal. */
struct course {
    struct journal_reader *reader;
    uint64_t done;             /* number of the last record dealt with */
    struct arena *arena;       /* of head; NULL: there is none */
    const struct record *head; /* read, not yet dealt with */
    uint64_t head_number;
};

struct labeller {
    struct labeller_options options;
    char *dir, *path, *sensor;
    struct course replies, deliveries;
    uint64_t saved[2]; /* what the file says */
    char error[512];
};

static int fail(struct labeller *l, int code, const char *what)
{
    snprintf(l->error, sizeof l->error, "%s", what);
    return code;
}

static void file_name(const struct labeller *l, const char *suffix, char name_r[PATH_MAX])
{
    snprintf(name_r, PATH_MAX, "%s/labelled%s", l->path, suffix);
}

/* A file that is not there, or damaged, means to begin where a label could still be due. */
static void load(struct labeller *l)
{
    char name[PATH_MAX];
    uint64_t at[2];
    file_name(l, "", name);
    FILE *f = fopen(name, "re");
    bool ok = f && fscanf(f, "reply %" SCNu64 " delivery %" SCNu64, &at[0], &at[1]) == 2;
    if (f)
        fclose(f);
    if (ok)
        memcpy(l->saved, at, sizeof at);
    l->replies.done = l->saved[0];
    l->deliveries.done = l->saved[1];
}

static int save(struct labeller *l)
{
    char name[PATH_MAX], temporary[PATH_MAX];
    if (l->saved[0] == l->replies.done && l->saved[1] == l->deliveries.done)
        return 0;
    file_name(l, "", name);
    file_name(l, ".new", temporary);
    FILE *f = fopen(temporary, "we");
    bool ok = f && fprintf(f, "reply %" PRIu64 " delivery %" PRIu64 "\n", l->replies.done,
                           l->deliveries.done) > 0;
    if (f && fclose(f) != 0)
        ok = false;
    if (!ok || rename(temporary, name) != 0) {
        snprintf(l->error, sizeof l->error, "%.300s: %s", name, strerror(errno));
        return VOUCH_E_IO;
    }
    l->saved[0] = l->replies.done;
    l->saved[1] = l->deliveries.done;
    return 0;
}

static void drop_head(struct course *c)
{
    arena_free(&c->arena);
    c->head = NULL;
}

static void course_clear(struct course *c)
{
    drop_head(c);
    journal_reader_close(&c->reader);
}

struct labeller *labeller_new(const struct labeller_options *options, char *error_r, size_t size)
{
    struct labeller *l = calloc(1, sizeof *l);
    if (!l || !(l->dir = strdup(options->dir)) || !(l->path = strdup(options->path)) ||
        !(l->sensor = strdup(options->sensor))) {
        snprintf(error_r, size, "out of memory");
        labeller_free(&l);
        return NULL;
    }
    l->options = *options;
    load(l);
    return l;
}

void labeller_free(struct labeller **lp)
{
    struct labeller *l = *lp;
    if (!l)
        return;
    *lp = NULL;
    course_clear(&l->replies);
    course_clear(&l->deliveries);
    free(l->dir);
    free(l->path);
    free(l->sensor);
    free(l);
}

const char *labeller_error(const struct labeller *l)
{
    return l->error;
}

/* Reads c's next record into head. 1, 0: there is none, or an error. */
static int look(struct labeller *l, struct course *c)
{
    struct journal_entry e;
    if (c->head)
        return 1;
    if (!c->reader &&
        !(c->reader = journal_reader_open(l->path, c->done, l->error, sizeof l->error)))
        return VOUCH_E_IO;
    int rc = journal_reader_next(c->reader, &e);
    if (rc == 0)
        return 0;
    if (rc < 0) {
        fail(l, rc, journal_reader_error(c->reader));
        if (rc != VOUCH_E_SYNTAX)
            journal_reader_close(&c->reader); /* opened again at the next step */
        return rc;
    }
    c->head_number = e.number;
    c->arena = arena_new(RECORD_BYTES);
    rc = c->arena ? record_decode(c->arena, e.datum, &c->head) : VOUCH_E_NOMEM;
    if (rc == 0)
        return 1;
    drop_head(c);
    if (rc == VOUCH_E_SYNTAX)
        c->done = e.number;
    return fail(l, rc, rc == VOUCH_E_SYNTAX ? "a record is damaged" : "out of memory");
}

static void pass(struct course *c)
{
    c->done = c->head_number;
    drop_head(c);
}

/* Writes that about was good, which source says. */
static int label(struct labeller *l, const struct record *about, enum label_source source,
                 int64_t now_us)
{
    struct label good = {LABEL_GOOD, source, NULL};
    struct record r = {.kind = RECORD_LABEL,
                       .time_us = now_us,
                       .sensor = l->sensor,
                       .labels = &good,
                       .label_count = 1,
                       .direction = about->direction,
                       .pseudonym_key = about->pseudonym_key,
                       .subject = about->id,
                       .subject_time_us = about->time_us,
                       .message = about->message,
                       .evidence = about->evidence};
    uint8_t random[10];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return fail(l, VOUCH_E_IO, "no random bytes");
    record_id(r.id, now_us, random);
    int rc = record_append(l->options.journal, &r, NULL);
    return rc == VOUCH_E_NOMEM ? fail(l, rc, "out of memory") : 0; /* the journal tells the rest */
}

/* Whom an answer went to. */
struct answer {
    const struct message *message;
    bool same_address; /* or the same organisation is enough */
};

/* The answer goes to whom the message says it is from. */
static bool goes_to_author(const struct answer *a, const struct message *answered)
{
    const struct envelope *env = &a->message->env;
    const struct mailbox *author = answered->author;
    char to[DOMAIN_MAX + 1];
    bool goes = false;
    if (!author || !author->domain || !*author->domain)
        return false;
    const char *org = answered->author_org ? answered->author_org : author->domain;
    for (size_t i = 0; i < env->rcpt_count && !goes; i++) {
        const char *at = strrchr(env->rcpts[i], '@');
        if (a->same_address)
            goes = strcasecmp(env->rcpts[i], author->address) == 0;
        else if (at && domain_normalize(span_of(at + 1), to) == 0)
            goes = domain_is_below(to, org);
    }
    return goes;
}

/* journal_find's will_do: a message that came in from outside, and that arg is the answer to. Whoever
 * knows the Message-ID of another's message can send one that has the same, and would be praised for
 * what was answered to the other: so its author must be whom the answer went to, and nothing may say
 * that he is not its author. */
static bool is_answered(void *arg, struct span datum)
{
    const struct record *r;
    struct arena *arena = arena_new(RECORD_BYTES);
    bool yes = arena && record_decode(arena, datum, &r) == 0 && record_is_judgement(r) &&
               r->direction == DIRECTION_INBOUND && r->message && goes_to_author(arg, r->message) &&
               r->evidence->dmarc.result != AUTH_FAIL;
    arena_free(&arena);
    return yes;
}

/* If r answers a message that we know, that one was good. */
static int note_reply(struct labeller *l, const struct record *r, int64_t now_us)
{
    const struct message *m = r->message;
    const struct record *answered;
    struct span datum;
    if (!record_is_judgement(r) || !m || !m->in_reply_to || m->automatic ||
        r->direction != DIRECTION_OUTBOUND)
        return 0;
    struct arena *arena = arena_new(RECORD_BYTES);
    if (!arena)
        return fail(l, VOUCH_E_NOMEM, "out of memory");
    struct answer answer = {m, true};
    int rc = 0;
    for (int i = 0; i < 2 && rc == 0; i++, answer.same_address = false)
        rc = journal_find(l->dir, SPAN_NONE, span_of(m->in_reply_to), now_us - ANSWER_DAYS * DAY_US,
                          is_answered, &answer, arena, &datum, l->error, sizeof l->error);
    if (rc == 1 && record_decode(arena, datum, &answered) == 0)
        rc = label(l, answered, LABEL_REPLY, now_us);
    arena_free(&arena);
    return rc < 0 ? rc : 0;
}

/* It reached its recipients, and nothing was known against it from the start. */
static bool was_delivered(const struct record *r)
{
    const struct decision *d = r->decision;
    return record_is_judgement(r) && d && r->message && r->direction == DIRECTION_INBOUND &&
           (d->mode == MODE_OBSERVE || d->action <= ACTION_TAG) && r->label_count == 0;
}

static int step_replies(struct labeller *l, int64_t now_us)
{
    int rc = 0;
    for (unsigned i = 0; i < STEP_RECORDS; i++) {
        if ((rc = look(l, &l->replies)) != 1)
            return rc;
        if ((rc = note_reply(l, l->replies.head, now_us)) == VOUCH_E_NOMEM)
            return rc;
        pass(&l->replies);
    }
    return 1;
}

static int step_deliveries(struct labeller *l, const struct settings *s, int64_t now_us)
{
    int rc = 0;
    if (s->delivery_after_s == 0 || s->label_weights[LABEL_DELIVERY] <= 0)
        return 0;
    int64_t due_us = now_us - (int64_t)s->delivery_after_s * 1000000;
    for (unsigned i = 0; i < STEP_RECORDS; i++) {
        if ((rc = look(l, &l->deliveries)) != 1)
            return rc;
        const struct record *r = l->deliveries.head;
        if (r->time_us > due_us)
            return 0;
        if (was_delivered(r) && (rc = label(l, r, LABEL_DELIVERY, now_us)) != 0)
            return rc;
        pass(&l->deliveries);
    }
    return 1;
}

int labeller_step(struct labeller *l, const struct settings *settings, int64_t now_us)
{
    l->error[0] = '\0';
    int replies = step_replies(l, now_us);
    int deliveries = replies == VOUCH_E_NOMEM ? replies : step_deliveries(l, settings, now_us);
    int saved = save(l);
    if (replies < 0)
        return replies;
    if (deliveries < 0)
        return deliveries;
    return saved < 0 ? saved : replies || deliveries;
}
