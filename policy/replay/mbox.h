/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MBOX_H
#define VOUCH_MBOX_H

#include "span.h"

/* An mbox, mboxrd quoting (RFC 4155 has the form, not the quoting): messages behind lines that begin
 * with "From ", lines of a message that look like it have a ">" more. */

/* whether text begins with such a line */
bool mbox_begins(struct span text);
/* Takes one message off *rest, which begins with its "From " line; as it stands, without that line and
 * the empty one that ends it. What lacks a time of day in its line ("From here on ...") begins no
 * further message. */
struct span mbox_next(struct span *rest);
/* Writes message to out, which has room for as much and may be where message stands, without the
 * quoting. Returns the length. */
size_t mbox_unquote(struct span message, char *out);

#endif
