/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SBUF_H
#define VOUCH_SBUF_H

#include "span.h"

struct arena;

/* A growing byte string with a maximum. A failed append (out of memory, or over the maximum)
 * sets failed, and every later append does nothing: check once at the end. */
struct sbuf {
    char *p; /* always NUL-terminated once anything was appended; NULL before */
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
};

void sbuf_init(struct sbuf *b, size_t max); /* max: most bytes it may hold, without the NUL */
void sbuf_clear(struct sbuf *b);            /* frees; b may be used again with the same maximum */
void sbuf_reset(struct sbuf *b);            /* empties; keeps the memory */
void sbuf_add(struct sbuf *b, const void *p, size_t n);
void sbuf_adds(struct sbuf *b, const char *s);
void sbuf_addc(struct sbuf *b, char c);
void sbuf_addspan(struct sbuf *b, struct span s);
void sbuf_addf(struct sbuf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *sbuf_str(const struct sbuf *b);  /* "" when empty */
struct span sbuf_span(const struct sbuf *b); /* these two: borrowed until b is changed */
/* Copies what b holds into the arena and clears b. NULL: b failed, or out of memory. */
char *sbuf_to_arena(struct sbuf *b, struct arena *arena);

#endif
