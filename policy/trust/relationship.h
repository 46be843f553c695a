/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RELATIONSHIP_H
#define VOUCH_RELATIONSHIP_H

#include "ledger.h"

/* Relationship: good messages that the proven author wrote to a recipient of this one before, or that
 * the recipient wrote to him, in log-odds (names.h) of the best known pair, and of the worst. Only where
 * the author is proven: anybody can copy two names. */
void relationship_terms(struct ledger *l);

#endif
