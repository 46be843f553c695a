/* SPDX-License-Identifier: BSD-2-Clause */
/* Carries out a decision through what the MTA lets a filter do. Order matters: forged fields go first, from the highest
 * index down (Postfix renumbers after each deletion, Sendmail does not), then fields are added above what is left, then
 * recipients change: the mailbox first, so that a message never stands without a recipient. */
#include "apply.h"
#include <string.h>
#include "arena.h"
#include "subject.h"

#define REPLY_MAX_BYTES 400 /* of text; an SMTP reply line may have 512 (RFC 5321 s4.5.3.1.5) */

#define ORIGINAL_MAX_BYTES 65536 /* of an address; SMTP lines are far shorter */

#define FIELD_AUTHRES  "Authentication-Results"
#define FIELD_VOUCH    "X-Vouch"
#define FIELD_ORIGINAL "X-Vouch-Original-Recipient"

#define OVERLOAD_VALUE "class=unjudged; action=accept; reason=overload"

/* One message on its way out: what is wanted of it, cut to what the MTA can. */
struct plan {
    const struct apply *a;
    const struct mta *mta;
    struct log *log;
    const char *name; /* the message's, for the log */
    bool hold, redirect, store, remove;
    bool failed; /* an edit did not reach the MTA */
};

static void check(struct plan *p, int status, const char *what)
{
    if (status == 0)
        return;
    if (!p->failed) /* where one is lost, hundreds may be */
        log_often(p->log, LOG_LEVEL_ERROR, "%s: the MTA did not take an edit: %s", p->name, what);
    p->failed = true;
}

/* What the decision makes of a recipient, unless it only observes. */
static bool becomes(const struct decision *d, size_t i, enum rcpt_effect effect)
{
    return d->mode == MODE_ENFORCE && d->rcpts[i].effect == effect;
}

/* stays, and its own policy, which is not only observing, wants action */
static bool stays_with(const struct decision *d, size_t i, enum action action)
{
    return becomes(d, i, RCPT_STAYS) && d->rcpts[i].mode == MODE_ENFORCE &&
           d->rcpts[i].action == action;
}

/* Fills what is wanted: hold, redirect, store, remove. */
static void plan_want(struct plan *p)
{
    const struct decision *d = p->a->record->decision;
    for (size_t i = 0; i < d->rcpt_count; i++) {
        p->redirect = p->redirect || becomes(d, i, RCPT_REDIRECTED);
        p->store = p->store || becomes(d, i, RCPT_STORED);
        p->remove = p->remove || becomes(d, i, RCPT_REMOVED);
        p->hold = p->hold || stays_with(d, i, ACTION_QUARANTINE);
    }
    if (d->rcpt_count == 0 && d->mode == MODE_ENFORCE && d->action == ACTION_QUARANTINE)
        p->hold = true;
}

/* All that are to be taken out can be named to the MTA. */
static bool can_take_out(const struct plan *p)
{
    const struct decision *d = p->a->record->decision;
    for (size_t i = 0; i < d->rcpt_count && i < p->a->rcpt_count; i++)
        if (!p->a->rcpts[i] && (becomes(d, i, RCPT_REDIRECTED) || becomes(d, i, RCPT_STORED) ||
                                becomes(d, i, RCPT_REMOVED)))
            return false;
    return true;
}

/* Nobody gets the message, and it is safe. */
static bool all_gone(const struct plan *p)
{
    const struct decision *d = p->a->record->decision;
    bool all = p->store;
    for (size_t i = 0; i < d->rcpt_count; i++)
        all = all && (becomes(d, i, RCPT_STORED) || becomes(d, i, RCPT_REMOVED));
    return all;
}

static void hold_instead(struct plan *p, const char *why)
{
    log_often(p->log, p->store ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
              "%s: cannot be %s, is to be held instead: %s", p->name,
              p->redirect ? "redirected"
              : p->store  ? "stored"
                          : "taken out",
              why);
    p->redirect = p->store = false;
    p->hold = true;
}

/* Cuts the plan to what can be done. NULL, or what cannot be and has no substitute. */
static const char *plan_cut(struct plan *p)
{
    unsigned can = p->mta->can;
    const char *why = NULL;
    if ((p->redirect && (~can & (MTA_ADD_RCPT | MTA_DELETE_RCPT))) ||
        (p->store && !all_gone(p) && !(can & MTA_DELETE_RCPT)))
        why = "the MTA lets no filter change recipients";
    else if ((p->redirect || p->store) &&
             (p->a->rcpts_lost || p->a->rcpt_count < p->a->record->decision->rcpt_count))
        why = "it has more recipients than limits.recipients";
    else if (!can_take_out(p))
        why = "a recipient is written in a form by which the MTA may not find it again";
    if (why)
        hold_instead(p, why);
    if (p->hold && !(can & MTA_HOLD))
        return "the MTA lets no filter hold a message";
    if (p->remove && !all_gone(p) && !(can & MTA_DELETE_RCPT))
        return "the MTA lets no filter remove recipients";
    return NULL;
}

