/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HTML_H
#define VOUCH_HTML_H

#include "span.h"

struct sbuf;

/* Text that strangers wrote, as text of a page: in an element or in a quoted attribute it stays text.
 * What is no valid UTF-8 is written "\xff", what a page or an eye cannot be trusted with (controls,
 * what turns the line around or has no width, what is no character) "\u{202e}". Of more than max bytes
 * the first are written, and "…". */
void html_text(struct sbuf *out, struct span text, size_t max);

#endif
