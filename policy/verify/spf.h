/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SPF_H
#define VOUCH_SPF_H

#include <time.h>
#include "evidence.h"
#include "ipaddr.h"

struct arena;
struct dns_batch;

/* SPF (RFC 7208) by libspf2 behind a guard: the library never sees a published record, only one
 * that was checked against the grammar and rewritten, and it never counts: look-ups are counted
 * here. */

#define SPF_MAX_TERMS 10 /* RFC 7208 s4.6.4 */
#define SPF_MAX_VOID  2  /* look-ups that found nothing, likewise */
#define SPF_MAX_NAMES 10 /* hosts of one mx, names of the client, likewise */
/* The most questions one evaluation can need, and never exceeds: see spf_ask.c. */
#define SPF_MAX_QUERIES 123

struct spf_request {
    struct ipaddr ip;
    const char *helo;     /* as given; NULL if none */
    const char *sender;   /* reverse-path; "" for the null sender: then postmaster@helo is judged */
    const char *receiver; /* our name, for %{r} */
    enum spf_scope scope; /* SPF_SCOPE_HELO judges helo whatever the sender */
    time_t now;           /* for %{t} */
};

struct spf_cost {
    unsigned terms, voids, queries; /* of this evaluation */
};

/* 1: *result_r is final. 0: an answer is still missing; it was asked for: call again later, when it
 * may have come. Never waits. Strings live in the arena. VOUCH_E_NOMEM. cost_r: NULL if nobody
 * wants to know. */
int spf_step(struct arena *arena, struct dns_batch *dns, const struct spf_request *request,
             struct spf_result *result_r, struct spf_cost *cost_r);
/* The same, and waits (up to the batch's deadline). What did not come is temperror. 0 or
 * VOUCH_E_NOMEM. */
int spf_check(struct arena *arena, struct dns_batch *dns, const struct spf_request *request,
              struct spf_result *result_r, struct spf_cost *cost_r);

#endif
