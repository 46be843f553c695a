/* SPDX-License-Identifier: BSD-2-Clause */
/* A session lasts as long as the MTA's connection; its message begins with MAIL and is gone after its end, an abort, or the next
 * MAIL (no MTA announces that one message's end is another's beginning). An idle session holds two short strings. */
#include "session.h"
#include <stdlib.h>
#include <string.h>
#include "apply.h"
#include "clock.h"
#include "envelope.h"
#include "errors.h"
#include "held_return.h"
#include "load.h"
#include "metrics.h"
#include "recorder.h"

/* Most memory for an envelope. SMTP lines of 2048 bytes are what MTAs take; each recipient is kept as given and as an
 * address, which may be twice as long, and the list of them grows by doubling. */
#define ENVELOPE_BASE_BYTES     (64u << 10)
#define ENVELOPE_BYTES_PER_RCPT (8u << 10)

struct session {
    struct daemon *daemon;
    unsigned can;
    struct ipaddr ip;
    char *name, *helo;
    bool failed; /* out of memory: name or helo is missing */
    bool connected;

    /* the message under way; arena NULL: none */
    struct settings *settings;
    struct assess *assess; /* NULL: could not be made */
    struct arena *arena;
    const char **rcpts; /* as given; NULL where not plain */
    size_t rcpt_count, rcpt_cap;
    bool rcpts_lost;
    bool
        incomplete; /* out of memory: not all of it reached assess, which remembers its own failures */
    bool under_way;
    bool overload;  /* not judged: too much is under way. assess looks for forged fields only */
    size_t counted; /* bytes that it holds, as load knows */

    /* the message as it comes, where it may have to be stored */
    struct held_writer *held;  /* NULL: it need not, or cannot be */
    const char *sender, *body; /* as given */
    bool utf8;
};

struct session *session_new(struct daemon *d, unsigned can)
{
    struct session *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->daemon = d;
    s->can = can;
    return s;
}

static void forget(struct session *s)
{
    struct load *load = daemon_load(s->daemon);
    if (!s->under_way)
        return;
    assess_free(&s->assess);
    arena_free(&s->arena);
    held_writer_free(&s->held);
    s->sender = s->body = NULL;
    s->utf8 = false;
    load_memory(load, s->settings, &s->counted, 0);
    settings_unref(&s->settings);
    if (!s->overload)
        load_message_ended(load);
    s->rcpts = NULL;
    s->rcpt_count = s->rcpt_cap = 0;
    s->rcpts_lost = s->incomplete = s->under_way = s->overload = false;
}

/* Too much is under way: all is let go but what finds forged fields. */
static void give_up(struct session *s)
{
    s->overload = true;
    if (s->assess)
        assess_give_up(s->assess);
    arena_free(&s->arena);
    held_writer_free(&s->held);
    load_memory(daemon_load(s->daemon), s->settings, &s->counted, 0);
}

static void note_memory(struct session *s)
{
    struct load *load = daemon_load(s->daemon);
    if (s->overload || !s->assess)
        return;
    if (load_memory(load, s->settings, &s->counted,
                    assess_memory(s->assess) + arena_held(s->arena) +
                        (s->held ? held_writer_memory(s->held) : 0)))
        return;
    give_up(s);
    load_message_ended(load);
}

/* A message that did not come to its end was not judged, and the client will try again; but one that
 * found no recipient at all says something of its sender, and this is the last that we hear of it. */
void session_abort(struct session *s)
{
    const struct record *label;
    if (s->under_way)
        metrics_add(daemon_metrics(s->daemon), METRIC_ABORTED);
    if (s->under_way && !s->incomplete && !s->overload && assess_abandon(s->assess, &label))
        recorder_keep(daemon_recorder(s->daemon), label);
    forget(s);
}

void session_free(struct session **sp)
{
    struct session *s = *sp;
    if (!s)
        return;
    *sp = NULL;
    session_abort(s);
    if (s->connected) {
        metrics_add(daemon_metrics(s->daemon), METRIC_CONNECTIONS_ENDED);
        load_session_ended(daemon_load(s->daemon));
    }
    free(s->name);
    free(s->helo);
    free(s);
}

unsigned session_can(const struct session *s)
{
    return s->can;
}

static void keep(struct session *s, char **to, const char *from)
{
    free(*to);
    *to = from ? strdup(from) : NULL;
    if (from && !*to)
        s->failed = true;
}

void session_connect(struct session *s, const struct ipaddr *ip, const char *name)
{
    session_abort(s);
    if (!s->connected) { /* an MTA's from now on: a probe tells of no client, nor do our own */
        metrics_add(daemon_metrics(s->daemon), METRIC_CONNECTIONS);
        load_session_began(daemon_load(s->daemon));
    }
    s->connected = true;
    s->ip = *ip;
    keep(s, &s->name, name);
    keep(s, &s->helo, NULL);
}

