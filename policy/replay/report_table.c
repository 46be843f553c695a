/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures of the report as tables. */
#include <math.h>
#include <stdlib.h>
#include "html.h"
#include "report_private.h"

#define BAR_REM 4.0 /* width of the longest bar */

/* A value with so many decimals; "-" for NaN. unit: "" or "%", which has it times 100. */
static void number(struct sbuf *page, double value, int decimals, const char *unit)
{
    if (isnan(value))
        sbuf_addc(page, '-');
    else if (*unit)
        sbuf_addf(page, "%.*f %s", decimals, value * 100, unit);
    else
        sbuf_addf(page, "%.*f", decimals, value);
}

void report_time(struct sbuf *page, int64_t time, int length)
{
    char text[32];
    record_time(time * 1000000, text);
    text[10] = ' ';
    sbuf_addf(page, "%.*s", length, text);
}

/* Column names, "|" between them. */
static void begin_table(struct sbuf *page, const char *class, const char *columns)
{
    struct span rest = span_of(columns), name;
    sbuf_addf(page, "<div class=\"scroll\"><table class=\"%s\"><thead><tr>", class);
    while (span_split(&rest, '|', &name)) {
        sbuf_adds(page, "<th scope=\"col\">");
        sbuf_addspan(page, name);
        sbuf_adds(page, "</th>");
    }
    sbuf_adds(page, "</tr></thead><tbody>\n");
}

static void end_table(struct sbuf *page)
{
    sbuf_adds(page, "</tbody></table></div>\n");
}

static void begin_fold(struct sbuf *page)
{
    sbuf_adds(page, "<details><summary>The same as a table</summary>\n");
}

static void end_fold(struct sbuf *page)
{
    sbuf_adds(page, "</details>\n");
}

static void cell(struct sbuf *page, double value, int decimals, const char *unit)
{
    sbuf_adds(page, "<td>");
    number(page, value, decimals, unit);
    sbuf_adds(page, "</td>");
}

static void count_cell(struct sbuf *page, size_t count)
{
    sbuf_addf(page, "<td>%zu</td>", count);
}

static double share(size_t part, size_t all)
{
    return all ? (double)part / (double)all : NAN;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void tile(struct sbuf *page, const char *name, double value, int decimals, const char *unit)
{
    sbuf_addf(page, "<div><dt>%s</dt><dd>", name);
    number(page, value, decimals, unit);
    sbuf_adds(page, "</dd></div>\n");
}

void report_tiles(struct sbuf *page, const struct report_data *d)
{
    if (d->column_count == 0)
        return;
    const struct score_figures *f = &d->columns[0].figures;
    sbuf_adds(page, "<dl class=\"tiles\">\n");
    tile(page, "1-ROCA", f->one_less_auc, 3, "%");
    tile(page, "detection at 0.1 % false positives", f->at_0_1, 1, "%");
    tile(page, "detection at 1 % false positives", f->at_1, 1, "%");
    tile(page, "precision of trusted", f->trusted_precision, 2, "%");
    tile(page, "coverage", f->coverage, 1, "%");
    tile(page, "calibration error", f->calibration_error, 3, "");
    sbuf_adds(page, "</dl>\n");
}

void report_figures(struct sbuf *page, const struct report_data *d)
{
    const struct score_figures none = {0};
    const char *name;
    char value[SCORE_TEXT];
    sbuf_adds(page, "<div class=\"scroll\"><table><thead><tr><td></td>");
    for (size_t c = 0; c < d->column_count; c++)
        sbuf_addf(page, "<th scope=\"col\">%s</th>", score_subset_name(d->columns[c].subset));
    sbuf_adds(page, "</tr></thead><tbody>\n");
    for (size_t i = 0; score_text(&none, i, &name, value); i++) {
        sbuf_addf(page, "<tr><th scope=\"row\"%s>%s</th>", *name == ' ' ? " class=\"part\"" : "",
                  name);
        for (size_t c = 0; c < d->column_count; c++) {
            score_text(&d->columns[c].figures, i, &name, value);
            sbuf_addf(page, "<td>%s</td>", value);
        }
        sbuf_adds(page, "</tr>\n");
    }
    end_table(page);
}

void report_classes(struct sbuf *page, const struct report_data *d)
{
    size_t good = d->r->seen[1], bad = d->r->seen[0];
    begin_table(page, "numbers", "class|messages|of all|good|of good|bad|of bad|good among them");
    for (int c = CLASS_COUNT - 1; c >= 0; c--) {
        size_t g = d->by_class[1][c], b = d->by_class[0][c];
        sbuf_addf(page, "<tr><th scope=\"row\">%s</th>", trust_class_name((enum trust_class)c));
        count_cell(page, g + b);
        cell(page, share(g + b, good + bad), 1, "%");
        count_cell(page, g);
        cell(page, share(g, good), 2, "%");
        count_cell(page, b);
        cell(page, share(b, bad), 2, "%");
        cell(page, share(g, g + b), 2, "%");
        sbuf_adds(page, "</tr>\n");
    }
    end_table(page);
}

void report_bins(struct sbuf *page, const struct report_data *d)
{
    begin_fold(page);
    begin_table(page, "numbers", "trust|messages|good|bad|trust, mean|share of good");
    for (size_t b = 0; b < SCORE_BINS; b++) {
        sbuf_addf(page, "<tr><th scope=\"row\">%.2f to %.2f</th>", (double)b / SCORE_BINS,
                  (double)(b + 1) / SCORE_BINS);
        count_cell(page, d->bins[b].count);
        count_cell(page, d->by_trust[1][b]);
        count_cell(page, d->by_trust[0][b]);
        cell(page, d->bins[b].trust, 3, "");
        cell(page, d->bins[b].good, 3, "");
        sbuf_adds(page, "</tr>\n");
    }
    end_table(page);
    end_fold(page);
}

void report_slices(struct sbuf *page, const struct report_data *d)
{
    begin_fold(page);
    begin_table(page, "numbers",
                "from|to|good|bad|1-ROCA|detection at 1 %|bad called untrusted|"
                "good called trusted|good called untrusted|bad called trusted");
    for (size_t i = 0; i < d->slice_count; i++) {
        const struct report_slice *s = &d->slices[i];
        const struct score_figures *f = &s->figures;
        sbuf_adds(page, "<tr><th scope=\"row\">");
        report_time(page, s->from, 10);
        sbuf_adds(page, "</th><td>");
        report_time(page, s->to, 10);
        sbuf_adds(page, "</td>");
        count_cell(page, f->good);
        count_cell(page, f->bad);
        cell(page, f->one_less_auc, 2, "%");
        cell(page, f->at_1, 1, "%");
        cell(page, f->detected, 1, "%");
        cell(page, share(f->trusted - f->trusted_bad, f->good), 1, "%");
        count_cell(page, s->good_untrusted);
        count_cell(page, s->bad_trusted);
        sbuf_adds(page, "</tr>\n");
    }
    end_table(page);
    end_fold(page);
}

/* --- evidence --------------------------------------------------------------------------------- */

struct ranked {
    int weight; /* enum trust_weight */
    double by;
};

/* Largest first; of equal ones in the order of enum trust_weight. */
static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->by != y->by)
        return x->by < y->by ? 1 : -1;
    return x->weight - y->weight;
}

