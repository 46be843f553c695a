/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose a key of the model is: the names that stand in group and field (evidence/identity_key.c says
 * how they are written) are taken out, and each is looked for in the list together with all that it
 * is part of. */
#include <string.h>
#include "domain.h"
#include "erasure.h"
#include "erasure_private.h"
#include "identity.h"

enum name_kind { NAME_NONE, NAME_NETWORK, NAME_DOMAIN, NAME_ADDRESS, NAME_RELATIONSHIP };

/* What stands behind each prefix of a field. */
static const struct {
    const char *prefix;
    enum name_kind kind;
} fields[] = {
    {"h:", NAME_NETWORK},        {"w:h:", NAME_NETWORK},     {"p:net:", NAME_NETWORK},
    {"p:origin:", NAME_NETWORK}, {"d:", NAME_DOMAIN},        {"mfd:", NAME_DOMAIN},
    {"helo:", NAME_DOMAIN},      {"dkim:", NAME_DOMAIN},     {"p:dkim:", NAME_DOMAIN},
    {"p:mf:", NAME_DOMAIN},      {"p:ptr:", NAME_DOMAIN},    {"a:", NAME_ADDRESS},
    {"mf:", NAME_ADDRESS},       {"w:a:", NAME_ADDRESS},     {"r:", NAME_RELATIONSHIP},
    {"pn:", NAME_RELATIONSHIP},  {"ph:", NAME_RELATIONSHIP}, {"po:", NAME_RELATIONSHIP},
    {"via:", NAME_NETWORK},      {"ua:", NAME_ADDRESS},      {"umf:", NAME_ADDRESS},
    {"ud:", NAME_DOMAIN},        {"uhelo:", NAME_DOMAIN},    {"p:helo:", NAME_DOMAIN},
};

/* A field taken apart. */
struct parts {
    enum name_kind kind;
    struct span prefix, name;
    bool cut; /* the end of name is illegible, and not in it */
};

static bool starts(struct span s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && memcmp(s.p, prefix, n) == 0;
}

static struct parts take_apart(struct span field)
{
    struct parts p = {.kind = NAME_NONE};
    for (size_t i = 0; i < sizeof fields / sizeof *fields && p.kind == NAME_NONE; i++) {
        if (starts(field, fields[i].prefix)) {
            p.kind = fields[i].kind;
            p.prefix = span_of(fields[i].prefix);
        }
    }
    p.cut = identity_is_short(field);
    p.name = span_slice(field, p.prefix.len, field.len - (p.cut ? IDENTITY_DIGEST : 0));
    return p;
}

static void extend(int64_t *until, int64_t time)
{
    if (time > *until)
        *until = time;
}

/* The domain and each one above it. */
static void ask_domain(const struct erasure_list *l, struct span name, int64_t *until)
{
    struct span label;
    for (struct span rest = name; rest.p;) {
        extend(until, erasure_find(l, rest));
        (void)span_split(&rest, '.', &label);
    }
}

static struct span domain_of(struct span address)
{
    size_t at = address.len;
    while (at > 0 && address.p[at - 1] != '@')
        at--;
    return span_slice(address, at, address.len);
}

static void ask_address(const struct erasure_list *l, struct span name, int64_t *until)
{
    extend(until, erasure_find(l, name));
    ask_domain(l, domain_of(name), until);
}

/* The network, or host, and each one that holds it. */
static void ask_network(const struct erasure_list *l, struct span name, int64_t *until)
{
    struct ipnet net;
    char text[IPNET_TEXT];
    if (ipnet_parse(name, &net) != 0)
        return;
    const bool *used = net.addr.family == IP_V4 ? l->v4 : l->v6;
    for (unsigned prefix = 0; prefix <= net.prefix; prefix++) {
        if (used[prefix]) {
            struct ipnet wider = ipnet_of(&net.addr, prefix);
            extend(until, erasure_find(l, span_of(erasure_network(&wider, text))));
        }
    }
}

