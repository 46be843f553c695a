/* SPDX-License-Identifier: BSD-2-Clause */
#include "trust.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "trust_fixture.h"

/* vouch.conf's defaults */
#define TRUSTED   0.9
#define UNTRUSTED 0.1

#define assert_suspicious(trust) assert_true((trust) >= UNTRUSTED && (trust) < TRUSTED)

/* The sum shown is that of the terms shown. */
static void assert_adds_up(const struct fixture *f)
{
    double sum = f->params.bias;
    for (size_t i = 0; i < f->r.item_count; i++) {
        const struct trust_item *item = &f->r.items[i];
        assert_true(item->weight == round(item->weight * 100) / 100);
        assert_true(fabs(item->weight) <= 12);
        assert_non_null(item->name);
        if (i > 0)
            assert_true(fabs(item->weight) <= fabs(item[-1].weight));
        sum += item->weight;
    }
    assert_true(fabs(sum - f->r.sum) < 1e-9);
    assert_true(f->r.trust > 0 && f->r.trust < 1);
}

/* The sum before its terms are rounded. */
static double exact(struct fixture *f)
{
    fixture_trust(f);
    return trust_total(&f->params, f->r.x);
}

static void every_weight_is_named_and_explained(void **state)
{
    (void)state;
    struct trust_params params;
    trust_params_default(&params);
    assert_true(params.prior > 0 && params.half_life > 0 && params.bias == 0);
    for (int a = 0; a < TW_COUNT; a++) {
        assert_non_null(trust_weight_name((enum trust_weight)a));
        assert_non_null(trust_weight_help((enum trust_weight)a));
        assert_true(params.w[a] != 0 && fabs(params.w[a]) < 2.2); /* none decides alone */
        for (int b = 0; b < a; b++)
            assert_string_not_equal(trust_weight_name((enum trust_weight)a),
                                    trust_weight_name((enum trust_weight)b));
    }
    assert_null(trust_weight_name(TW_COUNT));
    assert_null(trust_weight_help(TW_COUNT));
}

static void every_flag_is_named(void **state)
{
    (void)state;
    assert_null(message_flag_name(0));
    for (int bit = 0; bit <= 13; bit++)
        assert_non_null(message_flag_name(1u << bit));
    assert_null(message_flag_name(1u << 14));
    assert_string_equal(message_flag_name(FLAG_TIME_DISORDER), "time_disorder");
    assert_string_equal(message_flag_name(FLAG_FORGED_AUTHOR | FLAG_DNS_TIMEOUT), "forged_author");
}

static void nothing_known_is_undecided(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_true(fixture_trust(&f) == 0.5);
    assert_int_equal(f.r.item_count, 0);
    assert_true(f.r.flags == 0 && f.r.sum == 0);
    fixture_know(&f, ID_AUTHOR, 0, 0); /* seen, but nobody ever said good or bad */
    for (size_t i = 0; i < f.in.identity_count; i++)
        f.known[i] = (struct trust_known){.outcome = LOOKUP_FOUND,
                                          .counts = {.seen = 100, .last = FIXTURE_NOW}};
    assert_true(fixture_trust(&f) == 0.5);
    fixture_clear(&f);
}

static void no_pass_makes_the_unknown_trusted(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    double proven = fixture_trust(&f);
    assert_true(proven > 0.5);
    assert_suspicious(proven);
    fixture_clear(&f);
}

/* everything that one unauthenticated message of an unknown sender can fail, as far as it is
 * ordinary */
static const struct {
    const char *name;
    enum auth_result iprev, spf, dkim, dmarc;
    enum dmarc_policy policy;
    const char *helo;
} unauthenticated[] = {
    {"nothing published", AUTH_PASS, AUTH_NONE, AUTH_NONE, AUTH_NONE, 0, "mx.example.org"},
    {"no client name", AUTH_PERMERROR, AUTH_NONE, AUTH_NONE, AUTH_NONE, 0, "mx.example.org"},
    {"no name, and a literal", AUTH_PERMERROR, AUTH_NONE, AUTH_NONE, AUTH_NONE, 0, "[192.0.2.7]"},
    {"lies in HELO, no name", AUTH_FAIL, AUTH_NONE, AUTH_NONE, AUTH_NONE, 0, "198.51.100.1"},
    {"list that breaks the signature, p=none", AUTH_PASS, AUTH_PASS, AUTH_FAIL, AUTH_FAIL,
     DMARC_NONE, "mx.example.org"},
    {"the same, p=quarantine", AUTH_PASS, AUTH_PASS, AUTH_FAIL, AUTH_FAIL, DMARC_QUARANTINE,
     "mx.example.org"},
    {"the same, p=reject", AUTH_PASS, AUTH_PASS, AUTH_FAIL, AUTH_FAIL, DMARC_REJECT,
     "mx.example.org"},
    {"forwarder without SRS, p=reject", AUTH_PASS, AUTH_FAIL, AUTH_NONE, AUTH_FAIL, DMARC_REJECT,
     "mx.example.org"},
};

