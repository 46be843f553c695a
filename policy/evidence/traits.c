/* SPDX-License-Identifier: BSD-2-Clause */
#include "traits.h"
#include <stdio.h>
#include <string.h>
#include "domain.h"

#define HOUR 3600

static const char *const names[TRAIT_COUNT] = {
    [TRAIT_HELO] = "helo",
    [TRAIT_HOST] = "host",
    [TRAIT_ORIGIN] = "origin",
    [TRAIT_DATE] = "date",
    [TRAIT_MESSAGE_ID] = "message_id",
    [TRAIT_REPLY_TO] = "reply_to",
    [TRAIT_DISPLAY] = "display",
};

const char *trait_name(enum trait t)
{
    return t < TRAIT_COUNT ? names[t] : NULL;
}

/* A name's organisation; p == NULL: it is no name. */
struct org {
    char text[DOMAIN_MAX + 1];
    const char *p;
};

/* What the traits of one message are made of. */
struct shown {
    const struct message *m;
    const struct psl_ctx_st *psl;
    struct message_client client;
    const char *name;
    struct org host, helo, author, sender;
};

/* The list of public suffixes is asked once for a name that stands in many places. */
static struct org *org_of(const struct shown *s, const char *name, struct org *o)
{
    const struct org *known[] = {&s->author, &s->host, &s->helo, &s->sender};
    struct ipaddr ip;
    o->p = NULL;
    if (!name || !*name || ipaddr_parse(span_of(name), &ip) == 0 ||
        domain_normalize(span_of(name), o->text) != 0)
        return o;
    for (size_t i = 0; i < sizeof known / sizeof *known && !o->p; i++)
        if (known[i]->p && strcmp(known[i]->text, o->text) == 0)
            o->p = o->text + (known[i]->p - known[i]->text);
    if (!o->p)
        o->p = domain_org(s->psl, o->text);
    return o;
}

static bool same(const struct org *a, const struct org *b)
{
    return a->p && b->p && strcmp(a->p, b->p) == 0;
}

/* Whether the name, in decimal or hexadecimal, is made of the address: what providers call lines of
 * their customers. */
static bool is_dynamic(const char *name, const struct ipaddr *ip)
{
    unsigned found = 0;
    char hex[9];
    if (!name || ip->family != IP_V4)
        return false;
    snprintf(hex, sizeof hex, "%02x%02x%02x%02x", ip->bytes[0], ip->bytes[1], ip->bytes[2],
             ip->bytes[3]);
    if (strstr(name, hex))
        return true;
    for (const char *p = name; *p;) {
        size_t digits = strspn(p, "0123456789"), zeros = strspn(p, "0");
        zeros = digits > 0 && zeros >= digits ? digits - 1 : zeros;
        for (int i = 0; digits > 0 && i < 4; i++) {
            char octet[4];
            size_t n = (size_t)snprintf(octet, sizeof octet, "%u", ip->bytes[i]);
            if (n == digits - zeros && memcmp(p + zeros, octet, n) == 0)
                found |= 1u << i;
        }
        p += digits > 0 ? digits : 1;
    }
    return (found & 12) == 12; /* the last two: what tells one line from the next */
}

static const char *helo_word(const struct shown *s)
{
    struct ipaddr ip;
    const char *helo = s->client.helo;
    if (!helo)
        return "none";
    if (ipaddr_parse(span_of(helo), &ip) == 0)
        return s->client.ip.family != IP_NONE && !ipaddr_eq(&ip, &s->client.ip) ? "forged"
                                                                                : "literal";
    if (!strchr(helo, '.'))
        return "plain";
    if (same(&s->helo, &s->author))
        return "author";
    return same(&s->helo, &s->host) ? "host" : "other";
}

static const char *host_word(const struct shown *s)
{
    if (!s->name)
        return "none";
    if (is_dynamic(s->name, &s->client.ip))
        return "dynamic";
    return same(&s->host, &s->author) ? "author" : "other";
}

/* The bottom-most hop beyond the client that names a host on the Internet; NULL: there is none. */
static const struct hop *origin_of(const struct message *m)
{
    for (size_t i = m->hop_count; i-- > (size_t)(m->client_hop + 1);)
        if (!m->hops[i].internal && m->hops[i].ip.family != IP_NONE &&
            !ipaddr_is_private(&m->hops[i].ip))
            return &m->hops[i];
    return NULL;
}

