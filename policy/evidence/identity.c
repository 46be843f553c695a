/* SPDX-License-Identifier: BSD-2-Clause */
/* Which identities a message asserts (names after RFC 7073). Their keys are identity_key.c's. How
 * far each is proven is not asked here: that is known only after verification, and trust.c judges
 * it. */
#include "identity.h"
#include <string.h>
#include "ascii.h"
#include "domain.h"
#include "errors.h"
#include "identity_key.h"
#include "traits.h"

#define MAX_DKIM 8 /* signing domains of one message; more than 4 is rare even behind lists */
#define MAX_HOPS 6 /* networks beyond the client: the nearest ones, and always the origin */
#define MAX_RCPT 8 /* recipients whose relationship is looked up; a message to more is no letter */

static const char *const kind_names[ID_KIND_COUNT] = {
    [ID_HOST] = "ip",
    [ID_NETWORK] = "ip.network",
    [ID_WIDE] = "ip.wide",
    [ID_SITE] = "site",
    [ID_NEW] = "new",
    [ID_SITUATION] = "situation",
    [ID_TRAIT] = "trait",
    [ID_HELO] = "rfc5321.helo",
    [ID_HELO_ORG] = "rfc5321.helo.org",
    [ID_PTR] = "iprev",
    [ID_MAILFROM] = "rfc5321.mailfrom",
    [ID_MAILFROM_DOMAIN] = "rfc5321.mailfrom.domain",
    [ID_MAILFROM_ORG] = "rfc5321.mailfrom.org",
    [ID_AUTHOR] = "rfc5322.from",
    [ID_AUTHOR_DOMAIN] = "rfc5322.from.domain",
    [ID_AUTHOR_ORG] = "rfc5322.from.org",
    [ID_CLAIM_HELO] = "rfc5321.helo.unproven",
    [ID_CLAIM_MAILFROM] = "rfc5321.mailfrom.unproven",
    [ID_CLAIM_MAILFROM_ORG] = "rfc5321.mailfrom.org.unproven",
    [ID_CLAIM_AUTHOR] = "rfc5322.from.unproven",
    [ID_CLAIM_AUTHOR_DOMAIN] = "rfc5322.from.domain.unproven",
    [ID_CLAIM_AUTHOR_ORG] = "rfc5322.from.org.unproven",
    [ID_DKIM] = "dkim",
    [ID_ORIGIN_WIDE] = "origin.wide",
    [ID_HOP] = "hop",
    [ID_HOP_NETWORK] = "hop.network",
    [ID_WINDOW_CLIENT] = "window.client",
    [ID_WINDOW_AUTHOR] = "window.author",
    [ID_PAIR_NETWORK] = "pair.network",
    [ID_PAIR_DKIM] = "pair.dkim",
    [ID_PAIR_MAILFROM] = "pair.mailfrom",
    [ID_PAIR_PTR] = "pair.ptr",
    [ID_PAIR_HELO] = "pair.helo",
    [ID_PAIR_ORIGIN] = "pair.origin",
    [ID_PERSON_NETWORK] = "person.network",
    [ID_PERSON_HELO] = "person.helo",
    [ID_PERSON_ORIGIN] = "person.origin",
    [ID_ROUTE] = "route",
    [ID_PAIR_RCPT] = "pair.rcpt",
};

const char *identity_kind_name(enum identity_kind kind)
{
    return kind < ID_KIND_COUNT ? kind_names[kind] : NULL;
}

int identity_kind_parse(const char *name)
{
    for (int kind = 0; kind < ID_KIND_COUNT; kind++)
        if (strcmp(kind_names[kind], name) == 0)
            return kind;
    if (strcmp(name, "ipv4") == 0 || strcmp(name, "ipv6") == 0) /* RFC 7073's names */
        return ID_HOST;
    return -1;
}

/* What the pairs are made of; what the message does not have is NULL or IP_NONE. */
struct asserted {
    const struct message *m;
    struct message_client client;
    const char *author_domain, *author_org;
    const char *sender_domain;
    const char *ptr, *helo;
    struct ipaddr origin;
};

/* name normalised into the arena; NULL if it is no domain */
static const char *as_domain(struct identity_maker *mk, const char *name)
{
    char text[DOMAIN_MAX + 1];
    struct ipaddr ip;
    if (!name || ipaddr_parse(span_of(name), &ip) == 0 ||
        domain_normalize(span_of(name), text) != 0)
        return NULL;
    char *copy = arena_strdup(mk->arena, text);
    mk->failed |= !copy;
    return copy;
}

bool identity_is_single_use(struct span local)
{
    size_t digits = 0;
    for (size_t i = 0; i < local.len; i++) {
        digits = ascii_is_digit(local.p[i]) ? digits + 1 : 0;
        if (digits == 5 || local.p[i] == '=')
            return true;
    }
    return local.len > 64; /* RFC 5321 s4.5.3.1.1 */
}

