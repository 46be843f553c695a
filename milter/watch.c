/* SPDX-License-Identifier: BSD-2-Clause */
/* The main thread looks, between two signals. What it looks at are counters and times that others leave: no lock is taken that a
 * stuck thread could hold. */
#include "watch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "notify.h"
#include "ping.h"

#define LIMIT_MS     30000
#define LOOKS        4    /* at everything, in the time that is the limit */
#define TICK_MAX_MS  5000 /* between two of them */
#define STATUS_BYTES 256

struct watch {
    struct daemon *daemon;
    struct ping *ping;
    bool watchdog;
    int limit_ms, tick_ms;
    int64_t due_ms;            /* when to look next */
    int64_t round_ms;          /* when the turnstile last turned */
    bool suspect;              /* something was stuck at the last look */
    const char *stuck;         /* which the log knows */
    char status[STATUS_BYTES]; /* last told */
};

const char *watch_stuck(const struct watch_facts *facts, int64_t limit_ms)
{
    if (facts->pool_ms > limit_ms)
        return "the milter library does not answer on our own socket";
    if (facts->message)
        return "a message has been judged for far longer than its deadline";
    if (facts->dns_ms > limit_ms)
        return "the DNS thread does not come back from what it does";
    if (facts->journal_ms > limit_ms)
        return "the journal's thread does not come back from the disk";
    return NULL;
}

struct watch *watch_new(struct daemon *d, int listener)
{
    int64_t watchdog_ms = notify_watchdog_us() / 1000;
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->daemon = d;
    w->ping = listener >= 0 ? ping_new(listener) : NULL;
    w->watchdog = watchdog_ms > 0;
    w->limit_ms = w->watchdog && watchdog_ms / 2 < LIMIT_MS ? (int)(watchdog_ms / 2) : LIMIT_MS;
    w->tick_ms = w->limit_ms / LOOKS < TICK_MAX_MS ? w->limit_ms / LOOKS + 1 : TICK_MAX_MS;
    w->round_ms = clock_ms();
    return w;
}

void watch_free(struct watch **wp)
{
    struct watch *w = *wp;
    if (!w)
        return;
    *wp = NULL;
    ping_free(&w->ping);
    free(w);
}

/* A round lasts as long as a message may take, so whoever is still in when the next one should end is stuck. */
static bool message_stuck(struct watch *w, int64_t now)
{
    struct settings *settings = daemon_settings(w->daemon);
    int64_t round = w->limit_ms + (int64_t)settings->message_deadline_ms;
    settings_unref(&settings);
    if (now - w->round_ms < round)
        return false;
    if (!turnstile_turn(daemon_judging(w->daemon)))
        return true;
    w->round_ms = now;
    return false;
}

static const char *look(struct watch *w, int64_t now)
{
    struct watch_facts facts = {
        .pool_ms = w->ping ? ping_unanswered_ms(w->ping, now) : 0,
        .message = message_stuck(w, now),
    };
    daemon_busy(w->daemon, &facts.dns_ms, &facts.journal_ms);
    const char *stuck = watch_stuck(&facts, w->limit_ms);
    bool twice = w->suspect; /* once may be that the machine slept */
    w->suspect = stuck != NULL;
    return twice ? stuck : NULL;
}

static void tell(struct watch *w, const char *stuck)
{
    struct log *log = daemon_log(w->daemon);
    if (stuck && stuck != w->stuck)
        log_write(log, LOG_LEVEL_ERROR, "stuck: %s%s", stuck,
                  w->watchdog ? "; the service manager will restart us" : "");
    else if (!stuck && w->stuck)
        log_write(log, LOG_LEVEL_WARNING, "no longer stuck");
    w->stuck = stuck;
    daemon_set_stuck(w->daemon, stuck, w->tick_ms + w->limit_ms);
}

void watch_status(struct watch *w, char *text_r, size_t size)
{
    if (w->stuck)
        snprintf(text_r, size, "Stuck: %s", w->stuck);
    else
        snprintf(text_r, size, "Serving, %u messages under way%s", daemon_messages(w->daemon),
                 daemon_model_silent(w->daemon) ? "; the model does not answer" : "");
}

int watch_tick(struct watch *w)
{
    char status[STATUS_BYTES];
    int64_t now = clock_ms();
    if (now < w->due_ms)
        return (int)(w->due_ms - now);
    w->due_ms = now + w->tick_ms;
    log_tick(daemon_log(w->daemon));
    tell(w, look(w, now));
    if (w->watchdog && !w->stuck)
        notify_send("WATCHDOG=1");
    watch_status(w, status, sizeof status);
    if (strcmp(status, w->status) != 0)
        notify_status(status);
    memcpy(w->status, status, sizeof status);
    return w->tick_ms;
}
