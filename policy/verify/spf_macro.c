/* SPDX-License-Identifier: BSD-2-Clause */
/* SPF macro strings, RFC 7208 s7: grammar and expansion. libspf2's own are not used: its macro
 * compiler overflows the stack (CVE-2023-42118), takes "|" but not "," and "/" for delimiters, no
 * "R", and leaves characters unescaped that RFC 3986 does not. What DNS must tell first (%{p}) is
 * given; the cut to 253 octets (s7.3) belongs to whoever asks for the name. */
#include "spf_macro.h"
#include <stdio.h>
#include <string.h>
#include "ascii.h"

#define VALUE_TEXT 64 /* 32 nibbles and their dots, the longest value that is made here */

/* What a macro string is a sequence of. */
struct piece {
    char letter;         /* lower case; 0: literal text */
    struct span literal; /* of letter 0 */
    bool expand;         /* it was written with "%" */
    bool escape;         /* the letter was upper case: URL-escaped (s7.3) */
    bool reverse;
    unsigned keep; /* rightmost parts to keep; 0: all */
    struct span delimiters;
};

static bool one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

/* s: what follows "%{". Its length up to and with "}", or 0 if it is no macro. */
static size_t parse_braces(struct span s, struct piece *piece)
{
    size_t i = 1;
    if (s.len == 0 || !ascii_is_alpha(s.p[0]))
        return 0;
    piece->escape = s.p[0] < 'a';
    piece->letter = ascii_lower(s.p[0]);
    for (; i < s.len && ascii_is_digit(s.p[i]); i++) {
        piece->keep = piece->keep * 10 + (unsigned)(s.p[i] - '0');
        if (piece->keep > 128) /* as good as any larger number: no name has more labels */
            piece->keep = 128;
    }
    if (i > 1 && piece->keep == 0)
        return 0;
    if (i < s.len && one_of(s.p[i], "rR")) {
        piece->reverse = true;
        i++;
    }
    size_t from = i;
    while (i < s.len && one_of(s.p[i], ".-+,/_="))
        i++;
    piece->delimiters = i > from ? span_slice(s, from, i) : SPAN_LIT(".");
    return i < s.len && s.p[i] == '}' ? i + 1 : 0;
}

/* Takes the first piece off *rest, which is not empty. False: "%" begins nothing that is known. */
static bool next_piece(struct span *rest, struct piece *piece)
{
    struct span s = *rest;
    size_t n;
    *piece = (struct piece){.expand = s.p[0] == '%'};
    if (!piece->expand) {
        ptrdiff_t percent = span_index(s, '%', 0);
        n = percent < 0 ? s.len : (size_t)percent;
        piece->literal = span_slice(s, 0, n);
    } else if (s.len > 1 && s.p[1] == '{') {
        n = parse_braces(span_slice(s, 2, s.len), piece);
        if (n == 0)
            return false;
        n += 2;
    } else {
        n = 2;
        switch (s.len > 1 ? s.p[1] : '\0') {
        case '%':
            piece->literal = SPAN_LIT("%");
            break;
        case '_':
            piece->literal = SPAN_LIT(" ");
            break;
        case '-':
            piece->literal = SPAN_LIT("%20");
            break;
        default:
            return false;
        }
    }
    *rest = span_slice(s, n, s.len);
    return true;
}

static bool piece_allowed(const struct piece *piece, enum spf_macro_place place)
{
    bool explanation = place == SPF_MACRO_EXPLANATION;
    if (piece->letter)
        return one_of(piece->letter, "slodiphv") || (explanation && one_of(piece->letter, "crt"));
    for (size_t i = 0; !piece->expand && i < piece->literal.len; i++) {
        char c = piece->literal.p[i];
        if (!ascii_is_visible(c) && !(explanation && c == ' '))
            return false;
    }
    return true;
}

/* last_r: the last piece; letter 0 and an empty literal if s is empty. */
static bool check(struct span s, enum spf_macro_place place, struct piece *last_r)
{
    *last_r = (struct piece){0};
    while (s.len)
        if (!next_piece(&s, last_r) || !piece_allowed(last_r, place))
            return false;
    return true;
}

bool spf_macro_valid(struct span s, enum spf_macro_place place)
{
    struct piece last;
    return check(s, place, &last);
}

/* toplabel of s7.1: not all digits, and no hyphen at either end */
static bool is_toplabel(struct span s)
{
    bool named = false;
    if (s.len == 0 || s.p[0] == '-' || s.p[s.len - 1] == '-')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-')
            return false;
        named = named || !ascii_is_digit(s.p[i]);
    }
    return named;
}

