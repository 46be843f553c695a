/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_RELEASE_LESSON_H
#define VOUCH_TOOL_RELEASE_LESSON_H

#include "record.h"
#include "settings.h"

/* Writes to the journal what a release says of a message: a label, as `vouch learn --source release`. The message is known by its
 * decision: that of the journal, else the one that was kept with the message. note: NULL for none. time_us: the label's. 0, or an exit
 * status; then the error was printed. Without a journal it does nothing. */
int release_lesson_write(const struct settings *s, const struct record *kept,
                         enum label_verdict verdict, const char *note, int64_t time_us);

#endif
