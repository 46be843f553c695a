/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_command.h"
#include "tool.h"
int policy_diff(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return tool_usage_error("not yet");
}
