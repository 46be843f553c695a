/* SPDX-License-Identifier: BSD-2-Clause */
/* Identities named by a person, for look-ups by hand:
 *   198.51.100.7   198.51.100.0/24   198.51.0.0/16   2001:db8::/48   example.org   alice@example.org
 *   this site
 *   dkim:example.org                                one role of it
 *   pair.network:example.org,198.51.100.0/24        author's organisation and the source
 *   pair.rcpt:alice@example.org,bob@example.net     author and recipient */
#include <string.h>
#include "domain.h"
#include "errors.h"
#include "identity_key.h"

#define KIND_NAME_MAX 32

static int add_network_text(struct identity_maker *mk, struct span text)
{
    struct ipnet net;
    if (ipnet_parse(text, &net) != 0)
        return VOUCH_E_SYNTAX;
    struct ipnet kept = identity_network(&net.addr), wide = identity_wide(&net.addr);
    bool host = net.prefix == (net.addr.family == IP_V4 ? 32 : 128);
    if (host || net.prefix == wide.prefix) {
        identity_add_wide(mk, &net.addr);
        identity_add_origin_wide(mk, &net.addr);
    }
    if (net.prefix == wide.prefix)
        return 0;
    if (!host && net.prefix != kept.prefix)
        return VOUCH_E_SYNTAX; /* history is kept of these only */
    if (host)
        identity_add_ip(mk, &net.addr);
    identity_add_network(mk, &kept);
    identity_add_hop(mk, &kept, -1);
    if (host)
        identity_add_window_client(mk, &net.addr);
    return 0;
}

static int add_address_text(struct identity_maker *mk, struct span text)
{
    char domain[DOMAIN_MAX + 1];
    struct span local;
    if (identity_split(text, &local, domain) != 0)
        return VOUCH_E_SYNTAX;
    identity_add_author(mk, local, domain);
    identity_add_claimed_author(mk, local, domain);
    identity_add_mailfrom(mk, local, domain);
    identity_add_window_author(mk, local, domain);
    return 0;
}

/* a copy of text as a domain; NULL if it is none */
static const char *domain_text(struct identity_maker *mk, struct span text)
{
    char domain[DOMAIN_MAX + 1];
    if (domain_normalize(text, domain) != 0)
        return NULL;
    char *copy = arena_strdup(mk->arena, domain);
    mk->failed |= !copy;
    return copy;
}

static int add_domain_text(struct identity_maker *mk, struct span text)
{
    const char *domain = domain_text(mk, text);
    if (!domain)
        return VOUCH_E_SYNTAX;
    identity_add_author_domain(mk, domain);
    identity_add_mailfrom_domain(mk, domain);
    identity_add_dkim(mk, domain, -1);
    identity_add_helo(mk, domain);
    identity_add_ptr(mk, domain);
    return 0;
}

static int add_any_text(struct identity_maker *mk, struct span text)
{
    if (span_ieq_cstr(text, "this site"))
        identity_add_site(mk);
    if (mk->count > 0 || add_network_text(mk, text) == 0)
        return 0;
    if (span_index(text, '/', 0) >= 0)
        return VOUCH_E_SYNTAX;
    return span_index(text, '@', 0) >= 0 ? add_address_text(mk, text) : add_domain_text(mk, text);
}

static int add_relationship_text(struct identity_maker *mk, struct span author, struct span rcpt)
{
    char domain[DOMAIN_MAX + 1];
    struct span local;
    if (identity_split(author, &local, domain) != 0)
        return VOUCH_E_SYNTAX;
    identity_add_relationship(mk, local, domain, rcpt);
    return 0;
}

