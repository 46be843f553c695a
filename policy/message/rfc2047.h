/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RFC2047_H
#define VOUCH_RFC2047_H

#include "span.h"

struct sbuf;

/* Appends text as a reader sees it: unfolded, encoded words decoded to UTF-8, white space between
 * two of them dropped, control characters made spaces, what is no UTF-8 made U+FFFD. */
void rfc2047_decode(struct span text, struct sbuf *out);

#endif
