/* SPDX-License-Identifier: BSD-2-Clause */
/* The weights that are shipped, from what labelled corpora say: see the script fit-weights.
 *
 *   fit_weights [--equal] [--pull N] FEATURES...
 *
 * FEATURES: what vouch replay --features wrote of one corpus. Prints, as comments, how well the weights of this program
 * and the fitted ones judge each corpus, the latter fitted to all the others and to all; then the rows of
 * policy/trust/weights.c, and the group of vouch.conf. --equal: every corpus counts the same, however large. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "score.h"
#include "training.h"

#define CORPORA_MAX 64
#define LEADING     7 /* columns before the evidence */
#define COLUMNS_MAX (LEADING + 2 * TW_COUNT)

struct corpus {
    const char *name;
    size_t rows, from, to; /* in the pool */
};
struct pool {
    struct corpus corpora[CORPORA_MAX];
    size_t count;
    bool equal;
};

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "fit_weights: %s: %s\n", what, why);
    exit(1);
}

static int weight_named(const char *name)
{
    for (int w = 0; w < TW_COUNT; w++)
        if (strcmp(trust_weight_name((enum trust_weight)w), name) == 0)
            return w;
    return -1;
}

static char *column(char **rest)
{
    return strsep(rest, "\t\n");
}

/* weights_r: of each column, -1: none of ours. */
static void read_names(FILE *f, const char *name, int weights_r[COLUMNS_MAX])
{
    char line[8192], *rest = line, *text;
    if (!fgets(line, sizeof line, f) || strncmp(line, "good\ttime\t", 10) != 0)
        fail(name, "not written by vouch replay --features");
    for (int i = 0; i < COLUMNS_MAX; i++)
        weights_r[i] = (text = column(&rest)) && i >= LEADING ? weight_named(text) : -1;
}

static void read_row(char *line, const int weights[COLUMNS_MAX], double x_r[TW_COUNT], bool *good_r,
                     int64_t *time_r)
{
    char *rest = line, *text;
    memset(x_r, 0, TW_COUNT * sizeof *x_r);
    for (int i = 0; i < COLUMNS_MAX && (text = column(&rest)); i++) {
        if (i == 0)
            *good_r = strcmp(text, "1") == 0;
        else if (i == 1)
            *time_r = strtoll(text, NULL, 10);
        else if (weights[i] >= 0)
            x_r[weights[i]] = strtod(text, NULL);
    }
}

/* Adds the rows of one corpus to t, each of that mass; t NULL: counts them. */
static size_t read_corpus(const char *name, double mass, struct training *t)
{
    int weights[COLUMNS_MAX];
    double x[TW_COUNT];
    size_t rows = 0, size = 0;
    int64_t when = 0;
    char *line = NULL;
    bool good = false;
    FILE *f = fopen(name, "r");
    if (!f)
        fail(name, "cannot be opened");
    read_names(f, name, weights);
    while (getline(&line, &size, f) > 0) {
        rows++;
        read_row(line, weights, x, &good, &when);
        if (t && training_add(t, x, good, mass, when) != 0)
            fail(name, "out of memory");
    }
    free(line);
    fclose(f);
    return rows;
}

/* All corpora but one; without: SIZE_MAX for all. */
static struct training *rows_of(struct pool *p, size_t without)
{
    struct training *t = training_new();
    size_t all = 0;
    for (size_t i = 0; i < p->count; i++)
        all += p->corpora[i].rows;
    for (size_t i = 0; t && i < p->count; i++) {
        struct corpus *c = &p->corpora[i];
        double mass = p->equal ? (double)all / (double)p->count / (double)c->rows : 1;
        if (i == without)
            continue;
        c->from = training_count(t);
        read_corpus(c->name, mass, t);
        c->to = training_count(t);
    }
    if (!t)
        fail("rows", "out of memory");
    return t;
}

static struct trust_params fit(const struct training *t, double pull)
{
    struct training_options o = {.pull = pull, .bias_pull = TRAINING_BIAS_PULL};
    struct trust_params params;
    trust_params_default(&o.start);
    if (training_fit(t, &o, training_count(t), &params) != 0)
        fail("rows", "cannot be fitted: are both good and bad ones there?");
    return params;
}

static void print_figures(const struct training *t, const struct corpus *c, const char *what,
                          const struct trust_params *params)
{
    struct score *s = score_new();
    struct score_figures f;
    for (size_t i = c->from; s && i < c->to; i++) {
        double sum = training_sum(t, i, params);
        struct score_row row = {.sum = sum,
                                .trust = 1 / (1 + exp(-sum)),
                                .good = training_good(t, i),
                                .subsets = SCORE_ALL};
        if (score_add(s, &row) != 0)
            fail(c->name, "out of memory");
    }
    if (!s || score_figures(s, SCORE_ALL, &f) != 0)
        fail(c->name, "out of memory");
    printf("# %-24s %7zu  1-ROCA %6.3f %%  at 0.1 %% %5.1f  at 1 %% %5.1f  log loss %.4f  ECE %.4f "
           " %s\n",
           what, c->to - c->from, 100 * f.one_less_auc, 100 * f.at_0_1, 100 * f.at_1, f.log_loss,
           f.calibration_error, c->name);
    score_free(&s);
}

static void print_weights(const struct trust_params *p)
{
    printf("/* policy/trust/weights.c */\nbias %.3g, most_for %.3g\n", p->bias, p->most_for);
    for (int w = 0; w < TW_COUNT; w++)
        printf("[%s] %.3g\n", trust_weight_name((enum trust_weight)w), p->w[w]);
    printf("# vouch.conf\nmost_for = %.3g;\nweights: {\n    bias = %.3g;\n", p->most_for, p->bias);
    for (int w = 0; w < TW_COUNT; w++)
        printf("    %s = %.3g;\n", trust_weight_name((enum trust_weight)w), p->w[w]);
    puts("};");
}

int main(int argc, char **argv)
{
    struct pool p = {0};
    struct trust_params shipped, all;
    double pull = TRAINING_PULL;
    trust_params_default(&shipped);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--equal") == 0)
            p.equal = true;
        else if (strcmp(argv[i], "--pull") == 0 && i + 1 < argc)
            pull = strtod(argv[++i], NULL);
        else if (p.count < CORPORA_MAX)
            p.corpora[p.count++] =
                (struct corpus){.name = argv[i], .rows = read_corpus(argv[i], 1, NULL)};
    }
    if (p.count == 0 || !(pull > 0))
        fail("usage", "fit_weights [--equal] [--pull N] FEATURES...");
    struct training *t = rows_of(&p, SIZE_MAX);
    all = fit(t, pull);
    for (size_t i = 0; i < p.count; i++) {
        print_figures(t, &p.corpora[i], "as they are", &shipped);
        print_figures(t, &p.corpora[i], "fitted to all", &all);
        if (p.count > 1) {
            struct corpus kept[CORPORA_MAX];
            memcpy(kept, p.corpora, sizeof kept);
            struct training *others = rows_of(&p, i);
            struct trust_params params = fit(others, pull);
            print_figures(t, &kept[i], "fitted to the others", &params);
            training_free(&others);
            memcpy(p.corpora, kept, sizeof kept);
        }
    }
    print_weights(&all);
    training_free(&t);
    return 0;
}