static const char *origin_word(const struct shown *s, const struct hop *origin)
{
    struct org name, helo;
    if (!origin)
        return "none";
    if (is_dynamic(origin->name ? origin->name : origin->helo, &origin->ip))
        return "dynamic";
    if (!origin->name)
        return "unnamed";
    org_of(s, origin->name, &name);
    org_of(s, origin->helo, &helo);
    return helo.p && strchr(origin->helo, '.') && !same(&name, &helo) ? "lies" : "named";
}

static bool is_on_the_way(const struct shown *s, const struct org *o)
{
    const struct message *m = s->m;
    struct org hop;
    if (same(o, &s->host) || same(o, &s->helo))
        return true;
    for (size_t i = (size_t)(m->client_hop + 1); i < m->hop_count; i++)
        if (same(o, org_of(s, m->hops[i].name, &hop)) ||
            same(o, org_of(s, m->hops[i].helo, &hop)) || same(o, org_of(s, m->hops[i].by, &hop)))
            return true;
    return false;
}

static const char *message_id_word(const struct shown *s)
{
    const char *id = s->m->message_id, *at = id ? strrchr(id, '@') : NULL;
    struct org maker;
    if (!id)
        return "none";
    org_of(s, at ? at + 1 : NULL, &maker);
    if (same(&maker, &s->author))
        return "author";
    if (same(&maker, &s->sender))
        return "sender";
    return is_on_the_way(s, &maker) ? "path" : "other";
}

static const char *date_word(const struct message *m)
{
    time_t arrived = -1;
    for (size_t i = 0; i < m->hop_count && arrived < 0; i++)
        arrived = m->hops[i].time;
    if (m->date < 0 || arrived < 0)
        return "none";
    double hours = difftime(arrived, m->date) / HOUR;
    if (hours < -6)
        return "future";
    return hours <= 6 ? "near" : hours <= 24 ? "day" : hours <= 30 * 24 ? "month" : "far";
}

static const char *reply_to_word(const struct shown *s)
{
    struct org to;
    if (!s->m->reply_to)
        return "none";
    return same(org_of(s, s->m->reply_to->domain, &to), &s->author) ? "same" : "other";
}

static const char *display_word(const struct message *m)
{
    const char *shown = m->author ? m->author->display : NULL;
    if (!shown || !*shown)
        return "none";
    return strchr(shown, '@') && span_ifind(span_of(shown), m->author->address) < 0 ? "address"
                                                                                    : "plain";
}

int trait_parse(const char *text, const char **word_r)
{
    for (int t = 0; t < TRAIT_COUNT; t++) {
        const size_t len = strlen(names[t]);
        if (strncmp(text, names[t], len) != 0 || text[len] != '=')
            continue;
        *word_r = text + len + 1;
        const size_t word = strspn(*word_r, "abcdefghijklmnopqrstuvwxyz");
        return word > 0 && word <= TRAIT_WORD_MAX && !(*word_r)[word] ? t : -1;
    }
    return -1;
}

void traits_of(const struct message *m, const struct psl_ctx_st *psl, const char *client_name,
               const char *words_r[TRAIT_COUNT])
{
    if (m->traits) {
        memcpy(words_r, m->traits, TRAIT_COUNT * sizeof *words_r);
        return;
    }
    const struct hop *origin = origin_of(m);
    struct shown s = {.m = m, .psl = psl, .client = message_client(m)};
    s.name = client_name ? client_name : s.client.name;
    org_of(&s, s.name, &s.host);
    org_of(&s, s.client.helo, &s.helo);
    org_of(&s, m->author ? m->author->domain : NULL, &s.author);
    org_of(&s, m->sender_domain, &s.sender);
    words_r[TRAIT_HELO] = helo_word(&s);
    words_r[TRAIT_HOST] = host_word(&s);
    words_r[TRAIT_ORIGIN] = origin_word(&s, origin);
    words_r[TRAIT_MESSAGE_ID] = message_id_word(&s);
    words_r[TRAIT_DATE] = date_word(m);
    words_r[TRAIT_REPLY_TO] = reply_to_word(&s);
    words_r[TRAIT_DISPLAY] = display_word(m);
}
