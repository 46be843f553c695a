/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HELD_KEYS_H
#define VOUCH_HELD_KEYS_H

#include "pseudonym.h"
#include "quarantine.h"

/* What quarantine_check_key looks at, read. 0, or VOUCH_E_* with one line in error_r. */
int held_keys_read(const char *path, struct pseudonym_keys *keys_r, char *error_r, size_t size);

#endif