/* Stores the message for those that are to be taken out, before anything else is done with it: it is on the disk when the MTA hears
 * of it. As plan_cut. */
static const char *plan_store(struct plan *p)
{
    const struct decision *d = p->a->record->decision;
    char error[1200] = "out of memory";
    size_t count = 0;
    const char **rcpts = arena_array(p->a->record->message->arena, d->rcpt_count, sizeof *rcpts);
    for (size_t i = 0; rcpts && i < d->rcpt_count; i++)
        if (becomes(d, i, RCPT_STORED))
            rcpts[count++] = p->a->rcpts[i];
    if (rcpts && p->a->store(p->a->store_arg, rcpts, count, error, sizeof error) == 0)
        return NULL;
    hold_instead(p, error);
    return p->mta->can & MTA_HOLD ? NULL : "the MTA lets no filter hold a message";
}

static void remove_forged(struct plan *p)
{
    if (!(p->mta->can & MTA_CHANGE_FIELD))
        return;
    for (size_t i = p->a->forged_count; i-- > 0;) {
        const struct assess_forged *f = &p->a->forged[i];
        check(p, p->mta->change_field(p->mta->engine, f->name, f->index, NULL), f->name);
    }
}

static const char *wanted_prefix(const struct decision *d)
{
    for (size_t i = 0; i < d->rcpt_count; i++) {
        const char *prefix = d->rcpts[i].subject_prefix;
        if (stays_with(d, i, ACTION_TAG) && prefix && *prefix)
            return prefix;
    }
    return NULL;
}

/* All Subject fields are tagged: readers differ in which of several they show. */
static void tag_subject(struct plan *p)
{
    const char *prefix = wanted_prefix(p->a->record->decision);
    if (!prefix || !(p->mta->can & MTA_CHANGE_FIELD))
        return;
    const struct message *m = p->a->record->message;
    struct sbuf text;
    sbuf_init(&text, SUBJECT_MAX_BYTES);
    unsigned index = 0;
    for (size_t i = 0; i < m->field_count; i++) {
        if (!span_ieq_cstr(m->fields[i].name, "Subject"))
            continue;
        index++;
        sbuf_reset(&text);
        if (subject_tag(&text, prefix, m->fields[i].value))
            check(p, p->mta->change_field(p->mta->engine, "Subject", index, sbuf_str(&text)),
                  "Subject");
    }
    sbuf_reset(&text);
    if (!index && subject_tag(&text, prefix, SPAN_NONE))
        check(p, p->mta->insert_field(p->mta->engine, "Subject", sbuf_str(&text)), "Subject");
    sbuf_clear(&text);
}

/* True if the message itself names rcpt, so that to name it once more tells nobody anything. */
static bool named_in_header(const struct message *m, const char *rcpt)
{
    for (size_t i = 0; i < m->field_count; i++) {
        const struct field *f = &m->fields[i];
        if ((span_ieq_cstr(f->name, "To") || span_ieq_cstr(f->name, "Cc")) &&
            span_ifind(f->value, rcpt) >= 0)
            return true;
    }
    return false;
}

static void add_original_rcpt(struct plan *p, const char *rcpt)
{
    struct sbuf text;
    sbuf_init(&text, ORIGINAL_MAX_BYTES);
    for (; *rcpt; rcpt++)
        sbuf_addc(&text, (unsigned char)*rcpt < 0x20 || *rcpt == 0x7f ? '?' : *rcpt);
    int status =
        text.failed ? -1 : p->mta->insert_field(p->mta->engine, FIELD_ORIGINAL, sbuf_str(&text));
    check(p, status, FIELD_ORIGINAL);
    sbuf_clear(&text);
}

/* Whoever reads the mailbox must see for whom the message was. A recipient that stays must not learn of blind ones (RFC 5321 s7.2). */
static void add_original_rcpts(struct plan *p)
{
    const struct decision *d = p->a->record->decision;
    bool some_stay = false;
    for (size_t i = 0; i < d->rcpt_count; i++)
        some_stay = some_stay || becomes(d, i, RCPT_STAYS);
    for (size_t i = d->rcpt_count; i-- > 0;) {
        const char *rcpt = d->rcpts[i].rcpt;
        if (!becomes(d, i, RCPT_REDIRECTED))
            continue;
        if (some_stay && !named_in_header(p->a->record->message, rcpt))
            continue;
        add_original_rcpt(p, rcpt);
    }
}

