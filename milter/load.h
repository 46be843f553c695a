/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LOAD_H
#define VOUCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>

/* How much a daemon has under way, and whether one more message is judged (limits.connections, limits.messages,
 * limits.memory). Counting is a few atomic additions; safe to use from any thread. */

struct load;
struct log;
struct metrics;
struct settings;

/* log, metrics: borrowed. NULL: out of memory. */
struct load *load_new(struct log *log, struct metrics *metrics);
void load_free(struct load **lp);

/* A connection of an MTA's. */
void load_session_began(struct load *l);
void load_session_ended(struct load *l);

/* A message that is, or would be, judged. False: it is one too many (or memory or connections are), is not counted, and
 * on_overload decides, and the log tells of it. */
bool load_message_began(struct load *l, const struct settings *s);
void load_message_ended(struct load *l);
unsigned load_messages(struct load *l);
/* bytes that they hold */
size_t load_held(struct load *l);

/* What a message holds has changed to held bytes; *held_before: what was said of it last, 0 at first, and is kept there. False:
 * all together hold too much, this one more than others, and it grew: it is to be given up, and on_overload decides. */
bool load_memory(struct load *l, const struct settings *s, size_t *held_before, size_t held);

#endif
