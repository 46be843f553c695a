/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys under which the model keeps what it knows of an identity.
 *
 *   site             *                 all mail
 *                    new:<kind>        of which a name of that kind was never seen before
 *                    s:<situation>     of which just these names were (identity_situation)
 *                    t:<trait>=<word>  that shows this (traits.h)
 *   ip:<network>     *                 the network as a client's; also a /16 or /32
 *                    h:<address>       one host in it
 *                    w:h:<address>     what one host did lately (window.h)
 *                    hop               the network as a hop beyond the client
 *                    via:<network>     a /16 or /32, with mail first handed over in that one
 *   dom:<org>        *                 the organisation as author
 *                    d:<domain>        one domain of it as author's domain
 *                    a:<address>       one author
 *                    u  ud:<domain>  ua:<address>     the same three, claimed without proof
 *                    w:a:<address>     what one author did lately
 *                    mf  mfd:<domain>  mf:<address>   the same three as envelope sender
 *                    umf  umf:<address>  uhelo:<name> claimed without proof
 *                    helo:<name>  helo  ptr  dkim:<d> roles of their own
 *                    p:net:<network>  p:origin:<network>  p:dkim:<org>  p:mf:<org>  p:ptr:<org>
 *                    p:helo:<org>
 *                                      the author's organisation with each source it used
 *                    pn:<author>:<network>  ph:<author>:<org>  po:<author>:<wide network or ->
 *                    r:<author>:<recipient>
 *
 * Roles never share a key: that a name is worn by others in one role (anybody may say HELO) must
 * not colour what it is known for in another. Local-parts are lower-cased, in keys only: sites that
 * tell "Bob" from "bob" do not exist, forgers who vary case do. */
#include "identity_key.h"
#include <string.h>
#include "ascii.h"
#include "domain.h"
#include "errors.h"

#define NETWORK_V4 24 /* what one customer of a hosting company usually has */
#define NETWORK_V6 48 /* RFC 6177: what one site is given */
#define WIDE_V4    16
#define WIDE_V6    32 /* what a registry gives a provider */

struct ipnet identity_network(const struct ipaddr *ip)
{
    return ipnet_of(ip, ip->family == IP_V4 ? NETWORK_V4 : NETWORK_V6);
}

static char *network_text(struct identity_maker *mk, const struct ipnet *net)
{
    char text[IPNET_TEXT];
    return identity_join(mk, ipnet_format(net, text), "", "");
}

static void add_host(struct identity_maker *mk, enum identity_kind kind, const char *prefix,
                     const struct ipaddr *ip)
{
    char text[IPADDR_TEXT], owner[IPNET_TEXT];
    struct ipnet net = identity_network(ip);
    char *subject = identity_join(mk, ipaddr_format(ip, text), "", "");
    identity_put(mk, kind, -1, subject, "ip:", ipnet_format(&net, owner), prefix, text);
}

void identity_add_site(struct identity_maker *mk)
{
    identity_put(mk, ID_SITE, -1, "this site", "site", "", "*", "");
}

void identity_add_new(struct identity_maker *mk, unsigned bit)
{
    const char *name = known_before_name(bit);
    identity_put_habit(mk, ID_NEW, (int)bit, name, identity_join(mk, "new:", name, ""));
}

#define SITUATION(a, n, author, client)                                                            \
    {"s:a" a "n" n "h0", "author " author ", client " client ", HELO strange"},                    \
    {                                                                                              \
        "s:a" a "n" n "h1", "author " author ", client " client ", HELO known"                     \
    }
#define SITUATIONS(a, author)                                                                      \
    SITUATION(a, "0", author, "strange"), SITUATION(a, "1", author, "of a known provider"),        \
        SITUATION(a, "2", author, "known")

void identity_add_situation(struct identity_maker *mk, int situation)
{
    static const struct {
        const char *field, *subject;
    } table[IDENTITY_SITUATIONS] = {SITUATIONS("0", "strange"),
                                    SITUATIONS("1", "of a known organisation"),
                                    SITUATIONS("2", "known")};
    identity_put_habit(mk, ID_SITUATION, situation, table[situation].subject,
                       table[situation].field);
}

void identity_add_trait(struct identity_maker *mk, enum trait trait, const char *word)
{
    char *subject = identity_join(mk, trait_name(trait), "=", word);
    if (subject)
        identity_put_habit(mk, ID_TRAIT, (int)trait, subject, identity_join(mk, "t:", subject, ""));
}

void identity_add_ip(struct identity_maker *mk, const struct ipaddr *ip)
{
    add_host(mk, ID_HOST, "h:", ip);
}

void identity_add_window_client(struct identity_maker *mk, const struct ipaddr *ip)
{
    add_host(mk, ID_WINDOW_CLIENT, "w:h:", ip);
}

void identity_add_network(struct identity_maker *mk, const struct ipnet *net)
{
    char *subject = network_text(mk, net);
    if (subject)
        identity_put(mk, ID_NETWORK, -1, subject, "ip:", subject, "*", "");
}

