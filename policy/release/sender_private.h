/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SENDER_PRIVATE_H
#define VOUCH_SENDER_PRIVATE_H

#include "mail_sender.h"

/* The two ways behind sender.h. */
struct sender_way {
    int (*begin)(struct sender *s, const struct sender_envelope *e, struct sender_reply *replies_r);
    int (*add)(struct sender *s, const char *bytes, size_t n);
    enum sender_outcome (*end)(struct sender *s, int (*last)(void *), void *arg);
    void (*free)(struct sender *s); /* what the way keeps */
};
extern const struct sender_way sender_smtp, sender_sendmail;

struct sender {
    const struct sender_way *way;
    struct sender_options o; /* its strings are copies */
    char *target;            /* of o.to, behind the scheme */
    char text[SENDER_TEXT];
    void *state; /* the way's own */
};

/* Sets the text, with what is no printable ASCII shown as '?'. Returns code. */
int sender_say(struct sender *s, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
