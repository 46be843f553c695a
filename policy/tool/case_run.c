/* SPDX-License-Identifier: BSD-2-Clause */
/* From a case to a record. What a case does not tell gets a value that decides nothing: addresses of
 * example.org and example.com, a client of 192.0.2.0/24. */
#include "case_run.h"
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "clock.h"
#include "feed.h"
#include "input.h"
#include "sbuf.h"
#include "store.h"
#include "tool.h"
#include "zonefile.h"

#define CASE_BYTES     (64u << 20)
#define DEFAULT_IP     "192.0.2.1"
#define DEFAULT_SENDER "sender@example.org"
#define DEFAULT_RCPT   "recipient@example.com"
#define NULL_AUTHOR    "MAILER-DAEMON@example.org"

struct run {
    struct case_runner *runner;
    const char *file;
    const struct policy_case *c;
    struct case_judged *judged;
    int64_t now_us;
    struct feed_envelope envelope;
    struct evidence evidence;
    struct span text; /* the message */
};

static int fail(const struct run *r, int status, const char *what)
{
    return tool_error(status, "%s:%d: %s", r->file, r->c->line, what);
}

static int no_memory(const struct run *r)
{
    return fail(r, EX_OSERR, "out of memory");
}

/* ---- what SMTP says ---- */

static const char *path_of(struct run *r, const char *address)
{
    const char *path = rfc5322_path(r->judged->arena, span_of(address));
    return path ? path : "";
}

/* Of a message out of a file, what is not told is read from the message, as vouch check does. */
static int make_envelope(struct run *r)
{
    const struct policy_case *c = r->c;
    struct feed_envelope *e = &r->envelope;
    const char *ip = c->ip ? c->ip : c->message ? NULL : DEFAULT_IP;
    const char *sender = c->sender ? c->sender : c->message ? NULL : DEFAULT_SENDER;
    size_t count = c->recipient_count ? c->recipient_count : !c->message;
    const char **rcpts = arena_array(r->judged->arena, count, sizeof *rcpts);
    if (count && !rcpts)
        return no_memory(r);
    *e = (struct feed_envelope){.hostname = c->hostname, .helo = c->helo, .user = c->user};
    if (ip)
        (void)ipaddr_parse(span_of(ip), &e->ip); /* the parser of cases has seen that it is one */
    if (sender)
        e->sender = *sender ? path_of(r, sender) : "";
    for (size_t i = 0; i < count; i++)
        rcpts[i] = path_of(r, c->recipient_count ? c->recipients[i] : DEFAULT_RCPT);
    if ((sender && *sender && !*e->sender) || (count && !*rcpts[count - 1]))
        return fail(r, EX_DATAERR, "sender or a recipient is no address");
    e->rcpts = rcpts;
    e->rcpt_count = count;
    return 0;
}

/* ---- the message ---- */

static bool has_field(const struct policy_case *c, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < c->header_count; i++)
        if (span_istarts(span_of(c->header[i]), name) && c->header[i][n] == ':')
            return true;
    return false;
}

static void add_field(const struct policy_case *c, struct sbuf *out, const char *name,
                      const char *value)
{
    if (!has_field(c, name))
        sbuf_addf(out, "%s: %s\n", name, value);
}

static int make_message(struct run *r)
{
    const struct policy_case *c = r->c;
    const struct feed_envelope *e = &r->envelope;
    struct sbuf out;
    struct tm tm;
    char date[64] = "";
    time_t now = (time_t)(r->now_us / 1000000);
    if (gmtime_r(&now, &tm))
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    sbuf_init(&out, CASE_BYTES / 4);
    for (size_t i = 0; i < c->header_count; i++)
        sbuf_addf(&out, "%s\n", c->header[i]);
    add_field(c, &out, "From", c->from ? c->from : *e->sender ? e->sender : NULL_AUTHOR);
    add_field(c, &out, "To", e->rcpts[0]);
    add_field(c, &out, "Subject", c->subject ? c->subject : c->name ? c->name : "a case");
    add_field(c, &out, "Date", date);
    add_field(c, &out, "Message-ID", "<case@vouch.invalid>");
    sbuf_adds(&out, "\nThis is a case.\n");
    const char *text = sbuf_to_arena(&out, r->judged->arena);
    r->text = span_of(text);
    return text ? 0 : no_memory(r);
}

