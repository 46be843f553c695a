/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ENVELOPE_H
#define VOUCH_ENVELOPE_H

#include "arena.h"

/* What MAIL and RCPT name. path: as SMTP gave it, "<>" and all. */

/* The address in it; resolved: what the MTA takes it for, NULL if it does not say. In the arena; NULL: out of memory. */
const char *envelope_address(struct arena *arena, const char *path, const char *resolved);
/* True if path is an address and no more, so that every MTA finds it again by what SMTP said. */
bool envelope_is_plain(const char *path);

#endif