static void contribution(struct sbuf *page, const struct report_data *d, int w, double most)
{
    const struct report_evidence *e = &d->r->evidence[w];
    double all = (double)(d->r->seen[0] + d->r->seen[1]);
    sbuf_addf(page, "<tr><th scope=\"row\">%s</th><td class=\"bar\"><span style=\"width:%.2frem\">",
              trust_weight_name((enum trust_weight)w), BAR_REM * e->absolute / most);
    sbuf_addf(page, "</span> %.3f</td>", e->absolute / all);
    for (int good = 1; good >= 0; good--) {
        cell(page, share(e->messages[good], d->r->seen[good]), 1, "%");
        cell(page, e->messages[good] ? e->weight[good] / (double)e->messages[good] : NAN, 2, "");
    }
    sbuf_addf(page, "<td class=\"text\">%s</td></tr>\n", trust_weight_help((enum trust_weight)w));
}

void report_contributions(struct sbuf *page, const struct report_data *d)
{
    struct ranked rank[TW_COUNT];
    for (int w = 0; w < TW_COUNT; w++)
        rank[w] = (struct ranked){w, d->r->evidence[w].absolute};
    qsort(rank, TW_COUNT, sizeof *rank, by_rank);
    begin_table(page, "words",
                "evidence|mean size of weight|in good|counts there|in bad|counts there|what it is");
    for (size_t i = 0; i < TW_COUNT && rank[i].by > 0; i++)
        contribution(page, d, rank[i].weight, rank[0].by);
    end_table(page);
}

/* What it is without, and how much more than with. */
static void change_cells(struct sbuf *page, double value, double with)
{
    cell(page, value, 3, "%");
    sbuf_adds(page, "<td>");
    if (isnan(value - with))
        sbuf_addc(page, '-');
    else
        sbuf_addf(page, "%+.3f", 100 * (value - with));
    sbuf_adds(page, "</td>");
}

void report_ablations(struct sbuf *page, const struct report_data *d)
{
    struct ranked rank[TW_COUNT];
    const struct score_figures none = {0}, *all = d->column_count ? &d->columns[0].figures : &none;
    size_t count = 0;
    for (int w = 0; w < TW_COUNT; w++)
        if (d->r->ablated[w])
            rank[count++] = (struct ranked){
                w, isnan(d->r->ablations[w].auc) ? 0 : d->r->ablations[w].one_less_auc};
    qsort(rank, count, sizeof *rank, by_rank);
    begin_table(page, "numbers",
                "without|1-ROCA|change|detection at 0.1 %|change|detection at 1 %|change");
    for (size_t i = 0; i < count; i++) {
        const struct score_figures *f = &d->r->ablations[rank[i].weight];
        sbuf_addf(page, "<tr><th scope=\"row\">%s</th>",
                  trust_weight_name((enum trust_weight)rank[i].weight));
        change_cells(page, f->one_less_auc, all->one_less_auc);
        change_cells(page, f->at_0_1, all->at_0_1);
        change_cells(page, f->at_1, all->at_1);
        sbuf_adds(page, "</tr>\n");
    }
    end_table(page);
}
