/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HELD_RETURN_H
#define VOUCH_HELD_RETURN_H

#include "held_dir.h"
#include "quarantine.h"

/* A message that comes in again because it is being released, where the way of releases leads past vouch-milter once more.
 *
 * A release puts one Received field on top of the message, with a mark of 128 random bits that was noted in the message's log when it
 * began. Who knows no mark can claim nothing; and who has seen one, as a recipient does, can only send once more what a person has
 * released: the same bytes, from the same sender, to the same recipients, for an hour. */

#define HELD_RETURN_COMMENT "(vouch quarantine, release " /* the mark and ")" follow */
#define HELD_MARK_TEXT      33                            /* 32 hexadecimal digits, and NUL */
#define HELD_RETURN_S       3600 /* after a release has begun: an MTA may queue it first */

/* What the fields on top of a message claim. */
struct held_claim {
    char id[HELD_ID_TEXT], mark[HELD_MARK_TEXT];
    size_t length; /* bytes up to the message proper: those fields */
};
/* top: the message's begin. false: nothing. */
bool held_claim_parse(struct span top, struct held_claim *claim_r);

struct held_return {
    char id[HELD_ID_TEXT];
    char who[100]; /* released it; cut */
};
/* Whether w, which came with that envelope, is a message of q's whose release to these recipients is under way, or was begun less than
 * HELD_RETURN_S before now_us. What cannot be read is none. */
bool held_returns(struct quarantine *q, struct held_writer *w, const struct held_envelope *e,
                  int64_t now_us, struct held_return *return_r);

#endif
