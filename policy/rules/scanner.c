/* SPDX-License-Identifier: BSD-2-Clause */
/* The lexical rules of libconfig 1.5, narrowed where the library takes silently what was surely
 * not meant: a string that runs over the end of its line (a forgotten quote), a comment that never
 * ends, unknown escapes, whole numbers that do not fit 32 bits (vouch.conf has none), "." as a
 * number. */
#include "scanner.h"
#include <string.h>
#include "ascii.h"

static char peek(const struct scanner *l, size_t ahead)
{
    return l->len - l->at > ahead ? l->text[l->at + ahead] : '\0';
}

static bool at_comment(const struct scanner *l)
{
    return peek(l, 0) == '#' || (peek(l, 0) == '/' && (peek(l, 1) == '/' || peek(l, 1) == '*'));
}

/* l->at stands on the comment's first byte. */
static void skip_comment(struct scanner *l)
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

static void skip_space(struct scanner *l)
{
    while (l->at < l->len) {
        char c = l->text[l->at];
        if (c == '\n')
            l->line++;
        if (ascii_is_space(c) || c == '\f')
            l->at++;
        else if (at_comment(l))
            skip_comment(l);
        else
            return;
    }
}

/* Bytes that the escape at l->at (its backslash) takes; 0: not an escape of libconfig's. */
static size_t escape(const struct scanner *l)
{
    char c = peek(l, 1);
    if (c == 'x' || c == 'X')
        return ascii_hex(peek(l, 2)) >= 0 && ascii_hex(peek(l, 3)) >= 0 ? 4 : 0;
    return c != '\0' && strchr("nrtf\\\"", c) ? 2 : 0;
}

static int lex_string(struct scanner *l)
{
    int kind = SCANNER_STRING;
    l->at++;
    while (l->at < l->len && l->text[l->at] != '\n') {
        if (l->text[l->at] == '"') {
            l->at++;
            return kind;
        }
        size_t n = l->text[l->at] == '\\' ? escape(l) : 1;
        if (n == 0 && kind == SCANNER_STRING) {
            mistakes_add(l->mistakes, l->line,
                         "'\\%c' is not an escape: write \"\\\\\" for a backslash", peek(l, 1));
            kind = SCANNER_BAD;
        }
        l->at += n ? n : 1;
    }
    mistakes_add(l->mistakes, l->line, "this string has no closing quote on its line");
    return SCANNER_BAD;
}

/* [+-]digits[.digits][e[+-]digits] with at least one digit before the exponent */
static int number_kind(struct span s)
{
    size_t i = 0, digits = 0;
    int kind = SCANNER_INT;
    if (i < s.len && (s.p[i] == '+' || s.p[i] == '-'))
        i++;
    for (; i < s.len && (ascii_is_digit(s.p[i]) || (s.p[i] == '.' && kind == SCANNER_INT)); i++) {
        if (s.p[i] == '.')
            kind = SCANNER_FLOAT;
        else
            digits++;
    }
    if (digits && i < s.len && (s.p[i] == 'e' || s.p[i] == 'E')) {
        kind = SCANNER_FLOAT;
        i++;
        if (i < s.len && (s.p[i] == '+' || s.p[i] == '-'))
            i++;
        for (digits = 0; i < s.len && ascii_is_digit(s.p[i]); i++)
            digits++;
    }
    return digits && i == s.len ? kind : SCANNER_BAD;
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
    if (!ascii_is_alpha(s.p[0]))
        return SCANNER_BAD;
    for (size_t i = 1; i < s.len; i++)
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
            return SCANNER_BAD;
    return span_ieq_cstr(s, "true") || span_ieq_cstr(s, "false") ? SCANNER_BOOL : SCANNER_NAME;
}

/* Why a word that is neither a key nor a value cannot stand at l->at, behind it. */
static const char *word_fault(const struct scanner *l, struct span word)
{
    struct scanner ahead = *l;
    struct mistakes none = {.failed = true}; /* takes no report */
    ahead.mistakes = &none;
    skip_space(&ahead);
    if (word.p[0] & 0x80)
        return "cannot stand here: only '\"' is a quotation mark";
    if (memchr(word.p, '.', word.len) && (peek(&ahead, 0) == '=' || peek(&ahead, 0) == ':'))
        return "is no key: a key of a group is written as group: { key = ...; };";
    return "must be in quotes, as \"...\"";
}

static void report_word(struct scanner *l, struct span word, const char *after)
{
    if (word.len > MISTAKE_SHOWN)
        word.len = MISTAKE_SHOWN;
    mistakes_add(l->mistakes, l->line, "'%.*s' %s", SPAN_ARGS(word), after);
}

/* Anything outside quotes that is not punctuation: "." "/" and "@" are in it so that "10.0.0.0/8"
 * or "5s" is seen, and reported, as one thing. */
static int lex_word(struct scanner *l)
{
    size_t from = l->at;
    while (l->at < l->len && !at_comment(l) &&
           (ascii_is_alnum(peek(l, 0)) || (peek(l, 0) & 0x80) ||
            (peek(l, 0) && strchr("_-*.+/@%", peek(l, 0)))))
        l->at++;
    if (l->at == from) {
        mistakes_add(l->mistakes, l->line, "'%c' cannot stand here", l->text[l->at++]);
        return SCANNER_BAD;
    }
    struct span s = span_make(l->text + from, l->at - from);
    int kind = name_kind(s);
    if (kind == SCANNER_BAD)
        kind = number_kind(s);
    if (kind == SCANNER_INT && !fits_int(s)) {
        report_word(l, s, "is too large a number");
        kind = SCANNER_BAD;
    } else if (span_eq(s, SPAN_LIT("@include"))) {
        report_word(l, s, "is not supported: keep everything in one file");
    } else if (kind == SCANNER_BAD) {
        report_word(l, s, word_fault(l, s));
    }
    return kind;
}

struct scanner_token scanner_next(struct scanner *scanner)
{
    skip_space(scanner);
    struct scanner_token t = {.from = scanner->at, .line = scanner->line};
    char c = peek(scanner, 0);
    if (scanner->at == scanner->len) {
        t.kind = SCANNER_END;
    } else if (c == '"') {
        t.kind = lex_string(scanner);
    } else if (strchr("=:,;{}[]()", c)) {
        t.kind = c;
        scanner->at++;
    } else {
        t.kind = lex_word(scanner);
    }
    t.to = scanner->at;
    return t;
}
