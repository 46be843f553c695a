/* SPDX-License-Identifier: BSD-2-Clause */
/* The page: computes what is on it, then writes it from top to bottom. It is well-formed XML as well as
 * HTML, and a browser is told to load nothing for it. */
#include <stdlib.h>
#include "errors.h"
#include "html.h"
#include "report_private.h"

/* --- what is on it ---------------------------------------------------------------------------- */

static int take_columns(struct report_data *d, const struct score *score)
{
    for (unsigned i = 0; i < SCORE_SUBSETS; i++) {
        struct report_column *c = &d->columns[d->column_count];
        c->subset = (enum score_subset)(1u << i);
        int rc = score_figures(score, c->subset, &c->figures);
        if (rc != 0)
            return rc;
        d->column_count += c->figures.good + c->figures.bad > 0;
    }
    return 0;
}

static void take_counts(struct report_data *d, const struct score_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t bin = (size_t)(rows[i].trust * SCORE_BINS);
        d->by_trust[rows[i].good][bin < SCORE_BINS ? bin : SCORE_BINS - 1]++;
        d->by_class[rows[i].good][rows[i].class]++;
    }
}

static int take_slice(struct report_slice *slice, const struct score_row *rows, size_t count)
{
    struct score *part = score_new();
    int rc = part ? 0 : VOUCH_E_NOMEM;
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = score_add(part, &rows[i]);
        slice->good_untrusted += rows[i].good && rows[i].class == CLASS_UNTRUSTED;
        slice->bad_trusted += !rows[i].good && rows[i].class == CLASS_TRUSTED;
    }
    if (rc == 0)
        rc = score_figures(part, SCORE_ALL, &slice->figures);
    score_free(&part);
    return rc;
}

/* Fewer messages than slices make a slice each. */
static int take_slices(struct report_data *d, const struct corpus_item *items,
                       const struct score_row *rows, size_t count)
{
    size_t slices = count < REPORT_SLICES ? count : REPORT_SLICES;
    for (size_t i = 0; i < slices; i++) {
        size_t first = count * i / slices, end = count * (i + 1) / slices;
        struct report_slice *slice = &d->slices[d->slice_count++];
        slice->from = items[rows[first].message].time;
        slice->to = items[rows[end - 1].message].time;
        int rc = take_slice(slice, rows + first, end - first);
        if (rc != 0)
            return rc;
    }
    if (slices) {
        d->from = d->slices[0].from;
        d->to = d->slices[slices - 1].to;
    }
    return 0;
}

static int take(struct report_data *d, const struct corpus_item *items, struct score *score)
{
    size_t count;
    const struct score_row *rows = score_rows(score, &count);
    int rc = take_columns(d, score);
    score_bins(score, SCORE_ALL, d->bins);
    take_counts(d, rows, count);
    return rc == 0 ? take_slices(d, items, rows, count) : rc;
}

/* --- writing it ------------------------------------------------------------------------------- */

static void begin_page(struct sbuf *page)
{
    sbuf_adds(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "style-src 'unsafe-inline'\"/>\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                    "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
                    "<title>vouch replay</title>\n<style>");
    sbuf_adds(page, report_style);
    sbuf_adds(page, "</style>\n</head>\n<body>\n<main>\n");
}

static void begin_section(struct sbuf *page, const char *title, const char *text)
{
    sbuf_addf(page, "<section>\n<h2>%s</h2>\n<p>%s</p>\n", title, text);
}

static void end_section(struct sbuf *page)
{
    sbuf_adds(page, "</section>\n");
}

static void put_head(struct sbuf *page, const struct report_data *d)
{
    size_t good = d->r->seen[1], bad = d->r->seen[0];
    sbuf_addf(page,
              "<header><h1>vouch replay</h1>\n<p>%zu messages judged in order of time, each before "
              "its label was learnt: %zu good, %zu bad",
              good + bad, good, bad);
    if (d->slice_count) {
        sbuf_adds(page, "; ");
        report_time(page, d->from, 10);
        sbuf_adds(page, " to ");
        report_time(page, d->to, 10);
    }
    sbuf_adds(page, ".</p>\n");
    report_tiles(page, d);
    sbuf_adds(page, "</header>\n");
}

