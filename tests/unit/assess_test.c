/* SPDX-License-Identifier: BSD-2-Clause */
/* The path from message to decision, with real rooms below it: DNS out of a zone file, a model out
 * of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "assess.h"
#include "record_avro.h"
#include "zonefile.h"

#define NOW_US (1769860800 * 1000000LL) /* 2026-01-31T12:00:00Z */

static const char config[] = "authserv_id = \"mx.example.com\";\n"
                             "local_domains = [ \"example.com\" ];\n"
                             "trusted_relays = [ \"203.0.113.200/32\" ];\n"
                             "internal = [ \"192.0.2.128/25\" ];\n"
                             "protected: { senders = [ \"ceo@example.net\" ]; };\n"
                             "limits: { header_fields = 20; dns_queries = 22; };\n"
                             "deadlines: { store = \"300ms\"; };\n";

static char path_zone[4096], path_model[4096];

struct run {
    struct settings *settings;
    struct assess_context *context;
    struct assess *assess;
    const struct record *record;
};

static void run_open(struct run *r, const char *store)
{
    struct settings_error *errors;
    size_t count;
    char error[512] = "";
    int status = 0;
    r->settings = settings_parse(config, sizeof config - 1, "test", &errors, &count);
    assert_non_null(r->settings);
    struct assess_options options = {.zone_file = path_zone,
                                     .zone_ops = &zonefile_ops,
                                     .store = store,
                                     .read_only = true,
                                     .sensor = "sensor.example.com"};
    r->context = assess_context_new(r->settings, &options, error, sizeof error, &status);
    if (!r->context)
        fail_msg("%s", error);
    r->assess = assess_new(r->context, r->settings, NOW_US);
    assert_non_null(r->assess);
}

static void run_close(struct run *r)
{
    assess_free(&r->assess);
    assess_context_free(&r->context);
    settings_unref(&r->settings);
}

static void envelope(struct run *r, const char *ip, const char *helo, const char *user)
{
    struct ipaddr addr;
    assert_int_equal(ipaddr_parse(span_of(ip), &addr), 0);
    assert_int_equal(assess_connect(r->assess, &addr, NULL), 0);
    assert_int_equal(assess_helo(r->assess, helo), 0);
    assert_int_equal(assess_mail(r->assess, "alice@example.org", user, NULL), 0);
    assert_int_equal(assess_rcpt(r->assess, "bob@example.com"), 0);
}

static void field(struct run *r, const char *name, const char *value)
{
    assert_int_equal(assess_field(r->assess, span_of(name), span_of(value)), 0);
}

static void finish(struct run *r)
{
    assert_int_equal(assess_eoh(r->assess, "4Q"), 0);
    assess_body(r->assess, SPAN_LIT("hello\r\n"));
    assert_int_equal(assess_finish(r->assess, "4Q", &r->record), 0);
}

static void known_sender_is_trusted(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, path_model);
    envelope(&r, "198.51.100.7", "mx.example.org", NULL);
    field(&r, "From", " Alice <alice@example.org>");
    finish(&r);
    assert_int_equal(r.record->decision->class, CLASS_TRUSTED);
    assert_int_equal(r.record->decision->action, ACTION_ACCEPT);
    assert_int_equal(r.record->evidence->spf.result, AUTH_PASS);
    assert_int_equal(r.record->evidence->iprev.result, AUTH_PASS);
    assert_int_equal(r.record->evidence->dmarc.result, AUTH_PASS);
    assert_false(r.record->client_inferred);
    assert_string_equal(r.record->model, "1");
    assert_true(r.record->judged);
    assert_non_null(strstr(assess_authres(r.assess), "spf=pass"));
    assert_non_null(strstr(assess_header(r.assess), "class=trusted"));
    run_close(&r);
}