static void no_one_failure_makes_the_unknown_untrusted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unauthenticated / sizeof *unauthenticated; i++) {
        struct fixture f;
        fixture_init(&f);
        f.ev.iprev.result = unauthenticated[i].iprev;
        f.ev.spf = (struct spf_result){.result = unauthenticated[i].spf, .domain = "example.org"};
        f.dkim[0].result = unauthenticated[i].dkim;
        f.ev.dmarc = (struct dmarc_result){.result = unauthenticated[i].dmarc,
                                           .policy = unauthenticated[i].policy};
        f.ev.spf.domain = "sender.example";
        f.m.env.helo = unauthenticated[i].helo;
        double trust = fixture_trust(&f);
        assert_adds_up(&f);
        if (trust < UNTRUSTED || trust >= 0.51)
            fail_msg("%s: %.3f", unauthenticated[i].name, trust);
        fixture_clear(&f);
    }
}

static void several_strong_contradictions_are_enough(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.ev.iprev.result = AUTH_PERMERROR;
    f.ev.spf = (struct spf_result){.result = AUTH_FAIL, .domain = "example.org"};
    f.dkim[0].result = AUTH_FAIL;
    f.ev.dmarc = (struct dmarc_result){.result = AUTH_FAIL, .policy = DMARC_REJECT};
    assert_true(fixture_trust(&f) < UNTRUSTED);
    assert_adds_up(&f);
    fixture_clear(&f);

    fixture_init(&f); /* a bot */
    f.ev.iprev.result = AUTH_PERMERROR;
    f.ev.spf = (struct spf_result){.result = AUTH_FAIL, .domain = "example.org"};
    f.m.env.helo = "[192.0.2.7]";
    assert_true(fixture_trust(&f) < UNTRUSTED);
    fixture_clear(&f);
}

static void history_of_a_proven_author_is_trusted(void **state)
{
    (void)state;
    static const enum identity_kind levels[] = {ID_AUTHOR_ORG, ID_AUTHOR_DOMAIN, ID_AUTHOR};
    double first = 0;
    for (size_t i = 0; i < 3; i++) {
        struct fixture f;
        fixture_init(&f);
        fixture_prove(&f);
        for (size_t k = 0; k <= i; k++)
            fixture_know(&f, levels[k], 20, 0);
        assert_true(fixture_trust(&f) >= TRUSTED);
        assert_adds_up(&f);
        first = i == 0 ? fixture_weight(&f, "author") : first;
        assert_true(fixture_weight(&f, "author") == first); /* counted once */
        fixture_clear(&f);
    }
}

static struct trust_known *known(struct fixture *f, enum identity_kind kind)
{
    for (size_t i = 0; i < f->in.identity_count; i++)
        if (f->identities[i].kind == kind)
            return &f->known[i];
    fail_msg("no %s", identity_kind_name(kind));
    return NULL;
}

/* Of a site where as much good as bad mail comes. */
static void mixed_site(struct fixture *f)
{
    fixture_know(f, ID_SITE, 1000, 1000);
    for (size_t i = 0; i < f->in.identity_count; i++)
        if (f->identities[i].kind == ID_TRAIT)
            f->known[i] = (struct trust_known){
                .outcome = LOOKUP_FOUND,
                .counts = {.good = 500, .bad = 500, .seen = 1000, .last = FIXTURE_NOW}};
}

static void a_few_messages_in_the_usual_way_are_trusted(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    mixed_site(&f);
    assert_suspicious(fixture_trust(&f));
    fixture_teach(&f, 5, 0);
    assert_true(fixture_trust(&f) >= TRUSTED);
    assert_adds_up(&f);
    fixture_teach(&f, 0, 5); /* of whom as much was bad is not */
    assert_suspicious(fixture_trust(&f));
    fixture_clear(&f);
}

/* Where nobody ever reports bad mail, all mail is good, and a stranger is still one. */
static void a_site_without_bad_mail_trusts_no_stranger(void **state)
{
    (void)state;
    static const double sizes[] = {1, 10, 100, 1000, 1e5, 1e9};
    static const enum auth_result asked[] = {AUTH_UNKNOWN, AUTH_NONE};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t k = 0; k < 2; k++) {
            struct fixture f;
            fixture_init(&f);
            fixture_know(&f, ID_SITE, sizes[i], 0);
            fixture_know(&f, ID_TRAIT, sizes[i], 0);
            f.ev.dmarc.result = asked[k];
            assert_suspicious(fixture_trust(&f));
            fixture_prove(&f);
            assert_suspicious(fixture_trust(&f));
            fixture_teach(&f, 10, 0); /* and who is known stands out */
            assert_true(fixture_trust(&f) >= TRUSTED);
            fixture_clear(&f);
        }
}

