/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DKIM_STREAM_H
#define VOUCH_DKIM_STREAM_H

#include "span.h"

/* The length of a body in one of the canonical forms (RFC 6376 s3.4.3, s3.4.4) so far. */
struct dkim_length {
    uint64_t len;   /* up to the last line that is not empty */
    uint64_t empty; /* bytes of empty lines since; they count when another line follows */
    bool in_line;   /* the present line has something in it */
    bool space;     /* white space that counts when something follows in the line */
    bool cr;
};

/* What is known of a body as it streams by in wire form. Zero it. */
struct dkim_stream {
    bool measured; /* set by the owner before the body comes: lengths are kept */
    struct dkim_length simple, relaxed;
    size_t word;  /* bytes since the last CRLF */
    char last[2]; /* bytes; 0 before the first */
};

/* More of it, cut anywhere. False: more than DKIM_MAX_WORD bytes came without a line end; then
 * nothing changes but that. */
bool dkim_stream_add(struct dkim_stream *s, struct span chunk);
/* What the body lacks to end in CRLF (RFC 6376 s3.4.3, s3.4.4): "", "\n" or "\r\n"; static. */
struct span dkim_stream_missing(const struct dkim_stream *s);

#endif
