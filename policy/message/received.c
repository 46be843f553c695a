/* SPDX-License-Identifier: BSD-2-Clause */
/* The trace of a message: Received fields (RFC 5321 s4.4) as MTAs write them, which is seldom as
 * the grammar says. A field is read as clauses (from, by, via, with, id, for), each with words and
 * comments; the sending host's address and name stand in the comments of "from" in one of these
 * shapes:
 *
 *     from HELO (NAME [IP])                    Postfix, Sendmail, Gmail, Courier
 *     from HELO ([IP])   from HELO (IP)        Sendmail without name, Exchange
 *     from NAME ([IP] helo=HELO)               Exim; from [IP] (helo=HELO) without name
 *     from NAME (HELO HELO) (USER@IP)          qmail, Yahoo, CommuniGate
 *
 * What a field says is not judged here, but for who is believed: received_client. */
#include "received.h"
#include <string.h>
#include "arena.h"
#include "ascii.h"
#include "domain.h"
#include "errors.h"
#include "rfc5322.h"
#include "utf8.h"

#define RECEIVED_WORD 255 /* bytes kept of a helo, protocol or id: as long as a name can be */

enum clause { CLAUSE_NONE, CLAUSE_FROM, CLAUSE_BY, CLAUSE_VIA, CLAUSE_WITH, CLAUSE_ID, CLAUSE_FOR };

struct reader {
    enum clause clause;
    struct span first[CLAUSE_FOR + 1]; /* first word of each clause; p is NULL if there is none */
    struct ipaddr ip;
    struct span name, helo; /* as comments of "from" give them */
    bool forged;            /* Sendmail: the name's address is another */
    bool exim;
    bool tls, authenticated, internal;
};

/* Takes the next comment (with its parentheses) or word off *rest; false at the end. */
static bool next_piece(struct span *rest, struct span *piece_r)
{
    size_t end = 0, depth = 0;
    *rest = span_trim(*rest);
    struct span s = *rest;
    if (s.len == 0)
        return false;
    if (s.p[0] == '(') {
        for (; end < s.len; end++) {
            depth += s.p[end] == '(';
            if (s.p[end] == '\\')
                end++;
            else if (s.p[end] == ')' && --depth == 0)
                break;
        }
        end = end < s.len ? end + 1 : s.len;
    } else {
        while (end < s.len && s.p[end] != '(' && !ascii_is_space(s.p[end]))
            end++;
    }
    *piece_r = span_slice(s, 0, end);
    *rest = span_slice(s, end, s.len);
    return true;
}

/* Takes the next word in a comment off *rest: what white space ends. */
static bool next_token(struct span *rest, struct span *token_r)
{
    size_t end = 0;
    *rest = span_trim(*rest);
    while (end < rest->len && !ascii_is_space(rest->p[end]))
        end++;
    *token_r = span_slice(*rest, 0, end);
    *rest = span_slice(*rest, end, rest->len);
    while (token_r->len && strchr(",;", token_r->p[token_r->len - 1]))
        token_r->len--;
    return end > 0;
}

/* Without an ident reply: "IDENT:user@name". The reply is the sender's, so it may hold "@" too. */
static struct span after_at(struct span s)
{
    size_t from = s.len;
    while (from > 0 && s.p[from - 1] != '@')
        from--;
    return span_slice(s, from, s.len);
}

/* "[192.0.2.1]", "[192.0.2.1]:25", "192.0.2.1", "user@[192.0.2.1]", "fe80::1%12" */
static bool read_ip(struct span s, struct ipaddr *ip_r)
{
    ptrdiff_t end;
    s = after_at(s);
    if (s.len && s.p[0] == '[' && (end = span_index(s, ']', 0)) >= 0)
        s = span_slice(s, 1, (size_t)end);
    if ((end = span_index(s, '%', 0)) >= 0)
        s.len = (size_t)end;
    return ipaddr_parse(s, ip_r) == 0;
}

/* The sending host, from a comment of "from". */
static void read_tcp_info(struct reader *r, struct span text)
{
    struct span token, name = SPAN_NONE;
    bool ident = span_istarts(text, "IDENT:"); /* then the sender chose all but the brackets */
    while (next_token(&text, &token) && !span_istarts(token, "ident=")) {
        if (span_ieq_cstr(token, "HELO") || span_ieq_cstr(token, "EHLO"))
            next_token(&text, &r->helo);
        else if (span_istarts(token, "helo="))
            r->helo = span_slice(token, 5, token.len);
        else if (span_ieq_cstr(token, "(may"))
            r->forged = true;
        else if (r->ip.family == IP_NONE && (!ident || token.p[0] == '[') && read_ip(token, &r->ip))
            r->name = name;
        else
            name = token;
    }
}