/* Out of the journal it is judged as it was when it came, and DNS is not asked for that. */
static void what_is_recorded_is_judged_again(void **state)
{
    (void)state;
    static const struct {
        const char *ip, *helo, *user, *from;
    } letters[] = {
        {"198.51.100.7", "mx.example.org", NULL, " Alice <alice@example.org>"},
        {"203.0.113.66", "mail.example.com", NULL, " Alice <alice@example.org>"},
        {"203.0.113.66", "x", NULL, " \"ceo@example.net\" <x@example.com>"},
        {"192.0.2.130", "x", NULL, " bob@example.com"},
        {"203.0.113.66", "x", "bob", " bob@example.com"},
        {"2001:db8::1", "x", NULL, " not an author"},
    };
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        struct run r;
        struct sbuf datum;
        const struct record *recorded, *again;
        run_open(&r, path_model);
        envelope(&r, letters[i].ip, letters[i].helo, letters[i].user);
        field(&r, "From", letters[i].from);
        finish(&r);
        struct arena *arena = arena_new(1 << 20);
        sbuf_init(&datum, RECORD_BYTES_MAX);
        assert_int_equal(record_encode(&datum, r.record), 0);
        assert_int_equal(record_decode(arena, sbuf_span(&datum), &recorded), 0);
        struct assess *a = assess_new(r.context, r.settings, recorded->time_us);
        assert_int_equal(assess_again(a, recorded, &again), 0);
        assert_true(again->trust->trust == r.record->trust->trust);
        assert_int_equal(again->trust->item_count, r.record->trust->item_count);
        assert_int_equal(again->flags, r.record->flags);
        assert_int_equal(again->decision->direction, r.record->decision->direction);
        assert_int_equal(again->decision->class, r.record->decision->class);
        assert_string_equal(again->decision->reason, r.record->decision->reason);
        assert_int_equal(again->message->size, r.record->message->size);
        assess_free(&a);
        sbuf_clear(&datum);
        arena_free(&arena);
        run_close(&r);
    }
}

/* Evidence that is given stands in the place of what DNS would say, but for our own users' mail. */
static void evidence_may_be_given(void **state)
{
    (void)state;
    struct dkim_result dkim = {.result = AUTH_PASS, .domain = "example.org"};
    const struct evidence given = {
        .spf = {.result = AUTH_SOFTFAIL, .domain = "example.org"}, .dkim = &dkim, .dkim_count = 1};
    for (int outbound = 0; outbound < 2; outbound++) {
        struct run r;
        run_open(&r, path_model);
        assess_assume(r.assess, &given);
        envelope(&r, "198.51.100.7", "mx.example.org", outbound ? "bob" : NULL);
        field(&r, "From", " Alice <alice@example.org>");
        finish(&r);
        assert_int_equal(r.record->evidence->spf.result, outbound ? AUTH_UNKNOWN : AUTH_SOFTFAIL);
        assert_int_equal(r.record->evidence->dkim_count, !outbound);
        assert_int_equal(r.record->evidence->iprev.result, AUTH_UNKNOWN);
        assert_int_equal(r.record->evidence->dmarc.result, AUTH_UNKNOWN);
        assert_true(r.record->judged);
        run_close(&r);
    }
}

static void behind_a_trusted_relay_the_path_names_the_client(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, path_model);
    envelope(&r, "203.0.113.200", "relay.example.com", NULL);
    field(
        &r, "Received",
        " from mx.example.org (mx.example.org [198.51.100.7]) by relay.example.com (Postfix) with "
        "ESMTPS id 4A; Sat, 31 Jan 2026 11:59:58 +0000");
    field(&r, "From", " alice@example.org");
    finish(&r);
    assert_true(r.record->client_inferred);
    char ip[IPADDR_TEXT];
    struct message_client client = message_client(r.record->message);
    assert_string_equal(ipaddr_format(&client.ip, ip), "198.51.100.7");
    assert_int_equal(r.record->evidence->spf.result, AUTH_PASS);
    assert_int_equal(r.record->decision->class, CLASS_TRUSTED);
    run_close(&r);
}

/* What a relay does not say, and what our own hosts say of others, is not believed of mail that
 * comes in: whoever writes fields there would be any client that he likes. */
static void claims_name_no_client(void **state)
{
    (void)state;
#define FORGED                                                                                     \
    " from mx.example.org (mx.example.org [198.51.100.7]) by pc.example.com with ESMTP id 1; "     \
    "Sat, "                                                                                        \
    "31 Jan 2026 11:59:57 +0000"
    static const struct {
        const char *name, *ip, *received[2];
    } table[] = {
        {"an internal host behind the relay",
         "203.0.113.200",
         {" from pc.example.com (pc.example.com [192.0.2.130]) by relay.example.com (Postfix) with "
          "ESMTP id 2; Sat, 31 Jan 2026 11:59:58 +0000",
          FORGED}},
        {"the relay does not say", "203.0.113.200", {" by relay.example.com with MAGIC; x", NULL}},
        {"SMTP does not know", NULL, {FORGED, NULL}},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct run r;
        struct ipaddr addr = {.family = IP_NONE};
        run_open(&r, path_model);
        if (table[i].ip)
            assert_int_equal(ipaddr_parse(span_of(table[i].ip), &addr), 0);
        assert_int_equal(assess_connect(r.assess, &addr, NULL), 0);
        assert_int_equal(assess_helo(r.assess, "mx.example.org"), 0);
        assert_int_equal(assess_mail(r.assess, "alice@example.org", NULL, NULL), 0);
        for (size_t k = 0; k < 2 && table[i].received[k]; k++)
            field(&r, "Received", table[i].received[k]);
        field(&r, "From", " alice@example.org");
        finish(&r);
        if (message_client(r.record->message).ip.family != IP_NONE ||
            r.record->evidence->spf.result != AUTH_UNKNOWN ||
            r.record->decision->class == CLASS_TRUSTED)
            fail_msg("%s", table[i].name);
        run_close(&r);
    }
}

