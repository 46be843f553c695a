/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_H
#define VOUCH_TOOL_H

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include "assess.h"

/* The vouch command: one file a subcommand, and what they share. A subcommand's run gets argv[0] =
 * its name and returns the exit status: 0..5 for `vouch check`, otherwise sysexits.h. */

struct tool_command {
    const char *name;    /* "check"; a group's subcommand too: "model import" */
    const char *summary; /* one line for `vouch --help` */
    int (*run)(int argc, char **argv);
};

int tool_check(int argc, char **argv);
int tool_learn(int argc, char **argv);
int tool_lookup(int argc, char **argv);
int tool_replay(int argc, char **argv);
int tool_model(int argc, char **argv); /* dispatches its own subcommands */
int tool_forget(int argc, char **argv);
int tool_journal_command(int argc, char **argv); /* dispatches cat, tail, verify */
int tool_policy(int argc, char **argv);          /* dispatches test, diff */
int tool_quarantine(int argc, char **argv);      /* dispatches list, show, release, delete, purge */
int tool_config(int argc, char **argv);
int tool_stats(int argc, char **argv);

/* "vouch check: TEXT" on standard error, with a line end. Returns status, so that callers can
 * `return tool_error(EX_USAGE, ...)`. */
int tool_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Names the subcommand in tool_error's lines. */
void tool_set_name(const char *name);
/* As tool_error with EX_USAGE, and adds a line "Try 'vouch NAME --help'." */
int tool_usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The usage error of getopt_long's answer '?' or, for a value that is missing, ':' to an
 * argument. */
int tool_option_error(int answer, const char *argument);

/* Takes all options: set is called for each but --help ('h'), which prints usage, and returns 0 or, having said what is wrong, an
 * exit status. 0: go on, with the arguments from optind; otherwise *status_r is the exit status. */
int tool_options(int argc, char **argv, const struct option *options, const char *usage,
                 int (*set)(void *arg, int option, const char *value), void *arg, int *status_r);
/* After it, where a command takes options only: 0 or, having said so, -1 and *status_r. */
int tool_no_arguments(int argc, char **argv, int *status_r);

/* The settings of --config FILE; without it (file NULL) those of the default file, or the built-in
 * ones if there is none. On error prints every mistake ("FILE:LINE: ...") and returns NULL with
 * *status_r set. */
struct settings *tool_settings(const char *file, int *status_r);
/* "FILE:LINE: TEXT", a line each; without the line for the file as a whole */
void tool_print_mistakes(FILE *out, const char *path, const struct settings_error *errors,
                         size_t count);
/* Opens the model: url, or what the settings say if NULL. On error prints and returns NULL with
 * *status_r set. Caller closes. */
struct store *tool_store(const struct settings *s, const char *url, bool read_only, int *status_r);
/* The same for one version of it; NULL: the active one. */
struct store *tool_store_version(const struct settings *s, const char *url, const char *version,
                                 bool read_only, int *status_r);
/* A daemon has long been connected to its model when mail comes. So is, after this, a command: its first message has no less
 * time than others for the look-up. If the model cannot be asked, that look-up will say so. */
void tool_wait_for_model(struct store *s);
/* Loads the public suffix list of the settings; NULL (with a warning) if it cannot be read. Caller
 * frees with psl_free. */
struct psl_ctx_st *tool_psl(const struct settings *s);
/* RFC 3339 ("2026-01-02T03:04:05Z", with or without fraction, any offset), the same without zone (UTC), seconds or time,
 * RFC 5322, "@EPOCH", "now", or a duration: so long ago. 0 or VOUCH_E_SYNTAX; microseconds. */
int tool_time(const char *text, int64_t *time_us_r);
/* The same for "--OPTION TEXT": 0, or the usage error. */
int tool_time_option(const char *option, const char *text, int64_t *time_us_r);
/* Seconds since the epoch in RFC 3339; the first ten bytes are the date. Returns text_r. */
#define TOOL_TIME_TEXT 32
const char *tool_time_text(int64_t seconds, char text_r[TOOL_TIME_TEXT]);
/* How many messages, of which fractions count: "12.5", "250000". Returns text_r. */
#define TOOL_COUNT_TEXT 32
const char *tool_count_text(double count, char text_r[TOOL_COUNT_TEXT]);
/* Which of count words an option's value is: 0 and *index_r, or the usage error, which names them all. */
int tool_word_option(const char *option, const char *word, const char *(*name)(int), int count,
                     int *index_r);

/* Colours, only where out is a terminal, TERM is not "dumb" and NO_COLOR is not set: otherwise each
 * is "". */
struct tool_style {
    const char *bold, *dim, *red, *yellow, *green, *reset;
};
const struct tool_style *tool_style_for(FILE *out);
/* Writes text with control characters and invalid UTF-8 made visible, so that mail cannot drive the
 * terminal. */
void tool_print_safe(FILE *out, const char *text);

#endif
