/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_RELEASE_TRACE_H
#define VOUCH_TOOL_RELEASE_TRACE_H

#include "held_return.h"

struct arena;
struct record;

/* The Received field that a released message gets: it was received from its client when it came, which no other field tells (the MTA
 * shows a milter all fields but its own), and the release has a mark. A new trace field breaks no signature. */

#define RELEASE_TRACE_MAX 1000 /* bytes of the field */

/* false: no random numbers; errno */
bool release_mark(char mark_r[HELD_MARK_TEXT]);
/* With its line end. host: this one. NULL: out of memory. */
const char *release_trace(struct arena *arena, const struct record *r, const char *host,
                          const char *mark);

#endif