/* Its proven history lends nothing to a claim, and says nothing against it but that it is known. */
static void an_unproven_name_has_no_reputation(void **state)
{
    (void)state;
    static const enum identity_kind names[] = {ID_HELO,         ID_PTR,           ID_MAILFROM,
                                               ID_MAILFROM_ORG, ID_AUTHOR_DOMAIN, ID_AUTHOR,
                                               ID_DKIM,         ID_PAIR_DKIM,     ID_PAIR_RCPT};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct fixture f;
        fixture_init(&f);
        f.ev.iprev.result = AUTH_TEMPERROR; /* else the MTA's word on its name is taken */
        fixture_know(&f, names[i], 0, 1e6);
        assert_true(fixture_trust(&f) == 0.5);
        fixture_know(&f, names[i], 1e9, 0);
        assert_true(fixture_trust(&f) <= 0.5);
        fixture_know(&f, names[i], 0, 1e12);
        fixture_prove(&f);
        f.m.author_count = names[i] == ID_HELO ? 2 : 1;
        fixture_trust(&f);
        assert_true(f.r.sum < 0);
        fixture_clear(&f);
    }
}

/* Received fields can be made up: a copied one alone is not enough. */
static void a_claimed_origin_is_not_trusted_alone(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_unpublished(&f);
    mixed_site(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 100, 0);
    fixture_know(&f, ID_AUTHOR, 100, 0);
    fixture_know(&f, ID_PAIR_ORIGIN, 100, 0);
    fixture_know(&f, ID_PERSON_ORIGIN, 100, 0);
    assert_true(fixture_trust(&f) < TRUSTED);
    assert_true(f.r.flags & FLAG_FORGED_AUTHOR);
    fixture_clear(&f);
}

static void bad_history_of_a_network_is_untrusted(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_unpublished(&f);
    fixture_know(&f, ID_NETWORK, 0, 20);
    assert_true(fixture_trust(&f) < UNTRUSTED);
    fixture_prove(&f); /* of a domain bought yesterday */
    assert_true(fixture_trust(&f) < UNTRUSTED);
    fixture_know(&f, ID_AUTHOR_ORG, 100, 0); /* a known author there is not lost */
    assert_suspicious(fixture_trust(&f));
    fixture_clear(&f);
}

static void a_good_host_stands_out_from_a_bad_network(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_unpublished(&f);
    fixture_know(&f, ID_NETWORK, 0, 20);
    double network = fixture_trust(&f);
    fixture_know(&f, ID_NETWORK, 30, 0);
    fixture_know(&f, ID_HOST, 30, 0);
    double host = fixture_trust(&f);
    assert_true(host > 0.5 && host > network);
    assert_adds_up(&f);
    assert_true(fixture_weight(&f, "network") < 0 && fixture_weight(&f, "host") > 0);
    fixture_clear(&f);
}

static void good_history_of_a_place_trusts_nobody(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    fixture_know(&f, ID_NETWORK, 1e6, 0);
    fixture_know(&f, ID_HOST, 1e5, 0);
    fixture_know(&f, ID_HOP, 1e5, 0);
    assert_suspicious(fixture_trust(&f));
    fixture_clear(&f);
}

/* A mail service that everybody uses, also for bad mail: a new address there is nobody's. */
static void a_shared_service_does_not_vouch_for_a_new_user(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_author(&f, "mallory", "example.org");
    fixture_list(&f);
    fixture_prove(&f);
    for (int kind = ID_HOST; kind <= ID_DKIM; kind++)
        if (kind != ID_AUTHOR && kind != ID_MAILFROM && kind != ID_AUTHOR_DOMAIN &&
            kind != ID_MAILFROM_DOMAIN && kind != ID_NEW && kind != ID_SITUATION &&
            kind != ID_CLAIM_AUTHOR && kind != ID_CLAIM_AUTHOR_DOMAIN && kind != ID_CLAIM_MAILFROM)
            fixture_know(&f, (enum identity_kind)kind, 1000, 100);
    fixture_know(&f, ID_PAIR_NETWORK, 1000, 100);
    fixture_know(&f, ID_PAIR_DKIM, 1000, 100);
    assert_suspicious(fixture_trust(&f));
    fixture_know(&f, ID_AUTHOR, 10, 0); /* nor is a known one there anybody */
    assert_true(fixture_trust(&f) >= TRUSTED);
    fixture_clear(&f);
}

static void a_known_name_unproven_is_a_forgery(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_unpublished(&f);
    double last = 1;
    for (double good = 1; good < 1e4; good *= 2) {
        fixture_know(&f, ID_AUTHOR_ORG, good, 0);
        double trust = fixture_trust(&f);
        assert_true(trust <= last);
        last = trust;
    }
    assert_true(last < UNTRUSTED);
    assert_true(f.r.flags & FLAG_FORGED_AUTHOR);
    assert_true(fixture_weight(&f, "forgery") >= -4);
    assert_adds_up(&f);
    fixture_prove(&f);
    f.ev.dkim_count = 1;
    assert_true(fixture_trust(&f) >= TRUSTED);
    assert_false(f.r.flags & FLAG_FORGED_AUTHOR);
    fixture_clear(&f);
}

static void twenty_messages_make_a_name_worth_forging(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_unpublished(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 20, 0);
    assert_true(fixture_trust(&f) < UNTRUSTED);
    fixture_clear(&f);
}