/* Readers see all of From, the judge one author: a protected sender counts wherever it is shown. */
static void protected_senders_are_seen_where_they_are_shown(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        bool shown;
    } table[] = {
        {" Alice <alice@example.org>", false},
        {" \"ceo@example.net\" <alice@example.org>", true},
        {" CEO@Example.NET. <alice@example.org>", true},
        {" =?utf-8?q?The_CEO_(ceo=40example=2Enet)?= <alice@example.org>", true},
        {" alice@example.org, ceo@example.net", true},
        {" alice@example.org (\"ceo@example.net\")", true},
        {" \"not-ceo@example.net\" <alice@example.org>", false},
        {" \"ceo@example.network\" <alice@example.org>", false},
        {" \"@ ceo@\" <alice@example.org>", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct run r;
        run_open(&r, "none");
        envelope(&r, "198.51.100.7", "mx.example.org", NULL);
        field(&r, "From", table[i].from);
        finish(&r);
        if (!(r.record->flags & FLAG_PROTECTED_SENDER) == table[i].shown ||
            (r.record->decision->action == ACTION_QUARANTINE) != table[i].shown)
            fail_msg("%s: %s", table[i].from, r.record->decision->reason);
        run_close(&r);
    }
}

static void internal_and_authenticated_mail_is_outbound(void **state)
{
    (void)state;
    static const struct {
        const char *ip, *user;
    } table[] = {{"192.0.2.130", NULL}, {"192.0.2.66", "alice"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct run r;
        run_open(&r, path_model);
        envelope(&r, table[i].ip, "laptop", table[i].user);
        field(&r, "From", " alice@example.org");
        finish(&r);
        assert_int_equal(r.record->decision->direction, DIRECTION_OUTBOUND);
        assert_int_equal(r.record->decision->action, ACTION_ACCEPT);
        assert_int_equal(r.record->evidence->spf.result, AUTH_UNKNOWN);
        assert_int_equal(r.record->evidence->dmarc.result, AUTH_UNKNOWN);
        run_close(&r);
    }
}

/* RFC 8601 s5: fields of ours go, wherever they stand; others' stay. */
static void forged_fields_are_named_with_their_index(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        unsigned index; /* 0: not ours */
    } table[] = {
        {"Authentication-Results", " mx.example.net; spf=pass", 0},
        {"X-Vouch", " class=trusted", 1},
        {"authentication-results", " (x) MX.Example.COM 1; dmarc=pass", 2},
        {"X-Vouch-Anything", " 1", 1},
        {"x-vouch", " class=trusted", 2},
        {"Authentication-Results", " \"mx.example.com\"; dkim=pass", 3},
        {"X-Other", " mx.example.com", 0},
    };
    struct run r;
    run_open(&r, "none");
    envelope(&r, "198.51.100.7", "mx.example.org", NULL);
    for (int i = 0; i < 30; i++) /* beyond limits.header_fields */
        field(&r, "X-Fill", " x");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        field(&r, table[i].name, table[i].value);
    finish(&r);
    size_t count, seen = 0;
    bool lost;
    const struct assess_forged *forged = assess_forged(r.assess, &count, &lost);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].index == 0)
            continue;
        assert_in_range(seen, 0, count - 1);
        assert_string_equal(forged[seen].name, table[i].name);
        assert_int_equal(forged[seen].index, table[i].index);
        assert_int_equal(forged[seen].position, 30 + i);
        seen++;
    }
    assert_int_equal(seen, count);
    assert_true(r.record->flags & FLAG_FORGED_AUTHRES);
    assert_true(r.record->flags & FLAG_OVER_LIMIT);
    run_close(&r);
}

