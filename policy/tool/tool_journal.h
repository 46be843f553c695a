/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_JOURNAL_H
#define VOUCH_TOOL_JOURNAL_H

#include "journal.h"
#include "record.h"
#include "settings.h"

/* The journal that commands write to: a writer of its own in the daemon's tree, called as the
 * daemon's with "-tool" behind it, because a directory has one writer at a time. */

#define TOOL_JOURNAL_WAIT_MS 60000

struct tool_journal {
    struct journal *journal;
    int64_t since_ms; /* open since then, of clock_ms() */
    char host[256];   /* the sensor of its records */
    char path[4096];  /* DIR/WRITER */
};

/* dir: the tree; NULL for that of the settings. Waits for another command that writes, TOOL_JOURNAL_WAIT_MS at most: so nobody keeps it
 * open longer than it takes to write, a second or so, or waits for anything meanwhile that may take longer.
 * Root goes on, for good, as the user whom the tree belongs to: what root wrote there the daemon could
 * not read. On error prints it and returns -1 with *status_r set. */
int tool_journal_open(const struct settings *s, const char *dir, struct tool_journal *tj_r,
                      int *status_r);
/* Root goes on, for good, as the user whom dir belongs to, or the directory it will be made in. 0, or an exit status; then the
 * error was printed. */
int tool_leave_root(const char *dir);
void tool_journal_close(struct tool_journal *tj);
/* Gives r an id, the time now (unless it has one) and the sensor, and appends it; when this returns
 * it is on the disk. 0; on error prints it and returns the exit status. */
int tool_journal_append(struct tool_journal *tj, struct record *r);
/* A label about the message of a decision, or of an earlier label; it has no label yet. */
struct record tool_journal_label(const struct record *known);

#endif
