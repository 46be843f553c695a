/* SPDX-License-Identifier: BSD-2-Clause */
#include "lookalike.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "domain.h"

static const char well_known[] = "words: login secure mail support\n"
                                 "PayPal: paypal.com paypal.*\n"
                                 "=Chase, Chase Bank: chase.com\n";

static const struct guarded *guard(struct arena *arena, const char *domain)
{
    const struct guarded_source source = {
        .local = &domain, .local_count = 1, .well_known = span_of(well_known)};
    const struct guarded *g;
    int line;
    assert_int_equal(guarded_new(arena, &source, &g, &line), 0);
    return g;
}

static void domains(void **state)
{
    (void)state;
    static const struct {
        const char *ours, *author;
        enum lookalike kind;
    } table[] = {
        {"example.org", "other.net", LOOKALIKE_NOT},
        {"example.org", "examp1e.org", LOOKALIKE_GLYPHS},
        {"example.org", "exarnple.org", LOOKALIKE_GLYPHS},
        {"example.org", "exarnple.net", LOOKALIKE_GLYPHS},
        {"example.org", "xn--xample-2of.org", LOOKALIKE_GLYPHS},
        {"example.org", "xn--exmple-4nf.org", LOOKALIKE_GLYPHS},
        {".example.org", "exmaple.org", LOOKALIKE_SPELLING},
        {"example.org", "exampl.org", LOOKALIKE_SPELLING},
        {"example.org", "examples.org", LOOKALIKE_SPELLING},
        {"example.org", "exampless.org", LOOKALIKE_NOT},
        {"mydomain.org", "mydoma.org", LOOKALIKE_NOT},
        {"example.org", "example.org.evil.net", LOOKALIKE_INSIDE},
        {"example.org", "mail.example.org.evil.net", LOOKALIKE_INSIDE},
        {"example.org", "notexample.org.evil.net", LOOKALIKE_NOT},
        {"example.org", "example-org.net", LOOKALIKE_INSIDE},
        {"example.org", "exampleorg.net", LOOKALIKE_INSIDE},
        {"example.org", "login-example.org", LOOKALIKE_WORDS},
        {"example.org", "example-invoices.net", LOOKALIKE_WORDS},
        {"example.org", "securexample.org", LOOKALIKE_NOT},
        {"example.org", "secureexample.org", LOOKALIKE_WORDS},
        {"example.org", "examplemail.org", LOOKALIKE_WORDS},
        {"example.org", "exampleville.org", LOOKALIKE_NOT},
        {"example.org", "example.net", LOOKALIKE_NOT}, /* seven letters: several owners */
        {"our-company.org", "our-company.net", LOOKALIKE_SUFFIX},
        {"mail.example.org", "examp1e.org", LOOKALIKE_GLYPHS},
        {"mail.example.org", "mail.ru", LOOKALIKE_NOT},
        {"mail.example.org", "mai1.net", LOOKALIKE_NOT},
        {"abc.org", "abd.org", LOOKALIKE_NOT},
        {"abc.org", "abc-net.com", LOOKALIKE_NOT},
        {"abcde.org", "abcdf.org", LOOKALIKE_NOT},
        {"localhost", "localhast.org", LOOKALIKE_NOT},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena *arena = arena_new(1 << 20);
        const struct guarded *g = guard(arena, table[i].ours);
        enum lookalike kind = lookalike_of(g, table[i].author, domain_org(NULL, table[i].author),
                                           &g->domains[0], NULL);
        if (kind != table[i].kind)
            fail_msg("%s %s %s, expected %s", table[i].author, lookalike_phrase(kind),
                     table[i].ours, lookalike_phrase(table[i].kind));
        arena_free(&arena);
    }
}

static void well_known_names_in_domains(void **state)
{
    (void)state;
    static const struct {
        const char *author, *name;
    } table[] = {
        {"paypal.xyz", "PayPal"},
        {"paypa1.com", "PayPal"},
        {"secure-paypal.net", "PayPal"},
        {"paypal-chase.net", "PayPal"},
        {"paypal.com.evil.net", "PayPal"},
        {"paypal.zendesk.com", NULL},
        {"papal.org", NULL},
        {"chase.org", NULL},
        {"chase-bank.net", "Chase Bank"},
        {"example.org", NULL},
        {"[192.0.2.1]", NULL},
    };
    struct arena *arena = arena_new(1 << 20);
    const struct guarded *g = guard(arena, "example.org");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        enum lookalike kind;
        const struct guarded_name *name =
            lookalike_known(g, table[i].author, domain_org(NULL, table[i].author), &kind);
        if (strcmp(name ? name->shown : "", table[i].name ? table[i].name : "") != 0)
            fail_msg("%s: %s", table[i].author, name ? name->shown : "nobody");
    }
    arena_free(&arena);
}

static void distances(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        unsigned max, distance;
    } table[] = {
        {"", "", 2, 0},          {"abc", "abc", 2, 0},   {"abc", "acb", 2, 1},
        {"abc", "ab", 2, 1},     {"abc", "xabc", 2, 1},  {"abc", "axc", 2, 1},
        {"abcd", "badc", 2, 2},  {"abcd", "dcba", 2, 3}, {"abc", "", 2, 3},
        {"abcdef", "abc", 2, 3}, {"ab", "ba", 0, 1},
    };
    char longer[LOOKALIKE_LABEL + 1];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(lookalike_distance(span_of(table[i].a), span_of(table[i].b), table[i].max),
                         table[i].distance);
    memset(longer, 'a', sizeof longer);
    struct span label = span_make(longer, LOOKALIKE_LABEL);
    assert_int_equal(lookalike_distance(label, label, 1), 0);
    label.len++;
    assert_int_equal(lookalike_distance(label, label, 1), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains),
        cmocka_unit_test(well_known_names_in_domains),
        cmocka_unit_test(distances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
