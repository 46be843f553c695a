/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REPORT_PRIVATE_H
#define VOUCH_REPORT_PRIVATE_H

#include "report.h"
#include "sbuf.h"

/* The report's own parts: what it keeps, and the pieces that its page is put together from. A piece
 * appends to the page; whether all of it fitted is asked once, at the end. */

#define REPORT_SLICES     20           /* pieces of equal size that the stream is cut into */
#define REPORT_ONE_BYTES  (128 * 1024) /* of one message explained */
#define REPORT_TEXT_BYTES 200          /* of one text out of a message */
#define REPORT_FACT_BYTES 4000         /* of one fact's value */

struct report_mistake {
    double sum;
    char *html; /* the message explained; from malloc */
};

/* What one kind of evidence came to, over good ([1]) and bad ([0]) messages. */
struct report_evidence {
    size_t messages[2]; /* in which it counted something */
    double weight[2];   /* sum of what it counted there, log-odds */
    double absolute;    /* sum of |weight| */
};

struct report {
    const struct settings *settings;
    struct sbuf facts; /* rows of a table */
    size_t fact_count;
    size_t seen[2]; /* by label: [1] good */
    struct report_evidence evidence[TW_COUNT];
    struct report_mistake worst[2][REPORT_WORST]; /* by label; worst first */
    size_t worst_count[2];
    bool ablated[TW_COUNT];
    struct score_figures ablations[TW_COUNT];
};

struct report_column {
    enum score_subset subset;
    struct score_figures figures;
};

/* One of REPORT_SLICES parts of the stream. */
struct report_slice {
    int64_t from, to; /* of its first and last message, seconds since the epoch */
    struct score_figures figures;
    size_t good_untrusted, bad_trusted;
};

/* All that is on the page, computed before it is written. */
struct report_data {
    const struct report *r;
    struct report_column columns[SCORE_SUBSETS]; /* subsets that have messages */
    size_t column_count;
    struct score_bin bins[SCORE_BINS];
    size_t by_trust[2][SCORE_BINS];  /* messages, by label */
    size_t by_class[2][CLASS_COUNT]; /* the same */
    struct report_slice slices[REPORT_SLICES];
    size_t slice_count;
    int64_t from, to; /* of all messages */
};

/* report_explain.c: one judged message as a piece of the page, from malloc. NULL: out of memory. */
char *report_explain(const struct replay_judged *j, const struct settings *settings);

/* report_table.c */
/* "2023-11-14 22:13" (length 16), or the start of it */
void report_time(struct sbuf *page, int64_t time, int length);
void report_tiles(struct sbuf *page, const struct report_data *d);
void report_figures(struct sbuf *page, const struct report_data *d);
void report_classes(struct sbuf *page, const struct report_data *d);
void report_bins(struct sbuf *page, const struct report_data *d);
void report_slices(struct sbuf *page, const struct report_data *d);
void report_contributions(struct sbuf *page, const struct report_data *d);
void report_ablations(struct sbuf *page, const struct report_data *d);

/* report_plot.c: drawings (SVG) */
/* The ROC curves of all subsets; logarithmic: the axis of false positives. 0 or VOUCH_E_NOMEM. */
int report_plot_roc(struct sbuf *page, const struct report_data *d, const struct score *score,
                    bool logarithmic);
void report_plot_calibration(struct sbuf *page, const struct report_data *d);
void report_plot_trust(struct sbuf *page, const struct report_data *d);
void report_plot_time(struct sbuf *page, const struct report_data *d);
void report_plot_mistakes(struct sbuf *page, const struct report_data *d);

extern const char report_style[]; /* report_style.c: CSS */

#endif
