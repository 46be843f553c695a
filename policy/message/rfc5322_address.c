/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of header fields (RFC 5322 s3.4, obsolete forms of s4.4, RFC 6532) and SMTP paths (RFC
 * 5321 s4.1.2).
 *
 * Where mail breaks the grammar, we read what readers show: an address in angle brackets counts
 * even if an unquoted "@" stands in the name before it; dots may stand anywhere in a local-part;
 * ";" separates outside of groups too; encoded words may stand in quoted strings. */
#include "rfc5322.h"
#include <string.h>
#include "arena.h"
#include "ascii.h"
#include "domain.h"
#include "errors.h"
#include "ipaddr.h"
#include "rfc5322_lexer.h"
#include "sbuf.h"
#include "utf8.h"

struct parser {
    struct arena *arena;
    struct rfc5322_lexer lex;
    const char *group; /* NULL outside of groups */
    struct mailbox *list;
    size_t count, cap;
    struct sbuf buf; /* scratch */
};

/* Where the parts of "phrase local@domain" stand. */
struct addr_spec {
    struct span phrase, local, domain; /* raw; domain.p is NULL if there is no "@" */
    bool proper;                       /* follows the grammar, but for the phrase */
};

static struct span between(const char *from, const char *to)
{
    return span_make(from, (size_t)(to - from));
}

/* Finds the last run of words joined by dots before "@", and what follows it. */
static struct addr_spec find_addr_spec(struct span region)
{
    struct addr_spec a = {.phrase = span_slice(region, 0, 0), .local = region, .proper = true};
    const char *end = region.p + region.len;
    int before = '.';
    struct rfc5322_lexer lex;
    rfc5322_lexer_init(&lex, region);
    for (struct token t; (t = rfc5322_lexer_next(&lex)).type != TOKEN_END; before = t.type) {
        bool word = t.type == TOKEN_ATOM || t.type == TOKEN_QUOTED;
        if (t.type == '@') {
            a.proper &= !a.domain.p && before != '@';
            a.local = between(a.local.p, t.raw.p);
            a.domain = between(t.raw.p + 1, end);
        } else if (word && (before == TOKEN_ATOM || before == TOKEN_QUOTED)) {
            a.proper &= !a.domain.p;
            if (!a.domain.p) {
                a.phrase = between(region.p, t.raw.p);
                a.local = between(t.raw.p, end);
            }
        } else if (t.type == TOKEN_LITERAL) {
            a.proper &= before == '@';
        } else if (word ? before == TOKEN_LITERAL : t.type != '.') {
            a.proper = false;
        }
    }
    a.proper &= !lex.deep;
    return a;
}

/* Appends the tokens of raw, white space and comments taken away, quotes taken off. False if one of
 * them may not stand in a local-part. */
static bool add_local(struct span raw, struct sbuf *out)
{
    bool proper = true;
    size_t words = 0;
    struct rfc5322_lexer lex;
    rfc5322_lexer_init(&lex, raw);
    for (struct token t; (t = rfc5322_lexer_next(&lex)).type != TOKEN_END;) {
        words += t.type != '.';
        if (t.type == TOKEN_QUOTED)
            rfc5322_lexer_unquote(t.raw, out);
        else
            sbuf_addspan(out, t.raw);
        proper &= t.type == TOKEN_ATOM || t.type == TOKEN_QUOTED || t.type == '.';
        if (t.type == TOKEN_QUOTED)
            proper &= t.raw.len > 1 && t.raw.p[t.raw.len - 1] == '"';
        if (t.type == TOKEN_ATOM)
            proper &= span_index(t.raw, '\\', 0) < 0;
    }
    struct span text = sbuf_span(out);
    for (size_t i = 0; i < text.len; i++)
        proper &= !ascii_is_control(text.p[i]);
    return proper && words && utf8_valid(text);
}

/* The canonical form of an address literal (RFC 5321 s4.1.3) in brackets. */
static bool add_literal(struct span raw, struct sbuf *out)
{
    struct ipaddr ip;
    char text[IPADDR_TEXT];
    if (!ipaddr_parse(raw, &ip)) {
        sbuf_addf(out, "[%s%s]", ip.family == IP_V6 ? "IPv6:" : "", ipaddr_format(&ip, text));
        return true;
    }
    /* a General-address-literal: its tag is a word */
    for (size_t i = 1; i + 1 < raw.len; i++) {
        char c = raw.p[i];
        if (!ascii_is_visible(c) || c == '[' || c == '\\')
            return false;
    }
    sbuf_addspan(out, raw);
    return raw.len > 2 && raw.len <= DOMAIN_MAX && raw.p[raw.len - 1] == ']' &&
           span_index(raw, ':', 0) > 1;
}

