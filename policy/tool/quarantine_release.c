/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch quarantine release: messages on to those they were sent to. */
#include "config.h"
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "quarantine_command.h"
#include "quarantine_item.h"
#include "release_lesson.h"
#include "release_message.h"
#include "mail_sender.h"
#include "tool.h"

#define LOCK_WAIT_MS 30000 /* for another release of the same message */
#define CONNECT_MS                                                                                 \
    30000 /* RFC 5321 s4.5.3.2 has five minutes: nobody waits for so long at a terminal */
#define REPLY_MS  60000
#define END_MS    600000 /* as s4.5.3.2.6 has it: who gives up earlier leaves the message in doubt */
#define NOTE_TEXT 512

static const char usage[] =
    "Usage: vouch quarantine release [OPTION]... ID...\n"
    "Sends messages that are kept on to those they were sent to, each exactly once, as they were "
    "received,\n"
    "and tells vouch that they were good.\n\n"
    "  --to RCPT            only to this one of its recipients; may be given more than once\n"
    "  --why TEXT           kept with the message and the lesson: a reason, a ticket\n"
    "  --who NAME           who releases it [who is logged in]\n"
    "  --undo               the lesson is taken back; what was delivered stays so\n"
    "  --done               of a release that is in doubt: it was delivered\n"
    "  --again              of a release that is in doubt: it was not delivered, send it\n"
    "  --via URL            sendmail:/PATH or smtp://HOST:PORT "
    "[quarantine.release]\n" QUARANTINE_PLACE_HELP "\n"
    "Exit status: 0 all recipients have it; 64 usage, 65 damaged, 66 there is no message of that "
    "id, 67 was\n"
    "not kept for that recipient, 69 the MTA cannot be reached or refused some recipients: repeat "
    "it, 73 or\n"
    "74 the journal or the log cannot be written, 75 in doubt, or being released by somebody else, "
    "77 not\n"
    "allowed, 78 configuration.\n";

struct releasing {
    struct quarantine_place place;
    const char *via;
    struct release_order order;
    const char **to;
    bool undo;
    char who[64], host[256];
    struct sender *sender;
};

static void set_who(struct releasing *r)
{
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *pw = sudo && *sudo ? NULL : getpwuid(getuid());
    snprintf(r->who, sizeof r->who, "%s", sudo && *sudo ? sudo : pw ? pw->pw_name : "unknown");
    r->order.who = r->who;
}

