/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch model build --fit: from labels to weights, and whether they are better than those in force. */
#include "config.h"
#include "model_fit.h"
#include <inttypes.h>
#include <math.h>
#include "clock.h"
#include "fit_rows.h"
#include "score.h"
#include "tool.h"

struct part {
    size_t from, to, good, bad;
};

static struct part part_of(const struct training *t, size_t from, size_t to)
{
    struct part p = {.from = from, .to = to};
    for (size_t i = from; i < to; i++)
        *(training_good(t, i) ? &p.good : &p.bad) += 1;
    return p;
}

static double one_less_auc(const struct training *t, const struct trust_params *params,
                           const struct part *p)
{
    struct score_figures figures = {.one_less_auc = NAN};
    struct score *s = score_new();
    int rc = s ? 0 : VOUCH_E_NOMEM;
    for (size_t i = p->from; i < p->to && rc == 0; i++) {
        double sum = training_sum(t, i, params);
        rc = score_add(s, &(struct score_row){.sum = sum,
                                              .trust = 1 / (1 + exp(-sum)),
                                              .good = training_good(t, i),
                                              .subsets = SCORE_ALL});
    }
    if (rc == 0)
        score_figures(s, SCORE_ALL, &figures);
    score_free(&s);
    return figures.one_less_auc;
}

static bool enough(const struct part *all, const struct part *held)
{
    if (all->to >= MODEL_FIT_LABELS && all->good >= MODEL_FIT_KIND && all->bad >= MODEL_FIT_KIND &&
        held->good >= MODEL_FIT_HELD && held->bad >= MODEL_FIT_HELD)
        return true;
    printf(
        "fit: too few labels, so the weights stay as they are: of %zu messages with labels %zu "
        "are good and %zu bad, and of the last %zu, which would be held out, %zu and %zu; it takes "
        "%d, %d of each kind, and %d of each among the last\n",
        all->to, all->good, all->bad, held->to - held->from, held->good, held->bad,
        MODEL_FIT_LABELS, MODEL_FIT_KIND, MODEL_FIT_HELD);
    return false;
}

/* On what was held out: before and after, by the weights that would be in force. */
static void compare(const struct training *rows, const struct part *held,
                    const struct trust_params *before, const struct trust_params *after,
                    struct trust_fit *fit)
{
    fit->log_loss_before = training_loss(rows, before, held->from, held->to).log_loss;
    fit->log_loss_after = training_loss(rows, after, held->from, held->to).log_loss;
    printf("fit: on the last %zu, held out: log loss %.4f with the weights in force, %.4f with the "
           "fitted ones; 1-ROCA %.2f %%, %.2f %%\n",
           held->to - held->from, fit->log_loss_before, fit->log_loss_after,
           100 * one_less_auc(rows, before, held), 100 * one_less_auc(rows, after, held));
}

static int fit_part(const struct training *rows, const struct settings *s, size_t count,
                    struct trust_params *params_r)
{
    const struct training_options options = {.start = settings_trust(s, NULL),
                                             .pull = TRAINING_PULL,
                                             .bias_pull = TRAINING_BIAS_PULL,
                                             .half_life = s->trust.half_life};
    return training_fit(rows, &options, count, params_r);
}

static int fit(const struct training *rows, const struct settings *s, double holdout,
               const struct trust_fit *active, struct trust_fit *fit_r, enum model_fit *done_r)
{
    const size_t count = training_count(rows), first = (size_t)((double)count * (1 - holdout));
    const struct part all = part_of(rows, 0, count), held = part_of(rows, first, count);
    struct trust_fit f = {.time = clock_wall_us() / 1000000, .rows = count};
    *done_r = MODEL_FIT_FEW;
    if (!enough(&all, &held))
        return 0;
    printf("fit: %zu messages with labels, %zu good and %zu bad\n", count, all.good, all.bad);
    int rc = fit_part(rows, s, first, &f.params);
    if (rc == VOUCH_E_RANGE) {
        printf("fit: all messages before those held out are of one kind: the weights stay as they "
               "are\n");
        return 0;
    }
    if (rc == 0) {
        struct trust_params before = settings_trust(s, active ? &active->params : NULL),
                            after = settings_trust(s, &f.params);
        compare(rows, &held, &before, &after, &f);
        rc = fit_part(rows, s, count, &f.params);
    }
    if (rc != 0)
        return tool_error(EX_OSERR, "the weights could not be fitted: %s", vouch_strerror(rc));
    *done_r = f.log_loss_after > f.log_loss_before ? MODEL_FIT_REFUSED : MODEL_FIT_DONE;
    *fit_r = f;
    return 0;
}

int model_fit(const struct teach *t, const struct learn_options *options, double holdout,
              const struct trust_fit *active, struct trust_fit *fit_r, enum model_fit *done_r)
{
    struct training *rows = training_new();
    if (!rows)
        return tool_error(EX_OSERR, "out of memory");
    int status = fit_rows(t, options, rows);
    if (status == 0)
        status = fit(rows, options->settings, holdout, active, fit_r, done_r);
    training_free(&rows);
    return status;
}
