/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ARENA_H
#define VOUCH_ARENA_H

#include "span.h"

/* Memory that lives exactly as long as one message. Not thread-safe: one user at a time.
 * Every allocation may return NULL: out of memory, or the arena's maximum is reached. */
struct arena;

/* max: most bytes this arena may hand out. NULL if out of memory. */
struct arena *arena_new(size_t max);
/* Everything that was allocated goes with it. */
void arena_free(struct arena **arenap);
/* Forgets all that was allocated; keeps one block for reuse. */
void arena_reset(struct arena *arena);
/* bytes that it holds now, for all that was and may yet be allocated; NULL: none */
size_t arena_held(const struct arena *arena);
/* n zeroed bytes, aligned for any type */
void *arena_alloc(struct arena *arena, size_t n);
/* count * size zeroed bytes; NULL also when the product overflows */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* Copies, NUL-terminated; NULL as above. arena_strdup(NULL) is NULL, and a span's NULs are
 * copied. */
char *arena_strdup(struct arena *arena, const char *s);
char *arena_span(struct arena *arena, struct span s);
/* the three strings in one */
char *arena_join(struct arena *arena, const char *a, const char *b, const char *c);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A growing array in an arena: makes room for one more item of size bytes. itemsp: the address of a
 * pointer to count items, with room for *capp. 0, VOUCH_E_NOMEM, or VOUCH_E_LIMIT when count >=
 * max. */
int arena_grow(struct arena *arena, void *itemsp, size_t count, size_t *capp, size_t size,
               size_t max);

#endif
