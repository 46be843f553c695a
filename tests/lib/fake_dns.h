/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_FAKE_DNS_H
#define VOUCH_FAKE_DNS_H

#include "resolver.h"

/* A dns_batch that answers from a table, for tests of what asks DNS. It stands in for resolver.c: a
 * program links one or the other. What is not in the table is NXDOMAIN. Out of memory aborts. */
struct dns_batch *fake_dns_new(void);
/* One more TXT record of name, split into character-strings; "*" is every name that is not in the table. */
void fake_dns_txt(struct dns_batch *b, const char *name, struct span text);
/* Every question for name fails. */
void fake_dns_fail(struct dns_batch *b, const char *name, const char *why);
/* The names asked so far, in order. */
size_t fake_dns_asked(const struct dns_batch *b);
const char *fake_dns_name(const struct dns_batch *b, size_t i);

#endif
