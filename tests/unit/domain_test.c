/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include <libpsl.h>
#include "config.h"
#include "domain.h"

#define L63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-123456789"

static void good_names(void **state)
{
    static const char *const cases[][2] = {
        {"example.com", "example.com"},
        {"EXAMPLE.Com.", "example.com"},
        {"localhost", "localhost"},
        {"_dmarc.example.com", "_dmarc.example.com"},
        {"-odd-.example.com", "-odd-.example.com"},
        {"192.0.2.1", "192.0.2.1"},
        {"xn--BCHER-KVA.example", "xn--bcher-kva.example"},
        {"b\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example"},
        {"B\xc3\x9c"
         "CHER.Example.",
         "xn--bcher-kva.example"},
        {"bu\xcc\x88"
         "cher.example",
         "xn--bcher-kva.example"},                    /* decomposed */
        {"fa\xc3\x9f.example", "xn--fa-hia.example"}, /* non-transitional: not "ss" */
        {"\xe4\xbe\x8b\xe3\x80\x82"
         "example",
         "xn--fsq.example"},                       /* ideographic full stop */
        {"\xef\xbd\x85xample.com", "example.com"}, /* full-width e */
        {"_sip.b\xc3\xbc"
         "cher.example",
         "_sip.xn--bcher-kva.example"},
        {L63 ".example", L63 ".example"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[DOMAIN_MAX + 1], again[DOMAIN_MAX + 1];
        if (domain_normalize(span_of(cases[i][0]), name))
            fail_msg("refused: %s", cases[i][0]);
        assert_string_equal(name, cases[i][1]);
        assert_int_equal(domain_normalize(span_of(name), again), 0);
        assert_string_equal(name, again);
    }
}

static void bad_names(void **state)
{
    static const char *const cases[] = {
        "",
        ".",
        "..",
        ".example.com",
        "a..b",
        "example.com..",
        "a b.example",
        "a@b.example",
        "[192.0.2.1]",
        "a/b.example",
        "a\tb",
        "*.example.com",
        L63 "x.example",
        "\xff.example",           /* no UTF-8 */
        "\xe2\x84\x80.example",   /* maps to "a/c" */
        "b\303\274cher..example", /* octal: "\xbcc" would be one number */
        "\xe3\x80\x82",
    };
    char name[DOMAIN_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (domain_normalize(span_of(cases[i]), name) != VOUCH_E_SYNTAX)
            fail_msg("taken: \"%s\"", cases[i]);
    assert_int_equal(domain_normalize(SPAN_NONE, name), VOUCH_E_SYNTAX);
    assert_int_equal(domain_normalize(SPAN_LIT("a\0.example"), name), VOUCH_E_SYNTAX);
    assert_int_equal(domain_normalize(SPAN_LIT("\xc3\xbc\0.example"), name), VOUCH_E_SYNTAX);
}

static void length_limit(void **state)
{
    char text[260], name[DOMAIN_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 ? '.' : 'a';
    assert_int_equal(domain_normalize(span_make(text, 253), name), 0);
    assert_int_equal(domain_normalize(span_make(text, 254), name), 0); /* the final dot */
    assert_int_equal(domain_normalize(span_make(text, 255), name), VOUCH_E_SYNTAX);
}

static void without_a_list(void **state)
{
    (void)state;
    assert_string_equal(domain_org(NULL, "a.b.example.com"), "example.com");
    assert_string_equal(domain_org(NULL, "example.com"), "example.com");
    assert_string_equal(domain_org(NULL, "com"), "com");
    assert_string_equal(domain_org(NULL, ""), "");
    assert_string_equal(domain_org(NULL, "[192.0.2.1]"), "[192.0.2.1]");
    assert_string_equal(domain_org(NULL, "192.0.2.1"), "192.0.2.1");
    assert_true(domain_is_public_suffix(NULL, "com"));
    assert_false(domain_is_public_suffix(NULL, "example.com"));
}

static void with_the_public_suffix_list(void **state)
{
    static const char *const cases[][2] = {
        {"a.b.example.com", "example.com"},
        {"example.com", "example.com"},
        {"com", "com"},
        {"mail.example.co.uk", "example.co.uk"},
        {"co.uk", "co.uk"},
        {"foo.example.ck", "foo.example.ck"},
        {"a.foo.example.ck", "foo.example.ck"}, /* *.ck */
        {"www.ck", "www.ck"},                   /* !www.ck */
        {"a.example.unlisted", "example.unlisted"},
        {"[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"},
        {"192.0.2.1", "192.0.2.1"},
    };
    (void)state;
    psl_ctx_t *psl = psl_load_file(PUBLIC_SUFFIX_LIST);
    if (!psl) {
        print_message("# no public suffix list at %s\n", PUBLIC_SUFFIX_LIST);
        skip();
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *org = domain_org(psl, cases[i][0]);
        assert_string_equal(org, cases[i][1]);
        assert_ptr_equal(org, cases[i][0] + strlen(cases[i][0]) - strlen(org));
    }
    assert_true(domain_is_public_suffix(psl, "co.uk"));
    assert_false(domain_is_public_suffix(psl, "example.co.uk"));
    psl_free(psl);
}

static void below(void **state)
{
    (void)state;
    assert_true(domain_is_below("example.com", "example.com"));
    assert_true(domain_is_below("a.example.com", "example.com"));
    assert_false(domain_is_below("badexample.com", "example.com"));
    assert_false(domain_is_below("com", "example.com"));
    assert_false(domain_is_below("example.com", ""));
    assert_false(domain_is_below("", "example.com"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_names),
        cmocka_unit_test(bad_names),
        cmocka_unit_test(length_limit),
        cmocka_unit_test(without_a_list),
        cmocka_unit_test(with_the_public_suffix_list),
        cmocka_unit_test(below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
