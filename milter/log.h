/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LOG_H
#define VOUCH_LOG_H

#include <stdbool.h>

/* The daemon's log: syslog (facility mail) or standard error. Safe to use from any thread.
 *
 * The journal of systemd takes either: from syslog with our levels and facility, and from standard error, where a line then
 * begins with its level ("<4>", sd-daemon(3)) instead of the program's name. */

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log;

/* to_stderr: standard error, otherwise syslog. NULL: out of memory. */
struct log *log_new(bool to_stderr, unsigned level);
void log_free(struct log **lp);
void log_set_level(struct log *l, unsigned level);
/* One line; control characters of what is printed become '?', so that mail cannot write lines of its own. */
void log_write(struct log *l, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, for what a peer or an outage can cause again and again: the first lines of this format in a minute are written
 * (repeats.h), then one that says how many more there were. format: a literal. */
void log_often(struct log *l, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Tells what was held back, once its minute is over: to be called every few seconds. */
void log_tick(struct log *l);

#endif