/* The next ":" at or behind from that may stand between author and recipient: an odd local-part may
 * hold one too, so there may be several. -1: none. */
static ptrdiff_t next_colon(struct span name, size_t from)
{
    ptrdiff_t at = span_index(name, '@', 0);
    if (at < 0)
        return -1;
    return span_index(name, ':', from > (size_t)at ? from : (size_t)at);
}

static void ask_relationship(const struct erasure_list *l, const struct parts *p, int64_t *until)
{
    for (ptrdiff_t at = 0; (at = next_colon(p->name, (size_t)at)) >= 0; at++) {
        ask_address(l, span_slice(p->name, 0, (size_t)at), until);
        struct span other = span_slice(p->name, (size_t)at + 1, p->name.len);
        if (p->cut)
            continue;
        ask_address(l, other, until);
        ask_network(l, other, until);
    }
}

/* Whether the field that was cut began with its own first bytes, up to from, and then subject. */
static bool ends_with(struct span field, size_t from, const char *subject)
{
    char whole[IDENTITY_KEY_MAX + ERASURE_SUBJECT_MAX + 1];
    size_t len = strlen(subject);
    memcpy(whole, field.p, from);
    memcpy(whole + from, subject, len + 1);
    identity_shorten(whole);
    return span_eq(span_of(whole), field);
}

/* Whether the illegible end of a field may hold the address. */
static bool may_hide_address(struct span field, const struct parts *p, const char *address)
{
    if (p->kind == NAME_ADDRESS)
        return ends_with(field, p->prefix.len, address);
    ptrdiff_t at = next_colon(p->name, 0);
    if (at < 0)
        return true; /* the author is cut */
    for (; at >= 0; at = next_colon(p->name, (size_t)at + 1))
        if (ends_with(field, p->prefix.len + (size_t)at + 1, address))
            return true;
    return false;
}

static bool may_hide(struct span group, struct span field, const struct parts *p,
                     const char *subject)
{
    struct ipnet net;
    switch (erasure_kind(subject, &net)) {
    case ERASURE_ADDRESS:
        return may_hide_address(field, p, subject);
    case ERASURE_DOMAIN: /* of a recipient: any; else one of the group's */
        return p->kind == NAME_RELATIONSHIP ||
               (starts(group, "dom:") && domain_is_below(subject, group.p + strlen("dom:")));
    case ERASURE_NETWORK: /* of a place that the author writes from: any */
        return starts(p->prefix, "p");
    }
    return false;
}

static void ask_cut(const struct erasure_list *l, struct span group, struct span field,
                    const struct parts *p, int64_t *until)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].time > *until && may_hide(group, field, p, l->items[i].subject))
            *until = l->items[i].time;
}

static void ask_field(const struct erasure_list *l, const struct parts *p, int64_t *until)
{
    if (p->kind == NAME_NETWORK)
        ask_network(l, p->name, until);
    else if (p->kind == NAME_DOMAIN)
        ask_domain(l, p->name, until);
    else if (p->kind == NAME_ADDRESS && !p->cut)
        ask_address(l, p->name, until);
    else if (p->kind == NAME_RELATIONSHIP)
        ask_relationship(l, p, until);
}

int64_t erasure_until(const struct erasure_list *l, const char *group, const char *field)
{
    int64_t until = ERASURE_NONE;
    struct span g = span_of(group), f = span_of(field);
    if (l->count == 0)
        return until;
    if (starts(g, "ip:"))
        ask_network(l, span_slice(g, strlen("ip:"), g.len), &until);
    else if (starts(g, "dom:"))
        ask_domain(l, span_slice(g, strlen("dom:"), g.len), &until);
    else
        return until;
    struct parts p = take_apart(f);
    ask_field(l, &p, &until);
    if (p.cut && (p.kind == NAME_ADDRESS || p.kind == NAME_RELATIONSHIP))
        ask_cut(l, g, f, &p, &until);
    return until;
}
