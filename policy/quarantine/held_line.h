/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HELD_LINE_H
#define VOUCH_HELD_LINE_H

#include "held_log.h"
#include "sbuf.h"

#define HELD_LINE_MAX (1u << 20) /* bytes: every recipient of a message may be named */

/* Appends the line as JSON, with its end; what is not UTF-8 in who and why becomes U+FFFD. 0, VOUCH_E_NOMEM; VOUCH_E_SYNTAX: a
 * recipient is not UTF-8; VOUCH_E_LIMIT. */
int held_line_write(const struct held_line *line, struct sbuf *out);
/* text: without its end. What line_r points to is from malloc: held_line_clear. 0, VOUCH_E_SYNTAX, VOUCH_E_NOMEM: nothing to clear. */
int held_line_parse(struct span text, struct held_line *line_r);
void held_line_clear(struct held_line *line);

#endif