static void bad_history_does_not_excuse_a_forgery(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_unpublished(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 50, 0);
    double before = fixture_trust(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 0, 5000);
    assert_true(fixture_trust(&f) == before);
    fixture_clear(&f);
}

/* An organisation that proves only part of its good mail: the rest is no forgery. */
static void unproven_mail_that_was_good_is_no_forgery(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_unpublished(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 50, 0);
    mixed_site(&f);
    double last = fixture_trust(&f);
    assert_true(f.r.flags & FLAG_FORGED_AUTHOR);
    for (int i = 0; i < 20; i++) {
        fixture_teach(&f, 1, 0);
        assert_true(fixture_trust(&f) >= last);
        last = f.r.trust;
    }
    assert_false(f.r.flags & FLAG_FORGED_AUTHOR);
    struct counts org = known(&f, ID_CLAIM_AUTHOR_ORG)->counts,
                  author = known(&f, ID_CLAIM_AUTHOR)->counts;
    struct fixture elsewhere;
    fixture_init(&elsewhere);
    fixture_unpublished(&elsewhere);
    elsewhere.m.env.helo = elsewhere.m.env.name = elsewhere.ev.iprev.name = "host.example.com";
    fixture_list(&elsewhere);
    mixed_site(&elsewhere);
    fixture_know(&elsewhere, ID_AUTHOR_ORG, 50, 0);
    fixture_know(&elsewhere, ID_CLAIM_AUTHOR_ORG, org.good, 0);
    fixture_know(&elsewhere, ID_CLAIM_AUTHOR, author.good, 0);
    assert_true(fixture_trust(&elsewhere) < 0.5); /* that is no way to claim it */
    fixture_clear(&elsewhere);
    last = exact(&f);
    for (int i = 0; i < 100; i++) {
        fixture_know(&f, ID_CLAIM_AUTHOR_ORG, 0, 1);
        fixture_know(&f, ID_CLAIM_AUTHOR_DOMAIN, 0, 1);
        fixture_know(&f, ID_CLAIM_AUTHOR, 0, 1);
        double now = exact(&f);
        assert_true(now <= last);
        last = now;
    }
    fixture_prove(&f);
    f.ev.dkim_count = 1;
    assert_true(fixture_trust(&f) >= TRUSTED); /* forgeries are not the owner's doing */
    fixture_clear(&f);
}

static void a_temporary_failure_is_no_forgery(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    mixed_site(&f);
    fixture_teach(&f, 50, 0);
    f.in.protected_sender = true;
    f.ev.iprev.result = AUTH_TEMPERROR;
    f.ev.spf = (struct spf_result){.result = AUTH_TEMPERROR, .domain = "example.org"};
    f.dkim[0].result = AUTH_TEMPERROR;
    f.ev.dmarc.result = AUTH_TEMPERROR;
    f.ev.dns_timeout = true;
    assert_true(fixture_trust(&f) >= 0.5);
    static const char *const mentioned[] = {"protected", "iprev_fail", "spf_fail", "dmarc_fail",
                                            "dkim_fail"};
    for (size_t i = 0; i < sizeof mentioned / sizeof *mentioned; i++) {
        const struct trust_item *item = fixture_item(&f, mentioned[i]);
        assert_non_null(item);
        assert_true(item->weight == 0);
        assert_non_null(item->note);
    }
    assert_int_equal(f.r.flags, FLAG_DNS_TIMEOUT | FLAG_PROTECTED_SENDER);
    fixture_clear(&f);
}

/* The known list or forwarder that breaks a proof explains its absence. */
static const struct {
    const char *name;
    enum identity_kind pair;
} ways[] = {
    {"network", ID_PAIR_NETWORK},
    {"list's signature", ID_PAIR_DKIM},
    {"list's envelope", ID_PAIR_MAILFROM},
    {"forwarder's name", ID_PAIR_PTR},
};

static void a_known_way_explains_missing_proof(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct fixture f;
        fixture_init(&f);
        f.m.env.sender = "list-bounces@lists.example.net";
        f.m.sender_domain = "lists.example.net";
        f.m.env.name = f.m.env.helo = "mail.example.net";
        f.dkim[0] = (struct dkim_result){.result = AUTH_PASS, .domain = "lists.example.net"};
        f.ev.spf = (struct spf_result){.result = AUTH_PASS, .domain = "lists.example.net"};
        f.ev.iprev = (struct iprev_result){.result = AUTH_PASS, .name = "mail.example.net"};
        f.ev.dmarc = (struct dmarc_result){.result = AUTH_FAIL, .policy = DMARC_NONE};
        fixture_list(&f);
        fixture_know(&f, ID_AUTHOR_ORG, 100, 0);
        double forged = fixture_trust(&f);
        if (forged >= UNTRUSTED)
            fail_msg("%s, unknown: %.3f", ways[i].name, forged);
        double alone = fixture_weight(&f, "forgery");
        fixture_know(&f, ways[i].pair, 0.5, 0);
        double doubtful = fixture_trust(&f), half = fixture_weight(&f, "forgery");
        fixture_know(&f, ways[i].pair, 10, 0);
        double explained = fixture_trust(&f);
        if (!(forged < doubtful && doubtful < explained && alone < half && half < 0))
            fail_msg("%s: %.3f %.3f %.3f", ways[i].name, forged, doubtful, explained);
        assert_true(fixture_weight(&f, "forgery") == 0);
        assert_false(f.r.flags & FLAG_FORGED_AUTHOR);
        fixture_clear(&f);
    }
}

