/* SPDX-License-Identifier: BSD-2-Clause */
/* Weights fitted to labels, in three steps, each of which is a regression of logistic.h:
 *
 *   1. One factor on all weights (and most_for), and a shift of the bias: what was shipped says how
 *      weights relate to each other, and the rows how sure one may be of what they say here.
 *   2. Each weight for itself, and most_for, drawn to where step 1 has put it.
 *   3. Step 1 again: what the pull has held back is given back to all alike.
 *
 * Pull is counted in messages that bear the evidence in question: as many rows that say what the start
 * says, each as telling as a row can be, would do the same. So weights of rare evidence stay where they
 * are until it has been seen often enough; one never seen keeps its relation to the others.
 *
 * The bias is drawn much harder: how much of the mail is bad changes from week to week, and moves every sum
 * alike, which makes trust a bit better calibrated, and ranks messages far apart in time much worse.
 *
 * Memory: 24 bytes a row, 5 for each x in it that is not 0, and while it fits 16 more a row. */
#include "training.h"
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "errors.h"
#include "logistic.h"

#define FACTOR_LEAST 0.05
#define FACTOR_MOST  20.0
#define TELLING      0.25 /* most that a row can tell of its score: p * (1 - p) */
/* Mean square of what 1 of most_for changes in a score, where much speaks for the message. */
#define MOST_SQUARE 0.1
#define DIGITS      1e4 /* fitted numbers are rounded so: no machine's last bit tells */

_Static_assert(TW_COUNT + 2 <= LOGISTIC_MAX, "a parameter for each weight, the bias and most_for");
_Static_assert(TW_COUNT <= UINT8_MAX, "weights are numbered in a byte");

struct row {
    size_t first; /* of its x */
    int64_t time;
    float mass;
    uint8_t count;
    bool good;
};
struct training {
    struct row *rows;
    size_t count, row_cap;
    uint8_t *of; /* enum trust_weight of each x */
    float *x;
    size_t x_count, x_cap;
};

struct training *training_new(void)
{
    return calloc(1, sizeof(struct training));
}

void training_free(struct training **tp)
{
    if (*tp) {
        free((*tp)->rows);
        free((*tp)->of);
        free((*tp)->x);
    }
    free(*tp);
    *tp = NULL;
}

size_t training_count(const struct training *t)
{
    return t->count;
}

bool training_good(const struct training *t, size_t row)
{
    return t->rows[row].good;
}

static int more_rows(struct training *t)
{
    if (t->count < t->row_cap)
        return 0;
    size_t cap = t->row_cap ? t->row_cap + t->row_cap / 2 : 256;
    struct row *rows = realloc(t->rows, cap * sizeof *rows);
    if (!rows)
        return VOUCH_E_NOMEM;
    t->rows = rows;
    t->row_cap = cap;
    return 0;
}

static int more_x(struct training *t)
{
    if (t->x_count + TW_COUNT <= t->x_cap)
        return 0;
    size_t cap = t->x_cap + t->x_cap / 2 + 64 * TW_COUNT;
    uint8_t *of = realloc(t->of, cap);
    if (of)
        t->of = of;
    float *x = of ? realloc(t->x, cap * sizeof *x) : NULL;
    if (!x)
        return VOUCH_E_NOMEM;
    t->x = x;
    t->x_cap = cap;
    return 0;
}

int training_add(struct training *t, const double x[TW_COUNT], bool good, double mass, int64_t time)
{
    assert(mass > 0);
    if (more_rows(t) != 0 || more_x(t) != 0)
        return VOUCH_E_NOMEM;
    struct row *r = &t->rows[t->count++];
    *r = (struct row){.first = t->x_count, .time = time, .mass = (float)mass, .good = good};
    for (int w = 0; w < TW_COUNT; w++) {
        if (x[w] == 0)
            continue;
        t->of[t->x_count] = (uint8_t)w;
        t->x[t->x_count++] = (float)x[w];
        r->count++;
    }
    return 0;
}

double training_sum(const struct training *t, size_t row, const struct trust_params *params)
{
    const struct row *r = &t->rows[row];
    double x[TW_COUNT] = {0};
    for (size_t i = r->first; i < r->first + r->count; i++)
        x[t->of[i]] = (double)t->x[i];
    return trust_total(params, x);
}

struct training_loss training_loss(const struct training *t, const struct trust_params *params,
                                   size_t from, size_t to)
{
    struct training_loss l = {0};
    for (size_t i = from; i < to; i++) {
        double mass = (double)t->rows[i].mass;
        l.log_loss += logistic_loss(training_sum(t, i, params), t->rows[i].good ? mass : -mass);
        l.mass += mass;
    }
    l.log_loss = l.mass > 0 ? l.log_loss / l.mass : 0;
    return l;
}

