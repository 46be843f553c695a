/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_WATCH_H
#define VOUCH_WATCH_H

#include "daemon.h"

/* Whether the daemon still works, which the service manager's watchdog is told only while it does.
 *
 * Stuck is, for half of the watchdog's time (30 s without one), twice in a row:
 *   - the milter library's threads: a HELO of our own has no answer (ping.h);
 *   - a message: it is being judged or written to the journal (turnstile.h); its deadline comes on top;
 *   - DNS: the resolver's thread is at work without pausing for the next event;
 *   - the journal: its thread is at one sync or one repair of what a failing disk left.
 * Not stuck is who waits for others: an MTA that does not read its answer, a model or DNS server that is away (all
 * have deadlines), the learner. */

struct watch_facts {
    int64_t pool_ms, dns_ms, journal_ms; /* at it for so long; 0: at rest */
    bool message;                        /* one has been judged for too long */
};
/* What is stuck, for the log; NULL: all is well. Pure. */
const char *watch_stuck(const struct watch_facts *facts, int64_t limit_ms);

struct watch;
/* listener: the daemon's; -1: its library is not watched. Both borrowed. NULL: out of memory. */
struct watch *watch_new(struct daemon *d, int listener);
void watch_free(struct watch **wp);
/* Looks after everything: the log's repeats, the watchdog, the status line. Milliseconds until it is to be called again. */
int watch_tick(struct watch *w);
/* the status line of a daemon that serves */
void watch_status(struct watch *w, char *text_r, size_t size);

#endif
