/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DMARC_LOOKUP_H
#define VOUCH_DMARC_LOOKUP_H

#include "evidence.h"

struct arena;
struct dns_batch;
struct psl_ctx_st;

/* Policy discovery (RFC 7489 s6.6.3). */

/* Asks for both records (author domain and Organizational Domain) without waiting. */
void dmarc_lookup_start(struct dns_batch *dns, const struct psl_ctx_st *psl,
                        const char *author_domain);
/* Waits and judges. ev->spf and ev->dkim must be final. 0 or VOUCH_E_NOMEM. */
int dmarc_check(struct arena *arena, struct dns_batch *dns, const struct psl_ctx_st *psl,
                const char *author_domain, unsigned pct_roll, const struct evidence *ev,
                struct dmarc_result *result_r);

#endif
