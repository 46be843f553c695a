/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_PEERS_H
#define VOUCH_PEERS_H

#include <stdbool.h>
#include "daemon.h"

/* The MTAs' connections as sockets: how long they may be silent or slow. The milter library has one limit for everything, two
 * hours by default, which each byte renews; so its waiting is looked at here, by functions that it finds before libc's. */

/* listener: its listening socket, -1 if not known: then nothing is limited. d: for settings and log, borrowed for ever. 0, or
 * VOUCH_E_NOMEM. */
int peers_watch(int listener, struct daemon *d);
/* From a callback of the library's: its connection begins or ends, a message on it has begun or ended. */
void peers_came(void);
void peers_message(bool under_way);
void peers_gone(void);

#endif
