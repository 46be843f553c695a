/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_WINDOW_H
#define VOUCH_WINDOW_H

#include <stddef.h>
#include <stdint.h>
#include "span.h"

/* How much a subject did lately, by event time: messages, and distinct names of two kinds (of an
 * author: recipients; of a client: HELO names and envelope domains), in the last hour and the last 24
 * hours.
 *
 * Time is cut into slots of 10 minutes, of which the newest 6 make the hour, and of an hour, of which
 * the newest 24 make the day; the newest one is not over yet, so an hour is 50 to 60 minutes and a day
 * 23 to 24 hours. A slot holds a number of messages and two sets (distinct.h): exact while they are
 * small, a HyperLogLog sketch (standard error 6.5 %) from there on. Older slots are dropped, and what
 * comes too late for a slot does not count. So a window, like a tally, depends on what was added and
 * not on the order.
 *
 * One message takes 30 bytes; ten an hour to different people 1100; a thousand an hour from one client
 * for 500 domains 5000; and nothing more than WINDOW_BYTES_MAX. A sum of the largest takes some 20 us,
 * of one message 0.1 us. */

enum window_span { WINDOW_HOUR, WINDOW_DAY, WINDOW_SPANS };
enum window_set { WINDOW_X, WINDOW_Y, WINDOW_SETS };

#define WINDOW_BYTES_MAX 9824 /* encoded */

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
/* One message, and one member of a set (member: span_ihash64 of the name as it is compared, or any 64
 * bits evenly spread). A message with many recipients is one message and many members. time: seconds
 * since the epoch, 1 to UINT32_MAX, clamped. 0 or VOUCH_E_NOMEM: nothing was added. */
int window_add_message(struct window *w, int64_t time);
int window_add_member(struct window *w, int64_t time, enum window_set set, uint64_t member);

/* Byte 0 is VALUE_WINDOW. Equal windows have equal bytes. Returns the length. 0: nothing was ever
 * added, or size is too small (WINDOW_BYTES_MAX never is). */
size_t window_encode(const struct window *w, uint8_t *bytes_r, size_t size);
/* 0, VOUCH_E_SYNTAX (also for no bytes) or VOUCH_E_NOMEM. What is taken would be encoded to the same
 * bytes. */
int window_decode(const void *bytes, size_t len, struct window **w_r);
/* Straight from the bytes, without allocating: for look-ups. 0 or VOUCH_E_SYNTAX. */
int window_sum(const void *bytes, size_t len, struct window_sum *s_r);

#endif
