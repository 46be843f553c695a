/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "proof.h"
#include "trust_fixture.h"

/* Author alice@news.example.org; what was verified; is the author proven? */
static const struct {
    const char *name;
    enum auth_result dmarc, spf;
    const char *spf_domain;
    enum auth_result dkim;
    const char *dkim_domain;
    unsigned dkim_flags;
    enum proof proof;
} table[] = {
    {"dmarc pass", AUTH_PASS, AUTH_PASS, "example.org", AUTH_NONE, NULL, 0, PROOF_YES},
    {"dmarc pass by dkim", AUTH_PASS, AUTH_FAIL, "example.net", AUTH_PASS, "example.org", 0,
     PROOF_YES},
    {"dmarc pass that rests on l= with a body appended", AUTH_PASS, AUTH_FAIL, "example.net",
     AUTH_PASS, "example.org", DKIM_FLAG_BODY_APPENDED, PROOF_NO},
    {"the same, but spf proves it", AUTH_PASS, AUTH_PASS, "example.org", AUTH_PASS, "example.org",
     DKIM_FLAG_BODY_APPENDED, PROOF_YES},
    {"dmarc fail", AUTH_FAIL, AUTH_PASS, "example.net", AUTH_PASS, "example.net", 0, PROOF_NO},
    {"dmarc fail, strict record, relaxed alignment", AUTH_FAIL, AUTH_PASS, "example.org", AUTH_NONE,
     NULL, 0, PROOF_NO},
    {"dmarc fail while a key could not be fetched", AUTH_FAIL, AUTH_FAIL, "example.org",
     AUTH_TEMPERROR, "example.org", 0, PROOF_UNDECIDED},
    {"no record, aligned dkim", AUTH_NONE, AUTH_NONE, NULL, AUTH_PASS, "example.org", 0, PROOF_YES},
    {"no record, aligned spf", AUTH_NONE, AUTH_PASS, "lists.example.org", AUTH_NONE, NULL, 0,
     PROOF_YES},
    {"no record, nothing aligned", AUTH_NONE, AUTH_PASS, "example.net", AUTH_PASS, "example.com", 0,
     PROOF_NO},
    {"no record, aligned dkim fails", AUTH_NONE, AUTH_NEUTRAL, "example.org", AUTH_FAIL,
     "example.org", 0, PROOF_NO},
    {"unusable record, aligned dkim", AUTH_PERMERROR, AUTH_NONE, NULL, AUTH_PASS, "example.org", 0,
     PROOF_YES},
    {"no record, spf of the author's domain timed out", AUTH_NONE, AUTH_TEMPERROR, "example.org",
     AUTH_NONE, NULL, 0, PROOF_UNDECIDED},
    {"no record, spf of another domain timed out", AUTH_NONE, AUTH_TEMPERROR, "example.net",
     AUTH_NONE, NULL, 0, PROOF_NO},
    {"record timed out, relaxed alignment may not do", AUTH_TEMPERROR, AUTH_NONE, NULL, AUTH_PASS,
     "example.org", 0, PROOF_UNDECIDED},
    {"record timed out, strict alignment always does", AUTH_TEMPERROR, AUTH_NONE, NULL, AUTH_PASS,
     "news.example.org", 0, PROOF_YES},
    {"record timed out, nothing aligned", AUTH_TEMPERROR, AUTH_FAIL, "example.net", AUTH_NONE, NULL,
     0, PROOF_UNDECIDED},
    {"dmarc not judged, nothing aligned", AUTH_UNKNOWN, AUTH_PASS, "example.net", AUTH_NONE, NULL,
     0, PROOF_NO},
    {"policy is no pass", AUTH_NONE, AUTH_NONE, NULL, AUTH_POLICY, "example.org", 0, PROOF_NO},
    {"look-alike", AUTH_NONE, AUTH_PASS, "example.org.example.com", AUTH_PASS, "badexample.org", 0,
     PROOF_NO},
};

static void verify(struct fixture *f, size_t i)
{
    f->ev.dmarc.result = table[i].dmarc;
    f->ev.dmarc.spf_aligned = false;
    f->ev.spf = (struct spf_result){.result = table[i].spf, .domain = table[i].spf_domain};
    f->m.sender_domain = "sender.example";
    f->ev.dkim_count = table[i].dkim_domain ? 1 : 0;
    f->dkim[0] = (struct dkim_result){
        .result = table[i].dkim, .domain = table[i].dkim_domain, .flags = table[i].dkim_flags};
}

static void the_author_is_proven_by_alignment(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        verify(&f, i);
        enum proof proof = proof_author(&f.m, &f.ev, NULL);
        if (proof != table[i].proof)
            fail_msg("%s: %d, not %d", table[i].name, (int)proof, (int)table[i].proof);
    }
    fixture_clear(&f);
}

