/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SENDER_H
#define VOUCH_SENDER_H

#include "guarded.h"
#include "pattern.h"

struct sbuf;

/* One value of protected.senders: "Alice Liddell", "Alice Liddell <alice@example.org>" or a pattern.
 * A value without "@" or blank that has a dot is a domain, not a name. */
#define SENDER_MAX_NAME 200 /* bytes */

/* Parts in the arena. NULL, or what is wrong: a phrase that follows the value in a sentence (static, or
 * in the arena). */
const char *sender_parse(struct arena *arena, struct span text, struct guarded_sender *sender_r);
/* As it is written. */
void sender_format(const struct guarded_sender *sender, struct sbuf *out);

#endif