bool spf_macro_is_domain_spec(struct span s)
{
    struct piece last;
    if (!check(s, SPF_MACRO_RECORD, &last))
        return false;
    if (last.expand)
        return true;
    struct span tail = last.literal;
    if (tail.len && tail.p[tail.len - 1] == '.')
        tail.len--;
    size_t label = tail.len;
    while (label && tail.p[label - 1] != '.')
        label--;
    return label && is_toplabel(span_slice(tail, label, tail.len));
}

bool spf_macro_uses(struct span s, char letter)
{
    struct piece piece;
    while (s.len && next_piece(&s, &piece))
        if (piece.letter == letter)
            return true;
    return false;
}

/* %{i}: IPv4 as it is written, IPv6 as nibbles with dots between */
static const char *dotted_ip(const struct ipaddr *ip, char text_r[VALUE_TEXT])
{
    char *at = text_r;
    if (ip->family != IP_V6)
        return ipaddr_format(ip, text_r);
    for (int i = 0; i < 32; i++) {
        *at++ = "0123456789abcdef"[ip->bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
        *at++ = '.';
    }
    at[-1] = '\0';
    return text_r;
}

/* text_r is room for values that are not strings yet */
static const char *value_of(char letter, const struct spf_macro_values *v, char text_r[VALUE_TEXT])
{
    const char *value = NULL;
    switch (letter) {
    case 's':
        value = v->sender;
        break;
    case 'l':
        value = v->local;
        break;
    case 'o':
        value = v->sender_domain;
        break;
    case 'd':
        value = v->domain;
        break;
    case 'p':
        value = v->client;
        break;
    case 'h':
        value = v->helo;
        break;
    case 'r':
        value = v->receiver;
        break;
    case 'v':
        return v->ip.family == IP_V6 ? "ip6" : "in-addr";
    case 'i':
        return dotted_ip(&v->ip, text_r);
    case 'c':
        return ipaddr_format(&v->ip, text_r);
    case 't':
        snprintf(text_r, VALUE_TEXT, "%lld", (long long)v->now);
        return text_r;
    }
    return value ? value : "unknown";
}

/* Where an expansion goes; len stays below size. */
struct out {
    char *p;
    size_t len, size;
    bool over;
};

static void put(struct out *out, char c)
{
    if (out->len + 1 >= out->size)
        out->over = true;
    else
        out->p[out->len++] = c;
}

static bool splits(const struct piece *piece, char c)
{
    for (size_t i = 0; i < piece->delimiters.len; i++)
        if (piece->delimiters.p[i] == c)
            return true;
    return false;
}

/* part: of a value, or all of it. Delimiters become dots. */
static void put_part(struct out *out, const struct piece *piece, struct span part)
{
    for (size_t i = 0; i < part.len && !out->over; i++) {
        char c = splits(piece, part.p[i]) ? '.' : part.p[i];
        if (!piece->escape || ascii_is_alnum(c) || one_of(c, "-._~")) {
            put(out, c);
        } else {
            put(out, '%');
            put(out, "0123456789ABCDEF"[(unsigned char)c >> 4]);
            put(out, "0123456789ABCDEF"[(unsigned char)c & 15]);
        }
    }
}

/* Where the part that ends at end begins. */
static size_t part_start(const struct piece *piece, struct span value, size_t end)
{
    while (end && !splits(piece, value.p[end - 1]))
        end--;
    return end;
}

/* s7.3: split at the delimiters, reverse if asked to, keep the rightmost parts, join by dots. */
static void put_value(struct out *out, const struct piece *piece, struct span value)
{
    size_t parts = 1;
    for (size_t i = 0; i < value.len; i++)
        parts += splits(piece, value.p[i]);
    size_t drop = piece->keep && piece->keep < parts ? parts - piece->keep : 0;
    if (!piece->reverse) {
        size_t from = 0;
        for (; drop; from++)
            drop -= splits(piece, value.p[from]);
        put_part(out, piece, span_slice(value, from, value.len));
        return;
    }
    for (size_t end = value.len, n = 0; n < parts; n++) {
        size_t start = part_start(piece, value, end);
        if (n >= drop)
            put_part(out, piece, span_slice(value, start, end));
        if (n >= drop && n + 1 < parts)
            put(out, '.');
        end = start ? start - 1 : 0;
    }
}

size_t spf_macro_expand(struct span s, const struct spf_macro_values *values, char *text_r,
                        size_t size)
{
    static const struct piece as_is = {0};
    struct out out = {.p = text_r, .size = size};
    struct piece piece;
    char made[VALUE_TEXT];
    while (s.len && !out.over && next_piece(&s, &piece))
        if (piece.letter)
            put_value(&out, &piece, span_of(value_of(piece.letter, values, made)));
        else
            put_part(&out, &as_is, piece.literal);
    text_r[out.len] = '\0';
    return out.over ? size : out.len;
}
