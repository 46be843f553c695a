/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_BENCH_MTA_H
#define VOUCH_BENCH_MTA_H

#include "span.h"

/* The MTA's side of the milter protocol (version 6), as Postfix speaks it to a filter on a unix socket. */

/* A field as milters get it: value with its leading space, lines parted by LF. */
struct mail_field {
    char *name, *value;
};

struct mail {
    struct mail_field *fields;
    size_t field_count;
    struct span body;
};

#define ENVELOPE_MAX_RCPTS 10

/* One transaction: who sends which mail to whom. */
struct envelope {
    const char *ip, *name, *helo, *sender, *rcpts[ENVELOPE_MAX_RCPTS];
    size_t rcpt_count;
    struct mail mail;
};

struct mta;

struct mta *mta_new(void);
void mta_free(struct mta **mp);

/* The steps of one connection with one message, in this order. False: the connection is of no more use; mta_error says
 * why. Only the last step expects another answer than "go on". */
bool mta_open(struct mta *m, const char *path);
bool mta_greet(struct mta *m, const struct envelope *e);
bool mta_send_envelope(struct mta *m);
/* fields and body; of the body only so many bytes */
bool mta_send_content(struct mta *m, size_t body_max);
bool mta_flush(struct mta *m);
/* *answer_r: SMFIR_ code of the verdict. *passed_r: a field that the milter adds has word in it. */
bool mta_finish(struct mta *m, const char *word, char *answer_r, bool *passed_r);
/* May come at any time. */
void mta_close(struct mta *m);
const char *mta_error(const struct mta *m);

#endif
