/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "dmarc_lookup.h"
#include "fake_dns.h"

/* NULL text: the look-up fails. */
static const struct {
    const char *name, *text;
} zone[] = {
    {"_dmarc.example.com", "v=DMARC1; p=reject; sp=quarantine"},
    {"_dmarc.example.com", "unrelated"},
    {"_dmarc.own.example.com", "v=DMARC1; p=none"},
    {"_dmarc.other.example.com", "v=spf1 -all"},
    {"_dmarc.two.example.com", "v=DMARC1; p=none"},
    {"_dmarc.two.example.com", "v=DMARC1; p=reject"},
    {"_dmarc.twobad.example.com", "v=DMARC1; p=none"},
    {"_dmarc.twobad.example.com", "v=DMARC1"},
    {"_dmarc.bad.example.com", "v=DMARC1; p=whatever"},
    {"_dmarc.fails.example.com", NULL},
    {"_dmarc.example.net", NULL},
    {"_dmarc.example.org", "v=DMARC1; p=bogus; rua=mailto:d@example.org"},
    {"_dmarc.com", "v=DMARC1; p=reject"},
};

static void answer(void *arg, const char *name, enum dns_type type, struct fake_reply *reply)
{
    (void)arg;
    assert_int_equal(type, DNS_TXT);
    for (size_t i = 0; i < sizeof zone / sizeof *zone; i++)
        if (strcmp(zone[i].name, name) == 0) {
            if (zone[i].text)
                fake_txt(reply, zone[i].text, strlen(zone[i].text));
            else
                fake_status(reply, DNS_FAILED);
        }
}

static const struct {
    const char *author;
    enum auth_result fails,
        passes; /* results when nothing passed, and when SPF passed for the author */
    const char *record_domain;
    enum dmarc_policy policy;
    unsigned questions;
} cases[] = {
    {"example.com", AUTH_FAIL, AUTH_PASS, "example.com", DMARC_REJECT, 1},
    {"sub.example.com", AUTH_FAIL, AUTH_PASS, "example.com", DMARC_QUARANTINE, 2},
    {"a.b.c.example.com", AUTH_FAIL, AUTH_PASS, "example.com", DMARC_QUARANTINE, 2},
    {"own.example.com", AUTH_FAIL, AUTH_PASS, "own.example.com", DMARC_NONE, 2},
    {"other.example.com", AUTH_FAIL, AUTH_PASS, "example.com", DMARC_QUARANTINE, 2},
    {"two.example.com", AUTH_NONE, AUTH_NONE, NULL, DMARC_NO_POLICY, 2},
    {"twobad.example.com", AUTH_NONE, AUTH_NONE, NULL, DMARC_NO_POLICY, 2},
    {"bad.example.com", AUTH_PERMERROR, AUTH_PERMERROR, "bad.example.com", DMARC_NO_POLICY, 2},
    {"fails.example.com", AUTH_TEMPERROR, AUTH_TEMPERROR, NULL, DMARC_NO_POLICY, 2},
    {"a.example.net", AUTH_TEMPERROR, AUTH_TEMPERROR, NULL, DMARC_NO_POLICY, 2},
    {"example.org", AUTH_FAIL, AUTH_PASS, "example.org", DMARC_NONE, 1},
    {"nobody.example", AUTH_NONE, AUTH_NONE, NULL, DMARC_NO_POLICY, 1},
    {"com", AUTH_FAIL, AUTH_PASS, "com", DMARC_REJECT, 1},
    {"", AUTH_NONE, AUTH_NONE, NULL, DMARC_NO_POLICY, 0},
    {"[192.0.2.1]", AUTH_NONE, AUTH_NONE, NULL, DMARC_NO_POLICY, 0},
};

static void discovery(void **state)
{
    (void)state;
    struct arena *arena = arena_new(100000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int pass = 0; pass < 2; pass++) {
            const char *author = cases[i].author;
            struct dns_batch *b = fake_dns_new(answer, NULL, true);
            struct evidence ev = {
                .spf = {.result = pass ? AUTH_PASS : AUTH_FAIL, .domain = author}};
            struct dmarc_result got;
            dmarc_lookup_start(b, NULL, author);
            assert_int_equal(fake_dns_asked(b), cases[i].questions);
            assert_int_equal(fake_dns_waits(b), 0);
            fake_dns_arrive(b);
            assert_int_equal(dmarc_check(arena, b, NULL, author, 0, &ev, &got), 0);
            /* all that was needed had been asked at the start */
            assert_int_equal(fake_dns_asked(b), cases[i].questions);
            if (got.result != (pass ? cases[i].passes : cases[i].fails) ||
                got.policy != cases[i].policy)
                fail_msg("%s: %s, policy %d", author, auth_result_name(got.result), got.policy);
            if (cases[i].record_domain)
                assert_string_equal(got.record_domain, cases[i].record_domain);
            else
                assert_null(got.record_domain);
            assert_int_equal(got.spf_aligned, pass);
            if (got.result == AUTH_TEMPERROR || got.result == AUTH_PERMERROR)
                assert_non_null(got.reason);
            dns_batch_free(&b);
        }
    arena_free(&arena);
}

/* A name with "_dmarc." before it can be too long for DNS: then there is no record there. */
static void long_names(void **state)
{
    (void)state;
    char author[254];
    struct arena *arena = arena_new(100000);
    struct evidence ev = {0};
    struct dmarc_result got;
    for (size_t n = 235; n <= 253; n++) {
        memset(author, 'a', n);
        for (size_t i = 60; i < n - 12; i += 60)
            author[i] = '.';
        memcpy(author + n - 12, ".example.com", 13);
        struct dns_batch *b = fake_dns_new(answer, NULL, false);
        assert_int_equal(dmarc_check(arena, b, NULL, author, 0, &ev, &got), 0);
        assert_string_equal(got.record_domain, "example.com");
        dns_batch_free(&b);
    }
    arena_free(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(discovery),
        cmocka_unit_test(long_names),
    };
    return cmocka_run_group_tests_name("dmarc_lookup", tests, NULL, NULL);
}
