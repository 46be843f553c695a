/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MAIL_SENDER_H
#define VOUCH_MAIL_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "errors.h"

/* Hands one message to an MTA, such that it is known at every moment whether the MTA may have it:
 *
 *   smtp://HOST:PORT        by SMTP (RFC 5321), without TLS or authentication: to this host, or within it
 *   sendmail:/PATH          by sendmail(1)
 *
 * Before sender_end calls its function, the MTA cannot have taken the message, whatever breaks off: by SMTP the final dot has not been
 * sent, and sendmail(1), which would take what it has read when its input ends, has not been started. From then on until the
 * MTA's answer is here nobody can know (RFC 1047).
 *
 * libcurl would do for SMTP but for this: it never says BODY=8BITMIME, tells of no recipient which answer was its, rewrites
 * addresses with a domain in UTF-8, and does not say on which side of the final dot it failed. */

#define SENDER_TEXT 512

struct sender_options {
    const char *to;      /* as above */
    const char *helo;    /* this host's name */
    unsigned connect_ms; /* until it greets */
    unsigned reply_ms;   /* for each answer, and for it to take more data */
    unsigned end_ms;     /* for the answer to the final dot; for sendmail(1) to end */
};

struct sender_envelope {
    const char *from; /* with its "<>", as all addresses here */
    const char *const *rcpts;
    size_t rcpt_count;
    uint64_t size;  /* bytes of the message, roughly: for SIZE */
    bool eight_bit; /* it needs 8BITMIME */
    bool utf8;      /* it needs SMTPUTF8 */
};

struct sender_reply {
    bool accepted;
    char text[SENDER_TEXT]; /* what the MTA said; "" if nothing */
};

enum sender_outcome {
    SENDER_TAKEN,
    SENDER_REFUSED, /* for certain not taken */
    SENDER_DOUBT,   /* nobody knows */
};

struct sender;
/* Connects to nobody yet. NULL: one line in error_r (what `to` must be). */
struct sender *sender_new(const struct sender_options *options, char *error_r, size_t size);
void sender_free(struct sender **sp); /* breaks off what has not ended */
/* replies_r: one for each recipient. 0: some were accepted; VOUCH_E_RANGE: none was; VOUCH_E_TEMP: sender_text says what is wrong. The
 * envelope is borrowed until sender_end. */
int sender_begin(struct sender *s, const struct sender_envelope *e, struct sender_reply *replies_r);
/* The message in wire form (CRLF), cut anywhere. 0 or VOUCH_E_TEMP (sender_text). */
int sender_add(struct sender *s, const void *bytes, size_t n);
/* Calls last in the last moment in which the MTA cannot have the message; if that returns nonzero, nothing is sent (refused). */
enum sender_outcome sender_end(struct sender *s, int (*last)(void *arg), void *arg);
/* What the MTA said last, or what went wrong: printable, one line, never NULL. */
const char *sender_text(const struct sender *s);

#endif
