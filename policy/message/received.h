/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RECEIVED_H
#define VOUCH_RECEIVED_H

#include <time.h>
#include "ipaddr.h"

struct arena;

#define RECEIVED_MAX_HOPS 100 /* RFC 5321 s6.3: loop detection's usual bound */

/* One Received field (RFC 5321 s4.4) as any of the common MTAs writes it. What it does not say is
 * NULL, IP_NONE or -1. Strings live in the arena. Everything here is a claim of whoever wrote the
 * field; which writers are believed received_client decides. */
struct hop {
    struct ipaddr ip;   /* the sending host's address, from the TCP-info */
    const char *name;   /* its name by reverse DNS, normalised; NULL also for "unknown" */
    const char *helo;   /* what it called itself; lower case; may be a literal "[...]" */
    const char *by;     /* the receiving host's name, normalised, or its address */
    const char *with;   /* protocol, upper case: "ESMTPS" (RFC 3848) */
    const char *id;     /* the receiver's queue id */
    const char *rcpt;   /* the "for" address without brackets */
    time_t time;        /* seconds since the epoch; -1 if none or not a date */
    bool tls;           /* the writer says that TLS was used */
    bool authenticated; /* the writer says that the client authenticated */
    /* A hand-over inside one site (qmail "invoked by", Postfix pickup, LMTP, "HTTP"): there is no
     * sending host to judge. */
    bool internal;
};

/* 0: *hop_r is filled, however little the field says. VOUCH_E_NOMEM, or VOUCH_E_SYNTAX if it has
 * neither a from, a by nor a date. */
int received_parse(struct arena *arena, struct span value, struct hop *hop_r);

/* Index of the hop that tells of the client: hops[0] is the topmost field. Fields from the top are
 * believed as long as the host they name as sender is in trusted (or the hop is internal, or from
 * the loopback); the
 * first believed hop whose sender is outside is the answer. -1: no hop names an outside host. */
ptrdiff_t received_client(const struct hop *hops, size_t count, const struct ipnet *trusted,
                          size_t trusted_count);

#endif
