/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DMARC_H
#define VOUCH_DMARC_H

#include "evidence.h"
#include "span.h"

struct arena;
struct psl_ctx_st;

/* DMARC (RFC 7489): the record's grammar and identifier alignment. No DNS here:
 * verify/dmarc_lookup.h finds the record. */
struct dmarc_record {
    enum dmarc_policy p, sp;        /* sp is DMARC_NO_POLICY if absent */
    bool adkim_strict, aspf_strict; /* else relaxed */
    unsigned pct;                   /* 0..100 */
    bool has_rua;                   /* with at least one valid URI */
};

/* 1: a DMARC record (s6.3, s6.6.3: an unknown p= with a valid rua= counts as none). 0: not a
 * DMARC record at all, to be ignored (s6.6.3 step 2). VOUCH_E_SYNTAX: a DMARC record that cannot
 * be used. *record_r is written for 1 only. */
int dmarc_record_parse(struct span txt, struct dmarc_record *record_r);

/* Judges (s6.6.2, s6.6.4). record: NULL if there is none (result none). record_domain: where it was
 * found; sp= applies unless that is author_domain itself; NULL if nowhere. pct_roll: 0..99, drawn
 * by the caller, for pct=. ev: spf and dkim are read. Strings of *result_r live in the arena or are
 * static. 0 or VOUCH_E_NOMEM. */
int dmarc_evaluate(struct arena *arena, const struct psl_ctx_st *psl, const char *author_domain,
                   const struct dmarc_record *record, const char *record_domain, unsigned pct_roll,
                   const struct evidence *ev, struct dmarc_result *result_r);
/* Identifier alignment (s3.1) of two normalised domains. Relaxed: same Organizational Domain, which
 * is not a public suffix unless they are equal. */
bool dmarc_aligned(const struct psl_ctx_st *psl, const char *author_domain, const char *domain,
                   bool strict);

#endif
