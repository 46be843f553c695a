/* SPDX-License-Identifier: BSD-2-Clause */
#include "training.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "nomem.h"

static long countdown; /* the allocation that makes it 0 fails */

bool nomem_fails(void)
{
    return --countdown == 0;
}

/* --- made-up evidence --- */

static double chance(uint64_t *seed) /* 0..1; splitmix64 */
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static double trust_of(const struct trust_params *params, const double *x)
{
    return 1 / (1 + exp(-trust_total(params, x)));
}

static const int used[] = {TW_HOST, TW_NETWORK, TW_AUTHOR, TW_SPF_FAIL, TW_FORGERY};
#define USED (sizeof used / sizeof *used)

/* Messages whose labels come from these weights. Half of them have each evidence; history says -2..3,
 * facts say 1. */
static void add_rows(struct training *t, const struct trust_params *truth, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        double x[TW_COUNT] = {0};
        for (size_t k = 0; k < USED; k++)
            if (chance(&seed) < 0.5)
                x[used[k]] = used[k] >= TW_FORGERY ? 1 : 5 * chance(&seed) - 2;
        assert_int_equal(training_add(t, x, chance(&seed) < trust_of(truth, x), 1, (int64_t)i), 0);
    }
}

/* Not the shipped ones, which may change. */
static struct trust_params first_weights(void)
{
    struct trust_params p = {.half_life = 7776000, .prior = 3, .most_for = 6};
    p.w[TW_HOST] = p.w[TW_NETWORK] = 1.1;
    p.w[TW_AUTHOR] = 1;
    p.w[TW_FORGERY] = -1.1;
    p.w[TW_IPREV_FAIL] = -0.4;
    p.w[TW_SPF_FAIL] = -0.8;
    p.w[TW_PROTECTED] = -1.5;
    return p;
}

static struct training_options options_of(double pull)
{
    return (struct training_options){.start = first_weights(), .pull = pull, .bias_pull = 10};
}

static struct training *rows_of(const struct trust_params *truth, size_t n)
{
    struct training *t = training_new();
    assert_non_null(t);
    add_rows(t, truth, n, 1);
    assert_int_equal(training_count(t), n);
    return t;
}

static struct trust_params fit(const struct training *t, const struct training_options *o, size_t n)
{
    struct trust_params params;
    assert_int_equal(training_fit(t, o, n, &params), 0);
    return params;
}

static void near(const char *what, double value, double wanted, double by)
{
    if (!(fabs(value - wanted) <= by))
        fail_msg("%s: %g, wanted %g +- %g", what, value, wanted, by);
}

static struct trust_params other_weights(void)
{
    struct trust_params truth = first_weights();
    truth.bias = -0.8;
    truth.w[TW_HOST] = 0.5;
    truth.w[TW_NETWORK] = 1.6;
    truth.w[TW_AUTHOR] = 1.4;
    truth.w[TW_SPF_FAIL] = -2;
    truth.w[TW_FORGERY] = -0.4;
    return truth;
}

/* --- tests --- */

static void finds_the_weights_that_made_the_labels(void **state)
{
    (void)state;
    struct trust_params truth = other_weights();
    struct training_options o = options_of(200);
    struct training *t = rows_of(&truth, 20000);
    struct trust_params p = fit(t, &o, 20000);
    for (size_t k = 0; k < USED; k++)
        near(trust_weight_name((enum trust_weight)used[k]), p.w[used[k]], truth.w[used[k]], 0.15);
    near("bias", p.bias, truth.bias, 0.1);
    double before = training_loss(t, &o.start, 0, 20000).log_loss;
    double best = training_loss(t, &truth, 0, 20000).log_loss;
    double after = training_loss(t, &p, 0, 20000).log_loss;
    assert_true(before > best + 0.05);
    near("loss", after, best, 0.002);
    near("half-life", p.half_life, o.start.half_life, 0);
    near("prior", p.prior, o.start.prior, 0);
    training_free(&t);
}