static int put_facts(struct sbuf *page, const struct report_data *d)
{
    struct sbuf changed;
    sbuf_init(&changed, REPORT_BYTES);
    begin_section(page, "What was replayed", "Whoever repeats it with the same gets the same.");
    sbuf_adds(page, "<div class=\"scroll\"><table class=\"facts\"><tbody>\n");
    sbuf_addspan(page, sbuf_span(&d->r->facts));
    sbuf_adds(page, "<tr><th scope=\"row\">Settings that differ from the defaults</th><td>");
    int rc = settings_changed(d->r->settings, &changed);
    struct span rest = sbuf_span(&changed), line;
    if (changed.len == 0)
        sbuf_adds(page, "none");
    while (span_split(&rest, '\n', &line) && line.len) {
        html_text(page, line, REPORT_FACT_BYTES);
        sbuf_adds(page, "<br/>");
    }
    sbuf_adds(page, "</td></tr>\n</tbody></table></div>\n");
    end_section(page);
    sbuf_clear(&changed);
    return rc;
}

static int put_roc(struct sbuf *page, const struct report_data *d, const struct score *score)
{
    begin_section(page, "Detection against false positives",
                  "If all messages below some trust were called bad: the share of bad ones found "
                  "(up) for the share of good ones hit (right). The second drawing has the same "
                  "curves with the few false positives that matter spread out; at its left edge no "
                  "good message is hit.");
    sbuf_adds(page, "<div class=\"plots\">\n");
    int rc = report_plot_roc(page, d, score, false);
    if (rc == 0)
        rc = report_plot_roc(page, d, score, true);
    sbuf_adds(page, "</div>\n");
    end_section(page);
    return rc;
}

static void put_trust(struct sbuf *page, const struct report_data *d)
{
    begin_section(
        page, "Calibration",
        "What trust said, and what was. Left: of the messages that got about this trust, "
        "the share that was good; on the line it is as it was said, below it vouch "
        "trusted too much. Right: how many good messages (up) and bad ones (down) got it; "
        "each line is ten times more.");
    sbuf_adds(page, "<div class=\"plots\">\n");
    report_plot_calibration(page, d);
    report_plot_trust(page, d);
    sbuf_adds(page, "</div>\n");
    report_bins(page, d);
    end_section(page);
    begin_section(page, "Classes", "What was called what.");
    report_classes(page, d);
    end_section(page);
}

static void put_time(struct sbuf *page, const struct report_data *d)
{
    begin_section(page, "Over time",
                  "The stream in twenty parts of as many messages each. The first ones tell how "
                  "fast an empty model learns.");
    sbuf_adds(page, "<div class=\"plots\">\n");
    report_plot_time(page, d);
    report_plot_mistakes(page, d);
    sbuf_adds(page, "</div>\n");
    report_slices(page, d);
    end_section(page);
}

static void put_evidence(struct sbuf *page, const struct report_data *d)
{
    begin_section(page, "Evidence",
                  "What each kind of evidence counted: in how many messages, and how much on the "
                  "average where it counted anything, in natural log-odds (above 0: for the "
                  "message).");
    report_contributions(page, d);
    end_section(page);
    for (int w = 0; w < TW_COUNT; w++) {
        if (!d->r->ablated[w])
            continue;
        begin_section(page, "Without each kind of evidence",
                      "The same replay again, without one kind of evidence at a time, and how the "
                      "figures change. Where nothing changes, others know the same.");
        report_ablations(page, d);
        end_section(page);
        return;
    }
}

static void put_worst(struct sbuf *page, const struct report *r, bool good)
{
    static const char *const titles[] = {"Bad messages with the highest trust",
                                         "Good messages with the lowest trust"};
    static const char *const none[] = {"There are none: all bad messages were called untrusted.",
                                       "There are none: all good messages were called trusted."};
    static const char *const some[] = {
        "The worst of those that were not called untrusted. Open one for its evidence.",
        "The worst of those that were not called trusted. Open one for its evidence."};
    begin_section(page, titles[good], r->worst_count[good] ? some[good] : none[good]);
    for (size_t i = 0; i < r->worst_count[good]; i++)
        sbuf_adds(page, r->worst[good][i].html);
    end_section(page);
}

int report_page(const struct report *r, const struct corpus_item *items, struct score *score,
                struct sbuf *page)
{
    struct report_data *d = calloc(1, sizeof *d);
    if (!d)
        return VOUCH_E_NOMEM;
    d->r = r;
    int rc = take(d, items, score);
    begin_page(page);
    put_head(page, d);
    begin_section(page, "Figures", "What they mean stands in vouch(1), FIGURES.");
    report_figures(page, d);
    end_section(page);
    if (rc == 0)
        rc = put_facts(page, d);
    if (rc == 0)
        rc = put_roc(page, d, score);
    put_trust(page, d);
    put_time(page, d);
    put_evidence(page, d);
    put_worst(page, r, true);
    put_worst(page, r, false);
    sbuf_adds(page, "</main>\n</body>\n</html>\n");
    free(d);
    return rc == 0 && page->failed ? VOUCH_E_NOMEM : rc;
}
