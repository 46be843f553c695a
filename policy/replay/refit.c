/* SPDX-License-Identifier: BSD-2-Clause */
#include "refit.h"
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "label.h"
#include "params.h"
#include "store.h"
#include "training.h"

#define DAY_S    86400
#define ROWS_PER 50 /* a fit is worth while for one new row to so many */

/* A label that is not known yet. */
struct later {
    struct later *next;
    double x[TW_COUNT];
    bool good;
    int64_t time, due;
};

struct refit {
    struct store *store;
    const struct settings *settings;
    struct training *training;
    struct later *first, **last;
    int64_t day;     /* the last that has not ended */
    size_t fitted;   /* rows of the last fit */
    size_t kinds[2]; /* bad and good rows so far */
};

struct refit *refit_new(struct store *store, const struct settings *settings)
{
    struct refit *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->store = store;
    r->settings = settings;
    r->last = &r->first;
    r->training = training_new();
    if (!r->training)
        refit_free(&r);
    return r;
}

void refit_free(struct refit **rp)
{
    struct refit *r = *rp;
    if (!r)
        return;
    *rp = NULL;
    for (struct later *l = r->first, *next; l; l = next) {
        next = l->next;
        free(l);
    }
    training_free(&r->training);
    free(r);
}

int refit_add(struct refit *r, const double x[TW_COUNT], bool good, int64_t time, int64_t due)
{
    struct later *l = calloc(1, sizeof *l);
    if (!l)
        return VOUCH_E_NOMEM;
    memcpy(l->x, x, sizeof l->x);
    l->good = good;
    l->time = time;
    l->due = due;
    *r->last = l;
    r->last = &l->next;
    return 0;
}

/* Takes in the labels that were known before now. */
static int take(struct refit *r, int64_t now)
{
    int rc = 0;
    while (rc == 0 && r->first && r->first->due < now) {
        struct later *l = r->first;
        rc = training_add(r->training, l->x, l->good, r->settings->label_weights[LABEL_PERSON],
                          l->time);
        r->kinds[l->good]++;
        r->first = l->next;
        if (!r->first)
            r->last = &r->first;
        free(l);
    }
    return rc;
}

/* store_compute */
static int replace(void *arg, const struct span *now, struct span *new_r)
{
    (void)now;
    new_r[0] = *(const struct span *)arg;
    return 0;
}

static int keep(struct refit *r, const struct trust_fit *fit)
{
    const struct store_key key = {PARAMS_GROUP, PARAMS_FIELD};
    struct sbuf bytes;
    sbuf_init(&bytes, PARAMS_BYTES_MAX);
    params_encode(fit, &bytes);
    struct span all = sbuf_span(&bytes);
    int rc = bytes.failed ? VOUCH_E_NOMEM : store_change(r->store, &key, 1, replace, &all, "", 0);
    sbuf_clear(&bytes);
    return rc;
}

static int fit(struct refit *r, int64_t now)
{
    size_t rows = training_count(r->training);
    const struct training_options options = {.start = r->settings->trust,
                                             .pull = TRAINING_PULL,
                                             .bias_pull = TRAINING_BIAS_PULL,
                                             .half_life = r->settings->trust.half_life};
    struct trust_fit fit = {.params = options.start, .time = now, .rows = rows};
    if (rows < r->fitted + REFIT_ROWS || rows < r->fitted + r->fitted / ROWS_PER)
        return 0;
    if (r->kinds[0] < REFIT_KIND || r->kinds[1] < REFIT_KIND)
        return 0; /* a few of one kind among many of the other say little but that they are few */
    int rc = training_fit(r->training, &options, rows, &fit.params);
    r->fitted = rows;
    return rc == 0 ? keep(r, &fit) : rc;
}

int refit_advance(struct refit *r, int64_t now)
{
    int64_t day = now / DAY_S;
    if (day <= r->day)
        return 0;
    r->day = day;
    int rc = take(r, day * DAY_S);
    return rc == 0 ? fit(r, day * DAY_S) : rc;
}
