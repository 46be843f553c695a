/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <libpsl.h>
#include "arena.h"
#include "config.h"
#include "dmarc.h"
#include "errors.h"

static void words(void **state)
{
    (void)state;
    static const char *const words[] = {"none",    "pass",   "fail",      "softfail",
                                        "neutral", "policy", "temperror", "permerror"};
    for (int i = AUTH_NONE; i < AUTH_RESULT_COUNT; i++)
        assert_string_equal(auth_result_name((enum auth_result)i), words[i - AUTH_NONE]);
    assert_null(auth_result_name(AUTH_UNKNOWN));
    assert_null(auth_result_name(AUTH_RESULT_COUNT));
    assert_null(dmarc_policy_name(DMARC_NO_POLICY));
    assert_string_equal(dmarc_policy_name(DMARC_REJECT), "reject");
}

#define NO  DMARC_NO_POLICY
#define N   DMARC_NONE
#define Q   DMARC_QUARANTINE
#define R   DMARC_REJECT
#define BAD VOUCH_E_SYNTAX

static const struct {
    const char *name, *text;
    int rc;
    struct dmarc_record want;
} records[] = {
    {"shortest", "v=DMARC1;p=none", 1, {N, NO, false, false, 100, false}},
    {"usual",
     "v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@example.com; pct=50; adkim=s; aspf=s",
     1,
     {R, Q, true, true, 50, true}},
    {"final semicolon", "v=DMARC1; p=none;", 1, {N, NO, false, false, 100, false}},
    {"blanks of s6.4", "v = DMARC1 ;\tp\t=\tquarantine ; ", 1, {Q, NO, false, false, 100, false}},
    {"names and words without case",
     "V=DMARC1; P=Reject; ADKIM=S; Pct=7",
     1,
     {R, NO, true, false, 7, false}},
    {"p= later", "v=DMARC1; sp=none; p=reject", 1, {R, N, false, false, 100, false}},
    {"unknown tags", "v=DMARC1; p=none; np=reject; x", 1, {N, NO, false, false, 100, false}},
    {"empty parts", "v=DMARC1;;p=none;;", 1, {N, NO, false, false, 100, false}},
    {"relaxed said", "v=DMARC1; p=none; adkim=r; aspf=r", 1, {N, NO, false, false, 100, false}},
    {"alignment misspelt", "v=DMARC1; p=none; adkim=strict", 1, {N, NO, false, false, 100, false}},
    {"pct 0", "v=DMARC1; p=reject; pct=0", 1, {R, NO, false, false, 0, false}},
    {"pct over 100", "v=DMARC1; p=reject; pct=101", 1, {R, NO, false, false, 100, false}},
    {"pct no number", "v=DMARC1; p=reject; pct=50%", 1, {R, NO, false, false, 100, false}},
    {"pct negative", "v=DMARC1; p=reject; pct=-1", 1, {R, NO, false, false, 100, false}},
    {"pct four digits", "v=DMARC1; p=reject; pct=0050", 1, {R, NO, false, false, 100, false}},
    {"pct twice", "v=DMARC1; p=reject; pct=5; pct=100", 1, {R, NO, false, false, 5, false}},
    {"rua with size", "v=DMARC1; p=none; rua=mailto:a@example.com!10m", 1, {N, NO, 0, 0, 100, 1}},
    {"rua list", "v=DMARC1; p=none; rua=x, mailto:a@example.com", 1, {N, NO, 0, 0, 100, 1}},
    {"rua https", "v=DMARC1; p=none; rua=https://example.com/d", 1, {N, NO, 0, 0, 100, 1}},
    {"rua not a URI", "v=DMARC1; p=none; rua=a@example.com", 1, {N, NO, 0, 0, 100, 0}},
    {"rua mailto alone", "v=DMARC1; p=none; rua=mailto:", 1, {N, NO, 0, 0, 100, 0}},
    {"rua mailto no domain", "v=DMARC1; p=none; rua=mailto:a@", 1, {N, NO, 0, 0, 100, 0}},
    {"rua blank within", "v=DMARC1; p=none; rua=mailto:a b@example.com", 1, {N, NO, 0, 0, 100, 0}},

    /* s6.6.3 step 6 */
    {"unknown p with rua", "v=DMARC1; p=bogus; rua=mailto:a@example.com", 1, {N, NO, 0, 0, 100, 1}},
    {"unknown p, rua bad", "v=DMARC1; p=bogus; rua=example.com", BAD, {0}},
    {"unknown p", "v=DMARC1; p=bogus", BAD, {0}},
    {"empty p", "v=DMARC1; p=", BAD, {0}},
    {"no p", "v=DMARC1", BAD, {0}},
    {"no p, semicolon", "v=DMARC1;", BAD, {0}},
    {"no p with rua", "v=DMARC1; rua=mailto:a@example.com", 1, {N, NO, 0, 0, 100, 1}},
    {"bad sp with rua",
     "v=DMARC1; p=reject; sp=x; rua=mailto:a@example.com",
     1,
     {N, NO, 0, 0, 100, 1}},
    {"bad sp", "v=DMARC1; p=reject; sp=x", BAD, {0}},
    {"p twice", "v=DMARC1; p=none; p=reject", BAD, {0}},
    {"p with text after it", "v=DMARC1; p=none please", BAD, {0}},

    /* s6.3: v= must be first and exact; else the record is not looked at */
    {"empty", "", 0, {0}},
    {"other text", "hello", 0, {0}},
    {"spf", "v=spf1 -all", 0, {0}},
    {"version case", "v=dmarc1; p=none", 0, {0}},
    {"version 2", "v=DMARC2; p=none", 0, {0}},
    {"version longer", "v=DMARC1x; p=none", 0, {0}},
    {"no semicolon", "v=DMARC1 p=none", 0, {0}},
    {"comma", "v=DMARC1, p=none", 0, {0}},
    {"v not first", "p=none; v=DMARC1", 0, {0}},
    {"leading semicolon", ";v=DMARC1; p=none", 0, {0}},
    {"leading blank", " v=DMARC1; p=none", 0, {0}},
    {"quoted", "\"v=DMARC1; p=none\"", 0, {0}},
    {"no name", "=DMARC1; p=none", 0, {0}},
};

