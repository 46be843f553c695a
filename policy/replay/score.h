/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SCORE_H
#define VOUCH_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* How well judgements of labelled messages agree with their labels. Pure. A bad message that is
 * called bad is a detection, a good one that is called bad a false positive. */

/* Subsets that figures are made of: bits of score_row.subsets. Every row is in SCORE_ALL. */
enum score_subset {
    SCORE_ALL = 1,
    SCORE_FIRST_CONTACT =
        2, /* nothing at all had come from the client's network (/24, /48) before */
    SCORE_MIXED_SOURCE = 4, /* the client's address sends both kinds, over the whole corpus */
    SCORE_LAST_80 = 8,      /* the corpus without its first fifth, in order of time */
    SCORE_SUBSETS = 4       /* how many there are */
};
const char *score_subset_name(enum score_subset subset); /* "all", "first contact", ... */

struct score_row {
    double sum;       /* log-odds that it is good: what rows are ranked by */
    double trust;     /* 0..1: what is calibrated */
    bool good;        /* the label */
    int class;        /* enum trust_class */
    unsigned subsets; /* enum score_subset bits */
    size_t message;   /* the caller's number of it */
};

struct score;                  /* rows, as many as there are */
struct score *score_new(void); /* NULL: out of memory */
void score_free(struct score **sp);
/* sum is no NaN. 0 or VOUCH_E_NOMEM. */
int score_add(struct score *s, const struct score_row *row);
/* All, in the order they were added; borrowed until the next score_add. A caller that knows a subset
 * only at the end (SCORE_MIXED_SOURCE) sets its bit here. */
struct score_row *score_rows(struct score *s, size_t *count_r);

/* What cannot be said (no rows of one kind, nothing trusted) is NaN. Shares are 0..1. */
struct score_figures {
    size_t good, bad;
    double auc; /* area under the ROC curve: the share of pairs of a good and a bad one in which
                          * the good one has the higher sum; equal sums count half */
    double one_less_auc;         /* "1-ROCA": 1 - auc */
    double at_0_1, at_0_3, at_1; /* detections at most at 0.1 %, 0.3 % and 1 % false positives */
    size_t good_at_0_1;          /* good messages that the first of these rests on: 0.1 % of all */
    double trusted_precision;    /* share of good among class trusted */
    size_t trusted, trusted_bad;
    double coverage;                  /* share that is not suspicious */
    double detected, false_positives; /* by class: shares of bad and of good called untrusted */
    double log_loss;          /* mean, natural logarithm; trust clamped to 1e-6 from 0 and 1 */
    double calibration_error; /* ECE over SCORE_BINS bins of equal width, weighted by their rows */
};
/* 0 or VOUCH_E_NOMEM. */
int score_figures(const struct score *s, enum score_subset subset, struct score_figures *f_r);

/* The ROC curve: false_positive and detection rise together from 0,0 to 1,1. For a report. */
struct score_point {
    double false_positives, detected;
};
/* At most max (7 or more) points, more of them where false positives are few. From malloc; the caller
 * frees. A subset without good or bad rows has none. 0 or VOUCH_E_NOMEM. */
int score_curve(const struct score *s, enum score_subset subset, size_t max,
                struct score_point **points_r, size_t *count_r);

#define SCORE_BINS 20
struct score_bin {
    size_t count;
    double trust; /* mean that was said; this and the next are NaN in an empty bin */
    double good;  /* share that was */
};
void score_bins(const struct score *s, enum score_subset subset,
                struct score_bin bins_r[SCORE_BINS]);

/* The figures one by one as a person reads them, i from 0: what it is ("1-ROCA") and its value with
 * the unit ("0.612 %"; "-": cannot be said). false: there are no more. */
#define SCORE_TEXT 32
bool score_text(const struct score_figures *f, size_t i, const char **name_r,
                char value_r[SCORE_TEXT]);

/* The figures of all subsets that have rows as a table for a person, or as one JSON object without a
 * line end: {"all":{...},"first_contact":{...}}. 0 or VOUCH_E_NOMEM. */
int score_print(const struct score *s, FILE *out, bool json);

#endif
