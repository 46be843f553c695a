/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "trust_fixture.h"

static void what_all_mail_has_says_nothing(void **state)
{
    (void)state;
    static const double sizes[] = {1, 10, 1000, 1e6};
    for (size_t i = 0; i < 4; i++) {
        struct fixture f;
        fixture_init(&f);
        fixture_know(&f, ID_SITE, sizes[i], 0);
        fixture_know(&f, ID_TRAIT, sizes[i], 0);
        fixture_trust(&f);
        for (int w = TW_TRAIT_HELO; w <= TW_TRAIT_DISPLAY; w++)
            assert_true(fabs(f.r.x[w]) < 1e-9);
        assert_true(f.r.x[TW_SITE] > 0 && f.r.x[TW_SITE] <= 3);
        fixture_clear(&f);
    }
}

static void a_trait_counts_beyond_the_base(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_know(&f, ID_TRAIT, 0, 0);
    fixture_trust(&f);
    assert_true(f.r.x[TW_TRAIT_HELO] == 0);
    fixture_know(&f, ID_SITE, 1000, 1000);
    fixture_know(&f, ID_TRAIT, 0, 50);
    fixture_trust(&f);
    assert_true(fabs(f.r.x[TW_TRAIT_HELO] - log(5.0 / 55.0)) < 1e-9);
    fixture_know(&f, ID_TRAIT, 950, 0);
    fixture_trust(&f);
    assert_true(f.r.x[TW_TRAIT_HELO] > 1);
    fixture_clear(&f);
}

/* Only the one that holds, and never against who proves himself. */
static void a_situation_counts_where_it_holds(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_know(&f, ID_SITE, 1000, 1000);
    fixture_know(&f, ID_SITUATION, 0, 50);
    fixture_trust(&f);
    assert_true(f.r.x[TW_SITUATION] == 0); /* the model did not say what was known */
    f.ev.known_before = KNOWN_SITE;
    fixture_trust(&f);
    assert_true(fabs(f.r.x[TW_SITUATION] - log(2.5 / 52.5)) < 1e-9);
    fixture_prove(&f);
    fixture_trust(&f);
    assert_true(f.r.x[TW_SITUATION] == 0);
    fixture_clear(&f);
}

static void claims_and_proof_have_histories_of_their_own(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_unpublished(&f);
    fixture_know(&f, ID_SITE, 1000, 1000);
    fixture_know(&f, ID_CLAIM_AUTHOR_ORG, 0, 100);
    fixture_know(&f, ID_CLAIM_AUTHOR, 0, 100);
    fixture_trust(&f);
    assert_true(f.r.x[TW_CLAIM_DOMAIN] + f.r.x[TW_CLAIM_AUTHOR] < -3);
    assert_true(f.r.x[TW_AUTHOR] == 0);
    fixture_prove(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 10, 0);
    fixture_trust(&f);
    assert_true(f.r.x[TW_CLAIM_DOMAIN] == 0 && f.r.x[TW_CLAIM_AUTHOR] == 0);
    assert_true(f.r.x[TW_AUTHOR] > 3);
    fixture_clear(&f);
}

/* A tenant who proves himself is judged by his own names. */
static void a_client_of_many_domains_speaks_less(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    fixture_know(&f, ID_SITE, 1000, 1000);
    fixture_know(&f, ID_HOST, 0, 100);
    fixture_trust(&f);
    double own = f.r.x[TW_HOST];
    for (size_t i = 0; i < f.in.identity_count; i++)
        if (f.identities[i].kind == ID_WINDOW_CLIENT) {
            f.known[i].outcome = LOOKUP_FOUND;
            f.known[i].window.last = FIXTURE_NOW;
            f.known[i].window.distinct[WINDOW_Y][WINDOW_DAY] = 80;
        }
    fixture_trust(&f);
    assert_true(own < -3 && fabs(f.r.x[TW_HOST] - own / 10) < 1e-9);
    fixture_unpublished(&f); /* nobody proves whose it is */
    fixture_trust(&f);
    assert_true(f.r.x[TW_HOST] == own);
    fixture_clear(&f);
}

/* The network is known from its provider where nothing is known of itself. */
static void an_origin_backs_off(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_know(&f, ID_SITE, 1000, 1000);
    fixture_know(&f, ID_ORIGIN_WIDE, 0, 20);
    fixture_trust(&f);
    assert_true(fabs(f.r.x[TW_ORIGIN] - log(0.25 / 20.25)) < 1e-9);
    fixture_know(&f, ID_HOP, 20, 0);
    fixture_trust(&f);
    assert_true(f.r.x[TW_ORIGIN] > 2);
    assert_true(f.r.x[TW_ROUTE] == 0);
    fixture_know(&f, ID_ROUTE, 0, 20);
    fixture_trust(&f);
    assert_true(fabs(f.r.x[TW_ROUTE] - log(0.25 / 20.25)) < 1e-9);
    fixture_clear(&f);
}

static void what_was_known_before_is_told(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_know(&f, ID_NETWORK, 1, 0);
    fixture_know(&f, ID_HOP, 0, 1);
    fixture_know(&f, ID_CLAIM_AUTHOR, 1, 0);
    assert_int_equal(trust_known_before(f.identities, f.known, f.in.identity_count), 0);
    fixture_know(&f, ID_SITE, 1, 0);
    assert_int_equal(trust_known_before(f.identities, f.known, f.in.identity_count),
                     KNOWN_SITE | KNOWN_NETWORK | KNOWN_ORIGIN | KNOWN_AUTHOR);
    for (size_t i = 0; i < f.in.identity_count; i++)
        f.known[i].outcome = LOOKUP_FAILED;
    assert_int_equal(trust_known_before(f.identities, f.known, f.in.identity_count), 0);
    fixture_clear(&f);
}

/* First contact is learnt only where the model said what it knew. */
static void first_contact_is_taught_where_it_was_told(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    for (int told = 0; told < 2; told++) {
        f.ev.known_before = told ? KNOWN_SITE | KNOWN_NETWORK : 0;
        int situations = 0;
        for (size_t i = 0; i < f.in.identity_count; i++) {
            const struct identity *id = &f.identities[i];
            if (id->kind == ID_NEW)
                assert_int_equal(trust_teaches(&f.in, i), told && id->index != KNOWN_NETWORK);
            if (id->kind == ID_SITUATION)
                situations += trust_teaches(&f.in, i);
        }
        assert_int_equal(situations, told);
    }
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_mail_has_says_nothing),
        cmocka_unit_test(a_trait_counts_beyond_the_base),
        cmocka_unit_test(a_situation_counts_where_it_holds),
        cmocka_unit_test(claims_and_proof_have_histories_of_their_own),
        cmocka_unit_test(a_client_of_many_domains_speaks_less),
        cmocka_unit_test(an_origin_backs_off),
        cmocka_unit_test(what_was_known_before_is_told),
        cmocka_unit_test(first_contact_is_taught_where_it_was_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
