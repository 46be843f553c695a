/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DOMAIN_H
#define VOUCH_DOMAIN_H

#include "span.h"

struct psl_ctx_st; /* libpsl's psl_ctx_t */

#define DOMAIN_MAX   253 /* RFC 1035 s2.3.4, presentation form without the final dot */
#define DOMAIN_LABEL 63  /* bytes of one label, RFC 1035 s2.3.4 */

/* The one form of a domain that vouch compares, stores and shows: lower-case A-labels
 * (RFC 5890), no final dot. Underscores are kept (service names, careless HELOs).
 * name_r has room for DOMAIN_MAX + 1. 0, VOUCH_E_SYNTAX (empty, empty label, too long, a byte that
 * cannot stand in a name, invalid UTF-8 or IDNA), or VOUCH_E_NOMEM. */
int domain_normalize(struct span s, char *name_r);
/* RFC 7489 s3.2 Organizational Domain of a normalised domain: a pointer into domain. For a public
 * suffix, an address literal or dotted digits, the domain itself. psl: NULL counts the last two
 * labels (for tests and tools without a list). */
const char *domain_org(const struct psl_ctx_st *psl, const char *domain);
/* psl: NULL takes names of one label for public suffixes. */
bool domain_is_public_suffix(const struct psl_ctx_st *psl, const char *domain);
/* child equals parent or is below it; both normalised */
bool domain_is_below(const char *child, const char *parent);

#endif