static int add_person_text(struct identity_maker *mk, enum identity_kind kind, struct span author,
                           struct span source)
{
    char domain[DOMAIN_MAX + 1], text[IPNET_TEXT];
    const char *place = "-";
    struct span local;
    struct ipnet net;
    if (identity_split(author, &local, domain) != 0)
        return VOUCH_E_SYNTAX;
    if (kind == ID_PERSON_HELO) {
        const char *other = domain_text(mk, source);
        place = other ? identity_org(mk, other) : NULL;
    } else if (ipnet_parse(source, &net) == 0) {
        struct ipnet near = identity_network(&net.addr);
        place = kind == ID_PERSON_NETWORK ? ipnet_format(&near, text)
                                          : identity_wide_text(&net.addr, text);
    } else if (kind == ID_PERSON_NETWORK || !span_ieq_cstr(source, "-")) {
        place = NULL;
    }
    if (!place)
        return VOUCH_E_SYNTAX;
    identity_add_person(mk, kind, local, domain, place);
    return 0;
}

static int add_route_text(struct identity_maker *mk, struct span client, struct span origin)
{
    struct ipnet to, from = {.addr = {.family = IP_NONE}};
    if (ipnet_parse(client, &to) != 0 ||
        (ipnet_parse(origin, &from) != 0 && !span_ieq_cstr(origin, "-")))
        return VOUCH_E_SYNTAX;
    identity_add_route(mk, &to.addr, &from.addr);
    return 0;
}

static int add_pair_text(struct identity_maker *mk, enum identity_kind kind, struct span text)
{
    struct span source = text, author, *rest = &source;
    if (!span_split(rest, ',', &author) || !source.p)
        return VOUCH_E_SYNTAX;
    author = span_trim(author);
    source = span_trim(source);
    if (kind == ID_PAIR_RCPT)
        return add_relationship_text(mk, author, source);
    if (kind >= ID_PERSON_NETWORK && kind <= ID_PERSON_ORIGIN)
        return add_person_text(mk, kind, author, source);
    if (kind == ID_ROUTE)
        return add_route_text(mk, author, source);
    const char *domain = domain_text(mk, author);
    if (!domain)
        return VOUCH_E_SYNTAX;
    const char *org = identity_org(mk, domain);
    if (kind == ID_PAIR_NETWORK || kind == ID_PAIR_ORIGIN) {
        struct ipnet net;
        if (ipnet_parse(source, &net) != 0)
            return VOUCH_E_SYNTAX;
        net = identity_network(&net.addr);
        identity_add_pair_network(mk, kind, org, &net);
        return 0;
    }
    const char *other = domain_text(mk, source);
    if (!other)
        return VOUCH_E_SYNTAX;
    identity_add_pair_domain(mk, kind, org, other, -1);
    return 0;
}

/* the kind that stands before the first ":" of *text, which is then cut to what follows; -1 if none
 * does */
static int take_kind(struct span *text)
{
    char name[KIND_NAME_MAX];
    ptrdiff_t colon = span_index(*text, ':', 0);
    if (colon < 0 || (size_t)colon >= sizeof name)
        return -1;
    memcpy(name, text->p, (size_t)colon);
    name[colon] = '\0';
    int kind = identity_kind_parse(name);
    if (kind >= 0)
        *text = span_trim(span_slice(*text, (size_t)colon + 1, text->len));
    return kind;
}

static void keep_kind(struct identity_maker *mk, enum identity_kind kind)
{
    size_t kept = 0;
    for (size_t i = 0; i < mk->count; i++)
        if (mk->list[i].kind == kind)
            mk->list[kept++] = mk->list[i];
    mk->count = kept;
}

int identity_parse(struct arena *arena, const struct psl_ctx_st *psl,
                   const struct pseudonym_key *alias, const char *text, struct identity **list_r,
                   size_t *count_r)
{
    struct identity_maker mk = {.arena = arena, .psl = psl, .alias = alias};
    struct span rest = span_trim(span_of(text));
    int kind = take_kind(&rest);
    bool is_pair = kind >= ID_PAIR_NETWORK;
    int rc = is_pair ? add_pair_text(&mk, (enum identity_kind)kind, rest) : add_any_text(&mk, rest);
    if (kind >= 0)
        keep_kind(&mk, (enum identity_kind)kind);
    if (mk.failed)
        return VOUCH_E_NOMEM;
    if (rc != 0 || mk.count == 0)
        return VOUCH_E_SYNTAX;
    *list_r = mk.list;
    *count_r = mk.count;
    return 0;
}
