/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_QUARANTINE_ITEM_H
#define VOUCH_TOOL_QUARANTINE_ITEM_H

#include "held_log.h"
#include "record.h"

/* What the commands of vouch quarantine share: the quarantine of the settings, and one message of it with all that is known of it. */

struct quarantine_place {
    const char *config, *dir; /* of the command line; NULL: not given */
    struct settings *settings;
    struct quarantine *q;
};
#define QUARANTINE_PLACE_HELP                                                                      \
    "  --directory DIR      where the messages are [as the settings say]\n"                        \
    "  --config FILE        settings [" SYSCONFDIR "/vouch/vouch.conf]\n"                          \
    "  --help               this text\n"
/* Root goes on, for good, as the user whom the directory belongs to. 0, or an exit status; then the error was printed. */
int quarantine_place_open(struct quarantine_place *p);
/* Closes it, at the end of a command: status, or an error of its own if what was printed did not get out. */
int quarantine_place_finish(struct quarantine_place *p, int status);

/* Of a whole message: QUARANTINE_PART: some of its recipients have it, the others wait. */
enum quarantine_state {
    QUARANTINE_WAITS,
    QUARANTINE_PART,
    QUARANTINE_RELEASED,
    QUARANTINE_DOUBT,
    QUARANTINE_BUSY, /* a release is under way */
    QUARANTINE_STATE_COUNT
};
const char *quarantine_state_name(enum quarantine_state state);
enum quarantine_state quarantine_state_of(const struct held *h, const struct held_log *l);
/* The same of one recipient; never QUARANTINE_PART. */
enum quarantine_state quarantine_rcpt_state(const struct held_log *l, const char *rcpt);

struct quarantine_item {
    const char *id; /* borrowed */
    struct arena *arena;
    struct held *held;
    struct held_log *log;        /* only to be read */
    const struct record *record; /* of its decision, with the subject read from the message */
    const char *subject;         /* decoded; "" if it has none */
};
/* 0 or an exit status; then the error was printed. listed: it was there a moment ago; that it has gone since is EX_NOINPUT without a
 * word. */
int quarantine_item_open(const struct quarantine_place *p, const char *id, bool listed,
                         struct quarantine_item *item_r);
void quarantine_item_close(struct quarantine_item *item);
/* The decision of a kept message, as `settings` name its policies, in the arena. 0 or an exit status; then the error was printed. */
int quarantine_item_record(struct arena *arena, const struct held *h, const char *id,
                           const struct settings *settings, const struct record **record_r);
/* The address in an envelope's "<...>", in the arena; "<>" stays. NULL: out of memory. */
const char *quarantine_address(struct arena *arena, const char *path);
/* "412", "12k", "3.4M" */
void quarantine_size(uint64_t bytes, char text_r[16]);

#endif
