/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch journal: what the commands about the journal have in common is little: this file only finds
 * them. */
#include "config.h"
#include <string.h>
#include "journal_command.h"
#include "tool.h"

static const char usage[] =
    "Usage: vouch journal cat [OPTION]... [WRITER]...\n"
    "       vouch journal tail [OPTION]... [WRITER]...\n"
    "       vouch journal verify [OPTION]... [WRITER]...\n"
    "Reads the journal, in which vouch-milter keeps a record of every message: as JSON lines, or "
    "to\n"
    "check that nothing in it was changed or is missing. 'vouch journal cat --help' tells more of\n"
    "one.\n";

int tool_journal_command(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "cat") == 0) {
        tool_set_name("journal cat");
        return journal_cat(argc - 1, argv + 1);
    }
    if (strcmp(what, "tail") == 0) {
        tool_set_name("journal tail");
        return journal_tail(argc - 1, argv + 1);
    }
    if (strcmp(what, "verify") == 0) {
        tool_set_name("journal verify");
        return journal_check(argc - 1, argv + 1);
    }
    if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    return tool_usage_error("say 'journal cat', 'journal tail' or 'journal verify'");
}