void session_helo(struct session *s, const char *helo)
{
    keep(s, &s->helo, helo);
}

/* Whatever may have to be stored is collected; what cannot be, for want of a quarantine, is held at its end. */
static bool begin_collecting(struct session *s, const char *sender)
{
    struct quarantine *q = settings_may_store(s->settings) ? daemon_quarantine(s->daemon) : NULL;
    if (!q)
        return true;
    s->held = held_writer_new(q);
    s->sender = arena_strdup(s->arena, sender);
    return s->held && s->sender;
}

/* Memory for a message. False: there is none. */
static bool make_room(struct session *s)
{
    s->arena =
        arena_new(ENVELOPE_BASE_BYTES + ENVELOPE_BYTES_PER_RCPT * s->settings->limits.recipients);
    s->assess = assess_new(daemon_context(s->daemon), s->settings, clock_wall_us());
    return s->arena && s->assess && !s->failed;
}

static bool begin(struct session *s, const char *sender, const char *resolved, const char *user,
                  const char *tls)
{
    const char *address = make_room(s) ? envelope_address(s->arena, sender, resolved) : NULL;
    if (!address || !begin_collecting(s, sender))
        return false;
    assess_before_wait(s->assess, daemon_before_wait, s->daemon);
    assess_connect(s->assess, &s->ip, s->name);
    if (s->helo)
        assess_helo(s->assess, s->helo);
    assess_mail(s->assess, address, user, tls);
    return true;
}

void session_mail(struct session *s, const char *sender, const char *resolved, const char *user,
                  const char *tls)
{
    session_abort(s);
    s->under_way = true;
    metrics_add(daemon_metrics(s->daemon), METRIC_MESSAGES);
    s->settings = daemon_settings(s->daemon);
    s->overload = !load_message_began(daemon_load(s->daemon), s->settings);
    s->incomplete = s->overload ? !make_room(s) : !begin(s, sender, resolved, user, tls);
    if (s->overload)
        give_up(s);
    note_memory(s);
}

void session_esmtp(struct session *s, char *const *parameters)
{
    if (!s->held || s->incomplete)
        return;
    for (; *parameters; parameters++) {
        struct span p = span_of(*parameters);
        if (span_ieq_cstr(p, "SMTPUTF8"))
            s->utf8 = true;
        else if (span_istarts(p, "BODY=") && !(s->body = arena_strdup(s->arena, p.p + 5)))
            s->incomplete = true;
    }
}

static bool keep_rcpt(struct session *s, const char *rcpt)
{
    size_t max = s->settings->limits.recipients;
    if (arena_grow(s->arena, &s->rcpts, s->rcpt_count, &s->rcpt_cap, sizeof *s->rcpts, max) != 0)
        return false;
    s->rcpts[s->rcpt_count] = NULL;
    if (envelope_is_plain(rcpt) && !(s->rcpts[s->rcpt_count] = arena_strdup(s->arena, rcpt)))
        return false;
    s->rcpt_count++;
    return true;
}

bool session_rcpt(struct session *s, const char *rcpt, const char *resolved)
{
    if (s->overload && apply_defers_overload(s->settings))
        return false;
    if (!s->under_way || s->incomplete || s->overload)
        return true;
    if (s->rcpt_count >= s->settings->limits.recipients) {
        s->rcpts_lost = true;
        assess_rcpt(s->assess, rcpt); /* which only counts it */
        return true;
    }
    const char *address = keep_rcpt(s, rcpt) ? envelope_address(s->arena, rcpt, resolved) : NULL;
    if (address)
        assess_rcpt(s->assess, address);
    else
        s->incomplete = true;
    note_memory(s);
    return true;
}

void session_rcpt_unknown(struct session *s)
{
    if (s->under_way && !s->incomplete && !s->overload)
        assess_rcpt_unknown(s->assess);
}

/* A field as the MTA has it, whose lines end in LF here and in CRLF there. */
static void collect_field(struct session *s, struct span name, struct span value)
{
    struct span line;
    held_add(s->held, name);
    held_add(s->held, SPAN_LIT(":"));
    while (span_split(&value, '\n', &line)) {
        bool ended = line.len && line.p[line.len - 1] == '\r' && value.p;
        held_add(s->held, line);
        held_add(s->held, ended ? SPAN_LIT("\n") : SPAN_LIT("\r\n"));
    }
}

/* Goes on in an incomplete message too: forged fields are looked for in any case. */
void session_field(struct session *s, struct span name, struct span value)
{
    if (s->assess)
        assess_field(s->assess, name, value);
    if (s->held)
        collect_field(s, name, value);
    note_memory(s);
}

void session_eoh(struct session *s, const char *queue_id)
{
    if (s->assess && !s->overload)
        assess_eoh(s->assess, queue_id);
    if (s->held)
        held_add(s->held, SPAN_LIT("\r\n"));
    note_memory(s);
}

