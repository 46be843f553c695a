/* SPDX-License-Identifier: BSD-2-Clause */
/* The vouch command: finds the subcommand and runs it. */
#include "config.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

static const struct tool_command commands[] = {
    {"check", "judge messages as the milter would, and say why", tool_check},
    {"learn", "say what a message was: good, bad", tool_learn},
    {"replay", "judge a labelled corpus in order of time, and say how well", tool_replay},
    {"lookup", "show what the model knows of an address, domain or network", tool_lookup},
    {"model", "list, build, check, switch, import or export the model", tool_model},
    {"forget", "make the model forget an address, a domain or a host", tool_forget},
    {"journal", "read the journal's records, follow them, or check that none is missing",
     tool_journal_command},
    {"quarantine", "list, show, release or remove the mail that was kept", tool_quarantine},
    {"policy", "try settings out on cases, or on mail that was judged before", tool_policy},
    {"config", "check vouch.conf, or show the settings in force", tool_config},
    {"stats", "show the model, the journals, and what is not learnt yet", tool_stats},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void usage(FILE *out)
{
    fputs("Usage: vouch COMMAND [OPTION]... [ARGUMENT]...\n"
          "Judges mail by what vouches for it. The commands:\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\n'vouch COMMAND --help' tells more of one, 'vouch --version' which this is; the manual "
          "is "
          "vouch(1).\n",
          out);
}

/* No file that is opened later, a journal's or a log's, takes the place of standard output that is closed. */
static void occupy_standard(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY); /* writing there fails, as where it is closed */
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    occupy_standard();
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        usage(stderr);
        return EX_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        usage(stdout);
        return 0;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts("vouch " PACKAGE_VERSION);
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            tool_set_name(commands[i].name);
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "vouch: there is no command '%s'\nTry 'vouch --help'.\n", name);
    return EX_USAGE;
}
