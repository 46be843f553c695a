/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_PATH_H
#define VOUCH_PATH_H

#include "ledger.h"

/* The path below the client, as its Received fields claim it (RFC 5321 s4.4): useful as evidence against,
 * and weakly as a pattern, never as proof.
 *
 *   hop          the worst network a message says it came through, log-odds; what the same network did as a
 *                client of ours counts with it. Of a bad one only HOP_SUBMITTED is held against a proven
 *                author who logged in there: his neighbours are bad, not he.
 *   origin       the network it was first handed over in, log-odds
 *   time_disorder  1 if a field says it was received over an hour before it was handed on
 */
void path_terms(struct ledger *l);

#endif
