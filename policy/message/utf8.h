/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_UTF8_H
#define VOUCH_UTF8_H

#include "span.h"

struct sbuf;

/* Length (1 to 4) of the UTF-8 sequence (RFC 3629) that starts at s.p[at], at < s.len; 0 if none
 * does. */
size_t utf8_length(struct span s, size_t at);
bool utf8_valid(struct span s);
/* Appends s with U+FFFD for each NUL and each byte that is not part of valid UTF-8. */
void utf8_append(struct sbuf *out, struct span s);
/* The longest part of s that is at most max bytes and does not end inside a sequence. */
struct span utf8_cut(struct span s, size_t max);

#endif
