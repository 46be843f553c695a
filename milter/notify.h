/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_NOTIFY_H
#define VOUCH_NOTIFY_H

#include <stdint.h>

/* What a service manager is told that asked for it by NOTIFY_SOCKET (sd_notify(3)). Where none asked, nothing happens; whether
 * it listens is its business. */

/* state: lines of NAME=VALUE, joined by newlines */
void notify_send(const char *state);
/* "READY=1" and the status line */
void notify_ready(const char *status);
void notify_status(const char *status);
/* Settings are being read again; notify_ready says when that is over. */
void notify_reloading(void);
/* WATCHDOG=1 must come within this time, or the manager ends the process. Microseconds; 0: it does not ask for it. */
int64_t notify_watchdog_us(void);

#endif