/* An author who is proven at home, and now and then writes through his list. */
static void a_known_list_is_no_forger(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.m.env.sender = "list-bounces@lists.example.net";
    f.m.sender_domain = "lists.example.net";
    f.m.env.name = f.m.env.helo = "mail.example.net";
    f.dkim[0] = (struct dkim_result){.result = AUTH_PASS, .domain = "lists.example.net"};
    f.ev.spf = (struct spf_result){.result = AUTH_PASS, .domain = "lists.example.net"};
    f.ev.iprev = (struct iprev_result){.result = AUTH_PASS, .name = "mail.example.net"};
    f.ev.dmarc = (struct dmarc_result){.result = AUTH_FAIL, .policy = DMARC_NONE};
    fixture_list(&f);
    mixed_site(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 100, 0);
    fixture_know(&f, ID_AUTHOR, 100, 0);
    double last = fixture_trust(&f);
    assert_true(last < UNTRUSTED);
    for (int i = 0; i < 10; i++) {
        fixture_teach(&f, 1, 0);
        assert_true(fixture_trust(&f) >= last);
        last = f.r.trust;
    }
    assert_true(last >= 0.5);
    assert_false(f.r.flags & FLAG_FORGED_AUTHOR);
    fixture_clear(&f);
}

/* Known from a server that half the world uses: that explains nothing. */
static void a_shared_server_does_not_explain_missing_proof(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_unpublished(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 100, 0);
    fixture_know(&f, ID_PAIR_NETWORK, 100, 0);
    double own = fixture_trust(&f);
    assert_false(f.r.flags & FLAG_FORGED_AUTHOR);
    fixture_know(&f, ID_NETWORK, 10000, 1000);
    assert_true(fixture_trust(&f) < own);
    assert_true(fixture_trust(&f) < UNTRUSTED);
    assert_true(f.r.flags & FLAG_FORGED_AUTHOR);
    fixture_clear(&f);
}

static void a_bad_relay_lowers_the_class(void **state)
{
    (void)state;
    static const enum identity_kind roles[] = {ID_HOP, ID_HOP_NETWORK};
    for (size_t i = 0; i < 2; i++) {
        struct fixture f;
        fixture_init(&f);
        fixture_prove(&f);
        fixture_know(&f, roles[i], 0, 20);
        mixed_site(&f);
        assert_true(fixture_trust(&f) < UNTRUSTED);
        assert_true(f.r.flags & FLAG_BAD_RELAY);
        assert_true(fixture_item(&f, "hop")->bad == 20);
        fixture_teach(&f, 1000, 0); /* the best known sender */
        for (size_t k = 0; k < f.in.identity_count; k++)
            if (f.identities[k].kind == ID_HOP || f.identities[k].kind == ID_HOP_NETWORK)
                f.known[k] = (struct trust_known){0};
        assert_true(fixture_trust(&f) >= TRUSTED);
        double without = f.r.sum;
        fixture_know(&f, roles[i], 0, 20);
        fixture_trust(&f);
        assert_true(f.r.sum < without - 2.2); /* as far as from trusted to undecided */
        assert_true(f.r.flags & FLAG_BAD_RELAY);
        assert_adds_up(&f);
        f.hops[0].authenticated = true; /* his provider says that he logged in there */
        assert_true(fixture_trust(&f) >= TRUSTED);
        assert_false(f.r.flags & FLAG_BAD_RELAY);
        fixture_clear(&f);
    }
}

static void good_hops_cannot_be_claimed_for_much(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_unpublished(&f);
    fixture_know(&f, ID_HOP, 1e6, 0);
    fixture_trust(&f);
    assert_true(f.r.sum > 0 && f.r.sum < 1.5);
    fixture_clear(&f);
}

static void facts_count_what_their_weight_says(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.m.from_count = 2;
    fixture_trust(&f);
    assert_true(fixture_weight(&f, "multiple_from") == f.params.w[TW_MULTIPLE_FROM]);
    assert_int_equal(f.r.flags, FLAG_MULTIPLE_FROM);
    f.m.from_count = 0;
    f.m.author = NULL;
    fixture_list(&f);
    fixture_trust(&f);
    assert_true(fixture_weight(&f, "no_author") == f.params.w[TW_NO_AUTHOR]);
    assert_int_equal(f.r.flags, FLAG_NO_AUTHOR);
    fixture_clear(&f);

    fixture_init(&f);
    f.in.protected_sender = true;
    fixture_unpublished(&f);
    fixture_trust(&f);
    assert_true(fixture_weight(&f, "protected") == f.params.w[TW_PROTECTED]);
    assert_int_equal(f.r.flags, FLAG_PROTECTED_SENDER);
    fixture_prove(&f);
    f.ev.dkim_count = 1;
    f.dkim[0].flags = DKIM_FLAG_BODY_APPENDED;
    fixture_trust(&f);
    assert_true(fixture_weight(&f, "body_appended") == f.params.w[TW_BODY_APPENDED]);
    assert_true(fixture_weight(&f, "protected") == 0);
    assert_int_equal(f.r.flags, FLAG_BODY_APPENDED);
    f.dkim[1] = (struct dkim_result){.result = AUTH_PASS, .domain = "example.org"};
    f.ev.dkim_count = 2; /* another signature covers the whole body */
    fixture_trust(&f);
    assert_true(fixture_weight(&f, "body_appended") == 0);
    fixture_clear(&f);
}

