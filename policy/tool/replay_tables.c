/* SPDX-License-Identifier: BSD-2-Clause */
/* What variants of a replay came to, for a person or a program. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "replay_variants.h"

static const struct figure {
    const char *title, *name;
    size_t offset; /* of a double, a share */
} figures[] = {
    {"1-ROCA %", "one_less_auc", offsetof(struct score_figures, one_less_auc)},
    {"at 0.1 %", "at_0_1", offsetof(struct score_figures, at_0_1)},
    {"at 1 %", "at_1", offsetof(struct score_figures, at_1)},
};
#define FIGURES (sizeof figures / sizeof *figures)

static double figure(const struct score_figures *f, size_t i)
{
    double value;
    memcpy(&value, (const char *)f + figures[i].offset, sizeof value);
    return value;
}

static const char *name_of(const struct replay_variant *v)
{
    return trust_weight_name((enum trust_weight)v->without);
}

static void put_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "%.6g", value);
    else
        fputs("null", out);
}

static void ablation_json(const struct replay_variant *variants, size_t count, FILE *out)
{
    fputc('[', out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%s{\"without\":\"%s\"", i ? "," : "", name_of(&variants[i]));
        for (size_t k = 0; k < FIGURES; k++) {
            fprintf(out, ",\"%s\":", figures[k].name);
            put_number(out, figure(&variants[i].all, k));
        }
        fputc('}', out);
    }
    fputc(']', out);
}

void replay_variants_ablation(const struct score_figures *full,
                              const struct replay_variant *variants, size_t count, FILE *out,
                              bool json)
{
    if (json) {
        ablation_json(variants, count, out);
        return;
    }
    fprintf(out, "%-18s", "without");
    for (size_t k = 0; k < FIGURES; k++)
        fprintf(out, " %9s  change", figures[k].title);
    fprintf(out, "\n%-18s", "(nothing)");
    for (size_t k = 0; k < FIGURES; k++)
        fprintf(out, " %9.3f        ", 100 * figure(full, k));
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "\n%-18s", name_of(&variants[i]));
        for (size_t k = 0; k < FIGURES; k++) {
            double value = figure(&variants[i].all, k);
            fprintf(out, " %9.3f %+7.3f", 100 * value, 100 * (value - figure(full, k)));
        }
    }
    fputc('\n', out);
}

/* n - 1 in the divisor: they are a sample of all seeds. */
static double deviation(const struct replay_variant *variants, size_t count, size_t k, double mean)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += pow(figure(&variants[i].all, k) - mean, 2);
    return count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
}

void replay_variants_spread(const struct replay_variant *variants, size_t count, FILE *out,
                            bool json)
{
    fprintf(out, json ? "{\"seeds\":%zu" : "%zu seeds: mean and standard deviation\n", count);
    for (size_t k = 0; k < FIGURES; k++) {
        double mean = 0;
        for (size_t i = 0; i < count; i++)
            mean += figure(&variants[i].all, k) / (double)count;
        double spread = deviation(variants, count, k, mean);
        if (json) {
            fprintf(out, ",\"%s\":{\"mean\":", figures[k].name);
            put_number(out, mean);
            fputs(",\"deviation\":", out);
            put_number(out, spread);
            fputc('}', out);
        } else {
            fprintf(out, "  %-9s %8.3f +- %.3f\n", figures[k].title, 100 * mean, 100 * spread);
        }
    }
    if (json)
        fputc('}', out);
}
