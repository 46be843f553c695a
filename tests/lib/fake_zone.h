/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_FAKE_ZONE_H
#define VOUCH_FAKE_ZONE_H

#include "resolver.h"

/* A dns_batch that asks a function, for tests of what asks DNS: any type, and answers that are late. It
 * stands in for resolver.c: a program links one or the other. Out of memory aborts. */

struct fake_reply; /* DNS_NXDOMAIN until it is told otherwise */

void fake_status(struct fake_reply *reply, enum dns_status status);
/* These make it DNS_FOUND. */
void fake_rdata(struct fake_reply *reply, const void *rdata, size_t len);
void fake_txt(struct fake_reply *reply, const char *text, size_t len);
void fake_ip(struct fake_reply *reply, const char *address);
void fake_name(struct fake_reply *reply, const char *name); /* PTR */
void fake_mx(struct fake_reply *reply, const char *name);

/* name: as it was asked */
typedef void fake_zone_fn(void *arg, const char *name, enum dns_type type,
                          struct fake_reply *reply);

/* slow: an answer is pending until it is waited for, or fake_zone_arrive. */
struct dns_batch *fake_zone_new(fake_zone_fn *zone, void *arg, bool slow);
void fake_zone_free(struct dns_batch **bp);
/* All that was asked is answered now. */
void fake_zone_arrive(struct dns_batch *b);
unsigned fake_zone_asked(const struct dns_batch *b); /* different questions */
unsigned fake_zone_waits(const struct dns_batch *b); /* dns_wait of a pending one */

#endif