/* Normalises the domain that raw holds; "" if it is none. 0 or VOUCH_E_NOMEM. */
static int read_domain(struct parser *p, struct span raw, const char **domain_r)
{
    char name[DOMAIN_MAX + 1];
    bool literal = false, proper = true;
    struct rfc5322_lexer lex;
    rfc5322_lexer_init(&lex, raw);
    sbuf_reset(&p->buf);
    for (struct token t; (t = rfc5322_lexer_next(&lex)).type != TOKEN_END;) {
        proper &= !literal && (t.type == TOKEN_ATOM || t.type == '.' || t.type == TOKEN_LITERAL);
        literal = t.type == TOKEN_LITERAL;
        if (literal)
            proper &= p->buf.len == 0 && add_literal(t.raw, &p->buf);
        else
            sbuf_addspan(&p->buf, t.raw);
    }
    if (p->buf.failed)
        return VOUCH_E_NOMEM;
    if (proper && !literal) {
        int rc = domain_normalize(sbuf_span(&p->buf), name);
        if (rc == VOUCH_E_NOMEM)
            return rc;
        proper = rc == 0;
    }
    *domain_r = arena_strdup(p->arena, !proper ? "" : literal ? sbuf_str(&p->buf) : name);
    return *domain_r ? 0 : VOUCH_E_NOMEM;
}

static int add_mailbox(struct parser *p, struct span phrase, struct addr_spec a, bool proper)
{
    int rc =
        arena_grow(p->arena, &p->list, p->count, &p->cap, sizeof *p->list, RFC5322_MAX_MAILBOXES);
    if (rc)
        return rc;
    struct mailbox *m = &p->list[p->count];
    m->group = p->group;
    if ((rc = rfc5322_phrase(p->arena, phrase, &m->display)))
        return rc;
    sbuf_reset(&p->buf);
    proper &= add_local(a.local, &p->buf);
    m->local = rfc5322_utf8(p->arena, sbuf_span(&p->buf));
    m->domain = "";
    if (p->buf.failed || !m->local)
        return VOUCH_E_NOMEM;
    if (a.domain.p && (rc = read_domain(p, a.domain, &m->domain)))
        return rc;
    m->unreadable = a.domain.p && !m->domain[0];
    m->valid = proper && a.proper && m->domain[0];
    m->address = m->domain[0] ? arena_join(p->arena, m->local, "@", m->domain) : m->local;
    p->count++;
    return m->address ? 0 : VOUCH_E_NOMEM;
}

/* No angle brackets: "local@domain", or something that is none. */
static int bare_address(struct parser *p, struct span region)
{
    struct rfc5322_lexer lex;
    rfc5322_lexer_init(&lex, region);
    if (rfc5322_lexer_next(&lex).type == TOKEN_END)
        return 0; /* an empty element */
    struct addr_spec a = find_addr_spec(region);
    bool proper = a.phrase.len == 0;
    if (!proper && !a.domain.p) {
        a.phrase = region;
        a.local = span_slice(region, 0, 0);
    }
    return add_mailbox(p, proper ? p->lex.comment : a.phrase, a, proper);
}

/* Behind "<": [route ":"] addr-spec ">". The region where the addr-spec stands; *proper_r is false
 * if the closing bracket is missing. */
static struct span angle_region(struct rfc5322_lexer *lex, bool *proper_r)
{
    const char *from = lex->in.p + lex->at;
    int first = rfc5322_lexer_peek(lex).type;
    bool route = first == '@' || first == ',';
    for (;;) {
        struct rfc5322_lexer here = *lex;
        struct token t = rfc5322_lexer_next(lex);
        *proper_r = t.type == '>';
        if (t.type == '>')
            return between(from, t.raw.p);
        if (t.type == TOKEN_END || t.type == '<' || (!route && (t.type == ',' || t.type == ';'))) {
            *lex = here;
            return between(from, lex->in.p + lex->at);
        }
        if (route && t.type == ':') {
            route = false;
            from = lex->in.p + lex->at;
        }
    }
}

static bool ends_element(struct token t)
{
    return t.type == TOKEN_END || t.type == ',' || t.type == ';';
}

/* Behind "<". Reads on to what ends the element. */
static int angle_address(struct parser *p, struct span phrase)
{
    bool proper;
    struct rfc5322_lexer lex;
    struct addr_spec a = find_addr_spec(angle_region(&p->lex, &proper));
    proper &= a.phrase.len == 0;
    while (!ends_element(rfc5322_lexer_peek(&p->lex))) {
        proper = false;
        rfc5322_lexer_next(&p->lex);
    }
    rfc5322_lexer_init(&lex, phrase);
    if (rfc5322_lexer_next(&lex).type == TOKEN_END)
        phrase = p->lex.comment;
    return add_mailbox(p, phrase, a, proper);
}

