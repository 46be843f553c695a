/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DKIM_FIELD_H
#define VOUCH_DKIM_FIELD_H

#include "sbuf.h"

/* A header field as libopendkim may be shown it. */

/* The name without the spaces that obsolete syntax allows before the colon; absent if h= cannot name
 * it. */
struct span dkim_field_name(struct span name);
/* The field as it stood on the wire, without the last line end; NUL, which libopendkim takes for the
 * end of the field, becomes DEL: what was signed had neither. 0 or VOUCH_E_NOMEM. */
int dkim_field_text(struct sbuf *text_r, struct span name, struct span value);

#endif
