/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RFC5322_LEXER_H
#define VOUCH_RFC5322_LEXER_H

#include "span.h"

struct sbuf;

/* Tokens of a structured field (RFC 5322 s3.2): any special is its own character. */
enum token_type {
    TOKEN_END = 0,
    TOKEN_ATOM = 'a',    /* also bytes no atom may hold: the parser judges; RFC 2047 words whole */
    TOKEN_QUOTED = '"',  /* with its quotes; the last may be missing */
    TOKEN_LITERAL = '[', /* with its brackets; the last may be missing */
};

struct token {
    int type; /* enum token_type or one of < > @ , ; : . ] ) */
    struct span raw;
    bool gap; /* white space or comments stand before it */
};

struct rfc5322_lexer {
    struct span in;
    size_t at;
    struct span comment; /* the last comment that was passed, with its parentheses */
    bool deep;           /* comments nested beyond RFC5322_MAX_DEPTH: the rest was not read */
    bool open;           /* a comment, quoted-string or literal does not end */
};

void rfc5322_lexer_init(struct rfc5322_lexer *lex, struct span in);
/* Passes white space and comments and takes the next token. */
struct token rfc5322_lexer_next(struct rfc5322_lexer *lex);
/* The same, but leaves it to be taken. */
struct token rfc5322_lexer_peek(const struct rfc5322_lexer *lex);
/* Appends what a token means: quotes, brackets, parentheses and quoted-pairs' backslashes taken
 * off. */
void rfc5322_lexer_unquote(struct span raw, struct sbuf *out);

#endif
