/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SMTP_WIRE_H
#define VOUCH_SMTP_WIRE_H

#include "span.h"

struct sbuf;

/* The bytes of SMTP (RFC 5321): replies taken apart, a message's lines stuffed with dots. No I/O. */

#define SMTP_MAX_REPLY 16384 /* bytes of all lines of a reply */

struct smtp_reply {
    int code;         /* 200 to 599 */
    struct span text; /* all lines, with their codes and line ends; borrowed */
    size_t used;      /* bytes of in that it took */
};
/* 1: a whole reply; 0: more is needed; VOUCH_E_SYNTAX: this is no SMTP, or too long. */
int smtp_wire_reply(struct span in, struct smtp_reply *reply_r);
/* Takes the next line's text off a reply's text, without code and line end; false behind the last. */
bool smtp_wire_line(struct span *rest, struct span *line_r);

/* A dot at the begin of a line gets another one before it (s4.5.2). A bare CR or LF counts as a line's end here, so that no reader, strict
 * or not, finds the message's end inside of it. */
struct smtp_stuffing {
    char before_last, last; /* bytes that went by; both 0 at the start */
};
void smtp_wire_stuff(struct smtp_stuffing *st, struct span bytes, struct sbuf *out);
/* What ends the message: ".", with a line end before it if there is none. */
const char *smtp_wire_end(const struct smtp_stuffing *st);

#endif