/* input_each: keeps the first message */
static int keep_message(void *arg, const char *name, struct span text)
{
    struct run *r = arg;
    char error[512];
    if (r->text.p)
        return 0;
    if (feed_check(text, error, sizeof error) != 0)
        return tool_error(EX_DATAERR, "%s:%s", name, error);
    const char *copy = arena_span(r->judged->arena, text);
    r->text = span_make(copy, text.len);
    return copy ? 0 : no_memory(r);
}

/* A relative name starts where the file of cases is. */
static int read_message(struct run *r)
{
    char dir[PATH_MAX], path[2 * PATH_MAX];
    snprintf(dir, sizeof dir, "%s", r->file);
    snprintf(path, sizeof path, "%s%s%s", *r->c->message == '/' ? "" : dirname(dir),
             *r->c->message == '/' ? "" : "/", r->c->message);
    int rc = input_read(path, keep_message, r);
    return rc == 0 && !r->text.p ? fail(r, EX_DATAERR, "there is no message in that file") : rc;
}

/* ---- what is known ---- */

/* The model of a case knows what the case says, and nothing else. */
static int fill_model(struct run *r, struct assess_context *context)
{
    struct store *store = assess_context_store(context);
    const struct pseudonym_keys *keys = r->runner->settings->pseudonyms;
    const int64_t now = r->now_us / 1000000;
    for (size_t i = 0; i < r->c->model_count; i++) {
        const struct case_count *m = &r->c->model[i];
        const struct counts counts = {.good = m->good,
                                      .bad = m->bad,
                                      .seen = m->seen < 0 ? m->good + m->bad : m->seen,
                                      .first = now,
                                      .last = now};
        struct identity *list;
        size_t count;
        int rc = identity_parse(r->judged->arena, assess_context_psl(context),
                                keys ? &keys->list[0] : NULL, m->id, &list, &count);
        if (rc == VOUCH_E_SYNTAX)
            return tool_error(EX_DATAERR,
                              "%s:%d: '%s' is not an address, a network (/24 or /48), a domain, a "
                              "mail address or KIND:VALUE (see vouch lookup)",
                              r->file, m->line, m->id);
        for (size_t k = 0; rc == 0 && k < count; k++) {
            const struct store_key key = {list[k].group, list[k].field};
            if (list[k].kind != ID_WINDOW_CLIENT && list[k].kind != ID_WINDOW_AUTHOR)
                rc = store_put(store, &key, &counts, 1);
        }
        if (rc != 0)
            return fail(r, EX_OSERR, vouch_strerror(rc));
    }
    return 0;
}

static bool any_key(void *arg, const struct store_key *key)
{
    (void)arg;
    return key != NULL;
}

static struct dkim_result *add_signatures(struct dkim_result *at, const char *const *domains,
                                          size_t count, enum auth_result result)
{
    for (size_t i = 0; i < count; i++)
        *at++ = (struct dkim_result){.result = result, .domain = domains[i]};
    return at;
}

static enum auth_result told(int result)
{
    return result == CASE_NOT_SET ? AUTH_UNKNOWN : (enum auth_result)result;
}

static const char *domain_of(const char *address)
{
    const char *at = address ? strrchr(address, '@') : NULL;
    return at ? at + 1 : NULL;
}