/* So many that no MTA could remove them are not remembered, but that there were more is; long names
 * are nobody's. */
static void a_flood_of_forged_fields_is_bounded(void **state)
{
    (void)state;
    struct run r;
    char name[32];
    static char long_name[60000];
    size_t count;
    bool lost;
    memset(long_name, 'x', sizeof long_name - 1);
    memcpy(long_name, "X-Vouch", 7);
    run_open(&r, "none");
    envelope(&r, "198.51.100.7", "mx.example.org", NULL);
    for (int i = 0; i < 200; i++)
        field(&r, long_name, " 1");
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "X-Vouch-%d", i % 500);
        field(&r, name, " 1");
    }
    const struct assess_forged *forged = assess_forged(r.assess, &count, &lost);
    assert_int_equal(count, 1000);
    assert_false(lost);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(forged[i].position, 200 + i);
        assert_int_equal(forged[i].index, i < 500 ? 1 : 2);
    }
    for (int i = 0; i < 50000; i++)
        field(&r, "X-Vouch", " 1");
    assess_forged(r.assess, &count, &lost);
    assert_int_equal(count, 1000);
    assert_true(lost);
    finish(&r);
    assert_true(r.record->judged);
    run_close(&r);
}

/* What MTAs let through at most is judged: limits.recipients of them, each as long as an SMTP
 * line. */
static void the_longest_recipients_leave_memory(void **state)
{
    (void)state;
    struct run r;
    struct ipaddr addr;
    char rcpt[2048];
    memset(rcpt, 'x', sizeof rcpt);
    run_open(&r, "none");
    assert_int_equal(ipaddr_parse(SPAN_LIT("198.51.100.7"), &addr), 0);
    assert_int_equal(assess_connect(r.assess, &addr, NULL), 0);
    assert_int_equal(assess_mail(r.assess, "alice@example.org", NULL, NULL), 0);
    for (int i = 0; i < 1100; i++) {
        snprintf(rcpt + 2000, sizeof rcpt - 2000, "%d@example.com", i);
        assert_int_equal(assess_rcpt(r.assess, rcpt), 0);
    }
    field(&r, "From", " alice@example.org");
    finish(&r);
    assert_true(r.record->judged);
    assert_int_equal(r.record->decision->rcpt_count, 1000);
    run_close(&r);
}

/* A sender's own policies may use up what a message may ask, but not so that the one he forges is
 * not asked. */
static void own_questions_crowd_out_no_others(void **state)
{
    (void)state;
    struct run r;
    struct ipaddr addr;
    run_open(&r, path_model);
    assert_int_equal(ipaddr_parse(SPAN_LIT("203.0.113.9"), &addr), 0);
    assert_int_equal(assess_connect(r.assess, &addr, NULL), 0);
    assert_int_equal(assess_helo(r.assess, "greedy.example"), 0);
    assert_int_equal(assess_mail(r.assess, "x@greedy.example", NULL, NULL), 0);
    field(&r, "DKIM-Signature",
          " v=1; a=rsa-sha256; d=example.org; s=none; h=from; bh=AAAA; b=AAAA");
    field(&r, "From", " alice@example.org");
    finish(&r);
    const struct evidence *ev = r.record->evidence;
    assert_int_equal(ev->spf.result, AUTH_PERMERROR);
    assert_int_equal(ev->dkim[0].result, AUTH_POLICY);
    assert_int_equal(ev->dmarc.result, AUTH_FAIL);
    assert_true(r.record->flags & FLAG_FORGED_AUTHOR);
    run_close(&r);
}

static void results_of_ours_above_our_own_trace_are_no_forgery(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, path_model);
    assert_int_equal(assess_connect(r.assess, NULL, NULL), 0);
    assert_int_equal(assess_mail(r.assess, "alice@example.org", NULL, NULL), 0);
    field(&r, "Authentication-Results", " mx.example.com; spf=pass");
    field(&r, "Received",
          " from mx.example.org (mx.example.org [198.51.100.7]) by mx.example.com (Postfix) with "
          "ESMTP id 4A; Sat, 31 Jan 2026 11:59:58 +0000");
    field(&r, "From", " alice@example.org");
    finish(&r);
    assert_false(r.record->flags & FLAG_FORGED_AUTHRES);
    assert_true(r.record->client_inferred);
    run_close(&r);
}

