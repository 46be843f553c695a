/* SPDX-License-Identifier: BSD-2-Clause */
/* The figures in these tables were worked out by hand. Linked with --wrap for the allocator. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "nomem.h"
#include "score.h"
#include "settings.h"

static long countdown; /* the allocation that makes it 0 fails */

bool nomem_fails(void)
{
    return --countdown == 0;
}

static void assert_near(const char *name, double got, double want)
{
    if (isnan(want) ? !isnan(got) : !(fabs(got - want) <= 1e-10))
        fail_msg("%s: got %.17g, want %.17g", name, got, want);
}

static void add(struct score *s, bool good, double sum, unsigned subsets)
{
    double trust = 1 / (1 + exp(-sum));
    struct score_row row = {.sum = sum,
                            .trust = trust,
                            .good = good,
                            .class = trust >= 0.9  ? CLASS_TRUSTED
                                     : trust < 0.1 ? CLASS_UNTRUSTED
                                                   : CLASS_SUSPICIOUS,
                            .subsets = subsets};
    assert_int_equal(score_add(s, &row), 0);
}

static struct score_figures figures_of(const struct score *s, enum score_subset subset)
{
    struct score_figures f;
    assert_int_equal(score_figures(s, subset, &f), 0);
    return f;
}

struct ranking {
    const char *name;
    const char *rows; /* "g" or "b" and a sum of one digit, each */
    double auc, at_1;
};

/* Below 100 good ones, detection at 1 % is that before the first good one. */
static const struct ranking rankings[] = {
    {"nothing", "", NAN, NAN},
    {"good only", "g1g2", NAN, NAN},
    {"bad only", "b1", NAN, NAN},
    {"one of each, right", "b1g2", 1, 1},
    {"one of each, wrong", "g1b2", 0, 0},
    {"one of each, equal", "g1b1", 0.5, 0},
    {"perfect", "g7b1g8b2g9b3", 1, 1},
    {"reversed", "b7g1b8g2b9g3", 0, 0},
    {"all equal", "g5b5g5b5b5", 0.5, 0},
    {"one tie", "b1b2b2g2g3", 5.0 / 6, 1.0 / 3},
    {"a good one below", "g0b1b1g2g3", 4.0 / 6, 0},
    {"between", "b1g2b3g4", 0.75, 0.5},
};

static void rankings_are_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rankings / sizeof *rankings; i++) {
        const struct ranking *t = &rankings[i];
        struct score *s = score_new();
        for (const char *p = t->rows; *p; p += 2)
            add(s, *p == 'g', p[1] - '0', 0);
        struct score_figures f = figures_of(s, SCORE_ALL);
        assert_near(t->name, f.auc, t->auc);
        assert_near(t->name, f.one_less_auc, 1 - t->auc);
        assert_near(t->name, f.at_1, t->at_1);
        assert_int_equal(f.good + f.bad, strlen(t->rows) / 2);
        score_free(&s);
    }
}

/* 1000 good ones with sums 0, 1, .. 999, and 8 bad ones. */
static void detection_ends_before_one_good_message_too_many(void **state)
{
    (void)state;
    static const double bad[] = {-1, 0, 0.5, 1, 2.5, 3, 9.5, 10};
    struct score *s = score_new();
    for (size_t i = 0; i < 8; i++)
        add(s, false, bad[i], 0);
    for (int i = 999; i >= 0; i--)
        add(s, true, i, 0);
    struct score_figures f = figures_of(s, SCORE_ALL);
    assert_int_equal(f.good_at_0_1, 1);
    assert_near("one", f.at_0_1, 3.0 / 8); /* 1 is tied with a second good one */
    assert_near("three", f.at_0_3, 5.0 / 8);
    assert_near("ten", f.at_1, 7.0 / 8);
    add(s, true, 1000, SCORE_LAST_80); /* 1001 are not yet two */
    assert_near("one still", figures_of(s, SCORE_ALL).at_0_1, 3.0 / 8);
    assert_near("a subset of one kind", figures_of(s, SCORE_LAST_80).at_0_1, NAN);
    score_free(&s);
}

