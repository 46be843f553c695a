/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_IDENTITY_H
#define VOUCH_IDENTITY_H

#include "evidence.h"
#include "message.h"

struct psl_ctx_st;

/* Which identities a message asserts, and under which keys the model keeps what it knows of them
 * (names after RFC 7073). Keys are known at end of header; how far each is proven is known only
 * after verification. */
enum identity_kind {
    ID_HOST,      /* client address */
    ID_NETWORK,   /* its /24 or /48 */
    ID_WIDE,      /* its /16 or /32: what one provider usually has */
    ID_SITE,      /* all mail that comes here */
    ID_NEW,       /* ... of which one name was not seen before; index: enum known_before bit */
    ID_SITUATION, /* ... of which just these were known before; index: identity_situation */
    ID_TRAIT,     /* ... that shows this trait (traits.h); index: enum trait */
    ID_HELO,      /* rfc5321.helo */
    ID_HELO_ORG,  /* its organisation, proven or not */
    ID_PTR,       /* Organizational Domain of the client's confirmed name */
    ID_MAILFROM,  /* rfc5321.mailfrom address */
    ID_MAILFROM_DOMAIN, /* its domain */
    ID_MAILFROM_ORG,
    ID_AUTHOR, /* rfc5322.from address */
    ID_AUTHOR_DOMAIN,
    ID_AUTHOR_ORG,
    /* The same names where a message claims them without proof: a history of its own, which forgers
     * can spoil, and which says nothing of mail that proves them. */
    ID_CLAIM_HELO,
    ID_CLAIM_MAILFROM,
    ID_CLAIM_MAILFROM_ORG,
    ID_CLAIM_AUTHOR,
    ID_CLAIM_AUTHOR_DOMAIN,
    ID_CLAIM_AUTHOR_ORG,
    ID_DKIM,          /* d= of one signature */
    ID_ORIGIN_WIDE,   /* /16 or /32 of the bottom-most public hop, in that role */
    ID_HOP,           /* network of one hop beyond the client, in that role */
    ID_WINDOW_CLIENT, /* what the client did in the last hour and day: HELO names, envelope domains */
    ID_WINDOW_AUTHOR, /* ... the author address: recipients */
    ID_HOP_NETWORK,   /* the same network's history as a client: looked up, never taught by a hop */
    ID_PAIR_NETWORK,  /* author's organization sent from this network */
    ID_PAIR_DKIM,     /* ... signed by this domain */
    ID_PAIR_MAILFROM, /* ... with this envelope organization */
    ID_PAIR_PTR,      /* ... from a host of this PTR organization */
    ID_PAIR_HELO,     /* ... from a host that says HELO with a name of this organization */
    ID_PAIR_ORIGIN,   /* ... first handed over in this network: the bottom-most public hop */
    ID_PERSON_NETWORK, /* author address sent from this network */
    ID_PERSON_HELO,    /* ... from a host that says HELO with a name of this organization */
    ID_PERSON_ORIGIN,  /* ... first handed over in this /16 or /32; "-": by no public hop */
    ID_ROUTE,          /* from the client's /16 or /32, first handed over in that of the origin */
    ID_PAIR_RCPT,      /* author address with recipient: their relationship */
    ID_KIND_COUNT
};
const char *identity_kind_name(enum identity_kind kind); /* "rfc5322.from.domain", ...; static */
/* enum identity_kind; -1 for an unknown name */
int identity_kind_parse(const char *name);

/* group and field are the model's key: group is "ip:<network>" or "dom:<org domain>", what is
 * looked up together has one group; field is the member in it: "*" for the group itself,
 * "h:<address>", "d:<subdomain>", "a:<address>", "p:<kind>:<value>" ... Both are at most
 * IDENTITY_KEY_MAX bytes; longer subjects are hashed. */
#define IDENTITY_KEY_MAX 320
#define IDENTITY_MAX     120 /* identities of one message */
struct identity {
    enum identity_kind kind;
    const char *subject; /* for a person: "198.51.100.7", "example.org via 198.51.100.0/24" */
    const char *group, *field;
    /* ID_DKIM, ID_PAIR_DKIM: of the signature among the DKIM-Signature fields; ID_HOP,
     * ID_HOP_NETWORK: of the hop; ID_NEW, ID_SITUATION, ID_TRAIT: as said there; else, and in look-ups by hand, -1. */
    int index;
};

/* All identities of m, which message_scan has read, in the arena; none twice, IDENTITY_MAX at
 * most. dkim_domains: d= of each DKIM-Signature field, normalised, NULL where there is none.
 * ptr_name: the client's name as far as known when keys are made (the MTA's or the PTR's answer);
 * NULL if none. 0 or VOUCH_E_NOMEM. */
int identity_list(struct arena *arena, const struct message *m, const struct psl_ctx_st *psl,
                  const char *const *dkim_domains, size_t dkim_count, const char *ptr_name,
                  struct identity **list_r, size_t *count_r);
/* The situation that known_before bits describe: how far author, client and HELO were known. */
#define IDENTITY_SITUATIONS 18
int identity_situation(unsigned known_before);
/* Whether a local-part looks made for one message or one recipient (VERP, BATV, SRS, bounce numbers):
 * such an address has no history of its own; its domain has. */
bool identity_is_single_use(struct span local);
/* The address that stands for another in what is written down: identities made from it without alias
 * are those made from the other with alias. "" stays "" (the null sender); what has no domain to keep
 * is replaced as a whole. In the arena; NULL: out of memory. */
const char *identity_pseudonym(struct arena *arena, const struct pseudonym_key *alias,
                               const char *address);
/* The identity that text (an address, a network, a domain, or "kind:value") names, for look-ups by
 * hand. Gives every identity that text may mean. alias: as in struct message. 0, VOUCH_E_SYNTAX,
 * VOUCH_E_NOMEM. */
int identity_parse(struct arena *arena, const struct psl_ctx_st *psl,
                   const struct pseudonym_key *alias, const char *text, struct identity **list_r,
                   size_t *count_r);
/* What m, which one of our users sent, tells of the recipients: the identities of a message that would
 * come back from each of them, ID_AUTHOR of the recipient and ID_PAIR_RCPT with our author. The first
 * IDENTITY_CORRESPONDENTS recipients; none if m has no author. In the arena. 0 or VOUCH_E_NOMEM. */
#define IDENTITY_CORRESPONDENTS (IDENTITY_MAX / 2)
int identity_correspondents(struct arena *arena, const struct message *m,
                            const struct psl_ctx_st *psl, struct identity **list_r,
                            size_t *count_r);

/* How names stand in keys, for those who look for them there (erasure.h): */
/* "Bob@Example.ORG" -> "bob@example.org", in the arena. 0, VOUCH_E_SYNTAX (no keys are kept of it) or
 * VOUCH_E_NOMEM. */
int identity_address(struct arena *arena, struct span address, const char **address_r);
/* Cuts a group or field to IDENTITY_KEY_MAX bytes, at a character's start, with "~" and the digest
 * of the whole at its end. */
#define IDENTITY_DIGEST 33 /* "~" and 32 hex digits */
void identity_shorten(char *text);
/* whether that was done to it: its beginning stands before the last IDENTITY_DIGEST bytes */
bool identity_is_short(struct span text);

#endif
