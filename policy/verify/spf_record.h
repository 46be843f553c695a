/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SPF_RECORD_H
#define VOUCH_SPF_RECORD_H

#include "ipaddr.h"
#include "spf.h"

struct sbuf;

/* One SPF record (RFC 7208 s4.6, s5, s6): its grammar, what of it concerns one client, and what
 * libspf2 is shown of that. Pure. */

#define SPF_MAX_RECORD 8192 /* bytes; ten times the largest that is seen in practice */
#define SPF_MAX_SPEC   512  /* bytes of a domain-spec: twice a name, so that macros have room */

enum spf_term_kind {
    SPF_TERM_A,
    SPF_TERM_MX,
    SPF_TERM_PTR,
    SPF_TERM_EXISTS,
    SPF_TERM_INCLUDE,
    SPF_TERM_REDIRECT
};

/* A term that asks DNS. */
struct spf_term {
    enum spf_term_kind kind;
    char qualifier;     /* one of "+-~?" */
    struct span target; /* domain-spec, macros not expanded; absent: the current domain */
    unsigned prefix;    /* a, mx: bits that count, of an address of the client's family */
};

/* A record as this client sees it: of the terms that need no DNS only the one that ends the
 * evaluation is left, and terms behind the eleventh look-up, which nobody reaches, are not kept. */
struct spf_record {
    struct spf_term terms[SPF_MAX_TERMS + 1]; /* in order of evaluation */
    unsigned count;
    char otherwise;          /* qualifier of the ip4, ip6 or all that matches when no term does;
                                0: none does */
    struct span explanation; /* domain-spec of exp=; absent if there is none */
};

/* text: a TXT record that s4.5 selects. */
bool spf_record_selected(struct span text);
/* text: selected. Checks all of it. 0, or VOUCH_E_SYNTAX; then *what_r says what is wrong and
 * *near_r is the term at fault. Spans of *record_r point into text. */
int spf_record_parse(struct span text, const struct ipaddr *client, struct spf_record *record_r,
                     const char **what_r, struct span *near_r);
/* Appends what libspf2 compiles in the record's place: at most SPF_REWRITTEN_MAX bytes, none of
 * which was published by anyone. Names are "NUMBER.TERM.t" (TERM: index into terms). */
#define SPF_REWRITTEN_MAX 512
void spf_record_rewrite(const struct spf_record *record, unsigned number,
                        const struct ipaddr *client, struct sbuf *out);

#endif