/* What both kinds of steps need. */
struct fit {
    const struct training *t;
    struct trust_params *params; /* as far as they are fitted */
    double *scores;              /* of each row, for the calibration */
    double pull, bias_pull;
    int param[TW_COUNT]; /* the parameter that is this weight; -1: none is */
    bool above[TW_COUNT];
    struct logistic l;
};

static void slope(struct logistic_slope *s, int param, double of)
{
    s->at[s->count] = param;
    s->of[s->count++] = of;
}

/* --- the factor and the shift --- */

enum { SHIFT, FACTOR };

static double calibrated(const void *arg, size_t row, const double *p,
                         struct logistic_slope *slope_r)
{
    const struct fit *f = arg;
    if (slope_r) {
        slope(slope_r, SHIFT, 1);
        slope(slope_r, FACTOR, f->scores[row]);
    }
    return p[FACTOR] * f->scores[row] + p[SHIFT];
}

/* The largest factor that leaves every weight in its range. */
static double factor_most(const struct trust_params *params)
{
    double largest =
        fmax(params->most_for / TRUST_MOST_FOR_MAX, fabs(params->bias) / TRUST_WEIGHT_MAX);
    for (int w = 0; w < TW_COUNT; w++)
        largest = fmax(largest, fabs(params->w[w]) / TRUST_WEIGHT_MAX);
    return fmax(1, fmin(FACTOR_MOST, 1 / largest));
}

static int calibrate(struct fit *f)
{
    struct trust_params *params = f->params;
    struct logistic *l = &f->l;
    double p[LOGISTIC_MAX] = {[FACTOR] = 1}, squares = 0;
    for (size_t i = 0; i < l->rows; i++) {
        f->scores[i] = training_sum(f->t, i, params);
        squares += f->scores[i] * f->scores[i];
    }
    l->score = calibrated;
    l->params = 2;
    l->centre[SHIFT] = 0;
    l->centre[FACTOR] = 1;
    l->precision[SHIFT] = TELLING * f->bias_pull;
    l->precision[FACTOR] = TELLING * f->pull * (squares / (double)l->rows + 1e-3);
    l->low[SHIFT] = -TRUST_WEIGHT_MAX;
    l->high[SHIFT] = TRUST_WEIGHT_MAX;
    l->low[FACTOR] = FACTOR_LEAST;
    l->high[FACTOR] = factor_most(params);
    int rc = logistic_fit(l, p);
    if (rc != 0)
        return rc;
    for (int w = 0; w < TW_COUNT; w++)
        params->w[w] *= p[FACTOR];
    params->most_for = fmax(TRUST_MOST_FOR_MIN, params->most_for * p[FACTOR]);
    params->bias =
        fmin(fmax(params->bias * p[FACTOR] + p[SHIFT], -TRUST_WEIGHT_MAX), TRUST_WEIGHT_MAX);
    return 0;
}

/* --- each weight --- */

/* The first parameters: the bias, and F. */
enum { BIAS, MOST };

/* trust_total's sum, for weights whose signs are known: then what speaks for a message is the same
 * terms whatever the weights are. */
static double weighed(const void *arg, size_t row, const double *p, struct logistic_slope *slope_r)
{
    const struct fit *f = arg;
    const struct row *r = &f->t->rows[row];
    double for_it = 0, against = 0;
    for (size_t i = r->first; i < r->first + r->count; i++) {
        const int w = f->t->of[i], k = f->param[w];
        const double x = (double)f->t->x[i];
        if (k >= 0)
            *(f->above[w] == (x > 0) ? &for_it : &against) += p[k] * x;
    }
    const double most = p[MOST], lost = expm1(-for_it / most);
    if (slope_r) {
        slope(slope_r, BIAS, 1);
        slope(slope_r, MOST, -lost - for_it / most * (1 + lost));
        for (size_t i = r->first; i < r->first + r->count; i++) {
            const int w = f->t->of[i], k = f->param[w];
            const double x = (double)f->t->x[i];
            if (k >= 0)
                slope(slope_r, k, f->above[w] == (x > 0) ? x * (1 + lost) : x);
        }
    }
    return p[BIAS] - most * lost + against;
}