static void dmarc_failure_weighs_as_its_owner_asks(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    double last = 0;
    for (int policy = DMARC_NONE; policy <= DMARC_REJECT; policy++) {
        f.ev.dmarc =
            (struct dmarc_result){.result = AUTH_FAIL, .policy = (enum dmarc_policy)policy};
        f.ev.dkim_count = 0;
        f.ev.spf.domain = "example.com";
        fixture_trust(&f);
        assert_true(f.r.sum < last);
        last = f.r.sum;
    }
    assert_true(last == f.params.w[TW_DMARC_FAIL]);
    fixture_clear(&f);
}

static const struct {
    const char *helo;
    bool ours;
    const char *weight; /* NULL: none */
} helos[] = {
    {"mx.example.org", false, NULL},
    {"[192.0.2.7]", false, "helo_literal"},
    {"192.0.2.7", false, "helo_literal"},
    {"[192.0.2.8]", false, "helo_forged"},
    {"192.0.2.8", false, "helo_forged"},
    {"[ipv6:2001:db8::1]", false, "helo_forged"},
    {"mail.example.com", true, "helo_forged"},
    {"", false, NULL},
    {"[", false, NULL},
};

static void helo_is_held_against_its_claim(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof helos / sizeof *helos; i++) {
        struct fixture f;
        fixture_init(&f);
        f.m.env.helo = helos[i].helo;
        f.in.helo_ours = helos[i].ours;
        fixture_trust(&f);
        if (f.r.item_count != (helos[i].weight ? 1 : 0) ||
            (helos[i].weight && !fixture_item(&f, helos[i].weight)))
            fail_msg("HELO %s", helos[i].helo);
        fixture_clear(&f);
    }
}

static const struct {
    const char *name;
    time_t times[4]; /* topmost first */
    bool disorder;
} paths[] = {
    {"in order", {4000, 3000, 2000, 1000}, false},
    {"none", {-1, -1, -1, -1}, false},
    {"same second", {1000, 1000, 1000, 1000}, false},
    {"an hour ahead", {1000, 4600, 900, 800}, false},
    {"more than an hour ahead", {1000, 4601, 900, 800}, true},
    {"across one that does not say", {1000, -1, 90000, -1}, true},
    {"against the earliest, not the last", {1000, 4000, 5000, -1}, true},
};

static void time_runs_upwards(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct fixture f;
        fixture_init(&f);
        f.m.hop_count = 4;
        for (int k = 0; k < 4; k++)
            f.hops[k] = (struct hop){.time = paths[i].times[k], .by = "mx.example.org"};
        fixture_trust(&f);
        if (!(f.r.flags & FLAG_TIME_DISORDER) == paths[i].disorder)
            fail_msg("%s", paths[i].name);
        assert_int_equal(f.r.item_count, paths[i].disorder);
        fixture_clear(&f);
    }
}

static void an_spf_failure_of_a_proven_author_is_forwarding(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.ev.spf = (struct spf_result){.result = AUTH_FAIL, .domain = "example.org"};
    fixture_trust(&f);
    double alone = f.r.sum;
    f.dkim[0].result = AUTH_PASS;
    f.ev.dmarc.result = AUTH_PASS;
    fixture_trust(&f);
    assert_true(fixture_weight(&f, "spf_fail") == alone / 4);
    fixture_clear(&f);
}

/* A user on the road: no proof, no name, an odd HELO; only what he wrote counts. */
static void outbound_mail_is_not_held_against_its_way(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.ev.iprev.result = f.ev.spf.result = f.dkim[0].result = f.ev.dmarc.result = AUTH_FAIL;
    f.m.env.helo = "[198.51.100.1]";
    f.in.helo_ours = f.in.protected_sender = true;
    fixture_know(&f, ID_AUTHOR_ORG, 500, 0);
    assert_true(fixture_trust(&f) < UNTRUSTED);
    f.in.outbound = true;
    assert_true(fixture_trust(&f) == 0.5);
    assert_int_equal(f.r.flags, 0);
    for (size_t i = 0; i < f.in.identity_count; i++)
        assert_int_equal(trust_teaches(&f.in, i), f.identities[i].kind == ID_WINDOW_AUTHOR);
    f.m.from_count = 2;
    fixture_trust(&f);
    assert_int_equal(f.r.flags, FLAG_MULTIPLE_FROM);
    fixture_clear(&f);
}

