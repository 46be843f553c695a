/* SPDX-License-Identifier: BSD-2-Clause */
/* The drawings of the report. All share one frame: LEFT, TOP, WIDTH and HEIGHT in units of the viewBox;
 * x and y of a point are 0 to 1 from its lower left corner. */
#include <math.h>
#include <stdlib.h>
#include "report_private.h"

#define LEFT         42.0
#define TOP          12.0
#define WIDTH        322.0
#define HEIGHT       220.0
#define CURVE_POINTS 300 /* of one ROC curve */
#define MAX_DECADES  6   /* of a logarithmic axis */

static double at_x(double x)
{
    return LEFT + WIDTH * x;
}

static double at_y(double y)
{
    return TOP + HEIGHT * (1 - y);
}

static void begin_plot(struct sbuf *page, const char *title, const char *x_name)
{
    sbuf_addf(page,
              "<figure><svg viewBox=\"0 0 392 276\" role=\"img\"><title>%s</title>\n"
              "<text x=\"%.0f\" y=\"272\" text-anchor=\"middle\">%s</text>\n",
              title, at_x(0.5), x_name);
}

static void begin_caption(struct sbuf *page)
{
    sbuf_adds(page, "</svg>\n<figcaption>");
}

static void key(struct sbuf *page, size_t line, const char *text)
{
    sbuf_addf(page,
              "<span><svg class=\"key\" viewBox=\"0 0 26 8\"><path class=\"l%zu\" "
              "d=\"M0 4H26\"/></svg> %s</span> ",
              line, text);
}

static void end_plot(struct sbuf *page)
{
    sbuf_adds(page, "</figcaption></figure>\n");
}

static void line(struct sbuf *page, const char *class, double x1, double y1, double x2, double y2)
{
    sbuf_addf(page, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, at_x(x1), at_y(y1),
              at_x(x2), at_y(y2));
}

static void tick_x(struct sbuf *page, double x, const char *text)
{
    line(page, "grid", x, 0, x, 1);
    sbuf_addf(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", at_x(x),
              at_y(0) + 15, text);
}

static void tick_y(struct sbuf *page, double y, const char *text)
{
    line(page, "grid", 0, y, 1, y);
    sbuf_addf(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 5,
              at_y(y) + 4, text);
}

static void percent_ticks(struct sbuf *page, void (*tick)(struct sbuf *, double, const char *))
{
    tick(page, 0, "0 %");
    tick(page, 0.25, "25 %");
    tick(page, 0.5, "50 %");
    tick(page, 0.75, "75 %");
    tick(page, 1, "100 %");
}

/* "0.001 %" and so on up to 100 %, at equal distances. */
static void decade_ticks(struct sbuf *page, int decades)
{
    char text[32];
    for (int i = 0; i <= decades; i++) {
        snprintf(text, sizeof text, "%g %%", 100 * pow(10, i - decades));
        tick_x(page, (double)i / decades, text);
    }
}

/* --- ROC -------------------------------------------------------------------------------------- */

/* Where a share of false positives lies; decades 0: a plain axis. */
static double roc_x(double share, int decades)
{
    if (decades == 0)
        return share;
    return share > 0 ? fmax(0, 1 + log10(share) / decades) : 0;
}

static int roc_curve(struct sbuf *page, size_t number, const struct score *score,
                     enum score_subset subset, int decades)
{
    struct score_point *points;
    size_t count;
    int rc = score_curve(score, subset, CURVE_POINTS, &points, &count);
    if (rc != 0)
        return rc;
    if (count)
        sbuf_addf(page, "<path class=\"l%zu\" d=\"M", number);
    for (size_t i = 0; i < count; i++) {
        double x = at_x(roc_x(points[i].false_positives, decades)), y = at_y(points[i].detected);
        if (i && decades)
            sbuf_addf(page, "H%.1fV%.1f", x, y); /* a straight line would be none on such an axis */
        else
            sbuf_addf(page, "%s%.1f %.1f", i ? "L" : "", x, y);
    }
    if (count)
        sbuf_adds(page, "\"/>\n");
    free(points);
    return 0;
}

/* Whole powers of ten down to a single good message of all. */
static int decades_of(const struct report_data *d)
{
    size_t good = d->column_count ? d->columns[0].figures.good : 0;
    int decades = good > 1 ? (int)ceil(log10((double)good)) : 1;
    return decades > MAX_DECADES ? MAX_DECADES : decades;
}

