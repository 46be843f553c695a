/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DKIM_LIBRARY_H
#define VOUCH_DKIM_LIBRARY_H

#include <stddef.h>
#include <opendkim/dkim.h>

/* libopendkim, set up as dkim.c wants it: it judges no time, asks no DNS, and takes the memory of a
 * message from the arena that dkim_verify was given. */

typedef DKIM_CBSTAT dkim_give_key(DKIM *dkim, DKIM_SIGINFO *info, unsigned char *buf, size_t size);

/* give_key: puts the record of a signature's key into buf. NULL: why in error_r. Caller closes. */
DKIM_LIB *dkim_library_open(dkim_give_key *give_key, char *error_r, size_t size);

#endif
