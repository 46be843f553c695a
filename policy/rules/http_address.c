/* SPDX-License-Identifier: BSD-2-Clause */
/* RFC 3986 s3.2.2: an IPv6 address stands in brackets. Names are not looked up: an address that is listened on is one's own. */
#include "http_address.h"
#include <string.h>
#include "errors.h"

#define PATH_MAX_BYTES 107 /* what fits into a sockaddr_un */

int http_address_parse(const char *text, struct http_address *address_r)
{
    struct http_address a = {0};
    const char *colon = strrchr(text, ':');
    uint64_t port;
    if (strncmp(text, "unix:", 5) == 0) {
        a.path = text + 5;
        *address_r = a;
        return a.path[0] == '/' && a.path[1] && strlen(a.path) <= PATH_MAX_BYTES ? 0
                                                                                 : VOUCH_E_SYNTAX;
    }
    if (!colon || span_uint(span_of(colon + 1), 65535, &port) != 0 ||
        ipaddr_parse(span_make(text, (size_t)(colon - text)), &a.ip) != 0 ||
        (a.ip.family == IP_V6) != (text[0] == '['))
        return VOUCH_E_SYNTAX;
    a.port = (uint16_t)port;
    *address_r = a;
    return 0;
}

bool http_address_is_local(const struct http_address *a)
{
    return a->path || ipaddr_is_loopback(&a->ip);
}