/* Weights that are three times too sure become three times smaller, also those that no row has. */
static void calibrates(void **state)
{
    (void)state;
    struct training_options o = options_of(200);
    struct trust_params truth = o.start;
    for (int w = 0; w < TW_COUNT; w++)
        truth.w[w] /= 3;
    truth.most_for /= 3;
    struct training *t = rows_of(&truth, 20000);
    struct trust_params p = fit(t, &o, 20000);
    near("host", p.w[TW_HOST], truth.w[TW_HOST], 0.08);
    near("unseen", p.w[TW_PROTECTED], truth.w[TW_PROTECTED], 0.08);
    near("most_for", p.most_for, truth.most_for, 0.4);
    training_free(&t);
}

static void few_rows_move_little(void **state)
{
    (void)state;
    struct trust_params truth = other_weights();
    struct training_options o = options_of(200);
    struct training *t = rows_of(&truth, 2000);
    const double wanted = truth.w[TW_SPF_FAIL], start = o.start.w[TW_SPF_FAIL];
    double last = 0;
    for (size_t n = 20; n <= 2000; n *= 10) {
        struct trust_params p = fit(t, &o, n);
        double way = (p.w[TW_SPF_FAIL] - start) / (wanted - start);
        assert_true(n > 20 || fabs(way) < 0.2);
        assert_true(way > last || n == 20);
        last = way;
    }
    assert_true(last > 0.4);
    o.pull = 1e6;
    struct trust_params p = fit(t, &o, 2000);
    near("pulled", p.w[TW_SPF_FAIL], start, 0.05);
    training_free(&t);
}

/* Evidence that says here the opposite of what it is for counts nothing, and no more; one that counts
 * nothing is left so. */
static void keeps_signs(void **state)
{
    (void)state;
    struct trust_params truth = other_weights();
    struct training_options o = options_of(1);
    truth.w[TW_SPF_FAIL] = 1;
    truth.w[TW_HOST] = -1;
    o.start.w[TW_NETWORK] = 0;
    struct training *t = rows_of(&truth, 5000);
    struct trust_params p = fit(t, &o, 5000);
    near("spf_fail", p.w[TW_SPF_FAIL], 0, 1e-9);
    near("host", p.w[TW_HOST], 0, 1e-9);
    near("network", p.w[TW_NETWORK], 0, 1e-9);
    assert_true(p.w[TW_AUTHOR] > 0.5);
    training_free(&t);
}

static void one_kind_is_not_enough(void **state)
{
    (void)state;
    struct training_options o = options_of(1);
    struct trust_params p;
    struct training *t = training_new();
    double x[TW_COUNT] = {[TW_HOST] = 1};
    assert_int_equal(training_fit(t, &o, 0, &p), VOUCH_E_RANGE);
    for (int i = 0; i < 100; i++)
        assert_int_equal(training_add(t, x, true, 1, i), 0);
    assert_int_equal(training_fit(t, &o, 100, &p), VOUCH_E_RANGE);
    assert_int_equal(training_add(t, x, false, 1, 100), 0);
    assert_int_equal(training_fit(t, &o, 100, &p), VOUCH_E_RANGE);
    assert_int_equal(training_fit(t, &o, 101, &p), 0);
    training_free(&t);
    training_free(&t);
}

/* Labels that the evidence tells apart without fault, by two that always say the same, beside one that
 * every message has. */
static void survives_what_is_separable_and_collinear(void **state)
{
    (void)state;
    struct training_options o = options_of(10);
    struct training *t = training_new();
    o.start.w[TW_HOST] = o.start.w[TW_NETWORK]; /* each is drawn to its own */
    for (int i = 0; i < 1000; i++) {
        bool good = i % 2;
        double x[TW_COUNT] = {[TW_HOST] = good ? 2 : -2, [TW_NETWORK] = good ? 2 : -2};
        x[TW_IPREV_FAIL] = 1;
        assert_int_equal(training_add(t, x, good, 1, i), 0);
    }
    struct trust_params p = fit(t, &o, 1000);
    for (int w = 0; w < TW_COUNT; w++)
        assert_true(isfinite(p.w[w]) && fabs(p.w[w]) <= 20);
    assert_true(isfinite(p.bias) && fabs(p.bias) <= 20);
    near("equals", p.w[TW_HOST], p.w[TW_NETWORK], 0.01);
    struct training_loss before = training_loss(t, &o.start, 0, 1000);
    struct training_loss after = training_loss(t, &p, 0, 1000);
    assert_true(after.log_loss < before.log_loss / 2);
    training_free(&t);
}

