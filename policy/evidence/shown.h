/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SHOWN_H
#define VOUCH_SHOWN_H

#include "message.h"

/* What a reader is shown of From beside the addresses. */

#define SHOWN_MAX 320 /* bytes of an address in a display name: local-part, "@" and domain */

/* The text of a mailbox that mail programs show: its display name, or the bare phrase that an
 * unquoted comma leaves; absent if there is none. */
struct span shown_text(const struct mailbox *box);
/* The next address in text at or after *at, which moves behind it; one that is too long is passed
 * over. address_r: with NUL. false: no more. */
bool shown_address(struct span text, size_t *at, char address_r[SHOWN_MAX + 1]);
/* Makes blanks of the addresses in text. */
void shown_blank_addresses(char *text, size_t len);

#endif
