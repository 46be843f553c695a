/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "release_message.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "quarantine_item.h"
#include "release_trace.h"
#include "mail_sender.h"
#include "tool.h"

struct release {
    struct sender *sender;
    struct held *held;
    struct held_log *log;
    const struct record *record;
    const struct release_order *order;
    struct arena *arena;
    char mark[HELD_MARK_TEXT];
    const char **rcpts; /* those that are sent to, then those of them that were accepted */
    size_t count;
    struct sender_reply *replies; /* of each */
    int unnoted;                  /* "began" cannot be written: the exit status */
};

/* --- the log --- */

/* A line about the recipients at hand. 0, or an exit status; then the error was printed. */
static int note(struct release *r, enum held_event event, const char *said)
{
    struct held_line line = {.event = event,
                             .time_us = clock_wall_us(),
                             .who = r->order->who,
                             .why = r->order->why,
                             .rcpts = r->rcpts,
                             .rcpt_count = r->count,
                             .mark = r->mark[0] ? r->mark : NULL,
                             .note = said};
    int rc = held_log_add(r->log, &line);
    if (rc == 0)
        return 0;
    return tool_error(EX_IOERR, "%s: \"%s\" cannot be written to its log: %s", r->record->id,
                      held_event_name(event),
                      rc == VOUCH_E_IO ? strerror(errno) : vouch_strerror(rc));
}

static int note_began(void *arg)
{
    struct release *r = arg;
    return r->unnoted = note(r, HELD_BEGAN, NULL);
}

/* --- what is said --- */

static void print_rcpt(const struct release *r, const char *rcpt)
{
    const char *address = quarantine_address(r->arena, rcpt);
    printf("%s: ", r->record->id);
    tool_print_safe(stdout, address ? address : rcpt);
    fputs(": ", stdout);
}

static void tell(const struct release *r, const char *rcpt, const char *what, const char *said)
{
    print_rcpt(r, rcpt);
    fputs(what, stdout);
    if (said && *said) {
        fputs(": ", stdout);
        tool_print_safe(stdout, said);
    }
    putchar('\n');
}

static void tell_all(const struct release *r, const char *what, const char *said)
{
    for (size_t i = 0; i < r->count; i++)
        tell(r, r->rcpts[i], what, said);
}

/* The last time that a release was told of to have begun for any of the recipients at hand. */
static const struct held_line *last_began(const struct release *r)
{
    size_t count;
    const struct held_line *lines = held_log_lines(r->log, &count);
    for (size_t i = count; i > 0; i--)
        if (lines[i - 1].event == HELD_BEGAN)
            return &lines[i - 1];
    return NULL;
}

static int refuse_doubt(const struct release *r)
{
    const struct held_line *began = last_began(r);
    const char *message_id = r->record->message->message_id;
    char when[32] = "";
    if (began)
        record_time(began->time_us, when);
    tell_all(r, "in doubt, not sent", NULL);
    return tool_error(
        EX_TEMPFAIL,
        "%s: a release was broken off at %s just when the MTA was handed the message: nobody but "
        "its log knows whether it has it. Look there for Message-ID %s%s%s from that moment on, or "
        "in a mailbox for a Received field with \"%s\". Then say 'vouch quarantine release --done "
        "%s' if it was delivered, or '--again' if it was not",
        r->record->id, when, message_id ? "<" : "", message_id ? message_id : "(it has none)",
        message_id ? ">" : "", began && began->mark ? began->mark : "?", r->record->id);
}

/* --- who gets it --- */

static bool is_named(const struct release_order *o, const char *rcpt)
{
    size_t n = strlen(rcpt);
    for (size_t i = 0; i < o->to_count; i++) {
        const char *to = o->to[i];
        size_t len = strlen(to);
        if (strcmp(to, rcpt) == 0 ||
            (n == len + 2 && rcpt[0] == '<' && memcmp(rcpt + 1, to, len) == 0))
            return true;
    }
    return o->to_count == 0;
}

/* Each of --to must be a recipient. */
static int check_names(const struct release *r)
{
    const struct held_envelope *e = held_envelope(r->held);
    for (size_t i = 0; i < r->order->to_count; i++) {
        const struct release_order one = {.to = &r->order->to[i], .to_count = 1};
        bool found = false;
        for (size_t k = 0; k < e->rcpt_count; k++)
            found |= is_named(&one, e->rcpts[k]);
        if (!found)
            return tool_error(EX_NOUSER,
                              "%s: was not kept for %s; 'vouch quarantine show' has its "
                              "recipients",
                              r->record->id, r->order->to[i]);
    }
    return 0;
}

/* The recipients asked for that are in that state. */
static void choose(struct release *r, enum held_state state)
{
    const struct held_envelope *e = held_envelope(r->held);
    r->count = 0;
    for (size_t i = 0; i < e->rcpt_count; i++)
        if (is_named(r->order, e->rcpts[i]) && held_log_state(r->log, e->rcpts[i]) == state)
            r->rcpts[r->count++] = e->rcpts[i];
}

/* Those whose release was broken off, as the order has it. */
static int settle_doubt(struct release *r, struct release_result *result)
{
    choose(r, HELD_DOUBT);
    if (r->count == 0)
        return 0;
    if (!r->order->again && !r->order->done)
        return refuse_doubt(r);
    int status = note(r, r->order->done ? HELD_RELEASED : HELD_FAILED, "a person has looked");
    if (status == 0 && r->order->done) {
        tell_all(r, "noted as released", NULL);
        result->sent = result->released = true;
    }
    return status;
}

