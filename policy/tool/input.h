/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_INPUT_H
#define VOUCH_TOOL_INPUT_H

#include "span.h"

/* Messages at rest: a file, standard input, an mbox or a Maildir. */

#define INPUT_MAX_BYTES (1u << 30) /* largest file or standard input read: 1 GiB */

/* One message. name: for people ("inbox:3" is the third message of an mbox). text is valid during
 * the call only. Non-zero ends the reading. */
typedef int input_each(void *arg, const char *name, struct span text);

/* Calls each for every message of path ("-" is standard input). A path that cannot be read, or
 * holds no message, is reported on standard error: returns EX_NOINPUT or EX_DATAERR; otherwise what
 * each returned last. */
int input_read(const char *path, input_each *each, void *arg);
/* Whether text can be a message (feed_check). 0, or EX_DATAERR; then what is wrong was said on standard
 * error. */
int input_check(const char *name, struct span text);

#endif
