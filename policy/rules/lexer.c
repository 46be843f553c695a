/* SPDX-License-Identifier: BSD-2-Clause */
/* The lexical rules of libconfig 1.5, narrowed where the library takes silently what was surely
 * not meant: a string that runs over the end of its line (a forgotten quote), a comment that never
 * ends, unknown escapes, whole numbers that do not fit 32 bits (vouch.conf has none), "." as a
 * number. */
#include "lexer.h"
#include <string.h>
#include "errors.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static char peek(const struct lexer *l, size_t ahead)
{
    return l->len - l->at > ahead ? l->text[l->at + ahead] : '\0';
}

static bool at_comment(const struct lexer *l)
{
    return peek(l, 0) == '#' || (peek(l, 0) == '/' && (peek(l, 1) == '/' || peek(l, 1) == '*'));
}

/* l->at stands on the comment's first byte. */
static void skip_comment(struct lexer *l)
{
    int line = l->line;
    bool block = peek(l, 0) == '/' && peek(l, 1) == '*';
    l->at += block ? 2 : 1;
    for (; l->at < l->len; l->at++) {
        if (!block && l->text[l->at] == '\n')
            return;
        if (l->text[l->at] == '\n')
            l->line++;
        if (block && peek(l, 0) == '*' && peek(l, 1) == '/') {
            l->at += 2;
            return;
        }
    }
    if (block)
        mistakes_add(l->mistakes, line, "this comment is not closed: '*/' is missing");
}

static void skip_space(struct lexer *l)
{
    while (l->at < l->len) {
        char c = l->text[l->at];
        if (c == '\n')
            l->line++;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f')
            l->at++;
        else if (at_comment(l))
            skip_comment(l);
        else
            return;
    }
}

/* Bytes that the escape at l->at (its backslash) takes; 0: not an escape of libconfig's. */
static size_t escape(const struct lexer *l)
{
    char c = peek(l, 1);
    if (c == 'x' || c == 'X')
        return is_hex(peek(l, 2)) && is_hex(peek(l, 3)) ? 4 : 0;
    return c != '\0' && strchr("nrtf\\\"", c) ? 2 : 0;
}

static int lex_string(struct lexer *l)
{
    int kind = TOKEN_STRING;
    l->at++;
    while (l->at < l->len && l->text[l->at] != '\n') {
        if (l->text[l->at] == '"') {
            l->at++;
            return kind;
        }
        size_t n = l->text[l->at] == '\\' ? escape(l) : 1;
        if (n == 0 && kind == TOKEN_STRING) {
            mistakes_add(l->mistakes, l->line,
                         "'\\%c' is no escape: write \"\\\\\" for a backslash", peek(l, 1));
            kind = TOKEN_BAD;
        }
        l->at += n ? n : 1;
    }
    mistakes_add(l->mistakes, l->line, "this string has no closing quote on its line");
    return TOKEN_BAD;
}

/* [+-]digits[.digits][e[+-]digits] with at least one digit before the exponent */
static int number_kind(struct span s)
{
    size_t i = 0, digits = 0;
    int kind = TOKEN_INT;
    if (i < s.len && (s.p[i] == '+' || s.p[i] == '-'))
        i++;
    for (; i < s.len && (is_digit(s.p[i]) || (s.p[i] == '.' && kind == TOKEN_INT)); i++) {
        if (s.p[i] == '.')
            kind = TOKEN_FLOAT;
        else
            digits++;
    }
    if (digits && i < s.len && (s.p[i] == 'e' || s.p[i] == 'E')) {
        kind = TOKEN_FLOAT;
        i++;
        if (i < s.len && (s.p[i] == '+' || s.p[i] == '-'))
            i++;
        for (digits = 0; i < s.len && is_digit(s.p[i]); i++)
            digits++;
    }
    return digits && i == s.len ? kind : TOKEN_BAD;
}

static bool fits_int(struct span s)
{
    uint64_t value;
    if (s.p[0] == '+' || s.p[0] == '-')
        s = span_slice(s, 1, s.len);
    return span_uint(s, INT32_MAX, &value) == 0;
}

static int name_kind(struct span s)
{
    if (!is_alpha(s.p[0]))
        return TOKEN_BAD;
    for (size_t i = 1; i < s.len; i++)
        if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
            return TOKEN_BAD;
    return span_ieq_cstr(s, "true") || span_ieq_cstr(s, "false") ? TOKEN_BOOL : TOKEN_NAME;
}

/* Anything outside quotes that is not punctuation: "." "/" and "@" are in it so that "10.0.0.0/8"
 * or "5s" is seen, and reported, as one thing. */
static int lex_word(struct lexer *l)
{
    size_t from = l->at;
    while (l->at < l->len && !at_comment(l) &&
           (is_alpha(peek(l, 0)) || is_digit(peek(l, 0)) || (peek(l, 0) & 0x80) ||
            (peek(l, 0) && strchr("_-*.+/@%", peek(l, 0)))))
        l->at++;
    if (l->at == from) {
        mistakes_add(l->mistakes, l->line, "'%c' cannot stand here", l->text[l->at++]);
        return TOKEN_BAD;
    }
    struct span s = span_make(l->text + from, l->at - from);
    int kind = name_kind(s);
    if (kind == TOKEN_BAD)
        kind = number_kind(s);
    if (span_eq(s, SPAN_LIT("@include")))
        mistakes_add(l->mistakes, l->line,
                     "@include is not supported: keep everything in one file");
    else if (kind == TOKEN_BAD)
        mistakes_add(l->mistakes, l->line, "'%.*s' must be in quotes: \"%.*s\"",
                     (int)(s.len < MISTAKE_SHOWN ? s.len : MISTAKE_SHOWN), s.p,
                     (int)(s.len < MISTAKE_SHOWN ? s.len : MISTAKE_SHOWN), s.p);
    if (kind == TOKEN_INT && !fits_int(s)) {
        mistakes_add(l->mistakes, l->line, "'%.*s' is too large a number",
                     (int)(s.len < MISTAKE_SHOWN ? s.len : MISTAKE_SHOWN), s.p);
        kind = TOKEN_BAD;
    }
    return kind;
}

struct token lexer_next_token(struct lexer *lexer)
{
    skip_space(lexer);
    struct token t = {.from = lexer->at, .line = lexer->line};
    char c = peek(lexer, 0);
    if (lexer->at == lexer->len) {
        t.kind = TOKEN_END;
    } else if (c == '"') {
        t.kind = lex_string(lexer);
    } else if (strchr("=:,;{}[]()", c)) {
        t.kind = c;
        lexer->at++;
    } else {
        t.kind = lex_word(lexer);
    }
    t.to = lexer->at;
    return t;
}
