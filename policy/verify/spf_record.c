/* SPDX-License-Identifier: BSD-2-Clause */
/* SPF records: RFC 7208 s4.5 (selection), s4.6 (grammar), s12 (ABNF), and their rewriting.
 *
 * libspf2 1.2.10 must not be shown a published record. Besides the stack overflow in its macro
 * compiler (CVE-2023-42118) it takes redirect= for a mechanism like others, refuses /0, checks no
 * domain-spec, and drops what does not fit into 511 compiled bytes (64 ip4, 26 ip6) without a word,
 * a closing "-all" first. So each record is checked here in full and then written anew for one
 * client: ip4, ip6 and all are decided; redirect= comes last or goes; unknown modifiers and exp=
 * go; names become numbers that our own look-up hook understands. ptr becomes exists, because its
 * names are validated by us (s5.5), as %{p} needs them too.
 *
 * What is left is at most 12 terms and 244 compiled bytes. */
#include "spf_record.h"
#include <arpa/inet.h>
#include <string.h>
#include "ascii.h"
#include "errors.h"
#include "sbuf.h"
#include "spf_macro.h"

static const struct mechanism {
    const char *name;
    enum spf_term_kind kind;
    bool needs_target, takes_prefix;
    const char *rewritten;
} mechanisms[] = {
    /* by enum spf_term_kind */
    {"a", SPF_TERM_A, false, true, "a:"},
    {"mx", SPF_TERM_MX, false, true, "mx:"},
    {"ptr", SPF_TERM_PTR, false, false, "exists:"},
    {"exists", SPF_TERM_EXISTS, true, false, "exists:"},
    {"include", SPF_TERM_INCLUDE, true, false, "include:"},
    {"redirect", SPF_TERM_REDIRECT, true, false, "redirect="},
};

struct parser {
    const struct ipaddr *client;
    struct spf_record *record;
    struct span redirect;
    bool decided; /* otherwise is final: what follows is only checked */
};

bool spf_record_selected(struct span text)
{
    return span_istarts(text, "v=spf1") && (text.len == 6 || text.p[6] == ' ');
}

/* Decimal without leading zeros (ip4-cidr-length, ip6-cidr-length). */
static bool parse_prefix(struct span s, unsigned max, unsigned *prefix_r)
{
    uint64_t value;
    if ((s.len > 1 && s.p[0] == '0') || span_uint(s, max, &value) != 0)
        return false;
    *prefix_r = (unsigned)value;
    return true;
}

/* Takes slash and a prefix length off the end of *s if they are there. False: a number that is
 * none. */
static bool take_prefix(struct span *s, const char *slash, unsigned max, unsigned *prefix_r)
{
    size_t digits = s->len, n = strlen(slash);
    while (digits && ascii_is_digit(s->p[digits - 1]))
        digits--;
    if (digits < n || memcmp(s->p + digits - n, slash, n) != 0)
        return true;
    if (!parse_prefix(span_slice(*s, digits, s->len), max, prefix_r))
        return false;
    s->len = digits - n;
    return true;
}

/* dual-cidr-length at the end of *s; *prefix_r: of the client's family */
static bool take_dual_prefix(const struct parser *p, struct span *s, unsigned *prefix_r)
{
    unsigned v4 = 32, v6 = 128;
    if (!take_prefix(s, "//", 128, &v6) || !take_prefix(s, "/", 32, &v4))
        return false;
    *prefix_r = p->client->family == IP_V6 ? v6 : v4;
    return true;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, mask = 0xff00 >> bits % 8 & 0xff;
    return !memcmp(a, b, whole) && (!mask || !((a[whole] ^ b[whole]) & mask));
}

static void decide(struct parser *p, char qualifier)
{
    if (!p->decided)
        p->record->otherwise = qualifier;
    p->decided = true;
}

static const char *parse_ip(struct parser *p, enum ip_family family, char qualifier,
                            struct span argument)
{
    char text[IPADDR_TEXT];
    uint8_t bytes[16];
    unsigned max = family == IP_V6 ? 128 : 32, prefix = max;
    if (argument.len < 2 || argument.p[0] != ':')
        return "no address";
    struct span addr = span_slice(argument, 1, argument.len);
    if (!take_prefix(&addr, "/", max, &prefix))
        return "invalid prefix length";
    if (addr.len >= sizeof text)
        return "invalid address";
    memcpy(text, addr.p, addr.len);
    text[addr.len] = '\0';
    if (inet_pton(family == IP_V6 ? AF_INET6 : AF_INET, text, bytes) != 1)
        return "invalid address";
    if (p->client->family == family && same_bits(bytes, p->client->bytes, prefix))
        decide(p, qualifier);
    return NULL;
}

