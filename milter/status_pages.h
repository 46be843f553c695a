/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_STATUS_PAGES_H
#define VOUCH_STATUS_PAGES_H

#include "sbuf.h"

/* What the daemon tells by HTTP: /metrics, /healthz, /readyz, and at / which there are. An endpoint_page; arg: the daemon. */
unsigned status_page(void *arg, const char *path, struct sbuf *text);

#endif
