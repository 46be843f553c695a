/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DKIM_LENGTH_H
#define VOUCH_DKIM_LENGTH_H

#include "span.h"

/* Counts a body's canonical bytes (RFC 6376 s3.4.3, s3.4.4) as it streams by, to see whether text
 * follows what l= signs. Zero it and set relaxed. */
struct dkim_length {
    bool relaxed;
    uint64_t len;   /* up to the last line that is not empty */
    uint64_t empty; /* bytes of empty lines since; they count when another line follows */
    bool in_line;   /* the present line has something in it */
    bool space;     /* white space that counts when something follows in the line */
    bool cr;
};

/* More of the body, in wire form, cut anywhere. */
void dkim_length_add(struct dkim_length *n, struct span chunk);

#endif
