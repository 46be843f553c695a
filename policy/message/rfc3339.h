/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RFC3339_H
#define VOUCH_RFC3339_H

#include <stdint.h>

/* "2026-01-02T03:04:05Z", with or without fraction, any offset, to microseconds since the epoch. 0 or VOUCH_E_SYNTAX. */
int rfc3339_parse(const char *text, int64_t *time_us_r);

#endif
