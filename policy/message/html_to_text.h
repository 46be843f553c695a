/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HTML_TO_TEXT_H
#define VOUCH_HTML_TO_TEXT_H

#include "span.h"

struct sbuf;

/* Appends what HTML says, as plain lines: scripts, styles and comments left out, each link's target spelled out behind its text in
 * "<>", images, forms and frames named with their address. Nothing is fetched, and nothing hidden stays hidden. html: UTF-8. What
 * comes out may hold control characters (&#27;): it is for who prints it to show them. At most a few times as long as html. */
void html_to_text(struct span html, struct sbuf *out);

#endif
