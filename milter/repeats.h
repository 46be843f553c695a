/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REPEATS_H
#define VOUCH_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

/* Of lines that a peer or an outage can cause at will, the first few in each window are written and the rest counted. Pure:
 * the time is an argument, and the caller locks. */

#define REPEATS_WINDOW_MS  60000 /* from the first line of a kind */
#define REPEATS_BURST      10    /* lines of a kind written in a window */
#define REPEATS_KINDS      32    /* counted at a time; lines of further kinds are all written */
#define REPEATS_TEXT_BYTES 256   /* kept of the last line that was not written */

struct repeat {
    const char *kind; /* compared as a pointer: the format at one place of the code; NULL: free */
    unsigned level;
    int64_t began_ms;
    unsigned written, held; /* in this window */
    char last[REPEATS_TEXT_BYTES];
};
struct repeats {
    struct repeat kinds[REPEATS_KINDS];
};

/* Zeroed memory is an empty one. True: write this line. False: it is counted, and told by repeats_due. now_ms: of a clock
 * that never goes back. */
bool repeats_pass(struct repeats *r, const char *kind, unsigned level, const char *line,
                  int64_t now_ms);
/* A kind whose window has ended with lines held back: true, and what is to be told of it. The kind is then forgotten. Call
 * until false. */
bool repeats_due(struct repeats *r, int64_t now_ms, struct repeat *due_r);

#endif