/* text, an id and nothing that is no printable ASCII */
static void one_line(struct sbuf *out, const char *text, const char *id)
{
    sbuf_init(out, 2 * REPLY_MAX_BYTES);
    sbuf_addf(out, "%.*s (%s)", REPLY_MAX_BYTES, text ? text : "", id);
    for (size_t i = 0; i < out->len; i++)
        if (out->p[i] < 0x20 || out->p[i] > 0x7e)
            out->p[i] = '?';
}

/* Each goes to the top: the last one stands highest. */
static void add_fields(struct plan *p)
{
    if (!(p->mta->can & MTA_ADD_FIELD))
        return;
    if (p->redirect)
        add_original_rcpts(p);
    if (p->a->header)
        check(p, p->mta->insert_field(p->mta->engine, FIELD_VOUCH, p->a->header), FIELD_VOUCH);
    if (p->a->authres)
        check(p, p->mta->insert_field(p->mta->engine, FIELD_AUTHRES, p->a->authres), FIELD_AUTHRES);
    if (!p->a->header || !p->a->authres)
        log_often(p->log, LOG_LEVEL_ERROR, "%s: out of memory: fields are missing", p->name);
}

/* a path of SMTP and an address: "<A@example.com>" and "a@example.com" are the same */
static bool same_address(const char *path, const char *address)
{
    if (!path)
        return false;
    struct span s = span_trim(span_of(path));
    if (s.len >= 2 && s.p[0] == '<' && s.p[s.len - 1] == '>')
        s = span_slice(s, 1, s.len - 1);
    return span_ieq_cstr(s, address);
}

/* path names the mailbox of one of the redirected recipients before end */
static bool is_mailbox(const struct decision *d, size_t end, const char *path)
{
    for (size_t i = 0; i < end; i++)
        if (becomes(d, i, RCPT_REDIRECTED) && same_address(path, d->rcpts[i].quarantine_mailbox))
            return true;
    return false;
}

static bool is_rcpt(const struct plan *p, const char *mailbox)
{
    for (size_t i = 0; i < p->a->rcpt_count; i++)
        if (same_address(p->a->rcpts[i], mailbox))
            return true;
    return false;
}

/* A mailbox that is a recipient already stays one, whatever becomes of it: to add it would give it two copies, and to
 * delete it, none. */
static void add_mailboxes(struct plan *p)
{
    const struct decision *d = p->a->record->decision;
    for (size_t i = 0; i < d->rcpt_count && !p->failed; i++) {
        const char *mailbox = d->rcpts[i].quarantine_mailbox;
        if (becomes(d, i, RCPT_REDIRECTED) && !is_mailbox(d, i, mailbox) && !is_rcpt(p, mailbox))
            check(p, p->mta->add_rcpt(p->mta->engine, mailbox), mailbox);
    }
}

static void delete_rcpts(struct plan *p)
{
    const struct decision *d = p->a->record->decision;
    for (size_t i = 0; i < p->a->rcpt_count && i < d->rcpt_count && !p->failed; i++) {
        bool goes = becomes(d, i, RCPT_REMOVED) || (p->store && becomes(d, i, RCPT_STORED)) ||
                    (p->redirect && becomes(d, i, RCPT_REDIRECTED));
        if (goes && p->a->rcpts[i] &&
            !(p->redirect && is_mailbox(d, d->rcpt_count, p->a->rcpts[i])))
            check(p, p->mta->delete_rcpt(p->mta->engine, p->a->rcpts[i]), d->rcpts[i].rcpt);
    }
}

static void hold(struct plan *p)
{
    struct sbuf reason;
    one_line(&reason, p->a->record->decision->reason, p->a->record->id);
    check(p, p->mta->hold(p->mta->engine, sbuf_str(&reason)), "hold");
    sbuf_clear(&reason);
}

/* Without a reply of its own the MTA says its own words: no failure. */
static enum mta_answer refuse(const struct mta *mta, enum mta_answer answer, const char *text,
                              const char *id)
{
    struct sbuf line;
    one_line(&line, text, id);
    if (!line.failed)
        (void)mta->set_reply(mta->engine, answer == MTA_REJECT ? "550" : "451",
                             answer == MTA_REJECT ? "5.7.1" : "4.7.1", sbuf_str(&line));
    sbuf_clear(&line);
    return answer;
}