int report_plot_roc(struct sbuf *page, const struct report_data *d, const struct score *score,
                    bool logarithmic)
{
    int rc = 0, decades = logarithmic ? decades_of(d) : 0;
    begin_plot(page, logarithmic ? "ROC curve, few false positives spread out" : "ROC curve",
               logarithmic ? "good messages hit (false positives), logarithmic"
                           : "good messages hit (false positives)");
    percent_ticks(page, tick_y);
    if (logarithmic)
        decade_ticks(page, decades);
    else
        percent_ticks(page, tick_x);
    for (size_t c = 0; c < d->column_count && rc == 0; c++)
        rc = roc_curve(page, c, score, d->columns[c].subset, decades);
    begin_caption(page);
    for (size_t c = 0; c < d->column_count; c++)
        key(page, c, score_subset_name(d->columns[c].subset));
    end_plot(page);
    return rc;
}

/* --- trust ------------------------------------------------------------------------------------ */

static void trust_ticks(struct sbuf *page, void (*tick)(struct sbuf *, double, const char *))
{
    tick(page, 0, "0");
    tick(page, 0.25, "0.25");
    tick(page, 0.5, "0.5");
    tick(page, 0.75, "0.75");
    tick(page, 1, "1");
}

static void bin_point(struct sbuf *page, const struct score_bin *bin, size_t all)
{
    double radius = 2.5 + 7 * sqrt((double)bin->count / (double)all);
    sbuf_addf(page,
              "<circle class=\"fg\" fill-opacity=\".75\" cx=\"%.1f\" cy=\"%.1f\" "
              "r=\"%.1f\"><title>%zu messages: trust %.3f, good %.3f</title></circle>\n",
              at_x(bin->trust), at_y(bin->good), radius, bin->count, bin->trust, bin->good);
}

void report_plot_calibration(struct sbuf *page, const struct report_data *d)
{
    bool begun = false;
    begin_plot(page, "Calibration", "trust that was said");
    trust_ticks(page, tick_x);
    trust_ticks(page, tick_y);
    line(page, "even", 0, 0, 1, 1);
    for (size_t b = 0; b < SCORE_BINS; b++) {
        if (d->bins[b].count == 0)
            continue;
        sbuf_addf(page, "%s%.1f %.1f", begun ? "L" : "<path class=\"l0\" d=\"M",
                  at_x(d->bins[b].trust), at_y(d->bins[b].good));
        begun = true;
    }
    if (begun)
        sbuf_adds(page, "\"/>\n");
    for (size_t b = 0; b < SCORE_BINS; b++)
        if (d->bins[b].count)
            bin_point(page, &d->bins[b], d->r->seen[0] + d->r->seen[1]);
    begin_caption(page);
    sbuf_adds(page, "Share of good ones by trust; a larger dot stands for more messages.");
    end_plot(page);
}

/* A bar from the middle, up or down; height -1 to 1. */
static void bar(struct sbuf *page, const char *class, double x, double width, double height,
                const char *text)
{
    sbuf_addf(page,
              "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">"
              "<title>%s</title></rect>\n",
              class, at_x(x) + 0.75, at_y(0.5 + fmax(height, 0) / 2), WIDTH * width - 1.5,
              HEIGHT * fabs(height) / 2, text);
}

/* 0 for none, 1 / (decades + 1) for one, 1 for 10^decades. */
static double log_height(size_t count, int decades)
{
    return count ? (1 + log10((double)count)) / (decades + 1) : 0;
}

static void log_ticks(struct sbuf *page, int decades)
{
    char text[32];
    tick_y(page, 0.5, "0");
    for (int i = 0; i <= decades; i++) {
        double y = (1.0 + i) / (decades + 1) / 2;
        snprintf(text, sizeof text, "%.0f", pow(10, i));
        tick_y(page, 0.5 + y, text);
        tick_y(page, 0.5 - y, text);
    }
}

void report_plot_trust(struct sbuf *page, const struct report_data *d)
{
    static const char *const names[] = {"bad", "good"};
    size_t most = 1;
    char text[96];
    for (size_t b = 0; b < SCORE_BINS; b++)
        for (size_t good = 0; good < 2; good++)
            most = d->by_trust[good][b] > most ? d->by_trust[good][b] : most;
    int decades = (int)ceil(log10((double)most));
    begin_plot(page, "Trust by label", "trust");
    trust_ticks(page, tick_x);
    log_ticks(page, decades);
    for (size_t b = 0; b < SCORE_BINS; b++) {
        for (size_t good = 0; good < 2; good++) {
            size_t count = d->by_trust[good][b];
            double height = log_height(count, decades);
            snprintf(text, sizeof text, "trust %.2f to %.2f: %zu %s", (double)b / SCORE_BINS,
                     (double)(b + 1) / SCORE_BINS, count, names[good]);
            if (count)
                bar(page, good ? "fg" : "fb", (double)b / SCORE_BINS, 1.0 / SCORE_BINS,
                    good ? height : -height, text);
        }
    }
    begin_caption(page);
    sbuf_adds(page, "<span class=\"good\">up: good messages</span> "
                    "<span class=\"bad\">down: bad messages</span>");
    end_plot(page);
}

