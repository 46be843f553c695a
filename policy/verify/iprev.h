/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_IPREV_H
#define VOUCH_IPREV_H

#include "evidence.h"
#include "ipaddr.h"

struct arena;
struct dns_batch;

#define IPREV_MAX_NAMES 10 /* PTR names looked at (RFC 7208 s4.6.4 uses the same bound) */

/* Forward-confirmed reverse DNS (RFC 8601 s3). What a result means stands in iprev.c. 1: *result_r
 * is final. 0: an answer is still missing, and was asked for: call again later. Never waits.
 * VOUCH_E_NOMEM. Strings live in the arena or are static. */
int iprev_step(struct arena *arena, struct dns_batch *dns, const struct ipaddr *ip,
               struct iprev_result *result_r);
/* The same, and waits, up to the batch's deadline: what did not come is temperror. 0 or
 * VOUCH_E_NOMEM. */
int iprev_check(struct arena *arena, struct dns_batch *dns, const struct ipaddr *ip,
                struct iprev_result *result_r);

#endif