static bool says_tls(struct span text)
{
    static const char *const begins[] = {"using TLS", "using SSL", "version=TLS", "version=SSL",
                                         "TLS"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (span_istarts(text, begins[i]))
            return true;
    struct span tail = span_slice(text, text.len - (text.len > 10 ? 10 : text.len), text.len);
    return span_ieq_cstr(tail, " encrypted"); /* qmail */
}

/* What a comment says of the session. */
static void read_remark(struct reader *r, struct span text)
{
    r->tls |= says_tls(text);
    r->exim |= span_istarts(text, "Exim ");
    r->authenticated |= span_istarts(text, "authenticated ") || span_istarts(text, "AUTH: ") ||
                        span_istarts(text, "account ");
    r->internal |= span_istarts(text, "Postfix, from userid ") ||
                   (span_istarts(text, "qmail ") && span_ifind(text, " invoked ") > 0);
}

static void read_comment(struct reader *r, struct span piece)
{
    bool known = r->ip.family != IP_NONE;
    struct span text = span_slice(piece, 1, piece.len);
    if (text.len && text.p[text.len - 1] == ')')
        text.len--;
    text = span_trim(text);
    if (r->clause == CLAUSE_FROM && !known)
        read_tcp_info(r, text);
    if (known || r->ip.family == IP_NONE)
        read_remark(r, text);
}

static enum clause keyword(struct span word)
{
    static const char *const words[] = {"", "from", "by", "via", "with", "id", "for"};
    for (enum clause c = CLAUSE_FROM; c <= CLAUSE_FOR; c++)
        if (span_ieq_cstr(word, words[c]))
            return c;
    return CLAUSE_NONE;
}

static bool may_start(const struct reader *r, enum clause c)
{
    return c == CLAUSE_FROM ? r->clause == CLAUSE_NONE : c != CLAUSE_NONE && !r->first[c].p;
}

static void read_word(struct reader *r, struct span word)
{
    struct span *first = &r->first[r->clause];
    enum clause c = keyword(word);
    if (r->clause != CLAUSE_NONE && !first->p)
        *first = word; /* whatever it is: a host may call itself "by" */
    else if (may_start(r, c))
        r->clause = c;
    else if (r->clause == CLAUSE_FROM && r->ip.family == IP_NONE)
        read_ip(word, &r->ip);
    else if (r->clause == CLAUSE_WITH && span_ieq_cstr(*first, "Microsoft"))
        *first = word;
    else if (r->clause == CLAUSE_WITH && span_ieq_cstr(word, "tls"))
        r->tls = true;
}

/* A host's name by DNS. "unknown" and the like are none. 0 or VOUCH_E_NOMEM. */
static int host_name(struct arena *arena, struct span s, const char **name_r)
{
    char name[DOMAIN_MAX + 1];
    struct ipaddr ip;
    s = after_at(s);
    *name_r = NULL;
    if (!s.len || read_ip(s, &ip) || domain_normalize(s, name))
        return 0;
    if (!strchr(name, '.') && strcmp(name, "localhost") != 0)
        return 0;
    *name_r = arena_strdup(arena, name);
    return *name_r ? 0 : VOUCH_E_NOMEM;
}

enum letters { AS_IS, LOWER, UPPER };

/* A copy of a word, cut to RECEIVED_WORD. 0 or VOUCH_E_NOMEM. */
static int copy_word(struct arena *arena, struct span s, enum letters letters, const char **word_r)
{
    *word_r = NULL;
    while (s.len && strchr(",;", s.p[s.len - 1]))
        s.len--;
    if (!s.len)
        return 0;
    char *word = rfc5322_utf8(arena, utf8_cut(s, RECEIVED_WORD));
    if (!word)
        return VOUCH_E_NOMEM;
    for (char *c = word; *c; c++)
        if (letters == LOWER)
            *c = ascii_lower(*c);
        else if (letters == UPPER && *c >= 'a' && *c <= 'z')
            *c ^= 0x20;
    *word_r = word;
    return 0;
}

/* The receiving host; some write their address. */
static int by_name(struct arena *arena, struct span s, const char **by_r)
{
    struct ipaddr ip;
    char text[DOMAIN_MAX + 1];
    *by_r = NULL;
    if (read_ip(s, &ip))
        ipaddr_format(&ip, text);
    else if (domain_normalize(s, text))
        return 0;
    *by_r = arena_strdup(arena, text);
    return *by_r ? 0 : VOUCH_E_NOMEM;
}

/* Sorts out which of the words of "from" is the name and which the helo. */
static void settle_from(struct reader *r)
{
    struct span word = r->first[CLAUSE_FROM];
    struct ipaddr ip;
    bool is_ip = read_ip(word, &ip);
    if (span_ieq_cstr(word, "unknown"))
        word = SPAN_NONE;
    if (r->ip.family == IP_NONE && is_ip) {
        r->ip = ip;
        word = SPAN_NONE;
    }
    if (r->helo.p) {
        if (!r->name.p)
            r->name = word;
    } else {
        r->helo = word;
        if (!r->name.p && r->exim) /* it leaves out a helo that is the name */
            r->name = word;
    }
    if (r->forged)
        r->name = SPAN_NONE;
}

/* Protocols that hand a message over inside a site, or that take it from a reader's program. */
static bool is_internal(const struct reader *r)
{
    static const char *const begins[] = {"LMTP",  "UTF8LMTP", "HTTP", "MAPI",
                                         "LOCAL", "POP",      "IMAP"};
    struct span from = r->first[CLAUSE_FROM], with = r->first[CLAUSE_WITH];
    if (!from.p || r->internal)
        return true;
    if (r->ip.family == IP_NONE && span_ieq_cstr(from, "localhost"))
        return true;
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (span_istarts(with, begins[i]))
            return true;
    return false;
}

/* RFC 3848 and RFC 6531 s4.3: "S" for TLS, "A" for authentication; "asmtp" is old Exim's,
 * "ESMTP/TLS/cipher" IronPort's. */
static void read_protocol(struct reader *r)
{
    struct span with = r->first[CLAUSE_WITH];
    ptrdiff_t at = span_ifind(with, "MTP");
    if (at < 0)
        return;
    struct span tail = span_slice(with, (size_t)at + 3, with.len);
    r->tls |= span_ieq_cstr(tail, "S") || span_ieq_cstr(tail, "SA") || span_istarts(tail, "/TLS");
    r->authenticated |=
        span_ieq_cstr(tail, "A") || span_ieq_cstr(tail, "SA") || span_ieq_cstr(with, "ASMTP");
}

static int fill_hop(struct arena *arena, const struct reader *r, struct hop *hop)
{
    int rc = host_name(arena, r->name, &hop->name);
    if (!rc)
        rc = copy_word(arena, r->helo, LOWER, &hop->helo);
    if (!rc)
        rc = by_name(arena, r->first[CLAUSE_BY], &hop->by);
    if (!rc)
        rc = copy_word(arena, r->first[CLAUSE_WITH], UPPER, &hop->with);
    if (!rc)
        rc = copy_word(arena, r->first[CLAUSE_ID], AS_IS, &hop->id);
    if (!rc && r->first[CLAUSE_FOR].len)
        rc = rfc5322_read_path(arena, r->first[CLAUSE_FOR], &hop->rcpt);
    return rc == VOUCH_E_SYNTAX ? 0 : rc;
}

int received_parse(struct arena *arena, struct span value, struct hop *hop_r)
{
    struct reader r = {0};
    struct hop hop = {.time = -1};
    struct span piece;
    size_t semicolon = value.len;
    while (semicolon > 0 && value.p[semicolon - 1] != ';')
        semicolon--;
    if (semicolon > 0 && rfc5322_date(span_slice(value, semicolon, value.len), &hop.time) == 0)
        value = span_slice(value, 0, semicolon - 1);
    while (next_piece(&value, &piece)) {
        if (piece.p[0] == '(')
            read_comment(&r, piece);
        else
            read_word(&r, piece);
    }
    if (!r.first[CLAUSE_FROM].p && !r.first[CLAUSE_BY].p && hop.time == -1)
        return VOUCH_E_SYNTAX;
    settle_from(&r);
    read_protocol(&r);
    hop.ip = r.ip;
    hop.tls = r.tls;
    hop.authenticated = r.authenticated;
    hop.internal = is_internal(&r);
    int rc = fill_hop(arena, &r, &hop);
    if (!rc)
        *hop_r = hop;
    return rc;
}

ptrdiff_t received_client(const struct hop *hops, size_t count, const struct ipnet *trusted,
                          size_t trusted_count)
{
    for (size_t i = 0; i < count; i++) {
        if (hops[i].internal || ipaddr_is_loopback(&hops[i].ip))
            continue; /* a hand-over inside a host */
        if (hops[i].ip.family == IP_NONE)
            return -1; /* who wrote the next field is not known: it is not believed */
        if (!ipnet_any_contains(trusted, trusted_count, &hops[i].ip))
            return (ptrdiff_t)i;
    }
    return -1;
}
