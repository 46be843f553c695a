/* SPDX-License-Identifier: BSD-2-Clause */
/* SPF through libspf2: who is judged, what DNS may do to the result, restarts, limits, and the
 * published attacks on the library. The conformance suites are in tests/conformance. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>
#include "arena.h"
#include "errors.h"
#include "fake_dns.h"
#include "sbuf.h"
#include "spf.h"

#define ARENA_MAX 65536

/* A zone: rows "name TYPE value", ended by NULL; type "*" with value SERVFAIL or NODATA is all
 * types. */
static bool type_is(const char *word, size_t len, enum dns_type type)
{
    static const struct {
        const char *word;
        enum dns_type type;
    } types[] = {
        {"A", DNS_A}, {"AAAA", DNS_AAAA}, {"MX", DNS_MX}, {"PTR", DNS_PTR}, {"TXT", DNS_TXT},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type && span_ieq_cstr(span_make(word, len), types[i].word))
            return true;
    return len == 1 && *word == '*';
}

static void add_value(struct fake_reply *reply, enum dns_type type, const char *value)
{
    if (!strcmp(value, "SERVFAIL"))
        fake_status(reply, DNS_FAILED);
    else if (!strcmp(value, "NODATA"))
        fake_status(reply, DNS_NODATA);
    else if (type == DNS_TXT)
        fake_txt(reply, value, strlen(value));
    else if (type == DNS_MX)
        fake_mx(reply, value);
    else if (type == DNS_PTR)
        fake_name(reply, value);
    else
        fake_ip(reply, value);
}

static void rows(void *arg, const char *name, enum dns_type type, struct fake_reply *reply)
{
    for (const char *const *row = arg; *row; row++) {
        size_t n = strcspn(*row, " ");
        if (strlen(name) != n || strncasecmp(name, *row, n) != 0)
            continue;
        const char *word = *row + n + 1;
        size_t len = strcspn(word, " ");
        if (type_is(word, len, type))
            add_value(reply, type, word + len + 1);
    }
}

static struct spf_request request_of(const char *ip, const char *helo, const char *sender)
{
    struct spf_request request = {
        .helo = helo, .sender = sender, .receiver = "mail.example.net", .now = 1700000000};
    if (*ip)
        assert_int_equal(ipaddr_parse(span_of(ip), &request.ip), 0);
    return request;
}

struct judged {
    struct arena *arena;
    struct spf_result result;
    struct spf_cost cost;
    unsigned asked;
};

static struct judged judge(fake_dns_fn *zone, const void *arg, const struct spf_request *request)
{
    struct judged j = {.arena = arena_new(ARENA_MAX)};
    void *unconst;
    memcpy(&unconst, &arg, sizeof unconst);
    struct dns_batch *dns = fake_dns_new(zone, unconst, false);
    assert_non_null(j.arena);
    assert_int_equal(spf_check(j.arena, dns, request, &j.result, &j.cost), 0);
    j.asked = fake_dns_asked(dns);
    assert_true(j.asked <= j.cost.queries);
    assert_true(j.cost.queries <= SPF_MAX_QUERIES);
    dns_batch_free(&dns);
    return j;
}

static void assert_text(const char *got, const char *expected)
{
    if (expected)
        assert_string_equal(got ? got : "(none)", expected);
    else
        assert_null(got);
}

static const char *const identities[] = {
    "example.com TXT v=spf1 exists:%{l}.%{o}.seen.example -all exp=why.example.com",
    "why.example.com TXT %{s} %{h} %{c} %{r} %{t}",
    "postmaster.example.com.seen.example A 127.0.0.2",
    "user.example.com.seen.example A 127.0.0.2",
    "helo.example.com TXT v=spf1 exists:%{l}.%{o}.seen.example -all",
    "postmaster.helo.example.com.seen.example A 127.0.0.2",
    "xn--bcher-kva.example TXT v=spf1 +all",
    NULL,
};

