/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_CHARSET_H
#define VOUCH_CHARSET_H

#include "span.h"

struct sbuf;

/* Appends bytes of a charset (IANA's name, in any case) as UTF-8; U+FFFD stands for what means nothing in it. A charset that is not
 * in our table is taken as UTF-8. */
void charset_decode(struct span bytes, struct span charset, struct sbuf *out);

#endif