static int set_option(void *arg, int option, const char *value)
{
    struct releasing *r = arg;
    switch (option) {
    case 't':
        r->to[r->order.to_count++] = value;
        return 0;
    case 'y':
        r->order.why = value;
        return 0;
    case 'w':
        r->order.who = value;
        return 0;
    case 'u':
        r->undo = true;
        return 0;
    case 'D':
        r->order.done = true;
        return 0;
    case 'a':
        r->order.again = true;
        return 0;
    case 'v':
        r->via = value;
        return 0;
    case 'd':
        r->place.dir = value;
        return 0;
    default:
        r->place.config = value;
        return 0;
    }
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct releasing *r, int argc, char **argv, int *status_r)
{
    static const struct option options[] = {{"to", required_argument, NULL, 't'},
                                            {"why", required_argument, NULL, 'y'},
                                            {"who", required_argument, NULL, 'w'},
                                            {"undo", no_argument, NULL, 'u'},
                                            {"done", no_argument, NULL, 'D'},
                                            {"again", no_argument, NULL, 'a'},
                                            {"via", required_argument, NULL, 'v'},
                                            {"directory", required_argument, NULL, 'd'},
                                            {"config", required_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    if (tool_options(argc, argv, options, usage, set_option, r, status_r) != 0)
        return -1;
    if (optind == argc)
        *status_r = tool_usage_error("which one? 'vouch quarantine list' has the ids");
    else if (r->undo + r->order.done + r->order.again > 1)
        *status_r = tool_usage_error("--undo, --done and --again exclude each other: choose one");
    return *status_r ? -1 : 0;
}

static int open_sender(struct releasing *r)
{
    char error[600];
    struct sender_options o = {.to = r->via ? r->via : r->place.settings->quarantine_release,
                               .helo = r->host,
                               .connect_ms = CONNECT_MS,
                               .reply_ms = REPLY_MS,
                               .end_ms = END_MS};
    r->sender = sender_new(&o, error, sizeof error);
    return r->sender ? 0
                     : tool_error(r->via ? EX_USAGE : EX_CONFIG, "%s %s",
                                  r->via ? "--via" : "quarantine.release:", error);
}

/* --- the lesson --- */

/* What the log says of it last; NULL: nothing. */
static const struct held_line *last_lesson(const struct held_log *l)
{
    size_t count;
    const struct held_line *lines = held_log_lines(l, &count);
    for (size_t i = count; i > 0; i--)
        if (lines[i - 1].event == HELD_LEARNT || lines[i - 1].event == HELD_UNDONE)
            return &lines[i - 1];
    return NULL;
}

/* Writes the label, then to the log that it is written: repeating the first does no harm. 0 or an exit status. */
static int teach(struct releasing *r, struct held_log *l, const struct record *record, bool undo)
{
    char note[NOTE_TEXT];
    const struct held_line *before = last_lesson(l);
    int64_t now_us = clock_wall_us();
    if (before && now_us <= before->time_us) /* the clock went back; of labels the latest holds */
        now_us = before->time_us + 1;
    snprintf(note, sizeof note, "released by %s%s%s", r->order.who, r->order.why ? ": " : "",
             r->order.why ? r->order.why : "");
    int status = release_lesson_write(r->place.settings, record, undo ? LABEL_NONE : LABEL_GOOD,
                                      note, now_us);
    struct held_line line = {.event = undo ? HELD_UNDONE : HELD_LEARNT,
                             .time_us = now_us,
                             .who = r->order.who,
                             .why = r->order.why};
    if (status == 0 && held_log_add(l, &line) != 0)
        status =
            tool_error(EX_IOERR, "%s: its log cannot be written: %s", record->id, strerror(errno));
    if (status != 0)
        tool_error(0, "%s: %s; repeat the command when that is mended", record->id,
                   undo ? "the lesson is not taken back" : "is released, but that is not learnt");
    return status;
}

static int undo(struct releasing *r, struct held_log *l, const struct record *record)
{
    const struct held_line *lesson = last_lesson(l);
    if (!lesson || lesson->event != HELD_LEARNT)
        return tool_error(
            EX_DATAERR, "%s: nothing was learnt of a release that could be taken back", record->id);
    int status = teach(r, l, record, true);
    if (status == 0)
        printf("%s: the lesson is taken back\n", record->id);
    return status;
}

static int release(struct releasing *r, struct held *h, struct held_log *l,
                   const struct record *record)
{
    struct release_result result;
    int status = release_message(r->sender, h, l, record, &r->order, &result);
    const struct held_line *lesson = last_lesson(l);
    bool learnt = lesson && lesson->event == HELD_LEARNT;
    if ((result.sent && !learnt) || (result.released && !lesson)) {
        int taught = teach(r, l, record, false);
        status = status ? status : taught;
    }
    return status;
}

/* --- one message --- */

static int open_failed(const char *error)
{
    return tool_error(errno == ENOENT    ? EX_NOINPUT
                      : errno == EBADMSG ? EX_DATAERR
                      : errno == EACCES  ? EX_NOPERM
                      : errno == EBUSY   ? EX_TEMPFAIL
                                         : EX_IOERR,
                      "%s", error);
}

static int handle(struct releasing *r, const char *id)
{
    char error[600];
    int status = 0;
    const struct record *record;
    struct arena *arena = arena_new(16u << 20);
    struct held *h = held_open(r->place.q, id, error, sizeof error);
    struct held_log *l =
        h ? held_log_open(r->place.q, id, LOCK_WAIT_MS, error, sizeof error) : NULL;
    if (!l)
        status = open_failed(error);
    else if (!arena)
        status = tool_error(EX_OSERR, "out of memory");
    else
        status = quarantine_item_record(arena, h, id, r->place.settings, &record);
    if (status == 0)
        status = r->undo ? undo(r, l, record) : release(r, h, l, record);
    if (fflush(stdout) != 0 && status == 0)
        status = tool_error(EX_IOERR, "standard output: %s", strerror(errno));
    held_log_close(&l);
    held_close(&h);
    arena_free(&arena);
    return status;
}

/* One that cannot be released does not keep the others back. */
static int handle_all(struct releasing *r, int count, char **ids)
{
    int status = 0;
    for (int i = 0; i < count; i++) {
        int one = handle(r, ids[i]);
        status = status ? status : one;
    }
    return status;
}

int quarantine_release(int argc, char **argv)
{
    struct releasing r = {.host = "localhost", .to = calloc((size_t)argc, sizeof *r.to)};
    int status = 0;
    if (!r.to)
        return tool_error(EX_OSERR, "out of memory");
    set_who(&r);
    r.order.to = r.to;
    r.order.host = r.host;
    gethostname(r.host, sizeof r.host - 1);
    if (parse_options(&r, argc, argv, &status) == 0) {
        int first = optind;
        status = quarantine_place_open(&r.place);
        if (status == 0)
            status = open_sender(&r);
        if (status == 0)
            status = handle_all(&r, argc - first, argv + first);
        sender_free(&r.sender);
        status = quarantine_place_finish(&r.place, status);
    }
    free(r.to);
    return status;
}