/* Mean square of each x where it is there; 0: it never is. */
static void squares_of(const struct fit *f, double squares_r[TW_COUNT])
{
    double mass[TW_COUNT] = {0};
    memset(squares_r, 0, TW_COUNT * sizeof *squares_r);
    for (size_t row = 0; row < f->l.rows; row++) {
        const struct row *r = &f->t->rows[row];
        for (size_t i = r->first; i < r->first + r->count; i++) {
            const int w = f->t->of[i];
            const double x = (double)f->t->x[i];
            squares_r[w] += fabs(f->l.mass[row]) * x * x;
            mass[w] += fabs(f->l.mass[row]);
        }
    }
    for (int w = 0; w < TW_COUNT; w++)
        squares_r[w] = mass[w] > 0 ? squares_r[w] / mass[w] : 0;
}

static void add_param(struct logistic *l, double centre, double precision, double low, double high)
{
    l->centre[l->params] = centre;
    l->precision[l->params] = precision;
    l->low[l->params] = low;
    l->high[l->params++] = high;
}

static int fit_weights(struct fit *f)
{
    struct trust_params *params = f->params;
    struct logistic *l = &f->l;
    double squares[TW_COUNT], p[LOGISTIC_MAX];
    squares_of(f, squares);
    l->score = weighed;
    l->params = 0;
    add_param(l, params->bias, TELLING * f->bias_pull, -TRUST_WEIGHT_MAX, TRUST_WEIGHT_MAX);
    add_param(l, params->most_for, TELLING * f->pull * MOST_SQUARE, TRUST_MOST_FOR_MIN,
              TRUST_MOST_FOR_MAX);
    for (int w = 0; w < TW_COUNT; w++) {
        const double start = params->w[w];
        f->above[w] = start > 0;
        f->param[w] = -1;
        if (start == 0 || squares[w] == 0)
            continue;
        f->param[w] = l->params;
        add_param(l, start, TELLING * f->pull * squares[w], start > 0 ? 0 : -TRUST_WEIGHT_MAX,
                  start > 0 ? TRUST_WEIGHT_MAX : 0);
    }
    memcpy(p, l->centre, sizeof p);
    int rc = logistic_fit(l, p);
    if (rc != 0)
        return rc;
    params->bias = p[BIAS];
    params->most_for = p[MOST];
    for (int w = 0; w < TW_COUNT; w++)
        if (f->param[w] >= 0)
            params->w[w] = p[f->param[w]];
    return 0;
}

/* --- all --- */

/* Masses as of the newest row, below 0 for bad ones. Whether there are both kinds. */
static bool masses(const struct training *t, const struct training_options *options, size_t count,
                   double *mass_r)
{
    int64_t newest = INT64_MIN;
    double good = 0, bad = 0;
    for (size_t i = 0; i < count; i++)
        newest = t->rows[i].time > newest ? t->rows[i].time : newest;
    for (size_t i = 0; i < count; i++) {
        const struct row *r = &t->rows[i];
        double mass = (double)r->mass;
        if (options->half_life > 0)
            mass *= exp2(((double)r->time - (double)newest) / options->half_life);
        mass_r[i] = r->good ? mass : -mass;
        *(r->good ? &good : &bad) += mass;
    }
    return good > 0 && bad > 0;
}

static void round_all(struct trust_params *params)
{
    params->bias = round(params->bias * DIGITS) / DIGITS;
    params->most_for = round(params->most_for * DIGITS) / DIGITS;
    for (int w = 0; w < TW_COUNT; w++)
        params->w[w] = round(params->w[w] * DIGITS) / DIGITS;
}

int training_fit(const struct training *t, const struct training_options *options, size_t count,
                 struct trust_params *params_r)
{
    assert(count <= t->count && options->pull > 0 && options->bias_pull > 0);
    struct trust_params params = options->start;
    double *both = calloc(count ? count : 1, 2 * sizeof *both);
    struct fit *f = calloc(1, sizeof *f);
    int rc = both && f ? 0 : VOUCH_E_NOMEM;
    if (rc == 0) {
        *f = (struct fit){.t = t,
                          .params = &params,
                          .scores = both + count,
                          .pull = options->pull,
                          .bias_pull = options->bias_pull};
        f->l.arg = f;
        f->l.mass = both;
        f->l.rows = count;
        rc = masses(t, options, count, both) ? calibrate(f) : VOUCH_E_RANGE;
    }
    if (rc == 0)
        rc = fit_weights(f);
    if (rc == 0)
        rc = calibrate(f);
    if (rc == 0) {
        round_all(&params);
        *params_r = params;
    }
    free(f);
    free(both);
    return rc;
}
