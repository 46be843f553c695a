/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SCANNER_H
#define VOUCH_SCANNER_H

#include "mistakes.h"

/* The tokens of a libconfig file. Punctuation is its own character: = : , ; { } [ ] ( ) */
enum scanner_kind {
    SCANNER_END = 0,
    SCANNER_NAME = 256, /* a key, where a key may stand */
    SCANNER_STRING,
    SCANNER_INT,
    SCANNER_FLOAT,
    SCANNER_BOOL,
    SCANNER_BAD /* reported already */
};

struct scanner_token {
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
struct scanner_token scanner_next(struct scanner *scanner);

#endif
