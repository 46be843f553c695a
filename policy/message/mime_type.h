/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MIME_TYPE_H
#define VOUCH_MIME_TYPE_H

#include "span.h"

struct arena;

/* Content-Type and Content-Disposition (RFC 2045 s5.1, RFC 2183, RFC 2231): a word, then parameters. More is taken than the RFCs
 * allow, because readers take it: encoded words in values, blanks in values without quotes. */

/* The word before the parameters ("text/plain"), in lower case, without blanks. NULL: out of memory. */
const char *mime_type_word(struct arena *arena, struct span value);
/* The value of a parameter as UTF-8, not longer than MIME_TYPE_MAX_VALUE; control characters stay. NULL: there is none, or out of
 * memory. */
#define MIME_TYPE_MAX_VALUE 1000
const char *mime_type_param(struct arena *arena, struct span value, const char *name);

#endif
