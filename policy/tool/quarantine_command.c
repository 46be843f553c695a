/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch quarantine: finds the command. */
#include "config.h"
#include "quarantine_command.h"
#include <string.h>
#include "tool.h"

static const char usage[] = "Usage: vouch quarantine list [OPTION]...\n"
                            "       vouch quarantine show [OPTION]... ID...\n"
                            "       vouch quarantine release [OPTION]... ID...\n"
                            "       vouch quarantine delete [OPTION]... ID...\n"
                            "       vouch quarantine purge [OPTION]...\n"
                            "The mail that vouch-milter has kept (quarantine.method = \"store\"): "
                            "what is there, what it looks\n"
                            "like, on to those it was sent to, or away. 'vouch quarantine list "
                            "--help' tells more of one.\n";

int tool_quarantine(int argc, char **argv)
{
    static const struct {
        const char *name, *full;
        int (*run)(int, char **);
    } commands[] = {{"list", "quarantine list", quarantine_list},
                    {"show", "quarantine show", quarantine_show},
                    {"release", "quarantine release", quarantine_release},
                    {"delete", "quarantine delete", quarantine_remove},
                    {"purge", "quarantine purge", quarantine_clean}};
    const char *what = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(what, commands[i].name) == 0) {
            tool_set_name(commands[i].full);
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    return tool_usage_error("say 'quarantine list', 'show', 'release', 'delete' or 'purge'");
}
