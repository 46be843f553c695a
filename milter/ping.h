/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_PING_H
#define VOUCH_PING_H

#include <stdint.h>

/* Asks the daemon's own milter socket whether it is served: a session on which each HELO wants an answer. One that is answered
 * has been accepted, read and dealt with by the milter library's threads. For one thread. */

struct ping;

/* listener: see self.h. NULL: out of memory, or it has no address. */
struct ping *ping_new(int listener);
void ping_free(struct ping **pp);
/* To be called now and then: takes the answer if it has come, and asks again. How long a question has been without an
 * answer, also across connections that were closed or refused; milliseconds, 0: none is. Does not wait. */
int64_t ping_unanswered_ms(struct ping *p, int64_t now_ms);

#endif