static void history_fades(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 20, 0);
    fixture_trust(&f);
    double fresh = fixture_item(&f, "author")->good;
    assert_true(fresh == 20);
    f.in.now += (int64_t)f.params.half_life;
    fixture_trust(&f);
    assert_true(fabs(fixture_item(&f, "author")->good - 10) < 1e-9);
    f.in.now = FIXTURE_NOW - 86400; /* the clock stepped back */
    fixture_trust(&f);
    assert_true(fixture_item(&f, "author")->good == 20);
    f.in.now = FIXTURE_NOW + 100 * (int64_t)f.params.half_life;
    assert_suspicious(fixture_trust(&f));
    fixture_clear(&f);
}

static void notes_say_how_old_history_is(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    fixture_know(&f, ID_AUTHOR_ORG, 20, 0);
    fixture_trust(&f);
    assert_string_equal(fixture_item(&f, "author")->note, "last today");
    for (size_t i = 0; i < f.in.identity_count; i++)
        f.known[i].counts.first = FIXTURE_NOW - 40 * 86400;
    f.in.now += 2 * 86400 + 5;
    fixture_trust(&f);
    assert_string_equal(fixture_item(&f, "author")->note, "over 40 days, last 2 days ago");
    fixture_clear(&f);
}

static void an_unanswered_model_counts_nothing_and_is_flagged(void **state)
{
    (void)state;
    static const int outcomes[] = {LOOKUP_FAILED, LOOKUP_UNCERTAIN};
    for (size_t i = 0; i < 2; i++) {
        struct fixture f;
        fixture_init(&f);
        fixture_prove(&f);
        double proven = fixture_trust(&f);
        fixture_know(&f, ID_AUTHOR_ORG, 500, 500);
        fixture_know(&f, ID_NETWORK, 0, 500);
        for (size_t k = 0; k < f.in.identity_count; k++)
            f.known[k].outcome = outcomes[i];
        assert_true(fixture_trust(&f) == proven);
        assert_int_equal(f.r.flags, FLAG_MODEL_UNAVAILABLE);
        fixture_clear(&f);
    }
}

static void all_that_speaks_for_it_is_bounded(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    for (int kind = 0; kind < ID_KIND_COUNT; kind++)
        if (kind != ID_MAILFROM_DOMAIN)
            fixture_know(&f, (enum identity_kind)kind, 1e9, 0);
    for (int w = 0; w < TW_COUNT; w++)
        f.params.w[w] *= 1000;
    fixture_trust(&f);
    assert_adds_up(&f);
    assert_true(fabs(f.r.sum - f.params.most_for) < 0.1); /* each term is rounded */
    fixture_clear(&f);
}

/* Each hostile extreme at once: finite, in range, adds up. */
static void no_counts_break_the_sum(void **state)
{
    (void)state;
    static const double masses[] = {0, 1e-30, 1, 1e300};
    for (size_t g = 0; g < 4; g++)
        for (size_t b = 0; b < 4; b++) {
            struct fixture f;
            fixture_init(&f);
            fixture_prove(&f);
            for (size_t i = 0; i < f.in.identity_count; i++)
                f.known[i] = (struct trust_known){
                    .outcome = LOOKUP_FOUND,
                    .counts = {.good = masses[g], .bad = masses[b], .first = INT32_MAX, .last = 0}};
            f.in.now = INT64_MAX / 4;
            fixture_trust(&f);
            assert_adds_up(&f);
            for (size_t i = 0; i < f.in.identity_count; i++)
                f.known[i].counts.last = f.in.now;
            fixture_trust(&f);
            assert_adds_up(&f);
            fixture_clear(&f);
        }
}

/* More good mail of a proven author never lowers trust; more bad mail of anybody never raises
 * it. */
static void labels_move_trust_their_way(void **state)
{
    (void)state;
    for (int evidence = 0; evidence < 3; evidence++)
        for (int good = 0; good < 60; good += good < 6 ? 1 : 9)
            for (int bad = 0; bad < 60; bad += bad < 6 ? 1 : 9) {
                struct fixture f;
                fixture_init(&f);
                if (evidence > 0)
                    fixture_prove(&f);
                if (evidence == 2) { /* proven by signature, forwarded */
                    f.ev.spf.result = AUTH_FAIL;
                    f.ev.iprev.result = AUTH_FAIL;
                }
                mixed_site(&f);
                fixture_teach(&f, good, bad);
                double before = exact(&f);
                fixture_teach(&f, 0, 1);
                double worse = exact(&f);
                assert_true(worse <= before);
                fixture_teach(&f, 1, 0);
                if (evidence > 0)
                    assert_true(exact(&f) >= worse);
                fixture_clear(&f);
            }
}

