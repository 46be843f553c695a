/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_RELEASE_MESSAGE_H
#define VOUCH_TOOL_RELEASE_MESSAGE_H

#include "held_log.h"

struct record;
struct sender;

/* One message on to its recipients, exactly once, whatever breaks off when. The log is locked all the time, so of two releases one comes
 * second and sees what the first has done. "began" is written in the last moment before the MTA can have the message
 * (sender_end), and "released" as soon as it says that it has: what was killed before that is still waiting, what was killed after
 * is gone. In between, for as long as the MTA takes to answer, nobody can know (RFC 1047); who finds such a message does not send
 * it, but says so. */

struct release_order {
    const char *who, *why; /* why: NULL */
    const char *const *to; /* as the envelope has them, or without "<>"; which of its recipients */
    size_t to_count;       /* 0: all */
    bool again;            /* what is in doubt was not delivered: send it */
    bool done;             /* what is in doubt was delivered: note that */
    const char *host;      /* this one, for the trace */
};

/* What came of it. */
struct release_result {
    bool released; /* some recipients have it now, or had it before */
    bool sent;     /* now */
};
/* l: of h, locked. record: of its decision. Says for each recipient what came of it. 0, or the exit status of what went wrong, which
 * was printed. */
int release_message(struct sender *s, struct held *h, struct held_log *l,
                    const struct record *record, const struct release_order *o,
                    struct release_result *result_r);

#endif
