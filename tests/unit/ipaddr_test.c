/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "errors.h"
#include "ipaddr.h"

static struct ipaddr ip_of(const char *text)
{
    struct ipaddr ip = {0};
    assert_int_equal(ipaddr_parse(span_of(text), &ip), 0);
    return ip;
}

static struct ipnet net_of(const char *text)
{
    struct ipnet net = {{0}, 0};
    assert_int_equal(ipnet_parse(span_of(text), &net), 0);
    return net;
}

static void good_addresses(void **state)
{
    static const char *const cases[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {"[192.0.2.1]", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"IPv6:2001:db8::1", "2001:db8::1"},
        {"[ipv6:2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"::", "::"},
        {"::1", "::1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* RFC 5952 s4.2.2 */
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          /* RFC 5952 s4.2.3 */
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"::ffff:192.0.2.1", "192.0.2.1"}, /* mapped */
        {"::FFFF:c000:201", "192.0.2.1"},
        {"IPv6:::ffff:192.0.2.1", "192.0.2.1"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[IPADDR_TEXT];
        struct ipaddr ip = ip_of(cases[i][0]);
        assert_string_equal(ipaddr_format(&ip, text), cases[i][1]);
        struct ipaddr again = ip_of(text);
        assert_true(ipaddr_eq(&ip, &again));
    }
}

static void bad_addresses(void **state)
{
    static const char *const cases[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "01.2.3.4",
        "1.2.3.04",
        "0x1.2.3.4",
        " 1.2.3.4",
        "1.2.3.4 ",
        "1.2.3.4]",
        "[1.2.3.4",
        "[]",
        "IPv6:",
        "IPv6:1.2.3.4",
        "[IPv6:]",
        ":::",
        "1::2::3",
        "fe80::1%eth0",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "12345::",
        "2001:db8::g",
        "[[::1]]",
        "::ffff:192.0.2.256",
        "1.2.3.4/24",
        "-1.2.3.4",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
    };
    struct ipaddr ip;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(ipaddr_parse(span_of(cases[i]), &ip), VOUCH_E_SYNTAX);
    assert_int_equal(ipaddr_parse(SPAN_LIT("1.2.3.4\0"), &ip), VOUCH_E_SYNTAX);
    assert_int_equal(ipaddr_parse(SPAN_NONE, &ip), VOUCH_E_SYNTAX);
}

static void private_addresses(void **state)
{
    static const struct {
        const char *ip;
        bool is_private, loopback;
    } cases[] = {
        {"10.255.0.1", true, false},
        {"11.0.0.1", false, false},
        {"127.0.0.1", true, true},
        {"127.255.1.1", true, true},
        {"172.15.0.1", false, false},
        {"172.16.0.1", true, false},
        {"172.31.255.255", true, false},
        {"172.32.0.0", false, false},
        {"192.168.1.1", true, false},
        {"192.169.1.1", false, false},
        {"169.254.1.1", true, false},
        {"100.63.255.255", false, false},
        {"100.64.0.0", true, false},
        {"100.127.255.255", true, false},
        {"100.128.0.0", false, false},
        {"0.0.0.0", true, false},
        {"192.0.2.1", false, false},
        {"198.51.100.1", false, false},
        {"203.0.113.1", false, false},
        {"2001:db8::1", false, false},
        {"::1", true, true},
        {"::", true, false},
        {"::2", false, false},
        {"fc00::1", true, false},
        {"fdff::1", true, false},
        {"fe00::1", false, false},
        {"fe80::1", true, false},
        {"febf::1", true, false},
        {"fec0::1", true, false},
        {"ff02::1", false, false},
        {"::ffff:10.0.0.1", true, false},
        {"::ffff:127.0.0.1", true, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ipaddr ip = ip_of(cases[i].ip);
        if (ipaddr_is_private(&ip) != cases[i].is_private ||
            ipaddr_is_loopback(&ip) != cases[i].loopback)
            fail_msg("%s", cases[i].ip);
    }
    struct ipaddr none = {0};
    assert_false(ipaddr_is_private(&none));
    assert_false(ipaddr_is_loopback(&none));
}

static void reverse_names(void **state)
{
    char name[IPADDR_REVERSE];
    struct ipaddr ip = ip_of("198.51.100.7"), none = {0};
    (void)state;
    assert_string_equal(ipaddr_reverse(&ip, name), "7.100.51.198.in-addr.arpa");
    ip = ip_of("4321:0:1:2:3:4:567:89ab"); /* RFC 3596 s2.5 */
    assert_string_equal(ipaddr_reverse(&ip, name),
                        "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa");
    assert_int_equal(strlen(name), IPADDR_REVERSE - 1);
    assert_string_equal(ipaddr_reverse(&none, name), "");
    assert_string_equal(ipaddr_format(&none, name), "");
}

static void networks(void **state)
{
    static const struct {
        const char *text;
        int rc;
        const char *formatted;
    } cases[] = {
        {"192.0.2.0/24", 0, "192.0.2.0/24"},
        {"192.0.2.1", 0, "192.0.2.1/32"},
        {"0.0.0.0/0", 0, "0.0.0.0/0"},
        {"2001:db8::/32", 0, "2001:db8::/32"},
        {"2001:db8::1", 0, "2001:db8::1/128"},
        {"::/0", 0, "::/0"},
        {"::ffff:192.0.2.0/120", 0, "192.0.2.0/24"},
        {"192.0.2.1/24", VOUCH_E_RANGE, NULL},
        {"192.0.2.0/33", VOUCH_E_RANGE, NULL},
        {"2001:db8::/129", VOUCH_E_RANGE, NULL},
        {"2001:db8::1/64", VOUCH_E_RANGE, NULL},
        {"::ffff:192.0.2.0/95", VOUCH_E_RANGE, NULL},
        {"192.0.2.0/", VOUCH_E_SYNTAX, NULL},
        {"192.0.2.0/-1", VOUCH_E_SYNTAX, NULL},
        {"192.0.2.0/24/24", VOUCH_E_SYNTAX, NULL},
        {"192.0.2/24", VOUCH_E_SYNTAX, NULL},
        {"/24", VOUCH_E_SYNTAX, NULL},
        {"", VOUCH_E_SYNTAX, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ipnet net;
        char text[IPNET_TEXT];
        int rc = ipnet_parse(span_of(cases[i].text), &net);
        if (rc != cases[i].rc)
            fail_msg("%s: %d", cases[i].text, rc);
        if (!rc)
            assert_string_equal(ipnet_format(&net, text), cases[i].formatted);
    }
}

static void membership(void **state)
{
    struct ipnet nets[] = {net_of("192.0.2.0/25"), net_of("2001:db8::/33"), net_of("0.0.0.0/0")};
    struct ipaddr in4 = ip_of("192.0.2.127"), out4 = ip_of("192.0.2.128");
    struct ipaddr in6 = ip_of("2001:db8:7fff::1"), out6 = ip_of("2001:db8:8000::1"), none = {0};
    (void)state;
    assert_true(ipnet_contains(&nets[0], &in4));
    assert_false(ipnet_contains(&nets[0], &out4));
    assert_true(ipnet_contains(&nets[1], &in6));
    assert_false(ipnet_contains(&nets[1], &out6));
    assert_false(ipnet_contains(&nets[1], &in4));
    assert_true(ipnet_contains(&nets[2], &out4));
    assert_false(ipnet_contains(&nets[2], &in6));
    assert_false(ipnet_contains(&nets[2], &none));
    assert_true(ipnet_any_contains(nets, 2, &in6));
    assert_false(ipnet_any_contains(nets, 2, &out6));
    assert_false(ipnet_any_contains(NULL, 0, &in4));

    struct ipnet wide = ipnet_of(&in4, 99);
    assert_int_equal(wide.prefix, 32);
    assert_true(ipaddr_eq(&wide.addr, &in4));
    struct ipnet nibble = ipnet_of(&out6, 34);
    struct ipnet same = net_of("2001:db8:8000::/34");
    assert_true(ipaddr_eq(&nibble.addr, &same.addr));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_addresses),    cmocka_unit_test(bad_addresses),
        cmocka_unit_test(private_addresses), cmocka_unit_test(reverse_names),
        cmocka_unit_test(networks),          cmocka_unit_test(membership),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
