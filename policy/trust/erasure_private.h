/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ERASURE_PRIVATE_H
#define VOUCH_ERASURE_PRIVATE_H

#include "erasure.h"
#include "ipaddr.h"

#define ERASURE_PREFIXES 129 /* 0 to 128 */

struct erasure_list {
    struct erasure *items; /* by strcmp of their subjects, none twice */
    size_t count, cap;
    /* Lengths of the networks that are in it, so that only these are tried. */
    bool v4[ERASURE_PREFIXES], v6[ERASURE_PREFIXES];
};

enum erasure_kind { ERASURE_ADDRESS, ERASURE_DOMAIN, ERASURE_NETWORK };
/* of a subject that erasure_subject made; net_r: of a network */
enum erasure_kind erasure_kind(const char *subject, struct ipnet *net_r);
/* The time of that very subject, or ERASURE_NONE. */
int64_t erasure_find(const struct erasure_list *l, struct span subject);
/* Text of a network as a subject: a single host without its length. */
const char *erasure_network(const struct ipnet *net, char text_r[IPNET_TEXT]);

#endif
