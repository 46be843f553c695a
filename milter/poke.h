/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_POKE_H
#define VOUCH_POKE_H

#include "log.h"

/* A milter session that the daemon keeps to itself.
 *
 * Debian's libmilter serves all sessions by a pool of threads and starts a new thread only when something arrives while
 * none is idle: a callback that sleeps holds up sessions that wait for a thread. To write one command on this session just before
 * sleeping is such an arrival, and the thread that starts for it serves the others as well. Where each connection has a
 * thread of its own this does nothing, and costs a few microseconds. */

struct poke;

/* listener: the socket that the daemon listens on; only its address is taken. NULL: out of memory, or it has no address. */
struct poke *poke_new(int listener, struct log *log);
void poke_free(struct poke **pp);
/* From any thread. Connects when there is no connection or it was lost; a failure is logged once until it is mended. */
void poke_wake(struct poke *p);

#endif
