/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MILTER_H
#define VOUCH_MILTER_H

#include "daemon.h"

/* The engine: speaks the milter protocol and turns it into sessions. Once per process; what can fail returns 0 or -1. */

/* d: borrowed until the process ends. spec: see listener.h. */
int milter_setup(struct daemon *d, const char *spec);
/* Listens. */
int milter_open(void);
/* Serves. There is no way to stop it but to end the process (the library's own would wait up to five seconds for its
 * listener): it returns only when the library gives up. */
void milter_run(void);

#endif
