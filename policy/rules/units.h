/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_UNITS_H
#define VOUCH_UNITS_H

#include "span.h"

/* Durations ("200ms", "5s", "90d") and sizes ("256K", "10M") as text: a whole number and its
 * unit. */

struct unit {
    const char *name;
    uint64_t factor;
};
extern const struct unit units_duration[]; /* in milliseconds: ms, s, m, h, d */
extern const struct unit units_size[];     /* in bytes: B, K, M, G */

#define UNITS_TEXT 24 /* the longest text units_format writes, and its NUL */

/* NULL and *value_r, or what is wrong with text: a static phrase that follows it in a sentence. */
const char *units_parse(const struct unit *units, struct span text, uint64_t *value_r);
/* With the largest unit that gives a whole number. Returns text_r. */
const char *units_format(const struct unit *units, uint64_t value, char text_r[UNITS_TEXT]);

#endif
