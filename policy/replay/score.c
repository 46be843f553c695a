/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows, and their figures. Ranking takes a sort of the sums of a subset, all else one pass. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include "errors.h"
#include "score_private.h"
#include "settings.h"

#define TRUST_CLAMP 1e-6 /* so that one certain mistake does not make the log loss infinite */

struct score {
    struct score_row *rows;
    size_t count, cap;
};

struct score *score_new(void)
{
    return calloc(1, sizeof(struct score));
}

void score_free(struct score **sp)
{
    if (!*sp)
        return;
    free((*sp)->rows);
    free(*sp);
    *sp = NULL;
}

int score_add(struct score *s, const struct score_row *row)
{
    assert(!isnan(row->sum) && row->trust >= 0 && row->trust <= 1);
    if (s->count == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 1024;
        struct score_row *rows = realloc(s->rows, cap * sizeof *rows);
        if (!rows)
            return VOUCH_E_NOMEM;
        s->rows = rows;
        s->cap = cap;
    }
    s->rows[s->count] = *row;
    s->rows[s->count++].subsets |= SCORE_ALL;
    return 0;
}

struct score_row *score_rows(struct score *s, size_t *count_r)
{
    *count_r = s->count;
    return s->rows;
}

struct ranked {
    double sum;
    bool good;
};

static int by_sum(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->sum, y = ((const struct ranked *)b)->sum;
    return (x > y) - (x < y);
}

int score_steps(const struct score *s, enum score_subset subset, struct score_step **steps_r,
                size_t *count_r)
{
    struct ranked *ranked = malloc((s->count + 1) * sizeof *ranked);
    struct score_step *steps = malloc((s->count + 1) * sizeof *steps), below = {0, 0};
    size_t rows = 0, count = 0;
    if (!ranked || !steps) {
        free(ranked);
        free(steps);
        return VOUCH_E_NOMEM;
    }
    for (size_t i = 0; i < s->count; i++)
        if (s->rows[i].subsets & subset)
            ranked[rows++] = (struct ranked){s->rows[i].sum, s->rows[i].good};
    qsort(ranked, rows, sizeof *ranked, by_sum);
    for (size_t i = 0; i < rows; i++) {
        *(ranked[i].good ? &below.good : &below.bad) += 1;
        if (i + 1 == rows || ranked[i].sum != ranked[i + 1].sum)
            steps[count++] = below;
    }
    free(ranked);
    *steps_r = steps;
    *count_r = count;
    return 0;
}

static double share(double part, size_t all)
{
    return all ? part / (double)all : NAN;
}

/* The share of pairs of a good and a bad one in which the good one has the higher sum. */
static double area(const struct score_step *steps, size_t count)
{
    double above = 0, pairs;
    struct score_step last = {0, 0};
    for (size_t i = 0; i < count; last = steps[i++])
        above += (double)(steps[i].good - last.good) * (double)(steps[i].bad + last.bad) / 2;
    pairs = (double)last.good * (double)last.bad;
    return pairs > 0 ? above / pairs : NAN;
}

/* The share of bad ones below the highest cut that has at most most_good good ones below it. */
static double detections(const struct score_step *steps, size_t count, size_t most_good)
{
    size_t found = 0;
    if (count == 0 || steps[count - 1].good == 0)
        return NAN;
    for (size_t i = 0; i < count && steps[i].good <= most_good; i++)
        found = steps[i].bad;
    return share((double)found, steps[count - 1].bad);
}

/* What rows are by class, label and trust; sums in *f_r are made shares by the caller. */
static void add_up(const struct score *s, enum score_subset subset, struct score_figures *f_r)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct score_row *row = &s->rows[i];
        double p = fmin(fmax(row->trust, TRUST_CLAMP), 1 - TRUST_CLAMP);
        if (!(row->subsets & subset))
            continue;
        *(row->good ? &f_r->good : &f_r->bad) += 1;
        f_r->trusted += row->class == CLASS_TRUSTED;
        f_r->trusted_bad += row->class == CLASS_TRUSTED && !row->good;
        f_r->coverage += row->class != CLASS_SUSPICIOUS;
        f_r->detected += row->class == CLASS_UNTRUSTED && !row->good;
        f_r->false_positives += row->class == CLASS_UNTRUSTED && row->good;
        f_r->log_loss -= log(row->good ? p : 1 - p);
    }
}

static double calibration_error(const struct score *s, enum score_subset subset)
{
    struct score_bin bins[SCORE_BINS];
    double error = 0;
    size_t all = 0;
    score_bins(s, subset, bins);
    for (size_t b = 0; b < SCORE_BINS; b++) {
        if (bins[b].count)
            error += (double)bins[b].count * fabs(bins[b].trust - bins[b].good);
        all += bins[b].count;
    }
    return share(error, all);
}

int score_figures(const struct score *s, enum score_subset subset, struct score_figures *f_r)
{
    struct score_step *steps;
    size_t count, all;
    int rc = score_steps(s, subset, &steps, &count);
    if (rc < 0)
        return rc;
    *f_r = (struct score_figures){0};
    add_up(s, subset, f_r);
    all = f_r->good + f_r->bad;
    f_r->auc = area(steps, count);
    f_r->one_less_auc = 1 - f_r->auc;
    f_r->good_at_0_1 = f_r->good / 1000;
    f_r->at_0_1 = detections(steps, count, f_r->good / 1000);
    f_r->at_0_3 = detections(steps, count, f_r->good * 3 / 1000);
    f_r->at_1 = detections(steps, count, f_r->good / 100);
    f_r->trusted_precision = share((double)(f_r->trusted - f_r->trusted_bad), f_r->trusted);
    f_r->coverage = share(f_r->coverage, all);
    f_r->detected = share(f_r->detected, f_r->bad);
    f_r->false_positives = share(f_r->false_positives, f_r->good);
    f_r->log_loss = share(f_r->log_loss, all);
    f_r->calibration_error = calibration_error(s, subset);
    free(steps);
    return 0;
}

void score_bins(const struct score *s, enum score_subset subset,
                struct score_bin bins_r[SCORE_BINS])
{
    for (size_t b = 0; b < SCORE_BINS; b++)
        bins_r[b] = (struct score_bin){0, 0, 0};
    for (size_t i = 0; i < s->count; i++) {
        size_t b = (size_t)(s->rows[i].trust * SCORE_BINS);
        struct score_bin *bin = &bins_r[b < SCORE_BINS ? b : SCORE_BINS - 1];
        if (!(s->rows[i].subsets & subset))
            continue;
        bin->count++;
        bin->trust += s->rows[i].trust;
        bin->good += s->rows[i].good;
    }
    for (size_t b = 0; b < SCORE_BINS; b++) {
        bins_r[b].trust = share(bins_r[b].trust, bins_r[b].count);
        bins_r[b].good = share(bins_r[b].good, bins_r[b].count);
    }
}
