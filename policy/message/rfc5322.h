/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RFC5322_H
#define VOUCH_RFC5322_H

#include <time.h>
#include "span.h"

struct arena;

#define RFC5322_MAX_MAILBOXES 1000 /* in one field */
#define RFC5322_MAX_DEPTH     32   /* nested comments */

/* One header field. value is everything after the colon, leading space and folding kept, line
 * ends as they came (LF or CRLF), without the last one. */
struct field {
    struct span name;
    struct span value;
};

/* A mailbox of an address list (RFC 5322 s3.4, RFC 6532, obsolete forms of s4.4). Strings live
 * in the arena. */
struct mailbox {
    const char *display; /* UTF-8, RFC 2047 words decoded, white space folded; NULL if none */
    const char *group;   /* the group it stands in; NULL if none */
    const char *local;   /* local-part, unquoted, UTF-8; case kept */
    const char *domain; /* normalised (domain.h); a literal in its "[]"; "" if none, or no domain */
    const char *address; /* local@domain as above, or local alone */
    bool valid;          /* has both parts and they follow the grammar */
    bool unreadable;     /* has an "@", but what follows it is no domain */
};

/* Takes the next field off *rest. 1: field_r is set. 0: end of header; *rest is the body (after
 * the empty line). VOUCH_E_SYNTAX: a line that is no field; *rest starts at that line, which is
 * then to be taken as the body's first. Bare CR, NUL and 8-bit bytes are accepted as part of
 * values. */
int rfc5322_next_field(struct span *rest, struct field *field_r);
/* An address list, with groups and comments. A malformed part gives a mailbox with valid == false
 * rather than an end of parsing. 0, VOUCH_E_NOMEM, VOUCH_E_LIMIT (too many or too deep),
 * VOUCH_E_SYNTAX (it ends within a comment, quoted-string or literal); what was parsed so far is
 * returned. */
int rfc5322_addresses(struct arena *arena, struct span value, struct mailbox **list_r,
                      size_t *count_r);
/* An SMTP path as MAIL and RCPT carry it, with or without "<>" (RFC 5321 s4.1.2): source routes
 * dropped, domain normalised, local-part's case kept and quoted only if it must be. "<>" gives "".
 * NULL: out of memory or not a path. */
const char *rfc5322_path(struct arena *arena, struct span s);
/* The same; 0, VOUCH_E_NOMEM or VOUCH_E_SYNTAX. */
int rfc5322_read_path(struct arena *arena, struct span s, const char **path_r);
/* Unstructured text, without white space at its ends: unfolded, RFC 2047 words decoded, invalid
 * bytes replaced by U+FFFD. NULL: out of memory. */
char *rfc5322_text(struct arena *arena, struct span value);
/* What a phrase (s3.2.5), or a comment in its parentheses, says to a reader: quotes off, RFC 2047
 * words decoded, runs of white space as one blank. *text_r is NULL if that is nothing. 0 or
 * VOUCH_E_NOMEM. */
int rfc5322_phrase(struct arena *arena, struct span raw, const char **text_r);
/* Date-time (s3.3) with all obsolete zones, and what else mail has: see rfc5322_date.c. 0 or
 * VOUCH_E_SYNTAX; *time_r in seconds since the epoch, untouched on error. */
int rfc5322_date(struct span value, time_t *time_r);
/* The msg-id (s3.6.4) inside the angle brackets, borrowed from value; SPAN_NONE if there is
 * none. */
struct span rfc5322_msgid(struct span value);
/* Bytes made valid UTF-8, NUL-terminated, by replacing what is not with U+FFFD; control characters
 * kept. NULL: out of memory. */
char *rfc5322_utf8(struct arena *arena, struct span s);

#endif