static void record_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        struct dmarc_record got = {0};
        const struct dmarc_record *want = &records[i].want;
        int rc = dmarc_record_parse(span_of(records[i].text), &got);
        if (rc != records[i].rc || got.p != want->p || got.sp != want->sp ||
            got.adkim_strict != want->adkim_strict || got.aspf_strict != want->aspf_strict ||
            got.pct != want->pct || got.has_rua != want->has_rua)
            fail_msg("%s: rc %d p %d sp %d adkim %d aspf %d pct %u rua %d", records[i].name, rc,
                     got.p, got.sp, got.adkim_strict, got.aspf_strict, got.pct, got.has_rua);
    }
    struct dmarc_record r;
    assert_int_equal(dmarc_record_parse(SPAN_NONE, &r), 0);
    assert_int_equal(dmarc_record_parse(SPAN_LIT("v=DMARC1; p=none\0"), &r), BAD);
    assert_int_equal(dmarc_record_parse(SPAN_LIT("v=DMARC1\0; p=none"), &r), 0);
}

/* A list of our own, so that the cases do not change with Debian's. */
static psl_ctx_t *suffixes(void)
{
    static const char list[] = "com\norg\nuk\nco.uk\njp\n*.kobe.jp\n!city.kobe.jp\n*.ck\n!www.ck\n"
                               "github.io\nio\n";
    FILE *f = tmpfile();
    assert_non_null(f);
    fputs(list, f);
    rewind(f);
    psl_ctx_t *psl = psl_load_fp(f);
    fclose(f);
    assert_non_null(psl);
    return psl;
}

