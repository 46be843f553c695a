/* SPDX-License-Identifier: BSD-2-Clause */
/* Length of the canonical body: RFC 6376 s3.4.3 (simple), s3.4.4 (relaxed). Only counts; the bytes
 * are hashed by libopendkim, which does not tell what lies beyond l=. The line end that an empty
 * body has in simple form is not counted. */
#include "dkim_length.h"
#include "ascii.h"

static void add_byte(struct dkim_length *n)
{
    n->len += n->empty + (n->space ? 1 : 0) + 1;
    n->empty = 0;
    n->space = false;
    n->in_line = true;
}

static void end_line(struct dkim_length *n)
{
    if (n->in_line)
        n->len += 2;
    else
        n->empty += 2;
    n->in_line = n->space = false;
}

void dkim_length_add(struct dkim_length *n, struct span chunk)
{
    for (size_t i = 0; i < chunk.len; i++) {
        char c = chunk.p[i];
        if (c == '\n' && n->cr) {
            n->cr = false;
            end_line(n);
            continue;
        }
        if (n->cr)
            add_byte(n); /* a CR alone is text */
        n->cr = c == '\r';
        if (n->cr)
            continue;
        if (n->relaxed && ascii_is_blank(c))
            n->space = true;
        else
            add_byte(n);
    }
}
