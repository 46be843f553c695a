/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_IPADDR_H
#define VOUCH_IPADDR_H

#include "span.h"

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

/* An address in network byte order. An IPv4-mapped IPv6 address (RFC 4291 s2.5.5.2) is always
 * kept as IPv4. All zero means "not known". */
struct ipaddr {
    uint8_t family;    /* enum ip_family */
    uint8_t bytes[16]; /* 4 or 16 are used; the rest are 0 */
};

struct ipnet {
    struct ipaddr addr; /* host bits are 0 */
    uint8_t prefix;     /* 0..32 or 0..128 */
};

#define IPADDR_TEXT    46 /* INET6_ADDRSTRLEN: longest text and its NUL */
#define IPNET_TEXT     50 /* with "/128" */
#define IPADDR_REVERSE 73 /* 32 nibbles, their dots, "ip6.arpa", NUL */

/* Textual IPv4 or IPv6, also "IPv6:..." and in "[]" as RFC 5321 s4.1.3 writes it. No zone
 * identifiers, no leading zeros. 0 or VOUCH_E_SYNTAX. */
int ipaddr_parse(struct span s, struct ipaddr *ip_r);
/* bytes: 4 (IP_V4) or 16 (IP_V6) in network order */
struct ipaddr ipaddr_make(enum ip_family family, const void *bytes);
/* RFC 5952 text; "" for IP_NONE. Returns text_r. */
const char *ipaddr_format(const struct ipaddr *ip, char text_r[IPADDR_TEXT]);
bool ipaddr_eq(const struct ipaddr *a, const struct ipaddr *b);
/* "This network", loopback, private (RFC 1918, RFC 4193), link-local, site-local, CGNAT: addresses
 * that never name a host on the public Internet. Those for documentation are not among them. */
bool ipaddr_is_private(const struct ipaddr *ip);
bool ipaddr_is_loopback(const struct ipaddr *ip);
/* The name whose PTR record names ip: "7.100.51.198.in-addr.arpa"; "" for IP_NONE. Returns
 * name_r. */
const char *ipaddr_reverse(const struct ipaddr *ip, char name_r[IPADDR_REVERSE]);

/* "192.0.2.0/24", "2001:db8::/32" or a bare address. Host bits that are set are an error, so that a
 * typing mistake is not taken silently. 0, VOUCH_E_SYNTAX, VOUCH_E_RANGE (prefix, host bits). */
int ipnet_parse(struct span s, struct ipnet *net_r);
/* The network of the given prefix length that holds ip; longer than the address counts as its
 * length. */
struct ipnet ipnet_of(const struct ipaddr *ip, unsigned prefix);
/* False for IP_NONE and for another family. */
bool ipnet_contains(const struct ipnet *net, const struct ipaddr *ip);
bool ipnet_any_contains(const struct ipnet *nets, size_t count, const struct ipaddr *ip);
/* "192.0.2.0/24". Returns text_r. */
const char *ipnet_format(const struct ipnet *net, char text_r[IPNET_TEXT]);

#endif
