/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_UPSTREAM_H
#define VOUCH_UPSTREAM_H

#include <stddef.h>

/* Whom libunbound asks and how; contexts can be made of it at any time. */

#define UPSTREAM_MAX_SERVERS 8
#define UPSTREAM_ADDRESS     64 /* "ADDR@PORT" and its NUL; what is longer is none */
#define UPSTREAM_RESOLV_CONF "/etc/resolv.conf"

struct evloop;
struct resolver_options;
struct ub_ctx;

struct upstream {
    char servers[UPSTREAM_MAX_SERVERS][UPSTREAM_ADDRESS];
    unsigned count, count_ip6; /* servers; those of them that are asked over IPv6 */
    char *trust_anchor;        /* file; NULL: no validation */
};

/* Both: 0, or an error of VOUCH_E_* or of libunbound, and one line in error_r. */
int upstream_init(struct upstream *u, const struct resolver_options *options, char *error_r,
                  size_t size);
/* sockets: questions that can be under way at a time. libunbound has 850 bytes for each from the start, and 1 MiB besides. */
int upstream_open(const struct upstream *u, struct evloop *loop, unsigned sockets,
                  struct ub_ctx **context_r, char *error_r, size_t size);
void upstream_clear(struct upstream *u);

#endif