static const struct {
    const char *author, *domain;
    bool relaxed, strict;
} alignments[] = {
    {"example.com", "example.com", true, true},
    {"example.com", "mail.example.com", true, false},
    {"mail.example.com", "example.com", true, false},
    {"a.example.com", "b.example.com", true, false},
    {"example.com", "example.org", false, false},
    {"example.com", "badexample.com", false, false},
    {"example.com", "com", false, false},
    {"example.co.uk", "other.co.uk", false, false},
    {"a.example.co.uk", "b.example.co.uk", true, false},
    {"co.uk", "evil.co.uk", false, false},
    {"evil.co.uk", "co.uk", false, false},
    {"co.uk", "co.uk", true, true},
    {"com", "com", true, true},
    {"uk", "co.uk", false, false},
    {"alice.github.io", "mallory.github.io", false, false},
    {"www.alice.github.io", "alice.github.io", true, false},
    /* wildcard rules of the list and their exceptions */
    {"good.foo.ck", "evil.foo.ck", false, false},
    {"x.good.foo.ck", "good.foo.ck", true, false},
    {"foo.ck", "evil.foo.ck", false, false},
    {"a.www.ck", "b.www.ck", true, false},
    {"b.c.kobe.jp", "x.c.kobe.jp", false, false},
    {"a.b.c.kobe.jp", "x.b.c.kobe.jp", true, false},
    {"a.city.kobe.jp", "city.kobe.jp", true, false},
    {"b.c.kobe.jp", "city.kobe.jp", false, false},
    /* a top level the list does not know is a public suffix (its rule "*") */
    {"a.example.internal", "b.example.internal", true, false},
    {"a.internal", "b.internal", false, false},
    {"localhost", "localhost", true, true},
    {"localhost", "a.localhost", false, false},
    {"192.0.2.1", "198.51.2.1", false, false},
};

static void alignment(void **state)
{
    (void)state;
    psl_ctx_t *psl = suffixes();
    for (size_t i = 0; i < sizeof alignments / sizeof *alignments; i++) {
        const char *a = alignments[i].author, *d = alignments[i].domain;
        if (dmarc_aligned(psl, a, d, false) != alignments[i].relaxed)
            fail_msg("relaxed: %s with %s", a, d);
        if (dmarc_aligned(psl, a, d, true) != alignments[i].strict)
            fail_msg("strict: %s with %s", a, d);
    }
    psl_free(psl);
}

enum { NOWHERE, AT_AUTHOR, AT_ORG };

