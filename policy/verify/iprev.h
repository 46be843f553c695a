/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_IPREV_H
#define VOUCH_IPREV_H

#include "evidence.h"
#include "ipaddr.h"

struct arena;
struct dns_batch;

#define IPREV_MAX_NAMES 10 /* PTR names looked at (RFC 7208 s4.6.4 uses the same bound) */

/* Forward-confirmed reverse DNS (RFC 8601 s3). Steps and waits like spf.h. */
int iprev_step(struct arena *arena, struct dns_batch *dns, const struct ipaddr *ip,
               struct iprev_result *result_r);
int iprev_check(struct arena *arena, struct dns_batch *dns, const struct ipaddr *ip,
                struct iprev_result *result_r);

#endif