static void put(struct score *s, bool good, double trust, enum trust_class class, unsigned subsets)
{
    struct score_row row = {trust, trust, good, class, subsets, 7};
    assert_int_equal(score_add(s, &row), 0);
}

static void classes_and_probabilities(void **state)
{
    (void)state;
    struct score *s = score_new();
    put(s, true, 1, CLASS_TRUSTED, SCORE_LAST_80);
    put(s, true, 0.97, CLASS_TRUSTED, 0);
    put(s, false, 0.96, CLASS_TRUSTED, SCORE_FIRST_CONTACT);
    put(s, true, 0.5, CLASS_SUSPICIOUS, 0);
    put(s, true, 0.01, CLASS_UNTRUSTED, SCORE_FIRST_CONTACT | SCORE_LAST_80);
    put(s, false, 0, CLASS_UNTRUSTED, 0);
    put(s, false, 0.04, CLASS_UNTRUSTED, 0);
    put(s, false, 1, CLASS_SUSPICIOUS, 0);
    struct score_figures f = figures_of(s, SCORE_ALL);
    assert_int_equal(f.good, 4);
    assert_int_equal(f.bad, 4);
    assert_int_equal(f.trusted, 3);
    assert_int_equal(f.trusted_bad, 1);
    assert_near("precision", f.trusted_precision, 2.0 / 3);
    assert_near("coverage", f.coverage, 6.0 / 8);
    assert_near("detected", f.detected, 2.0 / 4);
    assert_near("false positives", f.false_positives, 1.0 / 4);
    /* the two that are certain and right cost -ln(1 - 1e-6), the one that is wrong -ln(1e-6) */
    assert_near("log loss", f.log_loss,
                -(2 * log(1 - 1e-6) + log(1e-6) + log(0.97) + log(0.04) + log(0.5) + log(0.01) +
                  log(0.96)) /
                    8);
    /* bins: [0, 0.05) says 0.05/3, is 1/3; [0.5, 0.55) 0.5, is 1; [0.95, 1] says 3.93/4, is 2/4 */
    assert_near("calibration error", f.calibration_error,
                (3 * fabs(0.05 / 3 - 1.0 / 3) + 0.5 + 4 * (3.93 / 4 - 0.5)) / 8);
    struct score_bin bins[SCORE_BINS];
    score_bins(s, SCORE_ALL, bins);
    assert_int_equal(bins[0].count, 3);
    assert_int_equal(bins[10].count, 1);
    assert_int_equal(bins[19].count, 4);
    assert_int_equal(bins[5].count, 0);
    assert_near("empty", bins[5].trust, NAN);
    assert_near("said", bins[19].trust, 3.93 / 4);
    assert_near("was", bins[19].good, 0.5);

    f = figures_of(s, SCORE_FIRST_CONTACT);
    assert_int_equal(f.good, 1);
    assert_int_equal(f.bad, 1);
    assert_near("subset", f.auc, 0);
    assert_near("subset precision", f.trusted_precision, 0);
    f = figures_of(s, SCORE_MIXED_SOURCE);
    assert_int_equal(f.good + f.bad, 0);
    assert_near("no coverage", f.coverage, NAN);
    assert_near("no loss", f.log_loss, NAN);
    assert_near("no error", f.calibration_error, NAN);
    size_t count;
    struct score_row *rows = score_rows(s, &count);
    assert_int_equal(count, 8);
    assert_int_equal(rows[3].message, 7);
    rows[3].subsets |= SCORE_MIXED_SOURCE;
    assert_int_equal(figures_of(s, SCORE_MIXED_SOURCE).good, 1);
    score_free(&s);
}

