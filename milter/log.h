/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LOG_H
#define VOUCH_LOG_H

#include <stdbool.h>

/* The daemon's log: syslog (facility mail) or standard error. Safe to use from any thread. */

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log;

/* to_stderr: standard error, otherwise syslog. NULL: out of memory. */
struct log *log_new(bool to_stderr, unsigned level);
void log_free(struct log **lp);
void log_set_level(struct log *l, unsigned level);
/* One line; control characters of what is printed become '?', so that mail cannot write lines of its own. */
void log_write(struct log *l, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
