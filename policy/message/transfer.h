/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TRANSFER_H
#define VOUCH_TRANSFER_H

#include "span.h"

struct sbuf;

/* The two encodings of RFC 2045 s6. Both append at most as many bytes as they are given; what the grammar does not allow is passed
 * over (base64) or stands for itself (quoted-printable), as readers do it. */
void transfer_base64(struct span text, struct sbuf *out);
/* A text of lines; their ends are kept as they are. */
void transfer_quoted_printable(struct span text, struct sbuf *out);

#endif
