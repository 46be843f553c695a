/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "fake_dns.h"
#include "iprev.h"

/* What DNS says: owner, type, and the status or the data of each record. */
static const struct {
    const char *name;
    enum dns_type type;
    enum dns_status status;
    const char *data;
} zone[] = {
    {"1.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "good.example.org"},
    {"good.example.org", DNS_A, DNS_FOUND, "192.0.2.1"},
    {"2.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "bad.example.org"},
    {"2.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "Other.Example.NET"},
    {"bad.example.org", DNS_A, DNS_FOUND, "192.0.2.99"},
    {"other.example.net", DNS_A, DNS_FOUND, "192.0.2.98"},
    {"other.example.net", DNS_A, DNS_FOUND, "192.0.2.2"},
    {"4.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "bad.example.org"},
    {"5.2.0.192.in-addr.arpa", DNS_PTR, DNS_NODATA, NULL},
    {"6.2.0.192.in-addr.arpa", DNS_PTR, DNS_FAILED, NULL},
    {"7.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "failing.example.org"},
    {"7.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "bad.example.org"},
    {"failing.example.org", DNS_A, DNS_FAILED, NULL},
    {"8.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "failing.example.org"},
    {"8.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "eight.example.org"},
    {"eight.example.org", DNS_A, DNS_FOUND, "192.0.2.8"},
    {"9.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "nowhere.example.org"},
    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", DNS_PTR, DNS_FOUND,
     "six.example.org"},
    {"six.example.org", DNS_AAAA, DNS_FOUND, "2001:db8::1"},
};

static void answer(void *arg, const char *name, enum dns_type type, struct fake_reply *reply)
{
    char many[64];
    (void)arg;
    for (size_t i = 0; i < sizeof zone / sizeof *zone; i++) {
        if (strcmp(zone[i].name, name) != 0 || zone[i].type != type)
            continue;
        if (zone[i].status != DNS_FOUND)
            fake_status(reply, zone[i].status);
        else if (type == DNS_PTR)
            fake_name(reply, zone[i].data);
        else
            fake_ip(reply, zone[i].data);
    }
    if (strcmp(name, "10.2.0.192.in-addr.arpa") == 0) { /* a name for everyone; the 11th is true */
        for (unsigned i = 1; i <= 500; i++) {
            snprintf(many, sizeof many, "n%u.example.org", i);
            fake_name(reply, many);
        }
    }
    if (strcmp(name, "n11.example.org") == 0)
        fake_ip(reply, "192.0.2.10");
}

static const struct {
    const char *ip;
    enum auth_result result;
    const char *name;
    unsigned questions;
} cases[] = {
    {"192.0.2.1", AUTH_PASS, "good.example.org", 2},
    {"192.0.2.2", AUTH_PASS, "other.example.net", 3}, /* the second name, its second address */
    {"192.0.2.3", AUTH_PERMERROR, NULL, 1},
    {"192.0.2.4", AUTH_FAIL, "bad.example.org", 2},
    {"192.0.2.5", AUTH_PERMERROR, NULL, 1},
    {"192.0.2.6", AUTH_TEMPERROR, NULL, 1},
    {"192.0.2.7", AUTH_TEMPERROR, "failing.example.org", 3},
    {"192.0.2.8", AUTH_PASS, "eight.example.org", 3}, /* a failure elsewhere does not matter */
    {"192.0.2.9", AUTH_FAIL, "nowhere.example.org", 2},
    {"192.0.2.10", AUTH_FAIL, "n1.example.org", 1 + IPREV_MAX_NAMES},
    {"2001:db8::1", AUTH_PASS, "six.example.org", 2},
};

static void check(const struct iprev_result *got, size_t i)
{
    if (got->result != cases[i].result)
        fail_msg("%s: %s", cases[i].ip, auth_result_name(got->result));
    if (cases[i].name)
        assert_string_equal(got->name, cases[i].name);
    else
        assert_null(got->name);
    assert_true((got->reason == NULL) == (got->result == AUTH_PASS));
}

static void results(void **state)
{
    (void)state;
    struct arena *arena = arena_new(100000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ipaddr ip;
        struct iprev_result got = {0};
        struct dns_batch *b = fake_dns_new(answer, NULL, false);
        assert_int_equal(ipaddr_parse(span_of(cases[i].ip), &ip), 0);
        assert_int_equal(iprev_check(arena, b, &ip, &got), 0);
        check(&got, i);
        assert_int_equal(fake_dns_asked(b), cases[i].questions);
        dns_batch_free(&b);
    }
    arena_free(&arena);
}

/* Steps never wait, ask for what they lack, and come to the same end. */
static void steps(void **state)
{
    (void)state;
    struct arena *arena = arena_new(100000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ipaddr ip;
        struct iprev_result got = {0};
        unsigned rounds = 0;
        struct dns_batch *b = fake_dns_new(answer, NULL, true);
        assert_int_equal(ipaddr_parse(span_of(cases[i].ip), &ip), 0);
        while (iprev_step(arena, b, &ip, &got) == 0) {
            assert_int_equal(got.result, AUTH_UNKNOWN);
            fake_dns_arrive(b);
            assert_true(++rounds <= 2);
        }
        assert_int_equal(rounds, cases[i].questions > 1 ? 2 : 1);
        assert_int_equal(fake_dns_waits(b), 0);
        check(&got, i);
        dns_batch_free(&b);
    }
    arena_free(&arena);
}

static void no_address(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1000);
    struct dns_batch *b = fake_dns_new(answer, NULL, false);
    struct ipaddr none = {0};
    struct iprev_result got = {.result = AUTH_PASS};
    assert_int_equal(iprev_step(arena, b, &none, &got), 1);
    assert_int_equal(got.result, AUTH_UNKNOWN);
    assert_int_equal(fake_dns_asked(b), 0);
    dns_batch_free(&b);
    arena_free(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(results),
        cmocka_unit_test(steps),
        cmocka_unit_test(no_address),
    };
    return cmocka_run_group_tests_name("iprev", tests, NULL, NULL);
}
