/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_FAKE_DNS_H
#define VOUCH_FAKE_DNS_H

#include "resolver.h"

/* A dns_batch that answers without DNS, for tests of what asks: from a function, or from what it
 * was told beforehand, at once or late. It stands in for the resolver: a program links one or the
 * other. dns_batch_free frees it. Out of memory aborts. */

struct fake_reply; /* DNS_NXDOMAIN until it is told otherwise */

void fake_status(struct fake_reply *reply, enum dns_status status);
/* These add a record and make it DNS_FOUND. */
void fake_rdata(struct fake_reply *reply, const void *rdata, size_t len);
void fake_txt(struct fake_reply *reply, const char *text, size_t len); /* cut into strings */
void fake_ip(struct fake_reply *reply, const char *address);
void fake_name(struct fake_reply *reply, const char *name); /* PTR */
void fake_mx(struct fake_reply *reply, const char *name);

/* name: as it was asked */
typedef void fake_dns_fn(void *arg, const char *name, enum dns_type type, struct fake_reply *reply);

/* answer: called for every question; NULL: only fake_dns_reply's. slow: an answer is pending until
 * it is waited for, or fake_dns_arrive. */
struct dns_batch *fake_dns_new(fake_dns_fn *answer, void *arg, bool slow);
/* The reply to a question, told before it is asked. Borrowed: until the batch is freed. */
struct fake_reply *fake_dns_reply(struct dns_batch *b, const char *name, enum dns_type type);
/* All that was asked is answered now. */
void fake_dns_arrive(struct dns_batch *b);
unsigned fake_dns_asked(const struct dns_batch *b);   /* different questions */
const char *fake_dns_name(const struct dns_batch *b); /* the name asked last; NULL: none */
unsigned fake_dns_waits(const struct dns_batch *b);   /* dns_wait of a pending one */

#endif