/* argument: what follows the mechanism's name, with its ":" */
static const char *parse_dns_term(struct parser *p, const struct mechanism *m, char qualifier,
                                  struct span argument)
{
    struct spf_term term = {.kind = m->kind, .qualifier = qualifier};
    if (m->takes_prefix && !take_dual_prefix(p, &argument, &term.prefix))
        return "invalid prefix length";
    if (argument.len) {
        term.target = span_slice(argument, 1, argument.len);
        if (argument.p[0] != ':' || term.target.len > SPF_MAX_SPEC ||
            !spf_macro_is_domain_spec(term.target))
            return "invalid domain";
    } else if (m->needs_target) {
        return "no domain";
    }
    if (!p->decided && p->record->count <= SPF_MAX_TERMS)
        p->record->terms[p->record->count++] = term;
    return NULL;
}

static const char *parse_directive(struct parser *p, struct span s)
{
    char qualifier = '+';
    size_t n = 0;
    if (strchr("+-~?", s.p[0])) {
        qualifier = s.p[0];
        s = span_slice(s, 1, s.len);
    }
    while (n < s.len && ascii_is_alnum(s.p[n]))
        n++;
    struct span name = span_slice(s, 0, n), argument = span_slice(s, n, s.len);
    if (span_ieq_cstr(name, "all")) {
        decide(p, qualifier);
        return argument.len ? "all takes no argument" : NULL;
    }
    if (span_ieq_cstr(name, "ip4") || span_ieq_cstr(name, "ip6"))
        return parse_ip(p, name.p[2] == '4' ? IP_V4 : IP_V6, qualifier, argument);
    for (size_t i = SPF_TERM_A; i <= SPF_TERM_INCLUDE; i++)
        if (span_ieq_cstr(name, mechanisms[i].name))
            return parse_dns_term(p, &mechanisms[i], qualifier, argument);
    return "unknown mechanism";
}

/* name: what precedes "=" in a modifier */
static const char *parse_modifier(struct parser *p, struct span name, struct span value)
{
    bool redirect = span_ieq_cstr(name, "redirect");
    if (!redirect && !span_ieq_cstr(name, "exp"))
        return spf_macro_valid(value, SPF_MACRO_RECORD) ? NULL : "invalid modifier";
    struct span *kept = redirect ? &p->redirect : &p->record->explanation;
    if (kept->p)
        return "given twice";
    *kept = value;
    return value.len <= SPF_MAX_SPEC && spf_macro_is_domain_spec(value) ? NULL : "invalid domain";
}

/* Length of the name if s is a modifier, else 0. */
static size_t modifier_name(struct span s)
{
    size_t n = 0;
    if (!ascii_is_alpha(s.p[0]))
        return 0;
    while (n < s.len && (ascii_is_alnum(s.p[n]) || strchr("-_.", s.p[n])))
        n++;
    return n < s.len && s.p[n] == '=' ? n : 0;
}

static const char *parse_term(struct parser *p, struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_visible(s.p[i]))
            return "character that no record may have";
    size_t n = modifier_name(s);
    if (n)
        return parse_modifier(p, span_slice(s, 0, n), span_slice(s, n + 1, s.len));
    return parse_directive(p, s);
}

int spf_record_parse(struct span text, const struct ipaddr *client, struct spf_record *record_r,
                     const char **what_r, struct span *near_r)
{
    struct parser p = {.client = client, .record = record_r};
    struct span rest = span_slice(text, 6, text.len);
    *record_r = (struct spf_record){0};
    *what_r = NULL;
    *near_r = span_slice(text, 0, 6);
    if (text.len > SPF_MAX_RECORD)
        *what_r = "record too long";
    while (!*what_r && span_split(&rest, ' ', near_r))
        if (near_r->len)
            *what_r = parse_term(&p, *near_r);
    if (*what_r)
        return VOUCH_E_SYNTAX;
    /* all makes redirect= void wherever either stands (s6.1); for a client that an ip4 or ip6
     * matches it is out of reach as well */
    if (p.redirect.p && !p.decided && record_r->count <= SPF_MAX_TERMS)
        record_r->terms[record_r->count++] =
            (struct spf_term){.kind = SPF_TERM_REDIRECT, .qualifier = '+', .target = p.redirect};
    return 0;
}

void spf_record_rewrite(const struct spf_record *record, unsigned number,
                        const struct ipaddr *client, struct sbuf *out)
{
    unsigned full = client->family == IP_V6 ? 128 : 32;
    sbuf_adds(out, "v=spf1");
    for (unsigned i = 0; i < record->count; i++) {
        const struct spf_term *term = &record->terms[i];
        const struct mechanism *m = &mechanisms[term->kind];
        sbuf_addc(out, ' ');
        if (term->kind != SPF_TERM_REDIRECT)
            sbuf_addc(out, term->qualifier);
        sbuf_addf(out, "%s%u.%u.t", m->rewritten, number, i);
        /* /0 is refused by libspf2: the look-up hook answers it with the client's address */
        if (m->takes_prefix && term->prefix && term->prefix < full)
            sbuf_addf(out, "%s%u", full == 128 ? "//" : "/", term->prefix);
    }
    if (record->otherwise)
        sbuf_addf(out, " %call", record->otherwise);
}
