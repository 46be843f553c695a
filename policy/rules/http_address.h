/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HTTP_ADDRESS_H
#define VOUCH_HTTP_ADDRESS_H

#include "ipaddr.h"

/* Where an HTTP server of ours listens. */
struct http_address {
    const char *path; /* of a unix socket, borrowed; NULL: ip and port count */
    struct ipaddr ip;
    uint16_t port; /* 0: any that is free */
};

/* "127.0.0.1:9117", "[::1]:9117" or "unix:/run/vouch/metrics.sock". 0 or VOUCH_E_SYNTAX. */
int http_address_parse(const char *text, struct http_address *address_r);
/* Only this host reaches it. */
bool http_address_is_local(const struct http_address *a);

#endif