static void only_one_author_can_be_proven(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    assert_int_equal(proof_author(&f.m, &f.ev, NULL), PROOF_YES);
    f.m.from_count = 2;
    assert_int_equal(proof_author(&f.m, &f.ev, NULL), PROOF_NO);
    f.m.from_count = 1;
    f.m.author_count = 2;
    assert_int_equal(proof_author(&f.m, &f.ev, NULL), PROOF_NO);
    f.m.author_count = 1;
    f.m.author = NULL;
    assert_int_equal(proof_author(&f.m, &f.ev, NULL), PROOF_NO);
    fixture_clear(&f);
}

static bool proven(struct fixture *f, enum identity_kind kind)
{
    for (size_t i = 0; i < f->in.identity_count; i++)
        if (f->identities[i].kind == kind)
            return proof_identity(&f->in, i);
    fail_msg("no %s", identity_kind_name(kind));
    return false;
}

static void a_place_is_proven_by_tcp(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_true(proven(&f, ID_HOST));
    assert_true(proven(&f, ID_NETWORK));
    assert_true(proven(&f, ID_PAIR_NETWORK));
    assert_false(proven(&f, ID_HOP));
    assert_false(proven(&f, ID_HOP_NETWORK));
    fixture_clear(&f);
}

static void an_envelope_domain_is_proven_by_spf(void **state)
{
    (void)state;
    static const enum identity_kind kinds[] = {ID_MAILFROM, ID_MAILFROM_ORG, ID_PAIR_MAILFROM};
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < 3; i++) {
        for (int result = AUTH_UNKNOWN; result < AUTH_RESULT_COUNT; result++) {
            f.ev.spf =
                (struct spf_result){.result = (enum auth_result)result, .domain = "example.org"};
            assert_int_equal(proven(&f, kinds[i]), result == AUTH_PASS);
        }
        f.ev.spf = (struct spf_result){.result = AUTH_PASS, .domain = "other.example.org"};
        assert_false(proven(&f, kinds[i]));
        f.ev.spf = (struct spf_result){
            .result = AUTH_PASS, .scope = SPF_SCOPE_HELO, .domain = "example.org"};
        assert_false(proven(&f, kinds[i]));
    }
    fixture_clear(&f);
}

static void helo_is_proven_by_its_spf_or_the_clients_name(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_true(proven(&f, ID_HELO)); /* the MTA gave that name, and DNS was not asked */
    f.m.env.name = NULL;
    assert_false(proven(&f, ID_HELO));
    assert_true(proven(&f, ID_CLAIM_HELO));
    f.ev.spf_helo = (struct spf_result){.result = AUTH_PASS, .domain = "mx.example.org"};
    assert_true(proven(&f, ID_HELO));
    assert_false(proven(&f, ID_CLAIM_HELO));
    f.ev.spf_helo.domain = "example.org";
    assert_false(proven(&f, ID_HELO));
    f.ev.spf_helo.result = AUTH_FAIL;
    f.ev.iprev = (struct iprev_result){.result = AUTH_PASS, .name = "mx.example.org"};
    assert_true(proven(&f, ID_HELO));
    f.ev.iprev.name = "org";
    assert_true(proven(&f, ID_HELO)); /* below it */
    f.ev.iprev.name = "a.mx.example.org";
    assert_false(proven(&f, ID_HELO));
    f.ev.iprev = (struct iprev_result){.result = AUTH_FAIL, .name = "mx.example.org"};
    assert_false(proven(&f, ID_HELO));
    f.ev.spf = (struct spf_result){
        .result = AUTH_PASS, .scope = SPF_SCOPE_HELO, .domain = "mx.example.org"};
    assert_true(proven(&f, ID_HELO)); /* null sender */
    fixture_clear(&f);
}

static void a_clients_name_is_proven_by_forward_confirmation(void **state)
{
    (void)state;
    static const enum identity_kind kinds[] = {ID_PTR, ID_PAIR_PTR};
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < 2; i++) {
        for (int result = AUTH_UNKNOWN; result < AUTH_RESULT_COUNT; result++) {
            f.ev.iprev =
                (struct iprev_result){.result = (enum auth_result)result, .name = "mx.example.org"};
            /* not asked: as the MTA says */
            assert_int_equal(proven(&f, kinds[i]), result == AUTH_PASS || result == AUTH_UNKNOWN);
        }
        f.ev.iprev = (struct iprev_result){.result = AUTH_PASS, .name = "mx.example.com"};
        assert_false(proven(&f, kinds[i])); /* not the name the counts are of */
        f.ev.iprev.name = NULL;
        assert_false(proven(&f, kinds[i]));
    }
    fixture_clear(&f);
}

