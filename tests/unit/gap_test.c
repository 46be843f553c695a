/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "trust_fixture.h"

#define TRUSTED 0.9

static const char *gap(struct fixture *f)
{
    fixture_trust(f);
    return trust_explain_gap(f->arena, &f->r, TRUSTED);
}

static void nothing_is_missing_where_it_is_trusted(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 50, 0);
    assert_null(gap(&f));
    f.r.basis = NULL; /* a result that was not summed here */
    f.r.trust = 0;
    assert_null(trust_explain_gap(f.arena, &f.r, TRUSTED));
    fixture_clear(&f);
}

static void proof_is_what_a_known_author_lacks(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_unpublished(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 50, 0);
    assert_string_equal(gap(&f), "SPF or DKIM had proven news.example.org");
    f.m.author_count = 2; /* two are nobody, whatever is known: no proof would help */
    const char *phrase = gap(&f);
    assert_true(!phrase || !strstr(phrase, "proven"));
    fixture_clear(&f);
}

static void the_contradiction_that_was_too_much_is_named(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 5, 0);
    fixture_know(&f, ID_NETWORK, 0, 1000);
    f.ev.iprev.result = AUTH_FAIL;
    assert_string_equal(gap(&f), "192.0.2.0/24 had no bad history");
    fixture_clear(&f);

    fixture_init(&f);
    fixture_prove(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 5, 0);
    f.m.env.helo = "[203.0.113.1]";
    assert_string_equal(gap(&f), "the client had given its own name in HELO");
    fixture_clear(&f);
}

/* The number that is said is the smallest that is enough. */
static void more_good_messages_are_counted_exactly(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    const char *phrase = gap(&f);
    assert_non_null(phrase);
    long more = strtol(phrase, NULL, 10);
    assert_true(more >= 1 && more <= 5);
    assert_non_null(strstr(phrase, " more good message"));
    assert_non_null(strstr(phrase, " like it had come before"));
    fixture_teach(&f, (double)more - 1, 0);
    assert_true(fixture_trust(&f) < TRUSTED);
    assert_string_equal(gap(&f), "1 more good message like it had come before");
    fixture_teach(&f, 1, 0);
    assert_true(fixture_trust(&f) >= TRUSTED);
    fixture_clear(&f);
}

static void nothing_single_helps_where_much_is_wrong(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 50, 0);
    fixture_know(&f, ID_NETWORK, 0, 1000);
    fixture_know(&f, ID_HOP, 0, 1000);
    f.m.from_count = 2;
    assert_null(gap(&f));
    fixture_clear(&f);
}

static void asking_changes_nothing(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    fixture_teach(&f, 2, 1);
    fixture_trust(&f);
    double trust = f.r.trust;
    struct trust_item first = f.r.items[0];
    const char *once = trust_explain_gap(f.arena, &f.r, TRUSTED);
    assert_string_equal(once, trust_explain_gap(f.arena, &f.r, TRUSTED));
    assert_memory_equal(&first, &f.r.items[0], sizeof first);
    assert_true(fixture_trust(&f) == trust);
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_missing_where_it_is_trusted),
        cmocka_unit_test(proof_is_what_a_known_author_lacks),
        cmocka_unit_test(the_contradiction_that_was_too_much_is_named),
        cmocka_unit_test(more_good_messages_are_counted_exactly),
        cmocka_unit_test(nothing_single_helps_where_much_is_wrong),
        cmocka_unit_test(asking_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