static const struct {
    const char *name, *author, *record;
    int where;
    unsigned roll;
    enum auth_result spf;
    const char *spf_domain;
    enum auth_result dkim;
    const char *dkim_domain;
    enum auth_result want;
    enum dmarc_policy policy, published;
} evaluations[] = {
    {"no record", "example.com", NULL, NOWHERE, 0, AUTH_PASS, "example.com", AUTH_PASS,
     "example.com", AUTH_NONE, NO, NO},
    {"both pass", "example.com", "v=DMARC1;p=reject", AT_AUTHOR, 0, AUTH_PASS, "example.com",
     AUTH_PASS, "example.com", AUTH_PASS, R, R},
    {"spf alone, relaxed", "example.com", "v=DMARC1;p=reject", AT_AUTHOR, 0, AUTH_PASS,
     "m.example.com", AUTH_NONE, NULL, AUTH_PASS, R, R},
    {"spf alone, strict", "example.com", "v=DMARC1;p=reject;aspf=s", AT_AUTHOR, 0, AUTH_PASS,
     "m.example.com", AUTH_NONE, NULL, AUTH_FAIL, R, R},
    {"dkim strict for a subdomain", "example.com", "v=DMARC1;p=reject;adkim=s", AT_AUTHOR, 0,
     AUTH_FAIL, "example.com", AUTH_PASS, "sub.example.com", AUTH_FAIL, R, R},
    {"dkim strict, equal", "example.com", "v=DMARC1;p=reject;adkim=s", AT_AUTHOR, 0, AUTH_FAIL,
     "example.com", AUTH_PASS, "example.com", AUTH_PASS, R, R},
    {"pass of somebody else", "example.com", "v=DMARC1;p=quarantine", AT_AUTHOR, 0, AUTH_PASS,
     "example.org", AUTH_PASS, "example.net", AUTH_FAIL, Q, Q},
    {"softfail and policy are no pass", "example.com", "v=DMARC1;p=none", AT_AUTHOR, 0,
     AUTH_SOFTFAIL, "example.com", AUTH_POLICY, "example.com", AUTH_FAIL, N, N},
    {"nothing was evaluated", "example.com", "v=DMARC1;p=none", AT_AUTHOR, 0, AUTH_UNKNOWN, NULL,
     AUTH_UNKNOWN, NULL, AUTH_FAIL, N, N},
    {"sp for a subdomain", "a.example.com", "v=DMARC1;p=reject;sp=none", AT_ORG, 0, AUTH_FAIL, NULL,
     AUTH_NONE, NULL, AUTH_FAIL, N, N},
    {"p for a subdomain without sp", "a.example.com", "v=DMARC1;p=reject", AT_ORG, 0, AUTH_FAIL,
     NULL, AUTH_NONE, NULL, AUTH_FAIL, R, R},
    {"sp is not for the domain itself", "example.com", "v=DMARC1;p=reject;sp=none", AT_ORG, 0,
     AUTH_FAIL, NULL, AUTH_NONE, NULL, AUTH_FAIL, R, R},
    {"sp is not for a record of its own", "a.example.com", "v=DMARC1;p=reject;sp=none", AT_AUTHOR,
     0, AUTH_FAIL, NULL, AUTH_NONE, NULL, AUTH_FAIL, R, R},
    {"sampled", "example.com", "v=DMARC1;p=reject;pct=50", AT_AUTHOR, 49, AUTH_FAIL, NULL,
     AUTH_NONE, NULL, AUTH_FAIL, R, R},
    {"not sampled: reject is quarantine", "example.com", "v=DMARC1;p=reject;pct=50", AT_AUTHOR, 50,
     AUTH_FAIL, NULL, AUTH_NONE, NULL, AUTH_FAIL, Q, R},
    {"not sampled: quarantine is none", "example.com", "v=DMARC1;p=quarantine;pct=0", AT_AUTHOR, 0,
     AUTH_FAIL, NULL, AUTH_NONE, NULL, AUTH_FAIL, N, Q},
    {"pct=100 takes all", "example.com", "v=DMARC1;p=reject;pct=100", AT_AUTHOR, 99, AUTH_FAIL,
     NULL, AUTH_NONE, NULL, AUTH_FAIL, R, R},
    {"aligned dkim temperror", "example.com", "v=DMARC1;p=reject", AT_AUTHOR, 0, AUTH_FAIL,
     "example.com", AUTH_TEMPERROR, "example.com", AUTH_TEMPERROR, R, R},
    {"aligned spf temperror", "example.com", "v=DMARC1;p=reject", AT_AUTHOR, 0, AUTH_TEMPERROR,
     "m.example.com", AUTH_NONE, NULL, AUTH_TEMPERROR, R, R},
    {"a pass outdoes a temperror", "example.com", "v=DMARC1;p=reject", AT_AUTHOR, 0, AUTH_TEMPERROR,
     "example.com", AUTH_PASS, "example.com", AUTH_PASS, R, R},
    {"a forger's own temperror does not help", "example.com", "v=DMARC1;p=reject", AT_AUTHOR, 0,
     AUTH_TEMPERROR, "evil.example.net", AUTH_TEMPERROR, "evil.example.net", AUTH_FAIL, R, R},
    {"temperror not aligned when strict", "example.com", "v=DMARC1;p=reject;adkim=s", AT_AUTHOR, 0,
     AUTH_FAIL, NULL, AUTH_TEMPERROR, "a.example.com", AUTH_FAIL, R, R},
    {"the author is a public suffix", "co.uk", "v=DMARC1;p=reject", AT_AUTHOR, 0, AUTH_NONE, NULL,
     AUTH_PASS, "evil.co.uk", AUTH_FAIL, R, R},
};

