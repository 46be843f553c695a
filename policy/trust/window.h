/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_WINDOW_H
#define VOUCH_WINDOW_H

#include <stddef.h>
#include <stdint.h>
#include "span.h"

/* How much a subject did lately, by event time: messages, and distinct names of two kinds (of a
 * sender: recipients; of a client: HELO names and sender domains), in the last hour and the last 24
 * hours.
 *
 * Time is cut into slots of 10 minutes (for the hour) and of an hour (for the day). A slot holds a
 * count and two sets: exact while they are small, HyperLogLog (Flajolet et al., 2007) from
 * WINDOW_EXACT members on, fed from the exact members. Slots that end more than a window before the
 * newest are dropped. So a window, like a tally, depends on what was added and not on the order. */

enum window_span { WINDOW_HOUR, WINDOW_DAY, WINDOW_SPANS };
enum window_set { WINDOW_X, WINDOW_Y, WINDOW_SETS };

#define WINDOW_EXACT     32    /* members of one slot's set that are kept exactly */
#define WINDOW_BYTES_MAX 16384 /* encoded */

struct window; /* decoded; allocated */

/* What a window says, as of its newest event. */
struct window_sum {
    int64_t last; /* seconds; 0: nothing is known */
    uint32_t messages[WINDOW_SPANS];
    uint32_t distinct[WINDOW_SETS][WINDOW_SPANS];
};
/* The same at a later time: a span that last lies out of says 0. */
struct window_sum window_sum_at(const struct window_sum *s, int64_t now);

/* An empty one. NULL: out of memory. */
struct window *window_new(void);
void window_free(struct window **wp);
/* One message, and one member of a set (member: span_fnv1a64 or the like of the name, any 64 bits
 * evenly spread). A message with many recipients is one message and many members. */
int window_add_message(struct window *w, int64_t time);
int window_add_member(struct window *w, int64_t time, enum window_set set, uint64_t member);

/* Byte 0 is VALUE_WINDOW. Returns the length; 0: out of room (cannot happen). */
size_t window_encode(const struct window *w, uint8_t *bytes_r, size_t size);
/* 0, VOUCH_E_SYNTAX or VOUCH_E_NOMEM. */
int window_decode(const void *bytes, size_t len, struct window **w_r);
/* Straight from the bytes, without allocating: for look-ups. 0 or VOUCH_E_SYNTAX. */
int window_sum(const void *bytes, size_t len, struct window_sum *s_r);

#endif