static void without_the_model_mail_is_judged_and_says_so(void **state)
{
    (void)state;
    static const char *const stores[] = {"fail:", "fail:uncertain"};
    for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) {
        struct run r;
        run_open(&r, stores[i]);
        envelope(&r, "198.51.100.7", "mx.example.org", NULL);
        field(&r, "From", " alice@example.org");
        finish(&r);
        assert_true(r.record->flags & FLAG_MODEL_UNAVAILABLE);
        assert_true(r.record->judged);
        assert_int_equal(r.record->decision->class, CLASS_SUSPICIOUS);
        assert_null(r.record->model);
        assert_non_null(strstr(assess_header(r.assess), "model=unavailable"));
        assert_int_equal(r.record->evidence->spf.result, AUTH_PASS);
        run_close(&r);
    }
}

static void a_message_of_nothing_is_judged(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, path_model);
    assert_int_equal(assess_finish(r.assess, NULL, &r.record), 0);
    assert_true(r.record->judged);
    char *json = record_json(r.record);
    assert_non_null(json);
    free(json);
    run_close(&r);
    run_open(&r, path_model); /* names nobody: the model is asked once all the same */
    assert_int_equal(assess_eoh(r.assess, NULL), 0);
    assert_int_equal(assess_eoh(r.assess, NULL), 0);
    assert_int_equal(assess_finish(r.assess, NULL, &r.record), 0);
    run_close(&r);
    run_open(&r, path_model);
    envelope(&r, "2001:db8::9", "[IPv6:2001:db8::9]", NULL);
    finish(&r);
    assert_true(r.record->flags & FLAG_NO_AUTHOR);
    run_close(&r);
}

/* A message is given up at any point: nothing leaks (seen under AddressSanitizer), nothing
 * hangs. */
static void a_message_is_given_up_anywhere(void **state)
{
    (void)state;
    for (int stage = 0; stage < 4; stage++) {
        struct run r;
        run_open(&r, path_model);
        if (stage > 0)
            envelope(&r, "198.51.100.7", "mx.example.org", NULL);
        if (stage > 1)
            field(&r, "DKIM-Signature",
                  " v=1; a=rsa-sha256; d=example.org; s=s; h=from; bh=x; b=x");
        if (stage > 2)
            assert_int_equal(assess_eoh(r.assess, NULL), 0);
        run_close(&r);
    }
}

static void a_long_body_is_cut_and_said(void **state)
{
    (void)state;
    struct run r;
    run_open(&r, "none");
    envelope(&r, "198.51.100.7", "mx.example.org", NULL);
    field(&r, "From", " alice@example.org");
    assert_int_equal(assess_eoh(r.assess, NULL), 0);
    static char chunk[65535];
    memset(chunk, 'x', sizeof chunk);
    uint64_t fed = 0;
    while (fed <= r.settings->max_body) {
        assess_body(r.assess, span_make(chunk, sizeof chunk));
        fed += sizeof chunk;
    }
    assert_true(assess_body(r.assess, span_make(chunk, sizeof chunk)));
    assert_int_equal(assess_finish(r.assess, NULL, &r.record), 0);
    assert_true(r.record->flags & FLAG_OVER_LIMIT);
    run_close(&r);
}

int main(void)
{
    const char *src = getenv("VOUCH_SRCDIR");
    snprintf(path_zone, sizeof path_zone, "%s/tests/scenario/zone", src ? src : ".");
    snprintf(path_model, sizeof path_model, "memory:%s/tests/scenario/model.jsonl",
             src ? src : ".");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sender_is_trusted),
        cmocka_unit_test(what_is_recorded_is_judged_again),
        cmocka_unit_test(evidence_may_be_given),
        cmocka_unit_test(behind_a_trusted_relay_the_path_names_the_client),
        cmocka_unit_test(internal_and_authenticated_mail_is_outbound),
        cmocka_unit_test(forged_fields_are_named_with_their_index),
        cmocka_unit_test(the_longest_recipients_leave_memory),
        cmocka_unit_test(own_questions_crowd_out_no_others),
        cmocka_unit_test(claims_name_no_client),
        cmocka_unit_test(protected_senders_are_seen_where_they_are_shown),
        cmocka_unit_test(a_flood_of_forged_fields_is_bounded),
        cmocka_unit_test(results_of_ours_above_our_own_trace_are_no_forgery),
        cmocka_unit_test(without_the_model_mail_is_judged_and_says_so),
        cmocka_unit_test(a_message_of_nothing_is_judged),
        cmocka_unit_test(a_message_is_given_up_anywhere),
        cmocka_unit_test(a_long_body_is_cut_and_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
