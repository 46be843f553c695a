/* SPDX-License-Identifier: BSD-2-Clause */
/* The body as it streams by: its length in canonical form (RFC 6376 s3.4.3 simple, s3.4.4 relaxed),
 * to see whether text follows what l= signs; how it ends; how long it goes on without a line end.
 * Only counts; the bytes are hashed by libopendkim, which does not tell what lies beyond l=. The
 * line end that an empty body has in simple form is not counted. */
#include "dkim_stream.h"
#include "ascii.h"
#include "dkim.h"

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

static void measure(struct dkim_length *n, bool relaxed, struct span chunk)
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
        if (relaxed && ascii_is_blank(c))
            n->space = true;
        else
            add_byte(n);
    }
}

/* Bytes of chunk after its last CRLF; all if there is none. */
static size_t after_line_end(const struct dkim_stream *s, struct span chunk)
{
    for (size_t i = chunk.len; i > 0; i--)
        if (chunk.p[i - 1] == '\n' && (i > 1 ? chunk.p[i - 2] : s->last[1]) == '\r')
            return chunk.len - i;
    return chunk.len;
}

bool dkim_stream_add(struct dkim_stream *s, struct span chunk)
{
    if (chunk.len == 0)
        return true;
    size_t tail = after_line_end(s, chunk);
    s->word = tail == chunk.len ? s->word + tail : tail;
    if (s->word > DKIM_MAX_WORD)
        return false;
    s->last[0] = chunk.len > 1 ? chunk.p[chunk.len - 2] : s->last[1];
    s->last[1] = chunk.p[chunk.len - 1];
    if (s->measured) {
        measure(&s->simple, false, chunk);
        measure(&s->relaxed, true, chunk);
    }
    return true;
}

struct span dkim_stream_missing(const struct dkim_stream *s)
{
    if (s->last[1] == '\r')
        return SPAN_LIT("\n");
    bool ends = s->last[1] == '\0' || (s->last[0] == '\r' && s->last[1] == '\n');
    return ends ? SPAN_LIT("") : SPAN_LIT("\r\n");
}
