/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REFUSED_H
#define VOUCH_REFUSED_H

#include <stdbool.h>

/* Why the MTA refused a recipient, as Postfix and Sendmail tell it by {rcpt_mailer} "error". */

/* True if there is no such recipient, now and for good: enhanced status 5.1.1, or 5.1.10 for a domain
 * without mail (RFC 7505). Not greylisting, relaying, policy, nor a mailbox that moved or is full, which
 * had its correspondents. status: {rcpt_host}, the status or Sendmail's "nouser"; text: {rcpt_addr}, which
 * has it first in some versions. NULL where not known. */
bool refused_as_unknown(const char *status, const char *text);

#endif
