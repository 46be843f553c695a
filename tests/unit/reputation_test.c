/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "reputation.h"

#define PRIOR 4.0

static double rep(double good, double bad, double above)
{
    struct counts c = {.good = good, .bad = bad};
    return reputation(&c, PRIOR, above);
}

static double shared(double good, double bad)
{
    struct counts c = {.good = good, .bad = bad};
    return reputation_shared(reputation(&c, PRIOR, 0), &c, PRIOR);
}

static const struct {
    const char *name;
    double good, bad, above, log_odds;
} table[] = {
    {"unknown is nothing", 0, 0, 0, 0},
    {"as much good as bad is nothing", 7, 7, 0, 0},
    {"one good", 1, 0, 0, 0.4055},
    {"one bad is its mirror", 0, 1, 0, -0.4055},
    {"twenty good", 20, 0, 0, 2.3979},
    {"half a message", 0.5, 0, 0, 0.2231},
    {"half a half-life of three good", 2.1213, 0, 0, 0.7230},
    {"never beyond doubt", 1e9, 0, 0, REPUTATION_MAX},
    {"nor beyond hope", 0, 1e9, 0, -REPUTATION_MAX},
    {"unknown child is as its parent", 0, 0, 1.25, 1.25},
    {"and of a bad one", 0, 0, -3.9, -3.9},
    {"good child of a bad parent", 20, 0, -2, 1.7599},
    {"one bad of a good parent", 0, 1, 2, 0.8695},
};

static void counts_become_log_odds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double x = rep(table[i].good, table[i].bad, table[i].above);
        if (fabs(x - table[i].log_odds) > 0.0001)
            fail_msg("%s: %.4f, not %.4f", table[i].name, x, table[i].log_odds);
    }
}

static const double masses[] = {0, 0.001, 0.3, 1, 2, 5, 19, 20, 100, 1000, 1e6, 1e12};
#define MASSES (sizeof masses / sizeof *masses)

static void more_good_never_lowers_and_more_bad_never_raises(void **state)
{
    (void)state;
    for (double above = -4; above <= 4; above += 0.5)
        for (size_t g = 0; g < MASSES; g++)
            for (size_t b = 0; b < MASSES; b++) {
                double x = rep(masses[g], masses[b], above);
                assert_true(isfinite(x) && fabs(x) <= REPUTATION_MAX);
                if (g + 1 < MASSES) {
                    assert_true(rep(masses[g + 1], masses[b], above) >= x - 1e-12);
                    assert_true(shared(masses[g + 1], masses[b]) >= shared(masses[g], masses[b]));
                }
                if (b + 1 < MASSES) {
                    assert_true(rep(masses[g], masses[b + 1], above) <= x + 1e-12);
                    assert_true(shared(masses[g], masses[b + 1]) <= shared(masses[g], masses[b]));
                }
            }
}

static void a_better_parent_never_makes_a_worse_child(void **state)
{
    (void)state;
    for (size_t g = 0; g < MASSES; g++)
        for (size_t b = 0; b < MASSES; b++)
            for (double above = -4; above < 4; above += 0.5)
                assert_true(rep(masses[g], masses[b], above + 0.5) >=
                            rep(masses[g], masses[b], above));
}

static void a_shared_source_that_also_sends_bad_mail_vouches_for_nobody(void **state)
{
    (void)state;
    assert_true(shared(1000, 0) == REPUTATION_MAX);
    assert_true(shared(5000, 3) > 0.9 * rep(5000, 3, 0)); /* three mistakes are no trait */
    assert_true(shared(1000, 100) < 0.3 * rep(1000, 100, 0));
    assert_true(shared(3, 300) == rep(3, 300, 0)); /* bad history counts in full */
}

static void the_rest_is_never_negative(void **state)
{
    (void)state;
    struct counts parent = {.good = 3, .bad = 1, .seen = 9}, child = {.good = 5, .seen = 2};
    struct counts rest = reputation_rest(&parent, &child);
    assert_true(rest.good == 0 && rest.bad == 1 && rest.seen == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_become_log_odds),
        cmocka_unit_test(more_good_never_lowers_and_more_bad_never_raises),
        cmocka_unit_test(a_better_parent_never_makes_a_worse_child),
        cmocka_unit_test(a_shared_source_that_also_sends_bad_mail_vouches_for_nobody),
        cmocka_unit_test(the_rest_is_never_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
