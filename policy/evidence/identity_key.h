/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_IDENTITY_KEY_H
#define VOUCH_IDENTITY_KEY_H

#include "identity_maker.h"
#include "traits.h"

/* Keys of single identities: private to identity.c and identity_text.c, which say which of them a
 * message or a person's text names. What is over IDENTITY_MAX is not added. */
void identity_add_ip(struct identity_maker *mk, const struct ipaddr *ip);
void identity_add_network(struct identity_maker *mk, const struct ipnet *net);
void identity_add_site(struct identity_maker *mk);
/* bit: one of enum known_before */
void identity_add_new(struct identity_maker *mk, unsigned bit);
void identity_add_situation(struct identity_maker *mk, int situation);
void identity_add_trait(struct identity_maker *mk, enum trait trait, const char *word);
/* The wider network around it. */
void identity_add_wide(struct identity_maker *mk, const struct ipaddr *ip);
/* What the host did lately. */
void identity_add_window_client(struct identity_maker *mk, const struct ipaddr *ip);
/* The network in the role of a hop; index: of the hop, -1 for look-ups by hand. */
void identity_add_hop(struct identity_maker *mk, const struct ipnet *net, int index);
/* The key of identity_add_network, looked up for a hop. */
void identity_add_hop_network(struct identity_maker *mk, const struct ipnet *net, int index);
/* domains are normalised; local is the local-part as it came */
void identity_add_helo(struct identity_maker *mk, const char *name);
void identity_add_ptr(struct identity_maker *mk, const char *name);
void identity_add_dkim(struct identity_maker *mk, const char *domain, int index);
void identity_add_mailfrom_domain(struct identity_maker *mk, const char *domain);
void identity_add_mailfrom(struct identity_maker *mk, struct span local, const char *domain);
void identity_add_author_domain(struct identity_maker *mk, const char *domain);
void identity_add_author(struct identity_maker *mk, struct span local, const char *domain);
void identity_add_claimed_author(struct identity_maker *mk, struct span local, const char *domain);
/* What the author did lately. */
void identity_add_window_author(struct identity_maker *mk, struct span local, const char *domain);
/* author_org: Organizational Domain of the author */
void identity_add_pair_network(struct identity_maker *mk, enum identity_kind kind,
                               const char *author_org, const struct ipnet *net);
/* domain: any of the other organisation */
void identity_add_pair_domain(struct identity_maker *mk, enum identity_kind kind,
                              const char *author_org, const char *domain, int index);
/* kind: ID_PERSON_NETWORK, _HELO or _ORIGIN. source: text of the network, or the organisation */
void identity_add_person(struct identity_maker *mk, enum identity_kind kind, struct span local,
                         const char *domain, const char *source);
void identity_add_origin_wide(struct identity_maker *mk, const struct ipaddr *origin);
/* origin: IP_NONE if there is none */
void identity_add_route(struct identity_maker *mk, const struct ipaddr *client,
                        const struct ipaddr *origin);
void identity_add_relationship(struct identity_maker *mk, struct span local, const char *domain,
                               struct span rcpt);

/* the network whose history a host shares: /24 or /48 */
struct ipnet identity_network(const struct ipaddr *ip);
/* its provider's: /16 or /32 */
struct ipnet identity_wide(const struct ipaddr *ip);
/* its text; "-" for IP_NONE. Returns text_r or a literal. */
const char *identity_wide_text(const struct ipaddr *ip, char text_r[IPNET_TEXT]);
/* The domain after the last "@" of address, normalised, and the local-part before it. 0 or
 * VOUCH_E_SYNTAX (none, or not a domain: an address literal has no owner whose history could be
 * kept). */
int identity_split(struct span address, struct span *local_r, char *domain_r);

#endif
