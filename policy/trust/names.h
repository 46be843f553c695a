/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_NAMES_H
#define VOUCH_NAMES_H

#include "ledger.h"

/* Reputation: what each name of the message has been known for, in natural log-odds of decayed counts of
 * good and bad messages, shrunk by prior messages' worth of doubt towards what is known of the level
 * above it (an m-estimate, as in hierarchical back-off):
 *
 *     x = ln((good + prior * p) / (bad + prior * (1 - p))),   p = logistic(x of the level above), 1/2 at the top
 *
 * from -REPUTATION_MAX to REPUTATION_MAX; 0 where nothing is known. The levels: client's /16, /24, address
 * (/32, /48, address); HELO's organisation, name; the author's, and the envelope sender's, organisation,
 * domain, address. Each level adds only what it knows beyond the one above it.
 *
 * A name has two histories: of messages that proved it (proof.h), and of those that only claimed it. Each
 * message is judged by, and teaches, the one it belongs to: so nobody can spoil or borrow a proven name by
 * forging it, and a domain that publishes nothing is still known by what usually comes in its name.
 *
 * A source that many share speaks for none of them that it has not been seen to send good mail for
 * (reputation_shared). Where the message proves whose it is (author, envelope sender or signer), a client
 * that sends for many unrelated domains speaks the less by its address, good or bad: its x count
 *
 *     SHARED_USUAL / d   for d > SHARED_USUAL envelope organisations in the last 24 hours (window.h)
 *
 * so that a tenant of a mail service is judged by his own names. */
#define SHARED_USUAL 8
void name_terms(struct ledger *l);

#endif