bool session_body(struct session *s, struct span chunk)
{
    bool enough = !s->assess || s->overload || assess_body(s->assess, chunk);
    if (!s->held)
        return enough;
    held_add(s->held, chunk);
    note_memory(s);
    return false;
}

/* What apply asks to be stored. */
struct to_store {
    struct session *session;
    const struct record *record;
};

static int keep_held(const struct to_store *what, const char *const *rcpts, size_t count,
                     char *error_r, size_t size)
{
    struct session *s = what->session;
    const struct held_envelope e = {
        .sender = s->sender, .rcpts = rcpts, .rcpt_count = count, .body = s->body, .utf8 = s->utf8};
    if (!s->held) {
        snprintf(error_r, size, "the quarantine could not be used when it came");
        return VOUCH_E_IO;
    }
    char *json = record_json(what->record);
    if (!json) {
        snprintf(error_r, size, "%s", vouch_strerror(VOUCH_E_NOMEM));
        return VOUCH_E_NOMEM;
    }
    daemon_before_wait(s->daemon); /* for the disk */
    int rc = held_keep(s->held, what->record->id, &e, json, error_r, size);
    free(json);
    return rc;
}

static int store(void *arg, const char *const *rcpts, size_t count, char *error_r, size_t size)
{
    const struct to_store *what = arg;
    int rc = keep_held(what, rcpts, count, error_r, size);
    metrics_add(daemon_metrics(what->session->daemon),
                rc == 0 ? METRIC_STORED : METRIC_STORES_FAILED);
    return rc;
}

static enum mta_answer carry_out(struct session *s, struct apply *a, const struct mta *mta)
{
    const char *queue_id = a->record->message->env.queue_id;
    struct to_store what = {s, a->record};
    a->store = store;
    a->store_arg = &what;
    a->rcpts = s->rcpts;
    a->rcpt_count = s->rcpt_count;
    a->rcpts_lost = s->rcpts_lost;
    a->authres = assess_authres(s->assess);
    a->header = assess_header(s->assess);
    enum mta_answer answer = apply(a, mta, daemon_log(s->daemon));
    metrics_decision(daemon_metrics(s->daemon), a->record);
    daemon_note_dns(s->daemon);
    char *line = record_log(a->record->message->arena, a->record);
    log_write(daemon_log(s->daemon), LOG_LEVEL_INFO, "%s", line ? line : a->record->id);
    if (a->record->flags & FLAG_RELEASED)
        log_write(daemon_log(s->daemon), LOG_LEVEL_INFO, "%s: %s", queue_id ? queue_id : "NOQUEUE",
                  a->record->decision->reason);
    else
        daemon_note_model(s->daemon, !(a->record->flags & FLAG_MODEL_UNAVAILABLE));
    unsigned round = turnstile_enter(daemon_judging(s->daemon));
    recorder_keep(daemon_recorder(s->daemon), a->record);
    turnstile_leave(daemon_judging(s->daemon), round);
    return answer;
}

/* One of our own, released and come by again. Its recipients were given as plain addresses, or they could not have been stored. */
static void note_release(struct session *s)
{
    struct held_return r;
    const struct held_envelope e = {
        .sender = s->sender, .rcpts = s->rcpts, .rcpt_count = s->rcpt_count};
    bool plain = s->held && !s->rcpts_lost && s->rcpt_count > 0;
    for (size_t i = 0; plain && i < s->rcpt_count; i++)
        plain = s->rcpts[i];
    if (plain && held_returns(daemon_quarantine(s->daemon), s->held, &e, clock_wall_us(), &r))
        (void)assess_released(s->assess, r.id, r.who); /* what failed, assess_finish says */
}

/* All waiting that is bounded by our own deadline is in here. */
static int judge(struct session *s, const char *queue_id, const struct record **record_r)
{
    unsigned round = turnstile_enter(daemon_judging(s->daemon));
    note_release(s);
    int rc = assess_finish(s->assess, queue_id, record_r);
    turnstile_leave(daemon_judging(s->daemon), round);
    return rc;
}

enum mta_answer session_end(struct session *s, const char *queue_id, const struct mta *mta)
{
    enum mta_answer answer;
    struct apply a = {.settings = s->settings, .metrics = daemon_metrics(s->daemon)};
    if (!s->under_way)
        return MTA_CONTINUE;
    if (s->assess)
        a.forged = assess_forged(s->assess, &a.forged_count, &a.forged_lost);
    if (s->overload && !s->incomplete) {
        answer = apply_overload(&a, mta, daemon_log(s->daemon));
    } else if (s->incomplete || judge(s, queue_id, &a.record) != 0) {
        metrics_add(daemon_metrics(s->daemon), METRIC_UNJUDGED);
        answer = apply_on_failure(&a, mta, "out of memory: cannot be judged",
                                  queue_id ? queue_id : "NOQUEUE", daemon_log(s->daemon));
    } else {
        answer = carry_out(s, &a, mta);
    }
    forget(s);
    return answer;
}
