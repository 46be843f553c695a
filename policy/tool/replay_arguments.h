/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REPLAY_ARGUMENTS_H
#define VOUCH_REPLAY_ARGUMENTS_H

#include "replay.h"

/* What the command line of vouch replay says. */

#define REPLAY_MAX_RELAYS 1000

struct replay_arguments {
    int argc; /* the command line */
    char **argv;
    bool help; /* is all that is asked for */
    const char *config, *features, *out, *report;
    struct ipnet relays[REPLAY_MAX_RELAYS];
    size_t relay_count;
    bool counts[TW_COUNT]; /* which evidence does */
    struct replay_options options;
    uint64_t seeds, jobs;
    bool ablate, json;
    struct corpus *corpus; /* not in order yet */
};
/* Reads all of it, the settings and where the messages are. 0, or an exit status; what is wrong was said
 * on standard error. To be cleared either way. */
int replay_arguments_read(struct replay_arguments *a, int argc, char **argv);
void replay_arguments_clear(struct replay_arguments *a);
extern const char replay_usage[];
/* As tool_error, with the status that fits an error of the corpus or the replay. */
int replay_error(int rc, const char *text);

#endif
