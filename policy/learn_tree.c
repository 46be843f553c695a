/* SPDX-License-Identifier: BSD-2-Clause */
/* All journals of a tree: a learner for each, and what is wrong with each said once. */
#include "learn_tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"

#define TEXT_BYTES  600
#define MAX_WRITERS 1000 /* of one tree: a writer is a host, or a user who reports mail */

struct journal_course {
    char *writer, *path;
    struct learner *learner;
    uint64_t end; /* learnt that far, it is left alone */
    bool failing;
};

struct learn_tree {
    struct learn_tree_options options;
    struct journal_course *list;
    size_t count;
    int64_t scanned_ms; /* 0: never */
    bool unreadable;    /* the directory */
    bool away;          /* the model */
};

struct learn_tree *learn_tree_new(const struct learn_tree_options *options)
{
    struct learn_tree *t = calloc(1, sizeof *t);
    if (t)
        t->options = *options;
    return t;
}

void learn_tree_free(struct learn_tree **tp)
{
    struct learn_tree *t = *tp;
    if (!t)
        return;
    *tp = NULL;
    for (size_t i = 0; i < t->count; i++) {
        learner_free(&t->list[i].learner);
        free(t->list[i].writer);
        free(t->list[i].path);
    }
    free(t->list);
    free(t);
}

static struct journal_course *find(const struct learn_tree *t, const char *writer)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->list[i].writer, writer) == 0)
            return &t->list[i];
    return NULL;
}

uint64_t learn_tree_watermark(const struct learn_tree *t, const char *writer)
{
    const struct journal_course *c = find(t, writer);
    return c ? learner_watermark(c->learner) : 0;
}

struct learn_lag learn_tree_lag(const struct learn_tree *t, int64_t now_us)
{
    struct learn_lag sum = {0};
    for (size_t i = 0; i < t->count; i++) {
        const struct journal_course *c = &t->list[i];
        struct learn_lag lag = learn_lag_after(c->path, learner_watermark(c->learner), now_us);
        sum.records += lag.records;
        if (lag.seconds > sum.seconds)
            sum.seconds = lag.seconds;
    }
    return sum;
}

/* Says that something is wrong, or well again, if it was not said before. */
static void report(struct learn_tree *t, bool *failing, bool trouble, const char *text)
{
    if (*failing == trouble)
        return;
    *failing = trouble;
    if (t->options.report)
        t->options.report(t->options.report_arg, trouble, text);
}

/* journal_writers' each */
static int add_writer(void *arg, const struct journal_writer_info *info)
{
    struct learn_tree *t = arg;
    if (find(t, info->writer) || t->count == MAX_WRITERS)
        return 0;
    struct journal_course *list = realloc(t->list, (t->count + 1) * sizeof *list);
    if (!list)
        return VOUCH_E_NOMEM;
    t->list = list;
    struct journal_course c = {.writer = strdup(info->writer),
                               .path = strdup(info->path),
                               .learner = learner_new(&t->options.learn, info->path, info->writer),
                               .end = t->options.once ? info->last : UINT64_MAX};
    if (!c.writer || !c.path || !c.learner) {
        learner_free(&c.learner);
        free(c.writer);
        free(c.path);
        return VOUCH_E_NOMEM;
    }
    t->list[t->count++] = c;
    return 0;
}

static int scan(struct learn_tree *t)
{
    char error[TEXT_BYTES] = "out of memory";
    int64_t now = clock_ms();
    if (t->scanned_ms && (t->options.once || now - t->scanned_ms < LEARN_TREE_SCAN_MS))
        return 0;
    t->scanned_ms = now;
    int rc = journal_writers(t->options.dir, add_writer, t, error, sizeof error);
    if (rc == 0)
        snprintf(error, sizeof error, "%s: can be read again", t->options.dir);
    report(t, &t->unreadable, rc != 0, error);
    return rc;
}

/* A step of one journal, and what there is to say about it. */
static int step(struct learn_tree *t, struct journal_course *c)
{
    char text[TEXT_BYTES];
    if (learner_watermark(c->learner) >= c->end)
        return 0;
    int rc = learner_step(c->learner);
    if (rc == VOUCH_E_TEMP) {
        snprintf(text, sizeof text, "%s: nothing is lost, it is learnt later",
                 learner_error(c->learner));
        report(t, &t->away, true, text);
        return rc;
    }
    report(t, &t->away, false, "the model learns again");
    if (rc == VOUCH_E_SYNTAX) {
        bool never = false; /* an event, not a state */
        report(t, &never, true, learner_error(c->learner));
        return rc;
    }
    snprintf(text, sizeof text, "%s is learnt again", c->writer);
    report(t, &c->failing, rc < 0, rc < 0 ? learner_error(c->learner) : text);
    return rc;
}

int learn_tree_step(struct learn_tree *t)
{
    int learnt = 0, worst = scan(t);
    for (size_t i = 0; i < t->count; i++) {
        int rc = step(t, &t->list[i]);
        if (rc == VOUCH_E_TEMP)
            return rc;
        if (rc < 0)
            worst = worst && worst != VOUCH_E_SYNTAX ? worst : rc;
        else
            learnt += rc;
    }
    return learnt ? learnt : worst;
}
