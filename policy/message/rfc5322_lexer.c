/* SPDX-License-Identifier: BSD-2-Clause */
/* The tokens of structured header fields: RFC 5322 s3.2.1 to s3.2.4 with the obsolete forms of
 * s4.1, and RFC 6532's UTF-8. One pass; no recursion for nested comments. */
#include "rfc5322_lexer.h"
#include <string.h>
#include "ascii.h"
#include "rfc5322.h"
#include "sbuf.h"

/* An encoded word that holds specials it must not (a comma, say) is searched for its end no further
 * than this. RFC 2047 s2 allows 75 bytes; some encoders do not care. */
#define ENCODED_WORD_MAX 256

/* A table: it is asked of every byte of every path and date. */
static bool is_special(char c)
{
    static const bool special[256] = {
        ['('] = true, [')'] = true, ['<'] = true, ['>'] = true, ['['] = true, [']'] = true,
        [':'] = true, [';'] = true, ['@'] = true, [','] = true, ['.'] = true, ['"'] = true,
    };
    return special[(unsigned char)c];
}

void rfc5322_lexer_init(struct rfc5322_lexer *lex, struct span in)
{
    *lex = (struct rfc5322_lexer){.in = in};
}

/* The index behind the text that starts at s.p[at] and ends with the byte close. */
static size_t skip_delimited(struct rfc5322_lexer *lex, size_t at, char close)
{
    struct span s = lex->in;
    for (at++; at < s.len; at++) {
        if (s.p[at] == '\\')
            at++;
        else if (s.p[at] == close)
            return at + 1;
    }
    lex->open = true;
    return s.len;
}

static size_t skip_comment(struct rfc5322_lexer *lex, size_t at)
{
    struct span s = lex->in;
    size_t depth = 0;
    for (; at < s.len; at++) {
        if (s.p[at] == '\\') {
            at++;
        } else if (s.p[at] == '(') {
            if (++depth > RFC5322_MAX_DEPTH) {
                lex->deep = true;
                return s.len;
            }
        } else if (s.p[at] == ')' && --depth == 0) {
            return at + 1;
        }
    }
    lex->open = true;
    return s.len;
}

static bool skip_gap(struct rfc5322_lexer *lex)
{
    size_t from = lex->at;
    while (lex->at < lex->in.len) {
        if (ascii_is_space(lex->in.p[lex->at])) {
            lex->at++;
        } else if (lex->in.p[lex->at] == '(') {
            size_t end = skip_comment(lex, lex->at);
            lex->comment = span_slice(lex->in, lex->at, end);
            lex->at = end;
        } else {
            break;
        }
    }
    return lex->at > from;
}

/* The index behind an encoded word at at, or at. It may hold specials but those that make an
 * address. */
static size_t skip_encoded_word(struct span s, size_t at)
{
    size_t from = at, marks = 0;
    if (s.len - at < 2 || s.p[at] != '=' || s.p[at + 1] != '?')
        return from;
    for (at += 2; at + 1 < s.len && at - from < ENCODED_WORD_MAX; at++) {
        if (ascii_is_space(s.p[at]) || strchr("<>@\"", s.p[at]))
            return from;
        if (s.p[at] == '?' && ++marks > 2 && s.p[at + 1] == '=')
            return at + 2;
    }
    return from;
}

static size_t skip_atom(struct span s, size_t at)
{
    size_t end = skip_encoded_word(s, at);
    if (end > at)
        return end;
    for (; at < s.len && !ascii_is_space(s.p[at]) && !is_special(s.p[at]); at++)
        if (s.p[at] == '\\' && at + 1 < s.len)
            at++;
    return at;
}

struct token rfc5322_lexer_next(struct rfc5322_lexer *lex)
{
    struct token token = {.gap = skip_gap(lex)};
    size_t from = lex->at;
    if (from >= lex->in.len)
        return token;
    char c = lex->in.p[from];
    token.type = is_special(c) ? c : TOKEN_ATOM;
    if (c == '"')
        lex->at = skip_delimited(lex, from, '"');
    else if (c == '[')
        lex->at = skip_delimited(lex, from, ']');
    else if (token.type == TOKEN_ATOM)
        lex->at = skip_atom(lex->in, from);
    else
        lex->at++;
    token.raw = span_slice(lex->in, from, lex->at);
    return token;
}

struct token rfc5322_lexer_peek(const struct rfc5322_lexer *lex)
{
    struct rfc5322_lexer copy = *lex;
    return rfc5322_lexer_next(&copy);
}

static char closing(char open)
{
    return open == '"' ? '"' : open == '[' ? ']' : open == '(' ? ')' : '\0';
}

void rfc5322_lexer_unquote(struct span raw, struct sbuf *out)
{
    char close = raw.len ? closing(raw.p[0]) : '\0';
    for (size_t i = close ? 1 : 0; i < raw.len; i++) {
        if (close && raw.p[i] == close && i + 1 == raw.len)
            break;
        if (raw.p[i] == '\\' && i + 1 < raw.len)
            i++;
        if (raw.p[i] != '\r' && raw.p[i] != '\n')
            sbuf_addc(out, raw.p[i]);
    }
}
