/* SPDX-License-Identifier: BSD-2-Clause */
/* IP addresses and networks: text (RFC 4291 s2.2, RFC 5952, RFC 5321 s4.1.3), membership and the
 * names of their PTR records (RFC 1035 s3.5, RFC 3596 s2.5). No zone identifiers. */
#include "ipaddr.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include "errors.h"

static unsigned width(const struct ipaddr *ip)
{
    return ip->family == IP_V4 ? 32 : ip->family == IP_V6 ? 128 : 0;
}

struct ipaddr ipaddr_make(enum ip_family family, const void *bytes)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct ipaddr ip = {.family = (uint8_t)family};
    if (family == IP_V6 && !memcmp(bytes, mapped, sizeof mapped)) {
        ip.family = IP_V4;
        memcpy(ip.bytes, (const uint8_t *)bytes + sizeof mapped, 4);
    } else {
        memcpy(ip.bytes, bytes, width(&ip) / 8);
    }
    return ip;
}

int ipaddr_parse(struct span s, struct ipaddr *ip_r)
{
    char text[IPADDR_TEXT];
    uint8_t bytes[16];
    if (s.len >= 2 && s.p[0] == '[' && s.p[s.len - 1] == ']')
        s = span_slice(s, 1, s.len - 1);
    bool tagged = span_istarts(s, "IPv6:");
    if (tagged)
        s = span_slice(s, 5, s.len);
    bool v6 = span_index(s, ':', 0) >= 0;
    if (s.len == 0 || s.len >= sizeof text || span_index(s, '\0', 0) >= 0 || (tagged && !v6))
        return VOUCH_E_SYNTAX;
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    if (inet_pton(v6 ? AF_INET6 : AF_INET, text, bytes) != 1)
        return VOUCH_E_SYNTAX;
    *ip_r = ipaddr_make(v6 ? IP_V6 : IP_V4, bytes);
    return 0;
}

/* 0 to 255, without a NUL; returns behind it. Every message has many addresses: a format would cost more
 * than all else about them. */
static char *put_byte(char *at, unsigned n)
{
    if (n > 99)
        *at++ = (char)('0' + n / 100);
    if (n > 9)
        *at++ = (char)('0' + n / 10 % 10);
    *at++ = (char)('0' + n % 10);
    return at;
}

static void format_v4(const uint8_t bytes[4], char *at)
{
    for (int i = 0; i < 4; i++) {
        at = put_byte(at, bytes[i]);
        *at++ = i < 3 ? '.' : '\0';
    }
}

const char *ipaddr_format(const struct ipaddr *ip, char text_r[IPADDR_TEXT])
{
    text_r[0] = '\0';
    if (ip->family == IP_V4)
        format_v4(ip->bytes, text_r);
    else if (ip->family == IP_V6)
        inet_ntop(AF_INET6, ip->bytes, text_r, IPADDR_TEXT);
    return text_r;
}

bool ipaddr_eq(const struct ipaddr *a, const struct ipaddr *b)
{
    return a->family == b->family && !memcmp(a->bytes, b->bytes, width(a) / 8);
}

bool ipaddr_is_private(const struct ipaddr *ip)
{
    static const struct ipnet nets[] = {
        {{IP_V4, {0}}, 8},           /* "this network", RFC 1122 */
        {{IP_V4, {10}}, 8},          /* RFC 1918 */
        {{IP_V4, {100, 64}}, 10},    /* CGNAT, RFC 6598 */
        {{IP_V4, {127}}, 8},         /* loopback */
        {{IP_V4, {169, 254}}, 16},   /* link-local, RFC 3927 */
        {{IP_V4, {172, 16}}, 12},    /* RFC 1918 */
        {{IP_V4, {192, 168}}, 16},   /* RFC 1918 */
        {{IP_V6, {0}}, 127},         /* unspecified and loopback */
        {{IP_V6, {0xfc}}, 7},        /* unique local, RFC 4193 */
        {{IP_V6, {0xfe, 0x80}}, 10}, /* link-local */
        {{IP_V6, {0xfe, 0xc0}}, 10}, /* site-local, deprecated by RFC 3879 */
    };
    return ipnet_any_contains(nets, sizeof nets / sizeof *nets, ip);
}