static void who_is_judged(void **state)
{
    static const char *const no_domain = "the sender has no domain",
                             *const no_helo = "the HELO name is no domain";
    static const struct {
        const char *ip, *helo, *sender;
        bool helo_scope;
        enum auth_result result;
        const char *domain, *reason;
    } cases[] = {
        {"192.0.2.1", "helo.example.com", "user@example.com", false, AUTH_PASS, "example.com",
         NULL},
        {"192.0.2.1", "helo.example.com", "other@example.com", false, AUTH_FAIL, "example.com",
         NULL},
        {"192.0.2.1", NULL, "user@Example.COM.", false, AUTH_PASS, "example.com", NULL},
        {"192.0.2.1", NULL, "a@b@example.com", false, AUTH_FAIL, "example.com", NULL},
        {"192.0.2.1", NULL, "\"a@b\"@example.com", false, AUTH_FAIL, "example.com", NULL},
        {"192.0.2.1", NULL, "@example.com", false, AUTH_PASS, "example.com", NULL},
        {"192.0.2.1", NULL, "example.com", false, AUTH_PASS, "example.com", NULL},
        {"192.0.2.1", NULL, "x@b\303\274cher.example", false, AUTH_PASS, "xn--bcher-kva.example",
         NULL},
        {"::ffff:192.0.2.1", NULL, "user@example.com", false, AUTH_PASS, "example.com", NULL},
        /* the null sender, and HELO */
        {"192.0.2.1", "helo.example.com", "", false, AUTH_PASS, "helo.example.com", NULL},
        {"192.0.2.1", "helo.example.com", "user@example.com", true, AUTH_PASS, "helo.example.com",
         NULL},
        {"192.0.2.1", NULL, "", false, AUTH_NONE, NULL, "no HELO name"},
        {"192.0.2.1", "localhost", "", false, AUTH_NONE, NULL, no_helo},
        {"192.0.2.1", "[192.0.2.1]", "", false, AUTH_NONE, NULL, no_helo},
        {"192.0.2.1", "[IPv6:2001:db8::1]", "x@example.com", true, AUTH_NONE, NULL, no_helo},
        {"192.0.2.1", "a b.example.com", "", false, AUTH_NONE, NULL, no_helo},
        /* nobody to judge */
        {"192.0.2.1", "x.example", NULL, false, AUTH_NONE, NULL, "the sender is not known"},
        {"192.0.2.1", "x.example", "user", false, AUTH_NONE, NULL, no_domain},
        {"192.0.2.1", "x.example", "user@", false, AUTH_NONE, NULL, no_domain},
        {"192.0.2.1", "x.example", "user@com", false, AUTH_NONE, NULL, no_domain},
        {"192.0.2.1", "x.example", "user@a..example", false, AUTH_NONE, NULL, no_domain},
        {"192.0.2.1", "x.example", "user@[192.0.2.1]", false, AUTH_NONE, NULL, no_domain},
        {"192.0.2.1", "x.example",
         "user@a123456789012345678901234567890123456789012345678901234567890123.example", false,
         AUTH_NONE, NULL, no_domain},
        {"192.0.2.1", "x.example", "user@nothing.example", false, AUTH_NONE, "nothing.example",
         "nothing.example has no SPF record"},
        {"", "x.example", "user@example.com", false, AUTH_NONE, NULL,
         "the client's address is not known"},
        {"127.0.0.1", "x.example", "user@example.com", false, AUTH_NONE, NULL,
         "the client is this host"},
        {"::1", "x.example", "user@example.com", false, AUTH_NONE, NULL, "the client is this host"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spf_request request = request_of(cases[i].ip, cases[i].helo, cases[i].sender);
        bool helo = cases[i].helo_scope || (cases[i].sender && !*cases[i].sender);
        request.scope = cases[i].helo_scope ? SPF_SCOPE_HELO : SPF_SCOPE_MAILFROM;
        print_message("# %s %s\n", cases[i].ip, cases[i].sender ? cases[i].sender : "(none)");
        struct judged j = judge(rows, identities, &request);
        assert_int_equal(j.result.result, cases[i].result);
        assert_int_equal(j.result.scope, helo ? SPF_SCOPE_HELO : SPF_SCOPE_MAILFROM);
        assert_text(j.result.domain, cases[i].domain);
        assert_text(j.result.reason, cases[i].reason);
        arena_free(&j.arena);
    }
}

static void macros_of_an_explanation(void **state)
{
    struct spf_request request = request_of("2001:db8::1", "helo.example", "no-one@Example.com");
    (void)state;
    struct judged j = judge(rows, identities, &request);
    assert_int_equal(j.result.result, AUTH_FAIL);
    assert_text(j.result.explanation,
                "no-one@example.com helo.example 2001:db8::1 mail.example.net 1700000000");
    arena_free(&j.arena);
}

static const char *const policies[] = {
    "neutral.example TXT v=spf1 a",
    "neutral.example A 192.0.2.9",
    "a.example TXT v=spf1 a -all",
    "a.example A 192.0.2.1",
    "a.example AAAA 2001:db8::1",
    "net.example TXT v=spf1 a:a.example/24//64 ~all",
    "zero.example TXT v=spf1 a:a.example/0//0 -all",
    "zeromx.example TXT v=spf1 mx:mx.example/0//0 -all",
    "mx.example TXT v=spf1 mx -all",
    "mx.example MX m1.example",
    "mx.example MX m2.example",
    "m1.example A 192.0.2.9",
    "m2.example A 192.0.2.1",
    "m2.example AAAA 2001:db8::1",
    "nullmx.example TXT v=spf1 mx -all",
    "nullmx.example MX ",
    "ptr.example TXT v=spf1 ptr -all",
    "other.example TXT v=spf1 ptr:ptr.example ?all",
    "1.2.0.192.in-addr.arpa PTR unproven.ptr.example",
    "1.2.0.192.in-addr.arpa PTR broken.ptr.example",
    "1.2.0.192.in-addr.arpa PTR host.PTR.example",
    "1.2.0.192.in-addr.arpa PTR a.example",
    "unproven.ptr.example A 192.0.2.2",
    "broken.ptr.example * SERVFAIL",
    "host.ptr.example A 192.0.2.1",
    "host.ptr.example AAAA 2001:db8::1",
    "3.2.0.192.in-addr.arpa * SERVFAIL",
    "p.example TXT v=spf1 exists:%{p}.seen.example -all",
    "host.ptr.example.seen.example A 127.0.0.2",
    "unknown.seen.example A 127.0.0.2",
    "redirect.example TXT v=spf1 redirect=mx.example",
    "include.example TXT v=spf1 include:neutral.example include:mx.example ~all",
    "includenone.example TXT v=spf1 include:m1.example ~all",
    "redirectnone.example TXT v=spf1 redirect=nowhere.example",
    "two.example TXT v=spf1 -all",
    "two.example TXT V=spf1",
    "one.example TXT v=spf1 -all",
    "one.example TXT some other text",
    "one.example TXT v=spf10 +all",
    "syntax.example TXT v=spf1 a moo:cow -all",
    "deepsyntax.example TXT v=spf1 include:syntax.example",
    "bytes.example TXT v=spf1 \303\244",
    "64.example TXT v=spf1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 "
    "ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 "
    "ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 "
    "ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 "
    "ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 "
    "ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 "
    "ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 "
    "ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 "
    "ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 "
    "ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 ip4:10.0.0.1 -all",
    /* whatever DNS cannot say is temperror */
    "tt.example TXT SERVFAIL",
    "ta.example TXT v=spf1 a:fails.example -all",
    "tm.example TXT v=spf1 mx:fails.example -all",
    "th.example TXT v=spf1 mx -all",
    "th.example MX fails.example",
    "te.example TXT v=spf1 exists:fails.example -all",
    "ti.example TXT v=spf1 include:fails.example -all",
    "tr.example TXT v=spf1 redirect=fails.example",
    "tx.example TXT v=spf1 -all exp=fails.example",
    "fails.example * SERVFAIL",
    "odd.example TXT v=spf1 include:%{l}.x",
    "v2.example TXT v=spf1 a:x1.example a:x2.example -all",
    "v3.example TXT v=spf1 a:x1.example mx:x2.example exists:x3.example -all",
    NULL,
};

static void what_policies_say(void **state)
{
    static const struct {
        const char *ip, *domain;
        enum auth_result result;
        const char *reason;
    } cases[] = {
        {"192.0.2.1", "neutral.example", AUTH_NEUTRAL, NULL},
        {"192.0.2.1", "a.example", AUTH_PASS, NULL},
        {"2001:db8::1", "a.example", AUTH_PASS, NULL},
        {"192.0.2.2", "a.example", AUTH_FAIL, NULL},
        {"192.0.2.2", "net.example", AUTH_PASS, NULL},
        {"2001:db8::ffff", "net.example", AUTH_PASS, NULL},
        {"2001:db8:0:1::1", "net.example", AUTH_SOFTFAIL, NULL},
        {"203.0.113.1", "net.example", AUTH_SOFTFAIL, NULL},
        {"203.0.113.1", "zero.example", AUTH_PASS, NULL},
        {"2001:db8:f::1", "zero.example", AUTH_PASS, NULL},
        {"203.0.113.1", "zeromx.example", AUTH_PASS, NULL},
        {"2001:db8:f::1", "zeromx.example", AUTH_PASS, NULL},
        {"192.0.2.1", "mx.example", AUTH_PASS, NULL},
        {"2001:db8::1", "mx.example", AUTH_PASS, NULL},
        {"192.0.2.3", "mx.example", AUTH_FAIL, NULL},
        {"192.0.2.3", "nullmx.example", AUTH_FAIL, NULL},
        {"192.0.2.1", "ptr.example", AUTH_PASS, NULL},
        {"192.0.2.1", "other.example", AUTH_PASS, NULL},
        {"192.0.2.2", "ptr.example", AUTH_FAIL, NULL},
        {"192.0.2.3", "ptr.example", AUTH_FAIL, NULL}, /* s5.5: the error means no match */
        {"192.0.2.1", "p.example", AUTH_PASS, NULL},
        {"192.0.2.2", "p.example", AUTH_PASS, NULL},
        {"192.0.2.3", "p.example", AUTH_PASS, NULL},
        {"192.0.2.1", "redirect.example", AUTH_PASS, NULL},
        {"192.0.2.2", "redirect.example", AUTH_FAIL, NULL},
        {"192.0.2.1", "include.example", AUTH_PASS, NULL},
        {"192.0.2.2", "include.example", AUTH_SOFTFAIL, NULL},
        {"192.0.2.2", "one.example", AUTH_FAIL, NULL},
        {"192.0.2.2", "64.example", AUTH_FAIL, NULL}, /* libspf2 alone loses this "-all" */
        {"192.0.2.1", "includenone.example", AUTH_PERMERROR, "m1.example has no SPF record"},
        {"192.0.2.1", "redirectnone.example", AUTH_PERMERROR, "nowhere.example has no SPF record"},
        {"192.0.2.1", "two.example", AUTH_PERMERROR, "two SPF records"},
        {"192.0.2.1", "syntax.example", AUTH_PERMERROR,
         "syntax.example: syntax error near \"moo:cow\": unknown mechanism"},
        {"192.0.2.1", "deepsyntax.example", AUTH_PERMERROR,
         "syntax.example: syntax error near \"moo:cow\": unknown mechanism"},
        {"192.0.2.1", "bytes.example", AUTH_PERMERROR,
         "bytes.example: syntax error near \"??\": character that no record may have"},
        {"192.0.2.1", "tt.example", AUTH_TEMPERROR, "DNS: tt.example: SERVFAIL"},
        {"192.0.2.1", "odd.example", AUTH_PERMERROR, "us?er.x has no SPF record"},
        {"192.0.2.1", "ta.example", AUTH_TEMPERROR, "DNS: fails.example: SERVFAIL"},
        {"192.0.2.1", "tm.example", AUTH_TEMPERROR, "DNS: fails.example: SERVFAIL"},
        {"192.0.2.1", "th.example", AUTH_TEMPERROR, "DNS: a host of an mx: SERVFAIL"},
        {"192.0.2.1", "te.example", AUTH_TEMPERROR, "DNS: fails.example: SERVFAIL"},
        {"192.0.2.1", "ti.example", AUTH_TEMPERROR, "DNS: fails.example: SERVFAIL"},
        {"192.0.2.1", "tr.example", AUTH_TEMPERROR, "DNS: fails.example: SERVFAIL"},
        {"192.0.2.1", "tx.example", AUTH_FAIL, NULL},
        {"192.0.2.1", "v2.example", AUTH_FAIL, NULL},
        {"192.0.2.1", "v3.example", AUTH_PERMERROR, "more than 2 look-ups that found nothing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sender[100];
        snprintf(sender, sizeof sender, "us\ner@%s", cases[i].domain);
        struct spf_request request = request_of(cases[i].ip, "helo.example", sender);
        print_message("# %s %s\n", cases[i].ip, cases[i].domain);
        struct judged j = judge(rows, policies, &request);
        assert_int_equal(j.result.result, cases[i].result);
        assert_text(j.result.reason, cases[i].reason);
        assert_text(j.result.domain, cases[i].domain);
        assert_null(j.result.explanation);
        arena_free(&j.arena);
    }
}

/* s7.3: %{p} is the domain itself if the client proved that name, else one below it, else the
 * first. */
static void which_name_p_is(void **state)
{
    static const char *const zone[] = {
        "7.2.0.192.in-addr.arpa PTR first.example",
        "7.2.0.192.in-addr.arpa PTR lying.d3.example",
        "7.2.0.192.in-addr.arpa PTR below.D1.example",
        "7.2.0.192.in-addr.arpa PTR below.d2.example",
        "7.2.0.192.in-addr.arpa PTR d1.example",
        "first.example A 192.0.2.7",
        "below.d1.example A 192.0.2.7",
        "below.d2.example A 192.0.2.7",
        "d1.example A 192.0.2.7",
        "d1.example TXT v=spf1 -all exp=why.example",
        "d2.example TXT v=spf1 -all exp=why.example",
        "d3.example TXT v=spf1 -all exp=why.example",
        "why.example TXT %{p}",
        NULL,
    };
    static const char *const cases[][2] = {
        {"x@d1.example", "d1.example"},
        {"x@d2.example", "below.d2.example"},
        {"x@d3.example", "first.example"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spf_request request = request_of("192.0.2.7", "helo.example", cases[i][0]);
        struct judged j = judge(rows, zone, &request);
        assert_int_equal(j.result.result, AUTH_FAIL);
        assert_text(j.result.explanation, cases[i][1]);
        arena_free(&j.arena);
    }
}

/* s6.2: what is wrong with an explanation takes it away and changes nothing else. */
static void explanations(void **state)
{
    static const struct {
        const char *name; /* exp= points there */
        const char *explanation;
    } cases[] = {
        {"good.example", "See http://example.com/why?s=x%40d.example"},
        {"%{l}.%{d2}.example", "by macro"},
        {"redirected.example", NULL},
        {"none.example", NULL},
        {"fails.example", NULL},
        {"two.example", NULL},
        {"syntax.example", NULL},
        {"bytes.example", NULL},
        {"helo.example", NULL},
        {"empty.example", ""},
        {"long.example", NULL},
        {"cve.example", NULL},
        {"a..example", NULL},
    };
    (void)state;
    struct sbuf cve, tenfold, policy;
    sbuf_init(&cve, 65536);
    sbuf_init(&tenfold, 65536);
    sbuf_init(&policy, 65536);
    sbuf_adds(&cve, "cve.example TXT ");
    for (int i = 0; i < 127; i++)
        sbuf_adds(&cve, "%{i}");
    for (int i = 0; i < 3700; i++)
        sbuf_addc(&cve, 'A');
    sbuf_adds(&tenfold, "long.example TXT ");
    for (int i = 0; i < 100; i++)
        sbuf_adds(&tenfold, "%{s} %{s} ");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sbuf_reset(&policy);
        sbuf_addf(&policy, "d.example TXT v=spf1 -all exp=%s", cases[i].name);
        const char *const zone[] = {
            policy.p,
            cve.p,
            tenfold.p,
            "good.example TXT See http://example.com/why?s=%{S}",
            "x.d.example.example TXT by macro",
            "two.example TXT one",
            "two.example TXT two",
            "syntax.example TXT %{z}",
            "bytes.example TXT \303\244",
            "helo.example TXT %{h}",
            "empty.example TXT ",
            "fails.example * SERVFAIL",
            NULL,
        };
        struct spf_request request = request_of("192.0.2.1", "not\nprintable", "x@d.example");
        print_message("# %s\n", cases[i].name);
        struct judged j = judge(rows, zone, &request);
        assert_int_equal(j.result.result, AUTH_FAIL);
        assert_text(j.result.explanation, cases[i].explanation);
        assert_null(j.result.reason);
        arena_free(&j.arena);
    }
    sbuf_clear(&cve);
    sbuf_clear(&tenfold);
    sbuf_clear(&policy);
}

/* The explanation is that of the domain judged, or of where redirect= leads from it; never an
 * include's. */
static void whose_explanation(void **state)
{
    static const char *const zone[] = {
        "own.example TXT v=spf1 include:inner.example -all exp=own-why.example",
        "inner.example TXT v=spf1 redirect=innermost.example exp=inner-why.example",
        "innermost.example TXT v=spf1 -all exp=inner-why.example",
        "without.example TXT v=spf1 include:innermost.example -all",
        "moved.example TXT v=spf1 redirect=own.example exp=moved-why.example",
        "bare.example TXT v=spf1 redirect=without.example exp=moved-why.example",
        "own-why.example TXT own %{d}",
        "inner-why.example TXT inner",
        "moved-why.example TXT moved",
        NULL,
    };
    static const char *const cases[][2] = {
        {"x@own.example", "own own.example"}, {"x@moved.example", "own own.example"},
        {"x@without.example", NULL},          {"x@bare.example", NULL},
        {"x@inner.example", "inner"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spf_request request = request_of("192.0.2.1", "helo.example", cases[i][0]);
        print_message("# %s\n", cases[i][0]);
        struct judged j = judge(rows, zone, &request);
        assert_int_equal(j.result.result, AUTH_FAIL);
        assert_text(j.result.explanation, cases[i][1]);
        arena_free(&j.arena);
    }
}

/* Everything that a policy can need: one record, ten mx of ten hosts, the client's ten names,
 * exp=. */
static void greatest(void *arg, const char *name, enum dns_type type, struct fake_reply *reply)
{
    static const char policy[] =
        "v=spf1 mx:0.mx.example mx:1.mx.example mx:2.mx.example mx:3.mx.example mx:4.mx.example "
        "mx:5.mx.example mx:6.mx.example mx:7.mx.example mx:8.mx.example mx:%{p}.mx.example -all "
        "exp=why.example";
    char host[100];
    (void)arg;
    if (type == DNS_TXT && !strcmp(name, "d.example"))
        fake_txt(reply, policy, strlen(policy));
    else if (type == DNS_TXT)
        fake_txt(reply, "because", 7);
    for (unsigned i = 0; (type == DNS_MX || type == DNS_PTR) && i < 10; i++) {
        snprintf(host, sizeof host, "%u.%s.host.example", i, type == DNS_PTR ? "client" : name);
        if (type == DNS_MX)
            fake_mx(reply, host);
        else
            fake_name(reply, host);
    }
    if (type == DNS_A)
        fake_ip(reply, strstr(name, ".mx.example") ? "192.0.2.9" : "192.0.2.1");
}

static void most_queries(void **state)
{
    struct spf_request request = request_of("192.0.2.1", "helo.example", "x@d.example");
    (void)state;
    struct judged j = judge(greatest, NULL, &request);
    assert_int_equal(j.result.result, AUTH_FAIL);
    assert_text(j.result.explanation, "because");
    assert_int_equal(j.cost.terms, SPF_MAX_TERMS);
    assert_int_equal(j.cost.queries, SPF_MAX_QUERIES);
    assert_int_equal(j.asked, SPF_MAX_QUERIES);
    arena_free(&j.arena);
}

/* More of each than is allowed. arg: the record of the domain. */
static void too_much(void *arg, const char *name, enum dns_type type, struct fake_reply *reply)
{
    char host[100];
    if (type == DNS_TXT && !strcmp(name, "d.example"))
        fake_txt(reply, arg, strlen(arg));
    else if (type == DNS_TXT)
        fake_txt(reply, "v=spf1 include:1.%{d} ?all", 26);
    for (unsigned i = 0; type == DNS_MX && i < 11; i++) {
        snprintf(host, sizeof host, "%u.host.example", i);
        fake_mx(reply, host);
    }
    for (unsigned i = 0; type == DNS_PTR && i < 40; i++) {
        snprintf(host, sizeof host, "%u.ptr.example", i);
        fake_name(reply, host);
    }
    if (type == DNS_A)
        fake_ip(reply, !strcmp(name, "9.ptr.example") || !strcmp(name, "10.ptr.example")
                           ? "192.0.2.1"
                           : "192.0.2.9");
}

static void limits(void **state)
{
    static const struct {
        const char *record;
        enum auth_result result;
        const char *reason;
        unsigned terms, queries;
    } cases[] = {
        {"v=spf1 a a a a a a a a a a -all", AUTH_FAIL, NULL, 10, 11},
        {"v=spf1 a a a a a a a a a a a -all", AUTH_PERMERROR, "more than 10 look-ups", 11, 11},
        {"v=spf1 a a a a a a a a a a ip4:192.0.2.1 a -all", AUTH_PASS, NULL, 10, 11},
        {"v=spf1 a a a a a a a a a a redirect=d.example", AUTH_PERMERROR, "more than 10 look-ups",
         11, 11},
        {"v=spf1 include:other.example -all", AUTH_PERMERROR, "more than 10 look-ups", 11, 11},
        {"v=spf1 redirect=d.example", AUTH_PERMERROR, "more than 10 look-ups", 11, 11},
        {"v=spf1 include:d.example", AUTH_PERMERROR, "more than 10 look-ups", 11, 11},
        {"v=spf1 mx -all", AUTH_PERMERROR, "more than 10 hosts of one mx", 1, 2},
        {"v=spf1 ptr:9.ptr.example -all", AUTH_PASS, NULL, 1, 12},
        {"v=spf1 ptr:10.ptr.example -all", AUTH_FAIL, NULL, 1,
         12}, /* only ten names are looked at */
        {"v=spf1 ptr:x.example ptr:y.example exists:%{p}.x.example -all", AUTH_PASS, NULL, 3, 13},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spf_request request = request_of("192.0.2.1", "helo.example", "x@d.example");
        print_message("# %s\n", cases[i].record);
        struct judged j = judge(too_much, cases[i].record, &request);
        assert_int_equal(j.result.result, cases[i].result);
        assert_text(j.result.reason, cases[i].reason);
        assert_int_equal(j.cost.terms, cases[i].terms);
        assert_int_equal(j.cost.queries, cases[i].queries);
        arena_free(&j.arena);
    }
}

/* Nine includes in each record, five deep: libspf2 alone asks 597,871 questions about one mail. */
static void include_bomb(void *arg, const char *name, enum dns_type type, struct fake_reply *reply)
{
    static const char bomb[] =
        "v=spf1 include:1.%{d} include:2.%{d} include:3.%{d} include:4.%{d} include:5.%{d} "
        "include:6.%{d} include:7.%{d} include:8.%{d} include:9.%{d} ?all";
    static const char end[] = "v=spf1 -all";
    (void)arg;
    if (type == DNS_TXT && strlen(name) > 5 + strlen("bomb.example"))
        fake_txt(reply, end, strlen(end));
    else if (type == DNS_TXT)
        fake_txt(reply, bomb, strlen(bomb));
}

static void the_include_bomb(void **state)
{
    struct spf_request request = request_of("192.0.2.1", "helo.example", "x@bomb.example");
    (void)state;
    struct judged j = judge(include_bomb, NULL, &request);
    assert_int_equal(j.result.result, AUTH_PERMERROR);
    assert_text(j.result.reason, "more than 10 look-ups");
    assert_int_equal(j.cost.queries, 11);
    assert_int_equal(j.asked, 11);
    arena_free(&j.arena);
}

/* CVE-2023-42118: such text writes past the macro compiler's buffer on the stack, wherever it
 * stands. What exp= leads to is in explanations(). */
static void the_stack_overflow(void **state)
{
    static const struct {
        const char *term;
        enum auth_result result;
    } cases[] = {
        {"exists:", AUTH_PERMERROR},   {"a:", AUTH_PERMERROR},   {"mx:", AUTH_PERMERROR},
        {"include:", AUTH_PERMERROR},  {"ptr:", AUTH_PERMERROR}, {"exp=", AUTH_PERMERROR},
        {"redirect=", AUTH_PERMERROR}, {"foo=", AUTH_FAIL},
    };
    struct sbuf row;
    (void)state;
    sbuf_init(&row, 65536);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sbuf_reset(&row);
        sbuf_addf(&row, "d.example TXT v=spf1 %s", cases[i].term);
        for (int n = 0; n < 127; n++)
            sbuf_adds(&row, "%{i}");
        for (int n = 0; n < 3700; n++)
            sbuf_addc(&row, 'A');
        sbuf_adds(&row, ".example -all");
        const char *const zone[] = {row.p, NULL};
        struct spf_request request = request_of("192.0.2.1", "helo.example", "x@d.example");
        print_message("# %s\n", cases[i].term);
        struct judged j = judge(rows, zone, &request);
        assert_int_equal(j.result.result, cases[i].result);
        assert_int_equal(j.cost.queries, 1);
        arena_free(&j.arena);
    }
    sbuf_clear(&row);
}

/* spf_step never waits, asks no more than spf_check, and comes to the same. */
static void steps(void **state)
{
    static const struct {
        fake_dns_fn *zone;
        const void *arg;
        const char *sender;
        enum auth_result result;
        unsigned rounds; /* of answers that came */
    } cases[] = {
        {rows, policies, "x@two.example", AUTH_PERMERROR, 1},
        {rows, policies, "x@a.example", AUTH_PASS, 2},
        {rows, policies, "x@ptr.example", AUTH_PASS, 3}, /* all names at once */
        {rows, policies, "x@mx.example", AUTH_PASS, 3},  /* all hosts at once */
        {rows, policies, "x@include.example", AUTH_PASS, 6},
        {rows, policies, "x@tx.example", AUTH_FAIL, 2}, /* the explanation is waited for */
        {rows, policies, "x@ta.example", AUTH_TEMPERROR, 2},
        {include_bomb, NULL, "x@bomb.example", AUTH_PERMERROR, 11},
        {greatest, NULL, "x@d.example", AUTH_FAIL, 24},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spf_request request = request_of("192.0.2.1", "helo.example", cases[i].sender);
        struct spf_result result = {.result = AUTH_PASS}, fast;
        struct spf_cost cost;
        struct arena *arena = arena_new(ARENA_MAX);
        void *arg;
        memcpy(&arg, &cases[i].arg, sizeof arg);
        struct dns_batch *dns = fake_dns_new(cases[i].zone, arg, true);
        unsigned rounds = 0;
        print_message("# %s\n", cases[i].sender);
        while (spf_step(arena, dns, &request, &result, NULL) == 0) {
            assert_int_equal(result.result, AUTH_UNKNOWN);
            assert_int_equal(spf_step(arena, dns, &request, &result, NULL), 0); /* nothing came */
            fake_dns_arrive(dns);
            assert_true(++rounds <= SPF_MAX_QUERIES);
        }
        assert_int_equal(fake_dns_waits(dns), 0);
        assert_int_equal(result.result, cases[i].result);
        assert_int_equal(rounds, cases[i].rounds);
        struct judged j = judge(cases[i].zone, cases[i].arg, &request);
        assert_int_equal(j.result.result, result.result);
        assert_text(j.result.reason, result.reason);
        assert_text(j.result.explanation, result.explanation);
        assert_int_equal(j.asked, fake_dns_asked(dns));
        dns_batch_free(&dns);
        arena_free(&j.arena);

        dns = fake_dns_new(cases[i].zone, arg, true);
        assert_int_equal(spf_check(arena, dns, &request, &fast, &cost), 0);
        assert_int_equal(fast.result, cases[i].result);
        assert_int_equal(cost.queries, j.cost.queries);
        assert_true(fake_dns_waits(dns) <= fake_dns_asked(dns));
        dns_batch_free(&dns);
        arena_free(&arena);
    }
}

static void no_memory(void **state)
{
    struct spf_request request = request_of("192.0.2.1", "helo.example", "x@syntax.example");
    struct spf_result result;
    int rc = VOUCH_E_NOMEM;
    void *arg;
    const void *zone = policies;
    (void)state;
    memcpy(&arg, &zone, sizeof arg);
    for (size_t max = 0; rc != 0; max += 8) {
        struct arena *arena = arena_new(max);
        struct dns_batch *dns = fake_dns_new(rows, arg, false);
        rc = spf_check(arena, dns, &request, &result, NULL);
        assert_true(rc == 0 || (rc == VOUCH_E_NOMEM && result.result == AUTH_UNKNOWN));
        assert_true(max < 1000);
        dns_batch_free(&dns);
        arena_free(&arena);
    }
    assert_int_equal(result.result, AUTH_PERMERROR);
}

/* Evaluations in several threads share nothing. (Assertions of cmocka belong to the first
 * thread.) */
static void *evaluate_many(void *failures)
{
    static const char *const senders[] = {"x@include.example", "x@ptr.example", "x@mx.example"};
    void *arg;
    const void *zone = policies;
    memcpy(&arg, &zone, sizeof arg);
    for (int i = 0; i < 300; i++) {
        struct spf_request request = {.ip = {.family = IP_V4, .bytes = {192, 0, 2, 1}},
                                      .sender = senders[i % 3]};
        struct spf_result result;
        struct arena *arena = arena_new(ARENA_MAX);
        struct dns_batch *dns = fake_dns_new(rows, arg, true);
        if (spf_check(arena, dns, &request, &result, NULL) != 0 || result.result != AUTH_PASS)
            ++*(int *)failures;
        dns_batch_free(&dns);
        arena_free(&arena);
    }
    return NULL;
}

static void threads(void **state)
{
    pthread_t thread[4];
    int failures[4] = {0};
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, evaluate_many, &failures[i]), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(failures[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_judged),
        cmocka_unit_test(macros_of_an_explanation),
        cmocka_unit_test(what_policies_say),
        cmocka_unit_test(which_name_p_is),
        cmocka_unit_test(explanations),
        cmocka_unit_test(whose_explanation),
        cmocka_unit_test(most_queries),
        cmocka_unit_test(limits),
        cmocka_unit_test(the_include_bomb),
        cmocka_unit_test(the_stack_overflow),
        cmocka_unit_test(steps),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
