/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "trust_fixture.h"

static void assert_x(struct fixture *f, enum trust_weight w, double want, const char *what)
{
    fixture_trust(f);
    if (fabs(f->r.x[w] - want) > 1e-4)
        fail_msg("%s: %s is %.4f, not %.4f", what, trust_weight_name(w), f->r.x[w], want);
}

/* x = ln((both + 3 q) / ((author + 3) q)), q = min(1, (source + 1) / (site + 20)) */
static const struct {
    const char *name;
    double author, both, source, site, x;
} points[] = {
    {"nobody knows him", 0, 0, 50, 980, 0},
    {"usual: 12 of 12, q 0.05", 12, 12, 49, 980, 2.7850},
    {"never from there, q 0.001", 27, 0, 0, 980, -2.3026},
    {"never from a source of half the mail", 27, 0, 499, 980, -2.3026},
    {"a source that all mail has", 27, 27, 2000, 980, 0},
    {"at most", 1e6, 1e6, 1e6, 1e12, 4},
    {"at least", 1e9, 0, 0, 1e9, -4},
};

static void authenticity_is_the_formula(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        struct fixture f;
        fixture_init(&f);
        fixture_know(&f, ID_SITE, points[i].site, points[i].site);
        fixture_know(&f, ID_CLAIM_AUTHOR_ORG, points[i].author, 0);
        fixture_know(&f, ID_PAIR_NETWORK, points[i].both, 0);
        fixture_know(&f, ID_NETWORK, points[i].source, 0);
        assert_x(&f, TW_WAY_NETWORK, points[i].x, points[i].name);
        fixture_clear(&f);
    }
}

static void nothing_is_held_against_who_proves_himself(void **state)
{
    (void)state;
    static const enum trust_weight ways[] = {TW_WAY_NETWORK,  TW_WAY_HELO,  TW_WAY_ORIGIN,
                                             TW_WAY_PERSON,   TW_STRANGE,   TW_STRANGE_ORG,
                                             TW_PAIR_NETWORK, TW_PAIR_HELO, TW_PERSON_NETWORK};
    struct fixture f;
    fixture_init(&f);
    fixture_know(&f, ID_SITE, 1000, 1000);
    fixture_know(&f, ID_AUTHOR_ORG, 100, 0);
    fixture_know(&f, ID_AUTHOR, 100, 0);
    fixture_know(&f, ID_PAIR_NETWORK, 0, 50);
    fixture_know(&f, ID_PAIR_HELO, 0, 50);
    fixture_know(&f, ID_PERSON_NETWORK, 0, 50);
    fixture_trust(&f);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        assert_true(f.r.x[ways[i]] < 0);
    fixture_prove(&f);
    fixture_trust(&f);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        assert_true(f.r.x[ways[i]] >= 0);
    f.ev.spf.result = f.dkim[0].result = f.ev.dmarc.result = AUTH_FAIL;
    f.in.outbound = true; /* nor against our own users */
    fixture_trust(&f);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        assert_true(f.r.x[ways[i]] == 0);
    fixture_clear(&f);
}

static void being_himself_speaks_as_far_as_his_mail_was_good(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_know(&f, ID_SITE, 980, 980);
    fixture_know(&f, ID_CLAIM_AUTHOR_ORG, 12, 0);
    fixture_know(&f, ID_PAIR_NETWORK, 12, 0);
    fixture_know(&f, ID_NETWORK, 49, 0);
    assert_x(&f, TW_WAY_NETWORK, 2.7850, "all good");
    fixture_know(&f, ID_CLAIM_AUTHOR_ORG, 0, 4);
    assert_x(&f, TW_WAY_NETWORK, 2.7850 / 2, "a quarter bad");
    fixture_know(&f, ID_CLAIM_AUTHOR_ORG, 0, 400);
    assert_x(&f, TW_WAY_NETWORK, 0, "mostly bad");
    fixture_clear(&f);
}

/* -ln((good + 1) / (most from any of these places + 1)) */
static void who_never_came_this_way_is_strange(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_x(&f, TW_STRANGE, 0, "unknown");
    fixture_know(&f, ID_AUTHOR, 9, 0);
    assert_x(&f, TW_STRANGE, -2.3026, "never");
    fixture_know(&f, ID_PERSON_HELO, 4, 0);
    assert_x(&f, TW_STRANGE, -0.6931, "sometimes");
    fixture_know(&f, ID_PERSON_NETWORK, 9, 0);
    assert_x(&f, TW_STRANGE, 0, "always");
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authenticity_is_the_formula),
        cmocka_unit_test(nothing_is_held_against_who_proves_himself),
        cmocka_unit_test(being_himself_speaks_as_far_as_his_mail_was_good),
        cmocka_unit_test(who_never_came_this_way_is_strange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