static void the_same_rows_give_the_same(void **state)
{
    (void)state;
    struct trust_params truth = other_weights();
    struct training_options o = options_of(200);
    struct training *a = rows_of(&truth, 3000), *b = rows_of(&truth, 3000);
    add_rows(b, &truth, 1000, 2); /* rows behind those that are fitted do not matter */
    struct trust_params pa = fit(a, &o, 3000), pb = fit(b, &o, 3000);
    assert_memory_equal(pa.w, pb.w, sizeof pa.w);
    assert_true(pa.bias == pb.bias && pa.most_for == pb.most_for);
    training_free(&a);
    training_free(&b);
}

/* A row of mass 3 is three rows; rows that are many half-lives old are none. */
static void rows_have_masses(void **state)
{
    (void)state;
    struct trust_params truth = other_weights(), upside_down = truth;
    struct training_options o = options_of(200);
    struct training *one = training_new(), *three = training_new();
    uint64_t seed = 7;
    for (int i = 0; i < 500; i++) {
        double x[TW_COUNT] = {[TW_AUTHOR] = 4 * chance(&seed) - 2};
        bool good = chance(&seed) < trust_of(&truth, x);
        assert_int_equal(training_add(one, x, good, 3, 0), 0);
        for (int k = 0; k < 3; k++)
            assert_int_equal(training_add(three, x, good, 1, 0), 0);
    }
    struct trust_params a = fit(one, &o, 500), b = fit(three, &o, 1500);
    near("author", a.w[TW_AUTHOR], b.w[TW_AUTHOR], 0.03); /* the pull is as of rows */
    near("mass", training_loss(one, &a, 0, 500).mass, 1500, 1e-9);
    near("mass", training_loss(one, &a, 100, 200).mass, 300, 1e-9);
    near("loss", training_loss(one, &a, 0, 500).log_loss,
         training_loss(three, &a, 0, 1500).log_loss, 1e-6);
    training_free(&one);
    training_free(&three);

    upside_down.w[TW_AUTHOR] = 0.01;
    struct training *t = rows_of(&upside_down, 5000);
    uint64_t later = 9;
    for (int i = 0; i < 5000; i++) {
        double x[TW_COUNT] = {[TW_AUTHOR] = 5 * chance(&later) - 2};
        bool good = chance(&later) < trust_of(&truth, x);
        assert_int_equal(training_add(t, x, good, 1, 1000000 + i), 0);
    }
    a = fit(t, &o, 10000);
    o.half_life = 50000;
    b = fit(t, &o, 10000);
    assert_true(b.w[TW_AUTHOR] > a.w[TW_AUTHOR] + 0.2);
    near("recent", b.w[TW_AUTHOR], truth.w[TW_AUTHOR], 0.2);
    training_free(&t);
}

static void tells_of_memory_that_is_out(void **state)
{
    (void)state;
    struct trust_params p;
    struct training_options o = options_of(200);
    long n = 0;
    int rc = VOUCH_E_NOMEM;
    while (rc == VOUCH_E_NOMEM) {
        double x[TW_COUNT] = {[TW_HOST] = 1};
        countdown = ++n;
        struct training *t = training_new();
        rc = t ? 0 : VOUCH_E_NOMEM;
        for (int i = 0; i < 600 && rc == 0; i++)
            rc = training_add(t, x, i % 3, 1, i);
        if (rc == 0)
            rc = training_fit(t, &o, 600, &p);
        if (t)
            training_free(&t);
    }
    assert_int_equal(rc, 0);
    assert_true(n > 8);
    countdown = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_weights_that_made_the_labels),
        cmocka_unit_test(calibrates),
        cmocka_unit_test(few_rows_move_little),
        cmocka_unit_test(keeps_signs),
        cmocka_unit_test(one_kind_is_not_enough),
        cmocka_unit_test(survives_what_is_separable_and_collinear),
        cmocka_unit_test(the_same_rows_give_the_same),
        cmocka_unit_test(rows_have_masses),
        cmocka_unit_test(tells_of_memory_that_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
