/* SPDX-License-Identifier: BSD-2-Clause */
/* RFC 7208 s7: what is a macro string, what is a domain-spec, and what each macro expands to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "spf_macro.h"

static void macro_strings(void **state)
{
    static const struct {
        const char *text;
        bool record, explanation;
    } cases[] = {
        {"", true, true},
        {"example.com", true, true},
        {"a b", false, true},
        {"%{s}%{l}%{o}%{d}%{i}%{p}%{v}%{h}", true, true},
        {"%{S}%{L}%{O}%{D}%{I}%{P}%{V}%{H}", true, true},
        {"%{c}", false, true},
        {"%{r}", false, true},
        {"%{t}", false, true},
        {"%{C}%{R}%{T}", false, true},
        {"%%%_%-", true, true},
        {"%{d1}%{d12}%{d128}%{d999999999999}", true, true},
        {"%{d0}", false, false}, /* s7.1: DIGIT must not be zero */
        {"%{d00}", false, false},
        {"%{d01}", true, true},
        {"%{dr}%{dR}%{d2r}", true, true},
        {"%{l.-+,/_=}", true, true},
        {"%{d2r-+}", true, true},
        {"%{drr}", false, false},
        {"%{d-r}", false, false},
        {"%{d-2}", false, false},
        {"%{d|}", false, false}, /* libspf2's own delimiter */
        {"%", false, false},
        {"%{", false, false},
        {"%{}", false, false},
        {"%{d", false, false},
        {"%{d ", false, false},
        {"%{x}", false, false},
        {"%{dd}", false, false},
        {"%x", false, false},
        {"%(d)", false, false},
        {"}", true, true}, /* a literal as good as any */
        {"\t", false, false},
        {"\x7f", false, false},
        {"caf\xc3\xa9", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span s = span_of(cases[i].text);
        print_message("# \"%s\"\n", cases[i].text);
        assert_int_equal(spf_macro_valid(s, SPF_MACRO_RECORD), cases[i].record);
        assert_int_equal(spf_macro_valid(s, SPF_MACRO_EXPLANATION), cases[i].explanation);
    }
    assert_false(spf_macro_valid(SPAN_LIT("a\0b"), SPF_MACRO_EXPLANATION));
}

static void domain_specs(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"example.com", true},
        {"example.com.", true},
        {"_spf.example.com", true},
        {"a%b.example.com", false},
        {"%{d}", true},
        {"%{d}.com", true},
        {"%{d}com", false},
        {"%{d}.", false},
        {"x%%", true}, /* a macro-expand may end it */
        {"%{d}.example.com..", false},
        {"", false},
        {"museum", false},
        {"museum.", false},
        {".museum", true},
        {"example.123", false},
        {"example.1a", true},
        {"example.a1", true},
        {"example.x-y", true},
        {"example.1-1", true},
        {"example.-a", false},
        {"example.a-", false},
        {"example.c_m", false},
        {"example.com/24", false},
        {"foo/24.example.com", true},
        {"foo:8080", false},
        {"foo:8080.example.com", true},
        {"exam ple.com", false},
        {"example..com", true}, /* grammatical; DNS has no such name */
        {"%{c}.example.com", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("# \"%s\"\n", cases[i].text);
        assert_int_equal(spf_macro_is_domain_spec(span_of(cases[i].text)), cases[i].good);
    }
}