static void the_curve_of_few_is_whole(void **state)
{
    (void)state;
    static const struct score_point want[] = {{0, 0}, {0, 1.0 / 3}, {0.5, 1}, {1, 1}};
    struct score *s = score_new();
    struct score_point *points;
    size_t count;
    for (const char *p = "b1b2b2g2g3"; *p; p += 2)
        add(s, *p == 'g', p[1] - '0', 0);
    assert_int_equal(score_curve(s, SCORE_ALL, 100, &points, &count), 0);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_near("false positives", points[i].false_positives, want[i].false_positives);
        assert_near("detected", points[i].detected, want[i].detected);
    }
    free(points);
    assert_int_equal(score_curve(s, SCORE_LAST_80, 100, &points, &count), 0);
    assert_int_equal(count, 0);
    free(points);
    score_free(&s);
}

/* Whatever its rows, a curve has no more points than asked for, rises, and has both ends. */
static void a_curve_of_many_is_thinned(void **state)
{
    (void)state;
    static const size_t most[] = {7, 8, 50, 401};
    uint32_t random = 1;
    struct score *s = score_new();
    for (size_t i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        add(s, i % 3 == 0, (random >> 16) % 4000 / 1000.0 + (i % 3 == 0), 0);
    }
    for (size_t m = 0; m < sizeof most / sizeof *most; m++) {
        struct score_point *points;
        size_t count;
        assert_int_equal(score_curve(s, SCORE_ALL, most[m], &points, &count), 0);
        assert_in_range(count, 3, most[m]);
        assert_near("begins", points[0].detected + points[0].false_positives, 0);
        assert_near("ends", points[count - 1].detected + points[count - 1].false_positives, 2);
        for (size_t i = 1; i < count; i++) {
            assert_true(points[i].detected >= points[i - 1].detected);
            assert_true(points[i].false_positives >= points[i - 1].false_positives);
        }
        free(points);
    }
    score_free(&s);
}

static char *printed(const struct score *s, bool json)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(score_print(s, out, json), 0);
    fclose(out);
    return text;
}

static void a_table_and_json(void **state)
{
    (void)state;
    struct score *s = score_new();
    char *text = printed(s, true);
    assert_string_equal(text, "{}");
    free(text);
    put(s, false, 0.25, CLASS_SUSPICIOUS, SCORE_LAST_80);
    put(s, true, 0.75, CLASS_SUSPICIOUS, 0);
    text = printed(s, true);
    assert_non_null(strstr(text, "{\"all\":{\"good\":1,\"bad\":1,\"one_less_auc\":0,\"auc\":1,"));
    assert_non_null(strstr(text, "\"trusted_precision\":null,\"coverage\":0,"));
    assert_non_null(strstr(text, "},\"last_80\":{\"good\":0,\"bad\":1,\"one_less_auc\":null,"));
    assert_null(strstr(text, "first_contact"));
    assert_string_equal(text + strlen(text) - 2, "}}");
    free(text);
    text = printed(s, false);
    assert_non_null(strstr(text, "            all       last 80 %\n"));
    assert_non_null(
        strstr(text, "\n1-ROCA                                      0.000 %               -\n"));
    assert_non_null(
        strstr(text, "\nlog loss                                     0.2877          0.2877\n"));
    free(text);
    score_free(&s);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct score_row row = {.trust = 0.5};
        struct score_figures f;
        struct score_point *points = NULL;
        size_t count;
        countdown = n;
        failed = true;
        struct score *s = score_new();
        if (s && score_add(s, &row) == 0 && score_figures(s, SCORE_ALL, &f) == 0 &&
            score_curve(s, SCORE_ALL, 10, &points, &count) == 0)
            failed = false;
        else if (s)
            assert_null(points);
        countdown = 0;
        free(points);
        score_free(&s);
        assert_true(n < 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rankings_are_right),
        cmocka_unit_test(detection_ends_before_one_good_message_too_many),
        cmocka_unit_test(classes_and_probabilities),
        cmocka_unit_test(the_curve_of_few_is_whole),
        cmocka_unit_test(a_curve_of_many_is_thinned),
        cmocka_unit_test(a_table_and_json),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