static void add_sender(struct identity_maker *mk, const struct asserted *a)
{
    struct span local;
    char domain[DOMAIN_MAX + 1];
    if (!a->sender_domain)
        return;
    identity_add_mailfrom_domain(mk, a->sender_domain);
    if (identity_split(span_of(a->m->env.sender), &local, domain) == 0 &&
        !identity_is_single_use(local))
        identity_add_mailfrom(mk, local, a->sender_domain);
}

static void add_signers(struct identity_maker *mk, const struct asserted *a,
                        const char *const *domains, size_t count)
{
    size_t most = mk->count + MAX_DKIM;
    for (size_t i = 0; i < count && mk->count < most; i++)
        if (domains[i])
            identity_add_dkim(mk, domains[i], (int)i);
    if (!a->author_org)
        return;
    most = mk->count + MAX_DKIM;
    for (size_t i = 0; i < count && mk->count < most; i++)
        if (domains[i])
            identity_add_pair_domain(mk, ID_PAIR_DKIM, a->author_org, domains[i], (int)i);
}

/* the sending host of a hop beyond the client, unless it tells nothing */
static bool hop_counts(const struct asserted *a, const struct hop *hop)
{
    if (hop->internal || hop->ip.family == IP_NONE || ipaddr_is_private(&hop->ip))
        return false;
    if (a->client.ip.family == IP_NONE)
        return true;
    struct ipnet own = identity_network(&a->client.ip);
    return !ipnet_contains(&own, &hop->ip);
}

static void add_hop(struct identity_maker *mk, const struct message *m, size_t i)
{
    struct ipnet net = identity_network(&m->hops[i].ip);
    identity_add_hop(mk, &net, (int)i);
    identity_add_hop_network(mk, &net, (int)i);
}

/* The hops beyond the client, nearest first, and the origin: the bottom-most of them. */
static void add_hops(struct identity_maker *mk, struct asserted *a)
{
    const struct message *m = a->m;
    size_t first = (size_t)(m->client_hop + 1), origin = m->hop_count;
    size_t most = mk->count + 2 * (MAX_HOPS - 1); /* two roles each */
    for (size_t i = first; i < m->hop_count; i++)
        if (hop_counts(a, &m->hops[i]))
            origin = i;
    if (origin == m->hop_count)
        return;
    a->origin = m->hops[origin].ip;
    for (size_t i = first; i < origin && mk->count < most; i++)
        if (hop_counts(a, &m->hops[i]))
            add_hop(mk, m, i);
    add_hop(mk, m, origin);
    identity_add_origin_wide(mk, &a->origin);
}

static bool is_public(const struct ipaddr *ip)
{
    return ip->family != IP_NONE && !ipaddr_is_private(ip);
}

/* The author's address with the places he writes from. */
static void add_person(struct identity_maker *mk, const struct asserted *a)
{
    const struct span local = span_of(a->m->author->local);
    char text[IPNET_TEXT];
    if (is_public(&a->client.ip)) {
        struct ipnet net = identity_network(&a->client.ip);
        identity_add_person(mk, ID_PERSON_NETWORK, local, a->author_domain,
                            ipnet_format(&net, text));
    }
    if (a->helo)
        identity_add_person(mk, ID_PERSON_HELO, local, a->author_domain, identity_org(mk, a->helo));
    identity_add_person(mk, ID_PERSON_ORIGIN, local, a->author_domain,
                        identity_wide_text(&a->origin, text));
}

static void add_pairs(struct identity_maker *mk, const struct asserted *a)
{
    const struct ipaddr *ip = &a->client.ip;
    if (is_public(ip)) {
        struct ipnet net = identity_network(ip);
        identity_add_pair_network(mk, ID_PAIR_NETWORK, a->author_org, &net);
    }
    add_person(mk, a);
    if (a->origin.family != IP_NONE) {
        struct ipnet net = identity_network(&a->origin);
        identity_add_pair_network(mk, ID_PAIR_ORIGIN, a->author_org, &net);
    }
    if (a->sender_domain)
        identity_add_pair_domain(mk, ID_PAIR_MAILFROM, a->author_org, a->sender_domain, -1);
    if (a->ptr)
        identity_add_pair_domain(mk, ID_PAIR_PTR, a->author_org, a->ptr, -1);
    if (a->helo)
        identity_add_pair_domain(mk, ID_PAIR_HELO, a->author_org, a->helo, -1);
    const struct envelope *env = &a->m->env;
    for (size_t i = 0; i < env->rcpt_count && i < MAX_RCPT; i++)
        identity_add_relationship(mk, span_of(a->m->author->local), a->author_domain,
                                  span_of(env->rcpts[i]));
}