/* The examples of s7.4, and what they leave open. */
static void expansions(void **state)
{
    static const struct {
        const char *text, *expanded;
    } cases[] = {
        {"%{s}", "strong-bad@email.example.com"},
        {"%{o}", "email.example.com"},
        {"%{d}", "email.example.com"},
        {"%{d4}", "email.example.com"},
        {"%{d3}", "email.example.com"},
        {"%{d2}", "example.com"},
        {"%{d1}", "com"},
        {"%{dr}", "com.example.email"},
        {"%{d2r}", "example.email"},
        {"%{l}", "strong-bad"},
        {"%{l-}", "strong.bad"},
        {"%{lr}", "strong-bad"},
        {"%{lr-}", "bad.strong"},
        {"%{l1r-}", "strong"},
        {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
        {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
        {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
        {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
        {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
        {"%{d999999999999}", "email.example.com"},
        {"%{d2R}", "example.email"},
        {"%{S}", "strong-bad%40email.example.com"},
        {"%{s1}", "com"},
        {"%{s.-+,/_=}", "strong.bad@email.example.com"},
        {"%{H}", "mx%2F1%2C2%3D3~4%285%29%2A%C3%A9"}, /* RFC 3986 s2.3: unreserved stays */
        {"%{h/,=}", "mx.1.2.3~4(5)*\xc3\xa9"},
        {"%{h2r/,=}", "1.mx"},
        {"%{H2/}", "mx.1%2C2%3D3~4%285%29%2A%C3%A9"},
        {"%%%_%-", "% %20"},
        {"%{c} %{i} %{p} %{r} %{t}",
         "192.0.2.3 192.0.2.3 mx.example.org mail.example.net 1700000000"},
        {"", ""},
    };
    struct spf_macro_values v = {
        .sender = "strong-bad@email.example.com",
        .local = "strong-bad",
        .sender_domain = "email.example.com",
        .domain = "email.example.com",
        .client = "mx.example.org",
        .helo = "mx/1,2=3~4(5)*\xc3\xa9",
        .receiver = "mail.example.net",
        .now = 1700000000,
    };
    char text[200];
    (void)state;
    assert_int_equal(ipaddr_parse(SPAN_LIT("192.0.2.3"), &v.ip), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("# \"%s\"\n", cases[i].text);
        size_t n = spf_macro_expand(span_of(cases[i].text), &v, text, sizeof text);
        assert_string_equal(text, cases[i].expanded);
        assert_int_equal(n, strlen(text));
    }
}

static void expansions_of_ipv6(void **state)
{
    struct spf_macro_values v = {.sender = NULL};
    char text[200];
    (void)state;
    assert_int_equal(ipaddr_parse(SPAN_LIT("2001:db8::cb01"), &v.ip), 0);
    spf_macro_expand(SPAN_LIT("%{ir}.%{v}"), &v, text, sizeof text);
    assert_string_equal(text,
                        "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6");
    spf_macro_expand(SPAN_LIT("%{i2} %{c} %{C} %{p} %{s} %{r}"), &v, text, sizeof text);
    assert_string_equal(text, "0.1 2001:db8::cb01 2001%3Adb8%3A%3Acb01 unknown unknown unknown");
}

static void parts_at_the_edges(void **state)
{
    static const struct {
        const char *text, *local, *expanded;
    } cases[] = {
        {"%{l}", "", ""},        {"%{lr}", "", ""},          {"%{l1r}", "", ""},
        {"%{l-}", "-", "."},     {"%{lr-}", "-", "."},       {"%{l1-}", "-", ""},
        {"%{lr}", ".a", "a."},   {"%{lr}", "a.", ".a"},      {"%{l1}", "a.", ""},
        {"%{l2}", "a.b.", "b."}, {"%{l2r}", "a.b.c", "b.a"}, {"%{lr}", "a..b", "b..a"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spf_macro_values v = {.local = cases[i].local};
        char text[20];
        print_message("# %s of \"%s\"\n", cases[i].text, cases[i].local);
        spf_macro_expand(span_of(cases[i].text), &v, text, sizeof text);
        assert_string_equal(text, cases[i].expanded);
    }
}

static void more_than_fits(void **state)
{
    struct spf_macro_values v = {.local = "0123456789"};
    (void)state;
    for (size_t size = 1; size < 24; size++) {
        char *text = malloc(size); /* so that a sanitizer sees what is written behind it */
        assert_non_null(text);
        size_t n = spf_macro_expand(SPAN_LIT("a%{l}b%{L}"), &v, text, size);
        assert_int_equal(n, size > 22 ? 22 : size);
        assert_true(strlen(text) < size);
        assert_memory_equal(text, "a0123456789b0123456789", strlen(text));
        free(text);
    }
}

static void letters_are_found(void **state)
{
    (void)state;
    assert_true(spf_macro_uses(SPAN_LIT("x%{d}%{p}"), 'p'));
    assert_true(spf_macro_uses(SPAN_LIT("%{P2r}"), 'p'));
    assert_false(spf_macro_uses(SPAN_LIT("p%%{p}"), 'p'));
    assert_false(spf_macro_uses(SPAN_LIT(""), 'p'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macro_strings),      cmocka_unit_test(domain_specs),
        cmocka_unit_test(expansions),         cmocka_unit_test(expansions_of_ipv6),
        cmocka_unit_test(parts_at_the_edges), cmocka_unit_test(more_than_fits),
        cmocka_unit_test(letters_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