static int start_group(struct parser *p, struct span phrase)
{
    int rc = rfc5322_phrase(p->arena, phrase, &p->group);
    if (!p->group)
        p->group = "";
    p->lex.comment = SPAN_NONE;
    return rc;
}

/* One element of the list, up to and with its "," or ";"; *type_r is what ended it. */
static int parse_element(struct parser *p, int *type_r)
{
    size_t from = p->lex.at;
    int rc = 0;
    bool at = false;
    struct token t;
    p->lex.comment = SPAN_NONE;
    for (;;) {
        size_t here = p->lex.at;
        t = rfc5322_lexer_next(&p->lex);
        struct span before = span_slice(p->lex.in, from, here);
        at |= t.type == '@';
        if (t.type == '<') {
            rc = angle_address(p, before);
            t = rfc5322_lexer_next(&p->lex);
            break;
        }
        if (ends_element(t)) {
            rc = bare_address(p, before);
            break;
        }
        if (t.type == ':' && !p->group && !at) {
            if ((rc = start_group(p, before)))
                break;
            from = p->lex.at;
        }
    }
    *type_r = t.type;
    return rc;
}

int rfc5322_addresses(struct arena *arena, struct span value, struct mailbox **list_r,
                      size_t *count_r)
{
    struct parser p = {.arena = arena};
    int rc = 0, type = ',';
    sbuf_init(&p.buf, SIZE_MAX);
    rfc5322_lexer_init(&p.lex, value);
    while (!rc && type != TOKEN_END) {
        rc = parse_element(&p, &type);
        if (type == ';')
            p.group = NULL;
    }
    if (!rc && p.lex.open)
        rc = VOUCH_E_SYNTAX;
    if (!rc && p.lex.deep)
        rc = VOUCH_E_LIMIT;
    sbuf_clear(&p.buf);
    *list_r = p.list;
    *count_r = p.count;
    return rc;
}

/* local as a path carries it: quoted if it is no dot-string (RFC 5321 s4.1.2) */
static const char *quote_local(struct arena *arena, struct span local)
{
    struct sbuf b;
    bool plain = true;
    size_t dots = 0;
    for (size_t i = 0; i < local.len; i++) {
        dots += local.p[i] == '.';
        plain &= !strchr(" ()<>[]:;@,\\\"", local.p[i]);
    }
    if (plain && dots < local.len)
        return arena_span(arena, local);
    sbuf_init(&b, local.len * 2 + 2);
    sbuf_addc(&b, '"');
    for (size_t i = 0; i < local.len; i++) {
        if (local.p[i] == '"' || local.p[i] == '\\')
            sbuf_addc(&b, '\\');
        sbuf_addc(&b, local.p[i]);
    }
    sbuf_addc(&b, '"');
    return sbuf_to_arena(&b, arena);
}

static int read_path(struct parser *p, struct addr_spec a, const char **path_r)
{
    const char *local, *domain;
    if (!a.proper || a.phrase.len || !add_local(a.local, &p->buf))
        return p->buf.failed ? VOUCH_E_NOMEM : VOUCH_E_SYNTAX;
    local = p->buf.failed ? NULL : quote_local(p->arena, sbuf_span(&p->buf));
    if (!local)
        return VOUCH_E_NOMEM;
    *path_r = local;
    if (!a.domain.p)
        return 0;
    int rc = read_domain(p, a.domain, &domain);
    if (rc || !domain[0])
        return rc ? rc : VOUCH_E_SYNTAX;
    *path_r = arena_join(p->arena, local, "@", domain);
    return *path_r ? 0 : VOUCH_E_NOMEM;
}

int rfc5322_read_path(struct arena *arena, struct span s, const char **path_r)
{
    struct parser p = {.arena = arena};
    bool proper = true;
    s = span_trim(s);
    if (s.len && s.p[0] == '<') {
        rfc5322_lexer_init(&p.lex, span_slice(s, 1, s.len));
        s = angle_region(&p.lex, &proper);
        proper &= p.lex.at == p.lex.in.len;
    }
    if (!proper)
        return VOUCH_E_SYNTAX;
    if (s.len == 0) {
        *path_r = arena_strdup(arena, "");
        return *path_r ? 0 : VOUCH_E_NOMEM;
    }
    sbuf_init(&p.buf, SIZE_MAX);
    int rc = read_path(&p, find_addr_spec(s), path_r);
    sbuf_clear(&p.buf);
    return rc;
}

const char *rfc5322_path(struct arena *arena, struct span s)
{
    const char *path;
    return rfc5322_read_path(arena, s, &path) ? NULL : path;
}