/* the client's address, HELO and name */
static void add_client(struct identity_maker *mk, struct asserted *a)
{
    const struct ipaddr *ip = &a->client.ip;
    if (ip->family != IP_NONE && !ipaddr_is_private(ip)) {
        struct ipnet net = identity_network(ip);
        identity_add_ip(mk, ip);
        identity_add_network(mk, &net);
        identity_add_wide(mk, ip);
        identity_add_window_client(mk, ip);
    }
    a->helo = as_domain(mk, a->client.helo);
    if (a->helo)
        identity_add_helo(mk, a->helo);
    if (a->ptr)
        identity_add_ptr(mk, a->ptr);
}

int identity_situation(unsigned known)
{
    int author = known & KNOWN_AUTHOR ? 2 : known & KNOWN_AUTHOR_ORG ? 1 : 0;
    int network = known & KNOWN_NETWORK ? 2 : known & KNOWN_WIDE ? 1 : 0;
    return (author * 3 + network) * 2 + (known & KNOWN_HELO ? 1 : 0);
}

/* What a name that is new, and what this message shows, has turned out to mean here. */
static void add_habits(struct identity_maker *mk, const struct asserted *a)
{
    const bool client = a->client.ip.family != IP_NONE && !ipaddr_is_private(&a->client.ip);
    const char *words[TRAIT_COUNT];
    const struct {
        unsigned bit;
        bool has;
    } news[] = {
        {KNOWN_AUTHOR, a->author_domain != NULL},
        {KNOWN_AUTHOR_ORG, a->author_domain != NULL},
        {KNOWN_NETWORK, client},
        {KNOWN_WIDE, client},
        {KNOWN_HELO, a->helo != NULL},
        {KNOWN_SENDER, a->sender_domain != NULL},
        {KNOWN_PTR, a->ptr != NULL},
        {KNOWN_ORIGIN, a->origin.family != IP_NONE},
    };
    for (size_t i = 0; i < sizeof news / sizeof *news; i++)
        if (news[i].has)
            identity_add_new(mk, news[i].bit);
    for (int s = 0; s < IDENTITY_SITUATIONS; s++)
        identity_add_situation(mk, s);
    traits_of(a->m, mk->psl, a->ptr, words);
    for (int t = 0; t < TRAIT_COUNT; t++)
        identity_add_trait(mk, (enum trait)t, words[t]);
}

int identity_list(struct arena *arena, const struct message *m, const struct psl_ctx_st *psl,
                  const char *const *dkim_domains, size_t dkim_count, const char *ptr_name,
                  struct identity **list_r, size_t *count_r)
{
    struct identity_maker mk = {.arena = arena, .psl = psl, .alias = m->alias};
    struct asserted a = {.m = m, .client = message_client(m)};
    a.ptr = as_domain(&mk, ptr_name ? ptr_name : a.client.name);
    a.sender_domain = as_domain(&mk, m->sender_domain);
    if (m->author)
        a.author_domain = as_domain(&mk, m->author->domain);
    if (a.author_domain)
        a.author_org = identity_org(&mk, a.author_domain);

    identity_add_site(&mk);
    add_client(&mk, &a);
    add_sender(&mk, &a);
    if (a.author_domain) {
        identity_add_author_domain(&mk, a.author_domain);
        identity_add_author(&mk, span_of(m->author->local), a.author_domain);
        identity_add_claimed_author(&mk, span_of(m->author->local), a.author_domain);
        identity_add_window_author(&mk, span_of(m->author->local), a.author_domain);
    }
    add_signers(&mk, &a, dkim_domains, dkim_count);
    add_hops(&mk, &a);
    if (is_public(&a.client.ip))
        identity_add_route(&mk, &a.client.ip, &a.origin);
    if (a.author_domain)
        add_pairs(&mk, &a);
    add_habits(&mk, &a);
    if (mk.failed)
        return VOUCH_E_NOMEM;
    *list_r = mk.list;
    *count_r = mk.count;
    return 0;
}

int identity_correspondents(struct arena *arena, const struct message *m,
                            const struct psl_ctx_st *psl, struct identity **list_r, size_t *count_r)
{
    struct identity_maker mk = {.arena = arena, .psl = psl, .alias = m->alias};
    const struct envelope *env = &m->env;
    for (size_t i = 0; m->author && i < env->rcpt_count && i < IDENTITY_CORRESPONDENTS; i++) {
        char domain[DOMAIN_MAX + 1];
        struct span local;
        if (identity_split(span_of(env->rcpts[i]), &local, domain) != 0)
            continue;
        const char *kept = arena_strdup(arena, domain);
        if (!kept)
            return VOUCH_E_NOMEM;
        identity_add_author(&mk, local, kept);
        identity_add_relationship(&mk, local, kept, span_of(m->author->address));
    }
    *list_r = mk.list;
    *count_r = mk.count;
    return mk.failed ? VOUCH_E_NOMEM : 0;
}
