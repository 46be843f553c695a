/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MIME_H
#define VOUCH_MIME_H

#include "span.h"

struct arena;
struct sbuf;

/* The parts of a message (RFC 2045, RFC 2046), for one who wants to look at it. Whatever the message holds, the work is at most its
 * length times MIME_MAX_DEPTH; what is nested deeper is one part that is not opened. */

#define MIME_MAX_DEPTH    20
#define MIME_MAX_PARTS    500
#define MIME_MAX_BOUNDARY 200 /* bytes; RFC 2046 s5.1.1 allows 70 */

enum mime_encoding { MIME_PLAIN, MIME_BASE64, MIME_QUOTED_PRINTABLE };

struct mime_part {
    unsigned depth; /* 0: the message itself */
    const char
        *type; /* "text/plain", lower case; of a part that says nothing, what RFC 2046 says it is */
    const char *name;    /* UTF-8; NULL: not said */
    const char *charset; /* "": not said */
    bool attachment;     /* Content-Disposition says so */
    bool opened;         /* the parts in it follow, one deeper */
    enum mime_encoding encoding;
    struct span header, body; /* as they stand in the message; body: still encoded */
};

struct mime {
    struct mime_part *parts; /* in order; the first is the message */
    size_t count;
    bool deep, many; /* there are more: nested too deep, too many */
};

/* message: with LF or CRLF; borrowed by the parts. 0 or VOUCH_E_NOMEM. */
int mime_parse(struct arena *arena, struct span message, struct mime *mime_r);
/* Appends the body as it was before it was encoded. */
void mime_decode(const struct mime_part *part, struct sbuf *out);
/* The same of a text: as UTF-8. */
void mime_decode_text(const struct mime_part *part, struct sbuf *out);
/* The first field of that name in a header; SPAN_NONE if it has none. */
struct span mime_field(struct span header, const char *name);

#endif
