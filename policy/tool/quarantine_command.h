/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_QUARANTINE_COMMAND_H
#define VOUCH_TOOL_QUARANTINE_COMMAND_H

/* The subcommands of vouch quarantine; as struct tool_command's run. */
int quarantine_list(int argc, char **argv);
int quarantine_show(int argc, char **argv);
int quarantine_release(int argc, char **argv);
int quarantine_remove(int argc, char **argv); /* vouch quarantine delete */
int quarantine_clean(int argc, char **argv);  /* vouch quarantine purge */

#endif