/* SPF speaks of the sender's domain, or, where there is none, of the HELO name. */
static int make_evidence(struct run *r)
{
    const struct policy_case *c = r->c;
    struct evidence *ev = &r->evidence;
    const char *domain = domain_of(r->envelope.sender);
    size_t count = c->dkim_count + c->dkim_failed_count;
    *ev = (struct evidence){
        .spf = {.result = told(c->spf),
                .scope = domain ? SPF_SCOPE_MAILFROM : SPF_SCOPE_HELO,
                .domain = c->spf_domain ? c->spf_domain
                          : domain      ? domain
                                        : c->helo},
        .dkim = arena_array(r->judged->arena, count ? count : 1, sizeof *ev->dkim),
        .dkim_count = count,
        .dmarc = {.result = told(c->dmarc),
                  .policy = c->dmarc_policy == CASE_NOT_SET ? DMARC_NO_POLICY
                                                            : (enum dmarc_policy)c->dmarc_policy},
        .iprev = {.result = told(c->iprev), .name = c->hostname},
    };
    ev->dmarc.published = ev->dmarc.policy;
    if (!ev->dkim)
        return no_memory(r);
    add_signatures(add_signatures(ev->dkim, c->dkim, c->dkim_count, AUTH_PASS), c->dkim_failed,
                   c->dkim_failed_count, AUTH_FAIL);
    return 0;
}

/* ---- all of it ---- */

static int context_for(struct run *r, struct assess_context **context_r)
{
    struct case_runner *runner = r->runner;
    bool given = runner->url && !r->c->model_count;
    struct assess_context **context = given ? &runner->given : &runner->memory;
    char error[512];
    int status = EX_SOFTWARE;
    const struct assess_options options = {.zone_file = runner->zone,
                                           .zone_ops = &zonefile_ops,
                                           .no_dns = !runner->zone,
                                           .store = given ? runner->url : "memory:",
                                           .read_only = given,
                                           .sensor = "vouch.invalid"};
    if (!*context) {
        *context = assess_context_new(runner->settings, &options, error, sizeof error, &status);
        if (!*context)
            return tool_error(status, "%s", error);
        tool_wait_for_model(assess_context_store(*context));
    }
    *context_r = *context;
    return 0;
}

static int judge(struct run *r, struct assess_context *context)
{
    struct case_judged *j = r->judged;
    j->assess = assess_new(context, r->runner->settings, r->now_us);
    if (!j->assess)
        return no_memory(r);
    if (r->c->auth)
        assess_assume(j->assess, &r->evidence);
    if (feed_message(j->assess, &r->envelope, r->text) != 0 ||
        assess_finish(j->assess, NULL, &j->record) != 0)
        return no_memory(r);
    if ((j->record->flags & FLAG_MODEL_UNAVAILABLE) && context == r->runner->given) {
        char state[256];
        store_state(assess_context_store(context), state, sizeof state);
        return tool_error(EX_UNAVAILABLE, "%s: the model cannot be asked (%s)", r->runner->url,
                          state);
    }
    return 0;
}

int case_judge(struct case_runner *runner, const char *file, const struct policy_case *c,
               struct case_judged *judged_r)
{
    struct run r = {.runner = runner, .file = file, .c = c, .judged = judged_r};
    struct assess_context *context = NULL;
    uint64_t removed;
    *judged_r = (struct case_judged){.arena = arena_new(CASE_BYTES)};
    if (!judged_r->arena)
        return no_memory(&r);
    r.now_us = clock_wall_us();
    if (c->at && tool_time(c->at, &r.now_us) != 0)
        return fail(&r, EX_DATAERR, "'at' is not a time, such as \"2026-01-31T12:00:00Z\"");
    int rc = context_for(&r, &context);
    if (rc == 0)
        rc = make_envelope(&r);
    if (rc == 0)
        rc = c->message ? read_message(&r) : make_message(&r);
    if (rc == 0)
        rc = make_evidence(&r);
    if (rc == 0)
        rc = fill_model(&r, context);
    if (rc == 0)
        rc = judge(&r, context);
    if (context && c->model_count)
        (void)store_remove(assess_context_store(context), any_key, NULL, &removed);
    return rc;
}

void case_judged_clear(struct case_judged *j)
{
    assess_free(&j->assess);
    arena_free(&j->arena);
    j->record = NULL;
}

void case_runner_clear(struct case_runner *r)
{
    assess_context_free(&r->memory);
    assess_context_free(&r->given);
}
