/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_RELEASE_LESSON_H
#define VOUCH_TOOL_RELEASE_LESSON_H

#include "tool_journal.h"

/* What a release says of a message: the label for the journal, as `vouch learn --source release`. The message is known by its decision:
 * that of the journal, else the one that was kept with the message. */
struct release_lesson {
    const struct settings *settings;
    bool open;
    struct tool_journal journal;
};
/* note: NULL for none. 0, or an exit status; then the error was printed. Without a journal it does nothing. */
int release_lesson_write(struct release_lesson *l, const struct record *kept,
                         enum label_verdict verdict, const char *note);
void release_lesson_close(struct release_lesson *l);

#endif
