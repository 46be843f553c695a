/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SPAN_H
#define VOUCH_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of somebody else's memory: never NUL-terminated, may hold any byte, NULs included.
 * Borrowed: valid as long as the memory it points into. An absent span has p == NULL; an
 * empty one has p != NULL and len == 0. */
struct span {
    const char *p;
    size_t len;
};

#define SPAN_NONE ((struct span){NULL, 0})
/* for string literals only */
#define SPAN_LIT(s) ((struct span){(s), sizeof(s) - 1})
/* for printf's "%.*s" */
#define SPAN_ARGS(s) (int)(s).len, ((s).p ? (s).p : "")

struct span span_of(const char *cstr); /* NULL gives SPAN_NONE */
struct span span_make(const void *p, size_t len);
/* [from, to) of s, cut to its bounds; of an absent span, an absent one */
struct span span_slice(struct span s, size_t from, size_t to);
/* without leading and trailing SP, HTAB, CR, LF */
struct span span_trim(struct span s);
bool span_eq(struct span a, struct span b);
/* ASCII letters compare without case; independent of the locale */
bool span_ieq(struct span a, struct span b);
bool span_ieq_cstr(struct span a, const char *b);
bool span_istarts(struct span s, const char *prefix);
/* index of the first byte c at or after from, or -1 */
ptrdiff_t span_index(struct span s, char c, size_t from);
/* index of the first occurrence of needle without case, or -1 */
ptrdiff_t span_ifind(struct span s, const char *needle);
/* Takes the part before the first sep off *rest, which is absent after the last one; false when it
 * is absent already. So an empty span has one part, an empty one. */
bool span_split(struct span *rest, char sep, struct span *part_r);
/* Decimal digits only, no sign, whole span. 0, VOUCH_E_SYNTAX or VOUCH_E_RANGE (above max), which
 * leave *value_r as it is. */
int span_uint(struct span s, uint64_t max, uint64_t *value_r);
/* The 32-bit FNV-1a hash of s, continued from that of what stood before it (SPAN_FNV1A: nothing).
 * Anybody can make collisions: it spreads, it does not tell apart. */
#define SPAN_FNV1A 2166136261u
uint32_t span_fnv1a(struct span s, uint32_t before);
/* 64 bits, all evenly spread, of s with ASCII letters in lower case: FNV-1a, whose upper bits short
 * names leave alike, and a final mix (MurmurHash3's). The same on every machine and for ever: models
 * keep it. Anybody can make collisions of this one too. */
uint64_t span_ihash64(struct span s);

#endif
