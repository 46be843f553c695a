/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_JOURNAL_COMMAND_H
#define VOUCH_TOOL_JOURNAL_COMMAND_H

/* The subcommands of vouch journal; as struct tool_command's run. */
int journal_cat(int argc, char **argv);
int journal_tail(int argc, char **argv);
int journal_check(int argc, char **argv); /* vouch journal verify */

#endif
