/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures as text. A row is a figure, a column a subset. */
#include <math.h>
#include "score.h"

struct line {
    const char *text, *key;
    size_t at;        /* offset in struct score_figures: of a double, or of a size_t */
    int decimals;     /* of the text; -1: a count */
    const char *unit; /* "%": the text is of 100 times the value */
};

#define LINE(text, field, decimals, unit)                                                          \
    {                                                                                              \
        text, #field, offsetof(struct score_figures, field), decimals, unit                        \
    }
#define COUNT -1
static const struct line lines[] = {
    LINE("good messages", good, COUNT, ""),
    LINE("bad messages", bad, COUNT, ""),
    LINE("1-ROCA", one_less_auc, 3, " %"),
    LINE("ROC area", auc, 5, ""),
    LINE("detection at 0.1 % false positives", at_0_1, 2, " %"),
    LINE("  good messages that this rests on", good_at_0_1, COUNT, ""),
    LINE("detection at 0.3 % false positives", at_0_3, 2, " %"),
    LINE("detection at 1 % false positives", at_1, 2, " %"),
    LINE("messages called trusted", trusted, COUNT, ""),
    LINE("  bad ones among them", trusted_bad, COUNT, ""),
    LINE("  precision of trusted", trusted_precision, 3, " %"),
    LINE("coverage (not suspicious)", coverage, 2, " %"),
    LINE("bad messages called untrusted", detected, 2, " %"),
    LINE("good messages called untrusted", false_positives, 3, " %"),
    LINE("log loss", log_loss, 4, ""),
    LINE("calibration error", calibration_error, 4, ""),
};
#define LINES       (sizeof lines / sizeof *lines)
#define NAME_WIDTH  35
#define VALUE_WIDTH 15

struct column {
    enum score_subset subset;
    struct score_figures figures;
};

/* Of all subsets that have rows. */
static int columns_of(const struct score *s, struct column columns_r[SCORE_SUBSETS],
                      size_t *count_r)
{
    *count_r = 0;
    for (unsigned i = 0; i < SCORE_SUBSETS; i++) {
        struct column *c = &columns_r[*count_r];
        int rc;
        c->subset = (enum score_subset)(1u << i);
        rc = score_figures(s, c->subset, &c->figures);
        if (rc < 0)
            return rc;
        *count_r += c->figures.good + c->figures.bad > 0;
    }
    return 0;
}

static size_t count_at(const struct score_figures *f, const struct line *l)
{
    return *(const size_t *)(const void *)((const char *)f + l->at);
}

static double value_at(const struct score_figures *f, const struct line *l)
{
    return *(const double *)(const void *)((const char *)f + l->at);
}

bool score_text(const struct score_figures *f, size_t i, const char **name_r,
                char value_r[SCORE_TEXT])
{
    const struct line *l = &lines[i];
    if (i >= LINES)
        return false;
    *name_r = l->text;
    if (l->decimals == COUNT)
        snprintf(value_r, SCORE_TEXT, "%zu", count_at(f, l));
    else if (isnan(value_at(f, l)))
        snprintf(value_r, SCORE_TEXT, "-");
    else
        snprintf(value_r, SCORE_TEXT, "%.*f%s", l->decimals, value_at(f, l) * (*l->unit ? 100 : 1),
                 l->unit);
    return true;
}

static void print_table(const struct column *columns, size_t count, FILE *out)
{
    struct score_figures none = {0};
    const char *name;
    char value[SCORE_TEXT];
    fprintf(out, "%-*s", NAME_WIDTH, "");
    for (size_t c = 0; c < count; c++)
        fprintf(out, " %*s", VALUE_WIDTH, score_subset_name(columns[c].subset));
    fputc('\n', out);
    for (size_t i = 0; score_text(&none, i, &name, value); i++) {
        fprintf(out, "%-*s", NAME_WIDTH, name);
        for (size_t c = 0; c < count; c++) {
            score_text(&columns[c].figures, i, &name, value);
            fprintf(out, " %*s", VALUE_WIDTH, value);
        }
        fputc('\n', out);
    }
}

static const char *subset_key(enum score_subset subset)
{
    switch (subset) {
    case SCORE_FIRST_CONTACT:
        return "first_contact";
    case SCORE_MIXED_SOURCE:
        return "mixed_source";
    case SCORE_LAST_80:
        return "last_80";
    default:
        return "all";
    }
}

static void print_json(const struct column *columns, size_t count, FILE *out)
{
    for (size_t c = 0; c < count; c++) {
        const struct score_figures *f = &columns[c].figures;
        fprintf(out, "%s\"%s\":", c ? "," : "{", subset_key(columns[c].subset));
        for (size_t i = 0; i < LINES; i++) {
            const struct line *l = &lines[i];
            fprintf(out, "%s\"%s\":", i ? "," : "{", l->key);
            if (l->decimals == COUNT)
                fprintf(out, "%zu", count_at(f, l));
            else if (isnan(value_at(f, l)))
                fputs("null", out);
            else
                fprintf(out, "%.10g", value_at(f, l));
        }
        fputc('}', out);
    }
    fputs(count ? "}" : "{}", out);
}

int score_print(const struct score *s, FILE *out, bool json)
{
    struct column columns[SCORE_SUBSETS];
    size_t count;
    int rc = columns_of(s, columns, &count);
    if (rc < 0)
        return rc;
    if (json)
        print_json(columns, count, out);
    else
        print_table(columns, count, out);
    return 0;
}
