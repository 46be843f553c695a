/* SPDX-License-Identifier: BSD-2-Clause */
/* Each message of a journal is judged anew, twice, by the same assess as in vouch-milter: what was verified when it came
 * stands, the model is asked now. So the two verdicts differ in nothing but what A and B differ in; neither needs to
 * be the verdict that the journal has. Of a corpus, B is the shadow of A while it is replayed. */
#include "diff_sources.h"
#include <string.h>
#include "difference.h"
#include "errors.h"
#include "journal_streams.h"
#include "settings_load.h"
#include "store.h"
#include "tool.h"

#define ERROR_BYTES 8192

static int no_memory(void)
{
    return tool_error(EX_OSERR, "out of memory");
}

/* ---- the journal ---- */

static struct journal_streams *open_streams(const struct diff *d, int64_t since_us, int *status_r)
{
    const struct journal_streams_options options = {.dir = d->journal, .since_us = since_us};
    return journal_streams_open(&options, status_r);
}

static bool is_wanted(const struct diff *d, const struct record *r)
{
    return record_is_judgement(r) && r->time_us >= d->since_us && r->time_us < d->until_us &&
           r->message && r->evidence && r->decision && (!d->shadow || r->shadow);
}

static int read_labels(struct diff *d)
{
    int status = 0;
    struct span datum;
    struct journal_streams *s = open_streams(d, d->since_us, &status);
    if (!s)
        return status;
    for (const struct record *r; status == 0 && (r = journal_streams_next(s, &datum));)
        if (diff_labels_add(d->labels, d->settings[DIFF_A], r) != 0)
            status = no_memory();
    journal_streams_close(&s);
    diff_labels_sort(d->labels);
    return status; /* damage is told by who reads the records again */
}

/* One side's record; a_r: to be freed, also on error. */
static int judge_again(struct diff *d, int side, const struct record *r, struct assess **a_r,
                       const struct record **record_r)
{
    struct assess_context *context = d->contexts[d->kind == DIFF_SETTINGS ? DIFF_A : side];
    char state[300];
    *a_r = assess_new(context, d->settings[side], r->time_us);
    if (!*a_r || assess_again(*a_r, r, record_r) != 0)
        return no_memory();
    if (!((*record_r)->flags & FLAG_MODEL_UNAVAILABLE))
        return 0;
    store_state(assess_context_store(context), state, sizeof state);
    return tool_error(EX_UNAVAILABLE,
                      "the model cannot be asked (%s); 'vouch policy diff --store none' compares "
                      "settings without one",
                      state);
}

static int judge_both(struct diff *d, const struct record *r, struct diff_pair *p)
{
    struct assess *a[DIFF_SIDES] = {NULL, NULL};
    const struct record *is[DIFF_SIDES];
    int status = 0;
    for (int side = 0; side < DIFF_SIDES && status == 0; side++)
        status = judge_again(d, side, r, &a[side], &is[side]);
    if (status == 0) {
        struct judgement both[DIFF_SIDES];
        for (int side = 0; side < DIFF_SIDES; side++) {
            both[side] = (struct judgement){is[side]->trust, is[side]->bias, is[side]->decision};
            p->actions[side] = is[side]->decision->action;
        }
        if (decision_difference(r->message->arena, &both[DIFF_A], &both[DIFF_B], &p->reason) != 0)
            status = no_memory();
    }
    for (int side = 0; side < DIFF_SIDES; side++)
        assess_free(&a[side]);
    return status;
}

static int compare_record(struct diff *d, const struct record *r)
{
    int status = 0;
    struct diff_pair p = {.id = r->id,
                          .message_id = r->message->message_id,
                          .label = diff_labels_of(d->labels, r->id)};
    if (d->shadow) {
        p.actions[DIFF_A] = r->decision->action;
        p.actions[DIFF_B] = r->shadow->action;
        p.reason = r->shadow->reason;
    } else {
        status = judge_both(d, r, &p);
    }
    return status == 0 && diff_report_add(d->report, &p) != 0 ? no_memory() : status;
}

int diff_journal(struct diff *d)
{
    int status = read_labels(d);
    struct span datum;
    uint64_t done = 0;
    struct journal_streams *s = status == 0 ? open_streams(d, d->since_us, &status) : NULL;
    if (!s)
        return status;
    progress_start(&d->progress, stderr, "judging", "messages", 0);
    for (const struct record *r; status == 0 && (r = journal_streams_next(s, &datum));) {
        if (is_wanted(d, r))
            status = compare_record(d, r);
        progress_set(&d->progress, 0, ++done);
    }
    progress_end(&d->progress);
    if (status == 0)
        status = journal_streams_status(s);
    journal_streams_close(&s);
    return status;
}

/* ---- a corpus ---- */

static int see(void *arg, const struct replay_judged *j)
{
    struct diff *d = arg;
    const struct record_shadow *shadow = j->record->shadow;
    if (!shadow)
        return VOUCH_E_NOMEM;
    const struct diff_pair p = {.id = j->item->path,
                                .message_id = j->record->message->message_id,
                                .label = j->item->good ? LABEL_GOOD : LABEL_BAD,
                                .actions = {j->record->decision->action, shadow->action},
                                .reason = shadow->reason};
    return diff_report_add(d->report, &p);
}

static void show_progress(void *arg, size_t done, size_t all)
{
    (void)all;
    progress_set(arg, done, done);
}

int diff_corpus(struct diff *d)
{
    char error[ERROR_BYTES] = "out of memory";
    size_t untimed, unread, count;
    struct replay_options o = {.settings = d->settings[DIFF_A],
                               .zone_file = d->zone,
                               .label_share = 1,
                               .seed = 1,
                               .progress = show_progress,
                               .progress_arg = &d->progress};
    struct settings *b = d->settings[DIFF_B];
    d->settings[DIFF_B] = NULL; /* now A's */
    if (settings_join(d->settings[DIFF_A], b) != 0)
        return tool_error(EX_CONFIG, "%s: its file of well-known organisations cannot be read",
                          d->names[DIFF_B]);
    corpus_order(d->corpus, &untimed);
    corpus_items(d->corpus, &count);
    progress_start(&d->progress, stderr, "judging", "messages", count);
    int rc = replay_run(d->corpus, &o, see, d, &unread, error, sizeof error);
    progress_end(&d->progress);
    if (rc == 0)
        return 0;
    return tool_error(rc == VOUCH_E_IO       ? EX_NOINPUT
                      : rc == VOUCH_E_CONFIG ? EX_CONFIG
                                             : EX_OSERR,
                      "%s", error);
}