/* What an MTA could not clean in any reasonable time: no sender writes it in good faith. */
static enum mta_answer refuse_forgery(const struct plan *p, const char *id)
{
    log_often(p->log, LOG_LEVEL_WARNING,
              "%s: rejected: it has more fields that only we may write than can be removed",
              p->name);
    return refuse(p->mta, MTA_REJECT, "too many forged fields", id);
}

/* What on_failure says of a message called name. */
static enum mta_answer fall_back(const struct plan *p, const char *why, const char *name)
{
    enum action action = p->a->settings->on_failure;
    if (action == ACTION_QUARANTINE && !(p->mta->can & MTA_HOLD))
        action = ACTION_TEMPFAIL;
    log_often(p->log, LOG_LEVEL_ERROR, "%s: %s; on_failure: %s", name, why, action_name(action));
    if (action == ACTION_ACCEPT ||
        (action == ACTION_QUARANTINE && p->mta->hold(p->mta->engine, why) == 0))
        return MTA_CONTINUE;
    return refuse(p->mta, MTA_TEMPFAIL, "The message cannot be checked now, try again later", name);
}

enum mta_answer apply_on_failure(const struct apply *a, const struct mta *mta, const char *why,
                                 const char *name, struct log *log)
{
    struct plan p = {.a = a, .mta = mta, .log = log, .name = name};
    if (a->forged_lost && a->settings->mode == MODE_ENFORCE)
        return refuse_forgery(&p, name);
    enum mta_answer answer = fall_back(&p, why, name);
    if (answer == MTA_CONTINUE)
        remove_forged(&p);
    return answer;
}

bool apply_defers_overload(const struct settings *s)
{
    return s->on_overload == ACTION_TEMPFAIL && s->mode == MODE_ENFORCE;
}

enum mta_answer apply_overload(const struct apply *a, const struct mta *mta, struct log *log)
{
    struct plan p = {.a = a, .mta = mta, .log = log, .name = "overload"};
    if (a->forged_lost && a->settings->mode == MODE_ENFORCE)
        return refuse_forgery(&p, p.name);
    if (apply_defers_overload(a->settings))
        return refuse(mta, MTA_TEMPFAIL, "Too busy to check the message, try again later", p.name);
    remove_forged(&p);
    if (mta->can & MTA_ADD_FIELD)
        check(&p, mta->insert_field(mta->engine, FIELD_VOUCH, OVERLOAD_VALUE), FIELD_VOUCH);
    return MTA_CONTINUE;
}

/* The MTA cannot, or did not, do what was decided. */
static enum mta_answer do_without(const struct plan *p, const char *why)
{
    metrics_add(p->a->metrics, METRIC_EDITS_REFUSED);
    return fall_back(p, why, p->name);
}

static enum mta_answer deliver(struct plan *p)
{
    enum mta_answer answer = MTA_CONTINUE;
    plan_want(p);
    const char *impossible = plan_cut(p);
    if (impossible) {
        answer = do_without(p, impossible);
        p->hold = p->redirect = p->store = p->remove = false;
    } else if (p->a->forged_count && !(p->mta->can & MTA_CHANGE_FIELD)) {
        answer = do_without(p, "the MTA lets no filter remove forged fields");
    }
    if (answer == MTA_CONTINUE && p->store && (impossible = plan_store(p))) {
        answer = do_without(p, impossible);
        p->hold = p->remove = false;
    }
    if (answer != MTA_CONTINUE)
        return answer;
    if (all_gone(p))
        return MTA_DISCARD;
    remove_forged(p);
    tag_subject(p);
    add_fields(p);
    if (p->redirect)
        add_mailboxes(p);
    if (p->redirect || p->store || p->remove)
        delete_rcpts(p);
    if (p->hold)
        hold(p);
    return p->failed ? do_without(p, "an edit failed") : MTA_CONTINUE;
}

enum mta_answer apply(const struct apply *a, const struct mta *mta, struct log *log)
{
    const struct record *r = a->record;
    const char *queue_id = r->message->env.queue_id;
    struct plan p = {.a = a, .mta = mta, .log = log, .name = queue_id ? queue_id : r->id};
    enum action whole = r->decision->mode == MODE_ENFORCE ? r->decision->action : ACTION_ACCEPT;
    if (whole == ACTION_REJECT)
        return refuse(mta, MTA_REJECT, a->settings->reject_text, r->id);
    if (whole == ACTION_TEMPFAIL)
        return refuse(mta, MTA_TEMPFAIL, "The message is not accepted now, try again later", r->id);
    if (whole == ACTION_DISCARD)
        return MTA_DISCARD;
    if (a->forged_lost && r->decision->mode == MODE_ENFORCE)
        return refuse_forgery(&p, r->id);
    return deliver(&p);
}
