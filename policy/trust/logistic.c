/* SPDX-License-Identifier: BSD-2-Clause */
/* Gauss-Newton with Levenberg's damping (Levenberg 1944, Marquardt 1963) within bounds. A step solves
 * (H + lambda D) d = -g for the parameters that are free, where D is H's diagonal; one that would
 * cross its bound is put on it and the others are solved again. If the loss does not fall, lambda
 * grows; so it never rises. H has the precisions on its diagonal, so equal or constant features do no harm. */
#include "logistic.h"
#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "errors.h"

#define LAMBDA_FIRST 1e-4
#define LAMBDA_LEAST 1e-9
#define LAMBDA_MOST  1e9
#define ENOUGH       1e-6 /* of a message's loss: a step that wins less for each is the last */

struct state {
    double p[LOGISTIC_MAX], to[LOGISTIC_MAX]; /* where it stands, and where the step leads */
    double gradient[LOGISTIC_MAX];
    double hessian[LOGISTIC_MAX][LOGISTIC_MAX];
    double factor[LOGISTIC_MAX][LOGISTIC_MAX]; /* Cholesky's, of what is free */
    struct logistic_slope slope;
};

double logistic_loss(double score, double mass)
{
    double s = mass < 0 ? -score : score;
    return fabs(mass) * (log1p(exp(-fabs(s))) + fmax(0, -s));
}

static double loss(const struct logistic *l, const double *p)
{
    double sum = 0;
    for (size_t i = 0; i < l->rows; i++)
        sum += logistic_loss(l->score(l->arg, i, p, NULL), l->mass[i]);
    for (int k = 0; k < l->params; k++)
        sum += l->precision[k] / 2 * (p[k] - l->centre[k]) * (p[k] - l->centre[k]);
    return sum;
}

static void add_row(struct state *st, double score, double mass)
{
    const struct logistic_slope *s = &st->slope;
    double good = 1 / (1 + exp(-score)), m = fabs(mass);
    double g = m * (good - (mass > 0)), h = m * good * (1 - good);
    for (int i = 0; i < s->count; i++) {
        double *row = st->hessian[s->at[i]], of = h * s->of[i];
        st->gradient[s->at[i]] += g * s->of[i];
        for (int k = 0; k <= i; k++)
            row[s->at[k]] += of * s->of[k];
    }
}

/* Gradient and Hessian at p. A row's slopes are in any order, so both halves are gathered into one. */
static void derive(const struct logistic *l, struct state *st)
{
    memset(st->gradient, 0, sizeof st->gradient);
    memset(st->hessian, 0, sizeof st->hessian);
    for (size_t i = 0; i < l->rows; i++) {
        st->slope.count = 0;
        double score = l->score(l->arg, i, st->p, &st->slope);
        add_row(st, score, l->mass[i]);
    }
    for (int i = 0; i < l->params; i++) {
        for (int k = 0; k < i; k++)
            st->hessian[i][k] = st->hessian[k][i] = st->hessian[i][k] + st->hessian[k][i];
        st->gradient[i] += l->precision[i] * (st->p[i] - l->centre[i]);
        st->hessian[i][i] += l->precision[i];
    }
}

/* Solves for the free parameters; fixed ones have moved by d already. Cholesky. */
static void solve(struct state *st, double lambda, const int *at, int n, const bool *fixed,
                  int params, double *d)
{
    double y[LOGISTIC_MAX];
    for (int i = 0; i < n; i++) {
        double *row = st->factor[i];
        for (int k = 0; k <= i; k++) {
            double sum = st->hessian[at[i]][at[k]] * (i == k ? 1 + lambda : 1);
            for (int j = 0; j < k; j++)
                sum -= row[j] * st->factor[k][j];
            row[k] = i == k ? sqrt(fmax(sum, 1e-12)) : sum / st->factor[k][k];
        }
        y[i] = -st->gradient[at[i]];
        for (int k = 0; k < params; k++)
            y[i] -= fixed[k] ? st->hessian[at[i]][k] * d[k] : 0;
        for (int j = 0; j < i; j++)
            y[i] -= row[j] * y[j];
        y[i] /= row[i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int j = i + 1; j < n; j++)
            y[i] -= st->factor[j][i] * y[j];
        y[i] /= st->factor[i][i];
        d[at[i]] = y[i];
    }
}

/* Puts those that would cross a bound on it. Whether there were any. */
static bool hold(const struct logistic *l, const struct state *st, bool *fixed, double *d)
{
    bool any = false;
    for (int k = 0; k < l->params; k++) {
        double to = fmin(fmax(st->p[k] + d[k], l->low[k]), l->high[k]);
        if (fixed[k] || to == st->p[k] + d[k])
            continue;
        d[k] = to - st->p[k];
        fixed[k] = any = true;
    }
    return any;
}

static void step(const struct logistic *l, struct state *st, double lambda)
{
    double d[LOGISTIC_MAX] = {0};
    bool fixed[LOGISTIC_MAX];
    for (int k = 0; k < l->params; k++)
        fixed[k] = st->gradient[k] > 0 ? st->p[k] <= l->low[k] : st->p[k] >= l->high[k];
    do {
        int at[LOGISTIC_MAX], n = 0;
        for (int k = 0; k < l->params; k++)
            if (!fixed[k])
                at[n++] = k;
        solve(st, lambda, at, n, fixed, l->params, d);
    } while (hold(l, st, fixed, d));
    for (int k = 0; k < l->params; k++)
        st->to[k] = fmin(fmax(st->p[k] + d[k], l->low[k]), l->high[k]);
}

static double total_mass(const struct logistic *l)
{
    double sum = 0;
    for (size_t i = 0; i < l->rows; i++)
        sum += fabs(l->mass[i]);
    return sum;
}

static void descend(const struct logistic *l, struct state *st)
{
    double lambda = LAMBDA_FIRST, now = loss(l, st->p), enough = ENOUGH * total_mass(l);
    bool moved = true;
    for (int i = 0; i < LOGISTIC_STEPS && lambda < LAMBDA_MOST; i++) {
        if (moved)
            derive(l, st);
        step(l, st, lambda);
        double then = loss(l, st->to);
        moved = then < now;
        if (!moved) {
            lambda *= 10;
            continue;
        }
        double won = now - then;
        memcpy(st->p, st->to, sizeof st->p);
        now = then;
        if (won < enough && lambda <= LAMBDA_FIRST)
            return;
        lambda = fmax(LAMBDA_LEAST, lambda / 10);
    }
}

int logistic_fit(const struct logistic *l, double p_r[LOGISTIC_MAX])
{
    assert(l->params > 0 && l->params <= LOGISTIC_MAX);
    struct state *st = calloc(1, sizeof *st);
    if (!st)
        return VOUCH_E_NOMEM;
    memcpy(st->p, p_r, (size_t)l->params * sizeof *p_r);
    descend(l, st);
    memcpy(p_r, st->p, (size_t)l->params * sizeof *p_r);
    free(st);
    return 0;
}
