/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch policy: finds its subcommands. */
#include "policy_command.h"
#include <string.h>
#include "tool.h"

static const char usage[] =
    "Usage: vouch policy test [OPTION]... FILE...\n"
    "       vouch policy diff [OPTION]... A B\n"
    "Tries settings out: on cases of your own, and on mail that was judged before. 'vouch policy\n"
    "test --help' tells more of one.\n";

int tool_policy(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "test") == 0) {
        tool_set_name("policy test");
        return policy_test(argc - 1, argv + 1);
    }
    if (strcmp(what, "diff") == 0) {
        tool_set_name("policy diff");
        return policy_diff(argc - 1, argv + 1);
    }
    if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    return tool_usage_error("say 'policy test' or 'policy diff'");
}