/* --- sending --- */

/* 0 or VOUCH_E_TEMP: sender_text; VOUCH_E_IO, VOUCH_E_SYNTAX: the message cannot be read */
static int send_message(struct release *r)
{
    char bytes[65536];
    ptrdiff_t n;
    const char *trace = release_trace(r->arena, r->record, r->order->host, r->mark);
    int rc = trace ? sender_add(r->sender, trace, strlen(trace)) : VOUCH_E_NOMEM;
    held_rewind(r->held);
    while (rc == 0 && (n = held_read(r->held, bytes, sizeof bytes)) != 0)
        rc = n < 0 ? (int)n : sender_add(r->sender, bytes, (size_t)n);
    return rc;
}

/* Tells which recipients were refused, and leaves the others. */
static int drop_refused(struct release *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (r->replies[i].accepted)
            r->rcpts[kept++] = r->rcpts[i];
        else if (r->replies[i].text[0])
            tell(r, r->rcpts[i], "refused", r->replies[i].text);
    }
    bool all = kept == r->count;
    r->count = kept;
    return all ? 0
               : tool_error(EX_UNAVAILABLE,
                            "%s: the MTA refused %s: they wait as before; repeat the "
                            "command when it would take them",
                            r->record->id, kept ? "some recipients" : "all recipients");
}

static int failed(struct release *r, int rc)
{
    const char *id = r->record->id;
    if (rc == VOUCH_E_SYNTAX)
        return tool_error(EX_DATAERR, "%s: is damaged; nothing was sent", id);
    if (rc != VOUCH_E_TEMP)
        return tool_error(EX_IOERR, "%s: cannot be read to its end; nothing was sent", id);
    return tool_error(EX_UNAVAILABLE, "%s: not released: %s", id, sender_text(r->sender));
}

static int end_message(struct release *r, struct release_result *result)
{
    int status;
    switch (sender_end(r->sender, note_began, r)) {
    case SENDER_TAKEN:
        status = note(r, HELD_RELEASED, sender_text(r->sender)); /* at once */
        tell_all(r, "released", sender_text(r->sender));
        result->sent = result->released = true;
        return status ? tool_error(status,
                                   "%s: the MTA has it, but that is not noted: it counts as in "
                                   "doubt; 'release --done' notes it",
                                   r->record->id)
                      : 0;
    case SENDER_DOUBT:
        tell_all(r, "in doubt", sender_text(r->sender));
        return refuse_doubt(r);
    case SENDER_REFUSED:
        break;
    }
    if (r->unnoted)
        return tool_error(r->unnoted, "%s: not released: nothing was sent", r->record->id);
    if (held_log_state(r->log, r->rcpts[0]) != HELD_DOUBT)
        return failed(r, VOUCH_E_TEMP); /* nothing had begun */
    status = note(r, HELD_FAILED, sender_text(r->sender));
    return status ? status : failed(r, VOUCH_E_TEMP);
}

static int send_to(struct release *r, struct release_result *result)
{
    const struct held_envelope *e = held_envelope(r->held);
    struct sender_envelope envelope = {.from = e->sender,
                                       .rcpts = r->rcpts,
                                       .rcpt_count = r->count,
                                       .size = held_size(r->held) + RELEASE_TRACE_MAX,
                                       .eight_bit = e->body && strcmp(e->body, "7BIT") != 0,
                                       .utf8 = e->utf8};
    int rc = sender_begin(r->sender, &envelope, r->replies);
    if (rc == VOUCH_E_TEMP)
        return failed(r, rc);
    int refused = drop_refused(r);
    if (r->count == 0)
        return refused;
    rc = send_message(r);
    int status = rc == 0 ? end_message(r, result) : failed(r, rc);
    return status ? status : refused;
}

/* 0 or an exit status */
static int release_to(struct release *r, struct release_result *result)
{
    choose(r, HELD_GONE);
    tell_all(r, "was released before", NULL);
    result->released = r->count > 0;
    int status = settle_doubt(r, result);
    choose(r, HELD_WAITS);
    if (status != 0 || r->count == 0)
        return status;
    if (r->order->done && !result->sent)
        return tool_error(EX_DATAERR,
                          "%s: waits: no release of it is in doubt; without --done it is sent",
                          r->record->id);
    if (r->order->done)
        return 0;
    if (!release_mark(r->mark))
        return tool_error(EX_OSERR, "no random numbers: %s", strerror(errno));
    return send_to(r, result);
}

int release_message(struct sender *s, struct held *h, struct held_log *l,
                    const struct record *record, const struct release_order *o,
                    struct release_result *result_r)
{
    size_t count = held_envelope(h)->rcpt_count;
    struct release r = {.sender = s,
                        .held = h,
                        .log = l,
                        .record = record,
                        .order = o,
                        .arena = record->message->arena,
                        .rcpts = calloc(count + 1, sizeof *r.rcpts),
                        .replies = calloc(count + 1, sizeof *r.replies)};
    int status = r.rcpts && r.replies ? check_names(&r) : tool_error(EX_OSERR, "out of memory");
    *result_r = (struct release_result){0};
    if (status == 0)
        status = release_to(&r, result_r);
    free(r.rcpts);
    free(r.replies);
    return status;
}
