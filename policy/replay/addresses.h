/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ADDRESSES_H
#define VOUCH_ADDRESSES_H

#include "ipaddr.h"

/* IP addresses, each with a number. */

struct addresses;
/* NULL: out of memory. */
struct addresses *addresses_new(void);
void addresses_free(struct addresses **ap);
/* The number of ip, from 0 in the order in which they came; *new_r: it had none before. 0 or
 * VOUCH_E_NOMEM. */
int addresses_number(struct addresses *a, const struct ipaddr *ip, size_t *number_r, bool *new_r);

#endif