bool ipaddr_is_loopback(const struct ipaddr *ip)
{
    static const struct ipnet nets[] = {
        {{IP_V4, {127}}, 8},
        {{IP_V6, {[15] = 1}}, 128},
    };
    return ipnet_any_contains(nets, sizeof nets / sizeof *nets, ip);
}

const char *ipaddr_reverse(const struct ipaddr *ip, char name_r[IPADDR_REVERSE])
{
    const uint8_t *b = ip->bytes;
    char *at = name_r;
    *at = '\0';
    if (ip->family == IP_V4)
        snprintf(name_r, IPADDR_REVERSE, "%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1], b[0]);
    if (ip->family != IP_V6)
        return name_r;
    for (int i = 15; i >= 0; i--) {
        *at++ = "0123456789abcdef"[b[i] & 15];
        *at++ = '.';
        *at++ = "0123456789abcdef"[b[i] >> 4];
        *at++ = '.';
    }
    memcpy(at, "ip6.arpa", sizeof "ip6.arpa");
    return name_r;
}

int ipnet_parse(struct span s, struct ipnet *net_r)
{
    struct ipaddr ip;
    struct span addr;
    uint64_t prefix = 0;
    if (!span_split(&s, '/', &addr) || ipaddr_parse(addr, &ip))
        return VOUCH_E_SYNTAX;
    bool mapped = ip.family == IP_V4 && span_index(addr, ':', 0) >= 0;
    prefix = mapped ? 128 : width(&ip);
    if (s.p) {
        int rc = span_uint(s, prefix, &prefix);
        if (rc)
            return rc;
    }
    if (mapped && prefix < 96)
        return VOUCH_E_RANGE;
    struct ipnet net = ipnet_of(&ip, (unsigned)(mapped ? prefix - 96 : prefix));
    if (!ipaddr_eq(&net.addr, &ip))
        return VOUCH_E_RANGE;
    *net_r = net;
    return 0;
}

struct ipnet ipnet_of(const struct ipaddr *ip, unsigned prefix)
{
    struct ipnet net = {.addr = *ip};
    if (prefix > width(ip))
        prefix = width(ip);
    net.prefix = (uint8_t)prefix;
    size_t whole = prefix / 8;
    if (whole < sizeof net.addr.bytes) {
        net.addr.bytes[whole] &= (uint8_t)(0xff00 >> prefix % 8);
        memset(net.addr.bytes + whole + 1, 0, sizeof net.addr.bytes - whole - 1);
    }
    return net;
}

bool ipnet_contains(const struct ipnet *net, const struct ipaddr *ip)
{
    unsigned prefix = net->prefix < width(ip) ? net->prefix : width(ip);
    size_t whole = prefix / 8;
    if (ip->family == IP_NONE || net->addr.family != ip->family ||
        memcmp(net->addr.bytes, ip->bytes, whole) != 0)
        return false;
    return prefix % 8 == 0 || (net->addr.bytes[whole] ^ ip->bytes[whole]) >> (8 - prefix % 8) == 0;
}

bool ipnet_any_contains(const struct ipnet *nets, size_t count, const struct ipaddr *ip)
{
    for (size_t i = 0; i < count; i++)
        if (ipnet_contains(&nets[i], ip))
            return true;
    return false;
}

const char *ipnet_format(const struct ipnet *net, char text_r[IPNET_TEXT])
{
    size_t len = strlen(ipaddr_format(&net->addr, text_r));
    text_r[len] = '/';
    *put_byte(text_r + len + 1, net->prefix) = '\0';
    return text_r;
}
