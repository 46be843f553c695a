/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SCANNER_H
#define VOUCH_SCANNER_H

#include "mistakes.h"

/* The tokens of a libconfig file. Punctuation is its own character: = : , ; { } [ ] ( ) */
enum token_kind {
    TOKEN_END = 0,
    TOKEN_NAME = 256, /* a key, where a key may stand */
    TOKEN_STRING,
    TOKEN_INT,
    TOKEN_FLOAT,
    TOKEN_BOOL,
    TOKEN_BAD /* reported already */
};

struct token {
    int kind;
    size_t from, to; /* [from, to) of the text */
    int line;
};

struct scanner {
    const char *text;
    size_t len, at;
    int line;
    struct mistakes *mistakes;
};

/* The next token; reports what is none. */
struct token scanner_next(struct scanner *scanner);

#endif
