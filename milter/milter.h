/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MILTER_H
#define VOUCH_MILTER_H

#include "daemon.h"

/* The engine: speaks the milter protocol and turns it into sessions. Once per process; all return 0 or -1. */

/* d: borrowed until the process ends. spec: see listener.h. */
int milter_setup(struct daemon *d, const char *spec);
/* Listens. */
int milter_open(void);
/* Serves until milter_stop or a signal that the library takes for itself (SIGHUP, SIGTERM, SIGINT). */
int milter_run(void);
void milter_stop(void);

#endif