static void evaluation(void **state)
{
    (void)state;
    psl_ctx_t *psl = suffixes();
    struct arena *arena = arena_new(65536);
    for (size_t i = 0; i < sizeof evaluations / sizeof *evaluations; i++) {
        const char *name = evaluations[i].name, *author = evaluations[i].author;
        struct dkim_result dkim = {.result = evaluations[i].dkim,
                                   .domain = evaluations[i].dkim_domain};
        struct evidence ev = {
            .spf = {.result = evaluations[i].spf, .domain = evaluations[i].spf_domain},
            .dkim = &dkim,
            .dkim_count = 1};
        struct dmarc_record record;
        struct dmarc_result got;
        bool has = evaluations[i].record != NULL;
        if (has)
            assert_int_equal(dmarc_record_parse(span_of(evaluations[i].record), &record), 1);
        const char *where = evaluations[i].where == AT_ORG      ? "example.com"
                            : evaluations[i].where == AT_AUTHOR ? author
                                                                : NULL;
        assert_int_equal(dmarc_evaluate(arena, psl, author, has ? &record : NULL, where,
                                        evaluations[i].roll, &ev, &got),
                         0);
        if (got.result != evaluations[i].want || got.policy != evaluations[i].policy ||
            got.published != evaluations[i].published)
            fail_msg("%s: result %s policy %d published %d", name, auth_result_name(got.result),
                     got.policy, got.published);
        assert_string_equal(got.domain, author);
        assert_true((got.record_domain == NULL) == (where == NULL));
        assert_true((got.reason != NULL) ==
                    (got.result == AUTH_FAIL || got.result == AUTH_TEMPERROR));
    }
    arena_free(&arena);
    psl_free(psl);
}

/* Which mechanism was aligned is told even without a record; every signature counts. */
static void several_signatures(void **state)
{
    (void)state;
    psl_ctx_t *psl = suffixes();
    struct arena *arena = arena_new(4096);
    struct dkim_result dkim[] = {{.result = AUTH_PASS, .domain = "list.example.org"},
                                 {.result = AUTH_UNKNOWN},
                                 {.result = AUTH_FAIL, .domain = "example.com"},
                                 {.result = AUTH_PASS, .domain = "example.com"}};
    struct evidence ev = {
        .spf = {.result = AUTH_PASS, .domain = "list.example.org"}, .dkim = dkim, .dkim_count = 4};
    struct dmarc_result got;
    assert_int_equal(dmarc_evaluate(arena, psl, "example.com", NULL, NULL, 0, &ev, &got), 0);
    assert_int_equal(got.result, AUTH_NONE);
    assert_true(got.dkim_aligned);
    assert_false(got.spf_aligned);
    ev.dkim_count = 3;
    assert_int_equal(dmarc_evaluate(arena, psl, "example.com", NULL, NULL, 0, &ev, &got), 0);
    assert_false(got.dkim_aligned);
    arena_free(&arena);
    arena = arena_new(1);
    assert_int_equal(dmarc_evaluate(arena, psl, "example.com", NULL, NULL, 0, &ev, &got),
                     VOUCH_E_NOMEM);
    arena_free(&arena);
    psl_free(psl);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(record_grammar),
        cmocka_unit_test(alignment),
        cmocka_unit_test(evaluation),
        cmocka_unit_test(several_signatures),
    };
    return cmocka_run_group_tests_name("dmarc", tests, NULL, NULL);
}
