/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HELD_LOG_H
#define VOUCH_HELD_LOG_H

#include "quarantine.h"

/* What happened to a message that is kept. Each line says who, when, what, why, and for which recipients; the state is the
 * sum of the lines. Whoever wants to change it opens the log first, which locks it: so of two releases one waits, and then sees
 * that the other has been.
 *
 * A release writes "began" before it sends and "released" when the MTA has taken the message. What has only begun when nobody
 * holds the lock was broken off: nobody can know whether the MTA took it (RFC 1047), so it is in doubt, and only a person may
 * decide. */

enum held_event {
    HELD_BEGAN,
    HELD_RELEASED,
    HELD_FAILED,
    HELD_LEARNT,
    HELD_UNDONE,
    HELD_EVENT_COUNT
};
/* "began", "released", "failed" (they wait again), "learnt" (the journal has the release as a label), "undone" (that label was
 * taken back). The last two say nothing of a recipient. */
const char *held_event_name(enum held_event event);

enum held_state { HELD_WAITS, HELD_DOUBT, HELD_GONE };

struct held_line {
    enum held_event event;
    int64_t time_us;
    const char *who, *why;    /* why: NULL where not said */
    const char *const *rcpts; /* NULL: all */
    size_t rcpt_count;
    const char *mark; /* of the release: what its Received field bears as id; NULL: none */
    const char *note; /* what the MTA said; NULL: nothing */
};

struct held_log;
/* q: borrowed, as long as the log is open. Locks it; waits for wait_ms at most. NULL: one line in error_r; errno EBUSY where somebody else had it all that time. */
struct held_log *held_log_open(struct quarantine *q, const char *id, unsigned wait_ms,
                               char *error_r, size_t size);
/* To look at it only: does not lock and does not wait. held_log_add is not for this one. NULL: one line in error_r. */
struct held_log *held_log_read(struct quarantine *q, const char *id, char *error_r, size_t size);
/* Of held_log_read: somebody else had it locked, so what has only begun is under way rather than in doubt. */
bool held_log_busy(const struct held_log *l);
void held_log_close(struct held_log **lp);
/* What became of a recipient (as the envelope has it), by all lines. */
enum held_state held_log_state(const struct held_log *l, const char *rcpt);
/* Lines, the oldest first; borrowed. */
const struct held_line *held_log_lines(const struct held_log *l, size_t *count_r);
/* Appends a line: on the disk when it returns. 0, VOUCH_E_IO, VOUCH_E_NOMEM. */
int held_log_add(struct held_log *l, const struct held_line *line);

#endif
