/* SPDX-License-Identifier: BSD-2-Clause */
/* What is parsed can be written and parsed again, and is the same. */
#include <stdlib.h>
#include <string.h>
#include "ipaddr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void address(struct span s)
{
    struct ipaddr ip, again;
    char text[IPADDR_TEXT], name[IPADDR_REVERSE];
    if (ipaddr_parse(s, &ip))
        return;
    if (ipaddr_parse(span_of(ipaddr_format(&ip, text)), &again) || !ipaddr_eq(&ip, &again))
        abort();
    if (strlen(ipaddr_reverse(&ip, name)) >= IPADDR_REVERSE)
        abort();
    struct ipnet all = ipnet_of(&ip, 0);
    if (!ipnet_contains(&all, &ip) || (ipaddr_is_loopback(&ip) && !ipaddr_is_private(&ip)))
        abort();
}

static void network(struct span s)
{
    struct ipnet net, again;
    char text[IPNET_TEXT];
    if (ipnet_parse(s, &net))
        return;
    if (ipnet_parse(span_of(ipnet_format(&net, text)), &again) || net.prefix != again.prefix ||
        !ipaddr_eq(&net.addr, &again.addr) || !ipnet_contains(&net, &net.addr))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipaddr ip, again;
    char text[IPADDR_TEXT];
    struct span s = span_make(data, size);
    address(s);
    network(s);
    if (size < 16)
        return 0;
    ip = ipaddr_make(data[0] & 1 ? IP_V4 : IP_V6, data);
    if (ipaddr_parse(span_of(ipaddr_format(&ip, text)), &again) || !ipaddr_eq(&ip, &again))
        abort();
    return 0;
}
