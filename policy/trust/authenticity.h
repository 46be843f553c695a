/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_AUTHENTICITY_H
#define VOUCH_AUTHENTICITY_H

#include "ledger.h"

/* Authenticity: whether the author's organisation P writes from a source S like this one (network, HELO or
 * PTR organisation, envelope, the network it was first handed over in). It follows what P's good mail did.
 * As natural log-odds of "it is P" against "it is anybody":
 *
 *     x = ln( (n(P,S) + a * q) / ((n(P) + a) * q) ),   q = (n(S) + 1) / (n + SITE_DOUBT)
 *
 * n: decayed good messages of P from S, of P, from S, of all; a = 3. A domain with history
 * that comes from elsewhere weighs against the message, the more the longer it kept to its places; an
 * unknown domain, with n(P) = 0, weighs exactly nothing; and a source everybody uses (q near 1) says
 * nothing either, for whoever it carries. From -AUTHENTICITY_MAX to AUTHENTICITY_MAX; what speaks for the
 * message times (good - bad) / (good + bad) of all P's mail, 0 at least: being himself vouches for nobody
 * whose mail is as often bad.
 *
 * It speaks against a message only where the author is not proven: a domain that moves house, and still
 * proves itself from new addresses, keeps its trust.
 *
 * strange: the author (his organisation) has n good messages, and at most m from any of this message's network,
 * HELO and PTR organisation: x = -ln((n + 1) / (m + 1)). An unknown one: 0. Never if he is proven.
 *
 * Beside it stands the reputation of the pair (P, S): how good and bad mail of P from S turned out; and
 * forgery: P is known to prove itself, and this message does not. */
#define AUTHENTICITY_MAX 4.0
void authenticity_terms(struct ledger *l);

#endif