struct ipnet identity_wide(const struct ipaddr *ip)
{
    return ipnet_of(ip, ip->family == IP_V4 ? WIDE_V4 : WIDE_V6);
}

void identity_add_wide(struct identity_maker *mk, const struct ipaddr *ip)
{
    struct ipnet net = identity_wide(ip);
    char *subject = network_text(mk, &net);
    if (subject)
        identity_put(mk, ID_WIDE, -1, subject, "ip:", subject, "*", "");
}

const char *identity_wide_text(const struct ipaddr *ip, char text_r[IPNET_TEXT])
{
    struct ipnet net = identity_wide(ip);
    return ip->family == IP_NONE ? "-" : ipnet_format(&net, text_r);
}

void identity_add_origin_wide(struct identity_maker *mk, const struct ipaddr *origin)
{
    struct ipnet net = identity_wide(origin);
    char *subject = network_text(mk, &net);
    if (subject)
        identity_put(mk, ID_ORIGIN_WIDE, -1, subject, "ip:", subject, "hop", "");
}

void identity_add_route(struct identity_maker *mk, const struct ipaddr *client,
                        const struct ipaddr *origin)
{
    char from[IPNET_TEXT], text[IPNET_TEXT];
    const char *via = identity_wide_text(origin, from);
    struct ipnet net = identity_wide(client);
    char *subject = identity_join(mk, ipnet_format(&net, text), " from ", via);
    identity_put(mk, ID_ROUTE, -1, subject, "ip:", text, "via:", via);
}

void identity_add_hop(struct identity_maker *mk, const struct ipnet *net, int index)
{
    char *subject = network_text(mk, net);
    if (subject)
        identity_put(mk, ID_HOP, index, subject, "ip:", subject, "hop", "");
}

void identity_add_hop_network(struct identity_maker *mk, const struct ipnet *net, int index)
{
    char *subject = network_text(mk, net);
    if (subject)
        identity_put(mk, ID_HOP_NETWORK, index, subject, "ip:", subject, "*", "");
}

void identity_add_helo(struct identity_maker *mk, const char *name)
{
    identity_put_domain(mk, ID_HELO_ORG, -1, identity_org(mk, name), "helo", "");
    identity_put_domain(mk, ID_HELO, -1, name, "helo:", name);
    identity_put_domain(mk, ID_CLAIM_HELO, -1, name, "uhelo:", name);
}

void identity_add_ptr(struct identity_maker *mk, const char *name)
{
    identity_put_domain(mk, ID_PTR, -1, identity_org(mk, name), "ptr", "");
}

void identity_add_dkim(struct identity_maker *mk, const char *domain, int index)
{
    identity_put_domain(mk, ID_DKIM, index, domain, "dkim:", domain);
}

void identity_add_mailfrom_domain(struct identity_maker *mk, const char *domain)
{
    const char *org = identity_org(mk, domain);
    identity_put_domain(mk, ID_MAILFROM_ORG, -1, org, "mf", "");
    identity_put_domain(mk, ID_CLAIM_MAILFROM_ORG, -1, org, "umf", "");
    if (strcmp(org, domain) != 0)
        identity_put_domain(mk, ID_MAILFROM_DOMAIN, -1, domain, "mfd:", domain);
}

void identity_add_author_domain(struct identity_maker *mk, const char *domain)
{
    const char *org = identity_org(mk, domain);
    identity_put_domain(mk, ID_AUTHOR_ORG, -1, org, "*", "");
    identity_put_domain(mk, ID_CLAIM_AUTHOR_ORG, -1, org, "u", "");
    if (strcmp(org, domain) == 0)
        return;
    identity_put_domain(mk, ID_AUTHOR_DOMAIN, -1, domain, "d:", domain);
    identity_put_domain(mk, ID_CLAIM_AUTHOR_DOMAIN, -1, domain, "ud:", domain);
}

/* "Bob" -> "bob", in UTF-8 */
static char *lower_local(struct arena *arena, struct span local)
{
    char *text = rfc5322_utf8(arena, local);
    for (char *p = text; p && *p; p++)
        *p = ascii_lower(*p);
    return text;
}

/* "Bob", "example.org" -> "bob@example.org", or its pseudonym */
static char *address_key(struct identity_maker *mk, struct span local, const char *domain)
{
    char *text = mk->failed ? NULL : lower_local(mk->arena, local);
    char name[PSEUDONYM_TEXT];
    if (!text) {
        mk->failed = true;
        return NULL;
    }
    if (!mk->alias)
        return identity_join(mk, text, "@", domain);
    pseudonym_local(mk->alias, span_of(text), domain, identity_is_single_use(local), name);
    return identity_join(mk, name, "@", domain);
}

const char *identity_pseudonym(struct arena *arena, const struct pseudonym_key *alias,
                               const char *address)
{
    struct identity_maker mk = {.arena = arena, .alias = alias};
    char domain[DOMAIN_MAX + 1], name[PSEUDONYM_TEXT];
    struct span local;
    if (!*address || identity_split(span_of(address), &local, domain) == 0)
        return *address ? address_key(&mk, local, domain) : "";
    char *text = lower_local(arena, span_of(address));
    if (!text)
        return NULL;
    pseudonym_local(alias, span_of(text), "", false, name);
    return arena_strdup(arena, name);
}

