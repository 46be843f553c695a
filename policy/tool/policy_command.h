/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_POLICY_COMMAND_H
#define VOUCH_TOOL_POLICY_COMMAND_H

/* The subcommands of `vouch policy`; argv[0] is theirs. */
int policy_test(int argc, char **argv);
int policy_diff(int argc, char **argv);

#endif