/* --- time ------------------------------------------------------------------------------------- */

/* In the middle of slice i. */
static double slice_x(const struct report_data *d, size_t i)
{
    return ((double)i + 0.5) / (double)d->slice_count;
}

/* When the first slice begins, the middle one, and the last. */
static void slice_ticks(struct sbuf *page, const struct report_data *d)
{
    for (size_t k = 0; k < 3 && d->slice_count > 2; k++) {
        size_t i = (d->slice_count - 1) * k / 2;
        struct sbuf text;
        sbuf_init(&text, 32);
        report_time(&text, d->slices[i].from, 10);
        page->failed |= text.failed;
        tick_x(page, slice_x(d, i), sbuf_str(&text));
        sbuf_clear(&text);
    }
}

static double trusted_of_good(const struct score_figures *f)
{
    return f->good ? (double)(f->trusted - f->trusted_bad) / (double)f->good : NAN;
}

static double detected_at_1(const struct score_figures *f)
{
    return f->at_1;
}

static double untrusted_of_bad(const struct score_figures *f)
{
    return f->detected;
}

/* A line with a gap where nothing can be said. */
static void slice_line(struct sbuf *page, const struct report_data *d, size_t number,
                       double (*value)(const struct score_figures *))
{
    const char *move = "M";
    sbuf_addf(page, "<path class=\"l%zu\" d=\"M%.1f %.1f", number, at_x(0), at_y(0));
    for (size_t i = 0; i < d->slice_count; i++) {
        double y = value(&d->slices[i].figures);
        if (!isnan(y))
            sbuf_addf(page, "%s%.1f %.1f", move, at_x(slice_x(d, i)), at_y(y));
        move = isnan(y) ? "M" : "L";
    }
    sbuf_adds(page, "\"/>\n");
}

void report_plot_time(struct sbuf *page, const struct report_data *d)
{
    begin_plot(page, "Figures over time", "time, in parts of as many messages each");
    percent_ticks(page, tick_y);
    slice_ticks(page, d);
    slice_line(page, d, 0, trusted_of_good);
    slice_line(page, d, 1, untrusted_of_bad);
    slice_line(page, d, 2, detected_at_1);
    begin_caption(page);
    key(page, 0, "good called trusted");
    key(page, 1, "bad called untrusted");
    key(page, 2, "detection at 1 % false positives");
    end_plot(page);
}

/* 1, 2, 5, 10, 20, ...: the first that reaches most in four steps or fewer. */
static size_t step_of(size_t most)
{
    size_t step = 1;
    for (unsigned i = 0; step * 4 < most; i++)
        step = i % 3 == 1 ? step / 2 * 5 : step * 2;
    return step;
}

void report_plot_mistakes(struct sbuf *page, const struct report_data *d)
{
    size_t most = 4;
    char text[96];
    for (size_t i = 0; i < d->slice_count; i++) {
        const struct report_slice *s = &d->slices[i];
        most = s->good_untrusted > most ? s->good_untrusted : most;
        most = s->bad_trusted > most ? s->bad_trusted : most;
    }
    size_t step = step_of(most), top = (most + step - 1) / step * step;
    begin_plot(page, "Mistakes over time", "time, in parts of as many messages each");
    for (size_t n = 0; n <= top; n += step) {
        snprintf(text, sizeof text, "%zu", n);
        tick_y(page, 0.5 + (double)n / (double)top / 2, text);
        if (n)
            tick_y(page, 0.5 - (double)n / (double)top / 2, text);
    }
    slice_ticks(page, d);
    for (size_t i = 0; i < d->slice_count; i++) {
        const struct report_slice *s = &d->slices[i];
        double x = (double)i / (double)d->slice_count, width = 1 / (double)d->slice_count;
        snprintf(text, sizeof text, "%zu of %zu good", s->good_untrusted, s->figures.good);
        bar(page, "fg", x, width, (double)s->good_untrusted / (double)top, text);
        snprintf(text, sizeof text, "%zu of %zu bad", s->bad_trusted, s->figures.bad);
        bar(page, "fb", x, width, -(double)s->bad_trusted / (double)top, text);
    }
    begin_caption(page);
    sbuf_adds(page, "<span class=\"good\">up: good messages called untrusted</span> "
                    "<span class=\"bad\">down: bad messages called trusted</span>");
    end_plot(page);
}