static void a_signer_is_proven_by_any_of_its_signatures(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.ev.dkim_count = 2;
    f.dkim[1].domain = "example.org";
    for (int result = AUTH_UNKNOWN; result < AUTH_RESULT_COUNT; result++) {
        f.dkim[1].result = (enum auth_result)result;
        assert_int_equal(proven(&f, ID_DKIM), result == AUTH_PASS);
        assert_int_equal(proven(&f, ID_PAIR_DKIM), result == AUTH_PASS);
    }
    f.dkim[1].result = AUTH_PASS;
    f.dkim[1].flags = DKIM_FLAG_BODY_APPENDED;
    assert_false(proven(&f, ID_DKIM));
    f.dkim[1].flags = DKIM_FLAG_TEST_MODE;
    assert_true(proven(&f, ID_DKIM));
    f.dkim[1].domain = "mail.example.org";
    assert_false(proven(&f, ID_DKIM));
    assert_true(proven(&f, ID_PAIR_DKIM)); /* its organisation signed */
    fixture_clear(&f);
}

/* what trust_teaching says, and each of its answers alone */
static bool teaches(struct fixture *f, enum identity_kind kind)
{
    bool all[IDENTITY_MAX];
    trust_teaching(&f->in, all);
    for (size_t i = 0; i < f->in.identity_count; i++)
        assert_int_equal(all[i], trust_teaches(&f->in, i));
    for (size_t i = 0; i < f->in.identity_count; i++)
        if (f->identities[i].kind == kind)
            return all[i];
    fail_msg("no %s", identity_kind_name(kind));
    return false;
}

static void a_forgery_teaches_nothing_about_the_name_it_wears(void **state)
{
    (void)state;
    static const enum identity_kind names[] = {
        ID_HELO,       ID_PTR,  ID_MAILFROM,  ID_MAILFROM_ORG,  ID_AUTHOR,   ID_AUTHOR_DOMAIN,
        ID_AUTHOR_ORG, ID_DKIM, ID_PAIR_DKIM, ID_PAIR_MAILFROM, ID_PAIR_PTR, ID_PAIR_RCPT};
    static const enum identity_kind claims[] = {ID_CLAIM_HELO,          ID_CLAIM_MAILFROM,
                                                ID_CLAIM_MAILFROM_ORG,  ID_CLAIM_AUTHOR,
                                                ID_CLAIM_AUTHOR_DOMAIN, ID_CLAIM_AUTHOR_ORG};
    struct fixture f;
    fixture_init(&f);
    f.dkim[0].result = AUTH_FAIL;
    f.ev.spf.result = AUTH_FAIL;
    f.ev.iprev.result = AUTH_FAIL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false(teaches(&f, names[i]));
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        assert_true(teaches(&f, claims[i])); /* a history of their own */
    assert_true(teaches(&f, ID_HOST));
    assert_true(teaches(&f, ID_NETWORK));
    assert_true(teaches(&f, ID_HOP));
    assert_true(teaches(&f, ID_WINDOW_CLIENT));
    assert_false(teaches(&f, ID_WINDOW_AUTHOR));
    assert_false(teaches(&f, ID_HOP_NETWORK)); /* a claim about somebody's network */
    /* of all mail that came that way in that name: never held against who proves to be it */
    assert_true(teaches(&f, ID_PAIR_NETWORK));
    fixture_prove(&f);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(teaches(&f, names[i]));
    assert_true(teaches(&f, ID_WINDOW_AUTHOR));
    assert_false(teaches(&f, ID_HOP_NETWORK));
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        assert_false(teaches(&f, claims[i]));
    for (int result = AUTH_UNKNOWN; result < AUTH_RESULT_COUNT; result++)
        for (int undecided = 0; undecided < 2; undecided++) {
            f.ev.dmarc.result = f.dkim[0].result = (enum auth_result)result;
            f.ev.spf.result = undecided ? AUTH_TEMPERROR : AUTH_NONE;
            teaches(&f, ID_HOST); /* both agree */
        }
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_author_is_proven_by_alignment),
        cmocka_unit_test(only_one_author_can_be_proven),
        cmocka_unit_test(a_place_is_proven_by_tcp),
        cmocka_unit_test(an_envelope_domain_is_proven_by_spf),
        cmocka_unit_test(helo_is_proven_by_its_spf_or_the_clients_name),
        cmocka_unit_test(a_clients_name_is_proven_by_forward_confirmation),
        cmocka_unit_test(a_signer_is_proven_by_any_of_its_signatures),
        cmocka_unit_test(a_forgery_teaches_nothing_about_the_name_it_wears),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
