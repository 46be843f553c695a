/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_IDENTITY_MAKER_H
#define VOUCH_IDENTITY_MAKER_H

#include "identity.h"

/* A list of identities in the making: private to what says which there are. */

#define IDENTITY_ORGS 8
struct identity_maker {
    struct arena *arena;
    const struct psl_ctx_st *psl;
    const struct pseudonym_key *alias; /* NULL: keys hold addresses as they are */
    struct identity *list;
    size_t count, cap;
    /* Organizational Domains asked for lately: those of one message are few, and the list of public
     * suffixes is asked some twenty times for them. */
    struct identity_org {
        const char *domain; /* NULL: free */
        size_t skip;        /* bytes before its Organizational Domain */
    } orgs[IDENTITY_ORGS];
    unsigned org_count; /* asked for, over all */
    bool failed;        /* out of memory: everything after does nothing */
};

/* The parts joined, in the arena. NULL, and failed is set, when out of memory. */
char *identity_join(struct identity_maker *mk, const char *a, const char *b, const char *c);
/* domain_org */
const char *identity_org(struct identity_maker *mk, const char *domain);

/* Adds one, unless it stands in the list already or would be one over IDENTITY_MAX. The group is space ("ip:" or "dom:") and
 * owner, the field is prefix and value; they are copied, and cut where too long. subject: arena or static; NULL (out of memory):
 * nothing is added. */
void identity_put(struct identity_maker *mk, enum identity_kind kind, int index,
                  const char *subject, const char *space, const char *owner, const char *prefix,
                  const char *value);
/* The same in the group of the Organizational Domain of subject, an address or a domain. */
void identity_put_domain(struct identity_maker *mk, enum identity_kind kind, int index,
                         const char *subject, const char *prefix, const char *value);
/* A habit of the site: each is added once, and short. subject, field: arena or static. */
void identity_put_habit(struct identity_maker *mk, enum identity_kind kind, int index,
                        const char *subject, const char *field);

#endif