void identity_add_mailfrom(struct identity_maker *mk, struct span local, const char *domain)
{
    char *address = address_key(mk, local, domain);
    if (!address)
        return;
    identity_put_domain(mk, ID_MAILFROM, -1, address, "mf:", address);
    identity_put_domain(mk, ID_CLAIM_MAILFROM, -1, address, "umf:", address);
}

void identity_add_author(struct identity_maker *mk, struct span local, const char *domain)
{
    char *address = address_key(mk, local, domain);
    if (address)
        identity_put_domain(mk, ID_AUTHOR, -1, address, "a:", address);
}

void identity_add_claimed_author(struct identity_maker *mk, struct span local, const char *domain)
{
    char *address = address_key(mk, local, domain);
    if (address)
        identity_put_domain(mk, ID_CLAIM_AUTHOR, -1, address, "ua:", address);
}

void identity_add_window_author(struct identity_maker *mk, struct span local, const char *domain)
{
    char *address = address_key(mk, local, domain);
    if (address)
        identity_put_domain(mk, ID_WINDOW_AUTHOR, -1, address, "w:a:", address);
}

struct pair_words {
    const char *between, *prefix;
};

static struct pair_words pair_words(enum identity_kind kind)
{
    switch (kind) {
    case ID_PAIR_NETWORK:
        return (struct pair_words){" via ", "p:net:"};
    case ID_PAIR_ORIGIN:
        return (struct pair_words){" written in ", "p:origin:"};
    case ID_PAIR_DKIM:
        return (struct pair_words){" signed by ", "p:dkim:"};
    case ID_PAIR_MAILFROM:
        return (struct pair_words){" with envelope of ", "p:mf:"};
    case ID_PAIR_HELO:
        return (struct pair_words){" from hosts called ", "p:helo:"};
    default:
        return (struct pair_words){" from hosts of ", "p:ptr:"};
    }
}

static void add_pair(struct identity_maker *mk, enum identity_kind kind, const char *author_org,
                     const char *source, int index)
{
    struct pair_words words = pair_words(kind);
    char *subject = identity_join(mk, author_org, words.between, source);
    identity_put(mk, kind, index, subject, "dom:", author_org, words.prefix, source);
}

void identity_add_pair_network(struct identity_maker *mk, enum identity_kind kind,
                               const char *author_org, const struct ipnet *net)
{
    char text[IPNET_TEXT];
    add_pair(mk, kind, author_org, ipnet_format(net, text), -1);
}

void identity_add_pair_domain(struct identity_maker *mk, enum identity_kind kind,
                              const char *author_org, const char *domain, int index)
{
    add_pair(mk, kind, author_org, identity_org(mk, domain), index);
}

int identity_split(struct span address, struct span *local_r, char *domain_r)
{
    size_t at = address.len;
    while (at > 0 && address.p[at - 1] != '@')
        at--;
    if (at < 2)
        return VOUCH_E_SYNTAX;
    *local_r = span_slice(address, 0, at - 1);
    return domain_normalize(span_slice(address, at, address.len), domain_r);
}

int identity_address(struct arena *arena, struct span address, const char **address_r)
{
    struct identity_maker mk = {.arena = arena};
    char domain[DOMAIN_MAX + 1];
    struct span local;
    int rc = identity_split(address, &local, domain);
    if (rc != 0)
        return rc;
    *address_r = address_key(&mk, local, domain);
    return mk.failed ? VOUCH_E_NOMEM : 0;
}

void identity_add_person(struct identity_maker *mk, enum identity_kind kind, struct span local,
                         const char *domain, const char *source)
{
    const char *prefix = kind == ID_PERSON_NETWORK ? "pn:" : kind == ID_PERSON_HELO ? "ph:" : "po:";
    const char *between = kind == ID_PERSON_NETWORK ? " via "
                          : kind == ID_PERSON_HELO  ? " from hosts called "
                                                    : " written in ";
    char *author = address_key(mk, local, domain);
    if (!author)
        return;
    char *subject = identity_join(mk, author, between, source);
    char *value = identity_join(mk, author, ":", source);
    if (subject && value)
        identity_put(mk, kind, -1, subject, "dom:", identity_org(mk, domain), prefix, value);
}

void identity_add_relationship(struct identity_maker *mk, struct span local, const char *domain,
                               struct span rcpt)
{
    char rcpt_domain[DOMAIN_MAX + 1];
    struct span rcpt_local;
    if (identity_split(rcpt, &rcpt_local, rcpt_domain) != 0)
        return;
    char *author = address_key(mk, local, domain);
    char *to = address_key(mk, rcpt_local, rcpt_domain);
    if (!author || !to)
        return;
    char *subject = identity_join(mk, author, " to ", to);
    char *value = identity_join(mk, author, ":", to);
    if (subject && value)
        identity_put(mk, ID_PAIR_RCPT, -1, subject, "dom:", identity_org(mk, domain), "r:", value);
}
