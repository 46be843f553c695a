/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RECORD_FIXTURE_H
#define VOUCH_RECORD_FIXTURE_H

#include "record.h"

/* A table of records of all kinds, as different as mail is: of each one message as it came, what was
 * found out about it, and a judgement. */
struct made {
    const char *name;
    struct arena *arena;
    struct message m;
    struct evidence ev;
    struct trust_result trust;
    struct decision decision;
    struct label labels[2];
    struct record r;
};

extern const size_t made_count;
/* i < made_count */
void made_init(struct made *made, size_t i);
void made_clear(struct made *made);

/* What the learner makes of a record: a line for each identity, and what it may be taught. In its
 * message's arena. */
const char *made_lessons(const struct record *r);

#endif