/* the same for each kind alone, as an operator's import may have it */
static void one_kind_moves_trust_its_way(void **state)
{
    (void)state;
    for (int kind = 0; kind < ID_KIND_COUNT; kind++) {
        if (kind == ID_MAILFROM_DOMAIN)
            continue; /* the message has none */
        if (kind == ID_NEW || kind == ID_SITUATION)
            continue; /* several, which never hold together */
        if (kind == ID_WINDOW_CLIENT || kind == ID_WINDOW_AUTHOR)
            continue; /* no counts */
        struct fixture f;
        fixture_init(&f);
        fixture_prove(&f);
        double last = exact(&f);
        for (int i = 0; i < 600; i++) {
            fixture_know(&f, (enum identity_kind)kind, i < 200, i >= 200);
            double now = exact(&f);
            if (i < 200 ? now < last : now > last)
                fail_msg("%s: %d: %f after %f", identity_kind_name((enum identity_kind)kind), i,
                         now, last);
            last = now;
        }
        fixture_clear(&f);
    }
}

static void the_same_input_gives_the_same_answer(void **state)
{
    (void)state;
    struct fixture f;
    struct trust_result first;
    fixture_init(&f);
    fixture_prove(&f);
    fixture_teach(&f, 7, 2);
    fixture_trust(&f);
    first = f.r;
    for (int i = 0; i < 3; i++) {
        fixture_trust(&f);
        assert_true(f.r.sum == first.sum && f.r.trust == first.trust);
        assert_int_equal(f.r.item_count, first.item_count);
        for (size_t k = 0; k < first.item_count; k++) {
            assert_string_equal(f.r.items[k].name, first.items[k].name);
            assert_true(f.r.items[k].weight == first.items[k].weight);
        }
    }
    fixture_clear(&f);
}

static void out_of_memory_is_said(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    fixture_prove(&f);
    fixture_teach(&f, 7, 2);
    fixture_trust(&f);
    int failed = 0;
    for (size_t max = 0;; max += 64) {
        struct arena *small = arena_new(max);
        assert_non_null(small);
        struct trust_result r = {0};
        int rc = trust_sum(small, &f.params, &f.in, &r);
        if (rc == 0)
            assert_true(r.sum == f.r.sum);
        else
            assert_int_equal(rc, VOUCH_E_NOMEM);
        failed += rc != 0;
        arena_free(&small);
        if (rc == 0)
            break;
    }
    assert_true(failed > 3);
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_weight_is_named_and_explained),
        cmocka_unit_test(every_flag_is_named),
        cmocka_unit_test(nothing_known_is_undecided),
        cmocka_unit_test(no_pass_makes_the_unknown_trusted),
        cmocka_unit_test(no_one_failure_makes_the_unknown_untrusted),
        cmocka_unit_test(several_strong_contradictions_are_enough),
        cmocka_unit_test(history_of_a_proven_author_is_trusted),
        cmocka_unit_test(a_few_messages_in_the_usual_way_are_trusted),
        cmocka_unit_test(a_site_without_bad_mail_trusts_no_stranger),
        cmocka_unit_test(a_claimed_origin_is_not_trusted_alone),
        cmocka_unit_test(an_unproven_name_has_no_reputation),
        cmocka_unit_test(bad_history_of_a_network_is_untrusted),
        cmocka_unit_test(a_good_host_stands_out_from_a_bad_network),
        cmocka_unit_test(good_history_of_a_place_trusts_nobody),
        cmocka_unit_test(a_shared_service_does_not_vouch_for_a_new_user),
        cmocka_unit_test(a_known_name_unproven_is_a_forgery),
        cmocka_unit_test(twenty_messages_make_a_name_worth_forging),
        cmocka_unit_test(bad_history_does_not_excuse_a_forgery),
        cmocka_unit_test(unproven_mail_that_was_good_is_no_forgery),
        cmocka_unit_test(a_temporary_failure_is_no_forgery),
        cmocka_unit_test(a_known_way_explains_missing_proof),
        cmocka_unit_test(a_known_list_is_no_forger),
        cmocka_unit_test(a_shared_server_does_not_explain_missing_proof),
        cmocka_unit_test(a_bad_relay_lowers_the_class),
        cmocka_unit_test(good_hops_cannot_be_claimed_for_much),
        cmocka_unit_test(facts_count_what_their_weight_says),
        cmocka_unit_test(dmarc_failure_weighs_as_its_owner_asks),
        cmocka_unit_test(helo_is_held_against_its_claim),
        cmocka_unit_test(time_runs_upwards),
        cmocka_unit_test(an_spf_failure_of_a_proven_author_is_forwarding),
        cmocka_unit_test(outbound_mail_is_not_held_against_its_way),
        cmocka_unit_test(history_fades),
        cmocka_unit_test(notes_say_how_old_history_is),
        cmocka_unit_test(an_unanswered_model_counts_nothing_and_is_flagged),
        cmocka_unit_test(all_that_speaks_for_it_is_bounded),
        cmocka_unit_test(no_counts_break_the_sum),
        cmocka_unit_test(labels_move_trust_their_way),
        cmocka_unit_test(one_kind_moves_trust_its_way),
        cmocka_unit_test(the_same_input_gives_the_same_answer),
        cmocka_unit_test(out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
