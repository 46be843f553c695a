/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done with a message: for each recipient the first policy that matches, its thresholds and
 * action, and then one answer for all of them. What of a policy does not depend on the recipient is
 * matched once, so that the cost is recipients times the policies in question. */
#include "decision.h"
#include <math.h>
#include "arena.h"
#include "decision_reason.h"
#include "errors.h"

/* One message, and what is the same for all its recipients. */
struct situation {
    struct arena *arena;
    const struct settings *settings;
    const struct message *message;
    const struct trust_result *trust;
    bool judged;
    enum direction direction;
    const struct policy **policies; /* that match but for their recipients; in file order */
    size_t policy_count;
    bool author_protected;
};

enum direction decide_direction(const struct settings *s, const struct envelope *env)
{
    bool authenticated = env->user && *env->user;
    return authenticated || ipnet_any_contains(s->internal, s->internal_count, &env->ip)
               ? DIRECTION_OUTBOUND
               : DIRECTION_INBOUND;
}

/* Keeps the policies that match direction, client and sender. */
static int find_policies(struct situation *x)
{
    const struct settings *s = x->settings;
    const struct message *m = x->message;
    const struct message_client client = message_client(m);
    struct pattern_subject sender, author;
    pattern_subject(m->env.sender, &sender);
    pattern_subject(m->author ? m->author->address : NULL, &author);
    x->policies = arena_array(x->arena, s->policy_count, sizeof(struct policy *));
    if (!x->policies)
        return VOUCH_E_NOMEM;
    x->author_protected = pattern_list_matches(&s->protected_senders, &author);
    for (size_t i = 0; i < s->policy_count; i++) {
        const struct policy *p = &s->policies[i];
        if (p->direction != DIRECTION_ANY && p->direction != x->direction)
            continue;
        if (p->client_count > 0 && !ipnet_any_contains(p->clients, p->client_count, &client.ip))
            continue;
        if (p->senders.count > 0 && !pattern_list_matches(&p->senders, &sender) &&
            !pattern_list_matches(&p->senders, &author))
            continue;
        x->policies[x->policy_count++] = p;
    }
    return 0;
}

static const struct policy *find_policy(const struct situation *x,
                                        const struct pattern_subject *rcpt)
{
    for (size_t i = 0; i < x->policy_count; i++)
        if (x->policies[i]->recipients.count == 0 ||
            pattern_list_matches(&x->policies[i]->recipients, rcpt))
            return x->policies[i];
    return NULL;
}

static double trusted_from(const struct settings *s, const struct policy *p)
{
    return p && !isnan(p->trusted) ? p->trusted : s->trusted;
}

static enum trust_class classify(const struct situation *x, const struct policy *p)
{
    double untrusted = p && !isnan(p->untrusted) ? p->untrusted : x->settings->untrusted;
    if (!x->judged)
        return CLASS_SUSPICIOUS;
    if (x->trust->trust >= trusted_from(x->settings, p))
        return CLASS_TRUSTED;
    return x->trust->trust < untrusted ? CLASS_UNTRUSTED : CLASS_SUSPICIOUS;
}

/* At least protected.action for what is not trusted and touches a protected address. */
static enum rule protect(const struct situation *x, const struct pattern_subject *rcpt,
                         struct rcpt_decision *d, enum rule rule)
{
    const struct settings *s = x->settings;
    if (d->class == CLASS_TRUSTED || d->action >= s->protected_action)
        return rule;
    if (x->trust->flags & FLAG_PROTECTED_SENDER)
        rule = x->author_protected                    ? RULE_PROTECTED_SENDER
               : x->trust->flags & FLAG_IMPERSONATION ? RULE_IMPERSONATION
                                                      : RULE_PROTECTED_SHOWN;
    else if (pattern_list_matches(&s->protected_recipients, rcpt))
        rule = RULE_PROTECTED_RECIPIENT;
    else
        return rule;
    d->action = s->protected_action;
    return rule;
}

static enum rule choose_action(const struct situation *x, const struct pattern_subject *rcpt,
                               struct rcpt_decision *d)
{
    const struct settings *s = x->settings;
    enum action wanted = d->policy ? d->policy->actions[d->class] : ACTION_NONE;
    enum rule rule = RULE_POLICY;
    d->action = wanted;
    if (x->direction == DIRECTION_OUTBOUND) {
        if (x->judged && wanted != ACTION_NONE)
            return RULE_POLICY;
        d->action = ACTION_ACCEPT;
        return RULE_OUTBOUND;
    }
    if (!x->judged) {
        d->action = s->on_failure;
        return RULE_ON_FAILURE;
    }
    if (wanted == ACTION_NONE) {
        d->action = s->actions[d->class];
        rule = RULE_ACTIONS;
    }
    return protect(x, rcpt, d, rule);
}

/* rcpt: NULL for a message without recipients. */
static int decide_rcpt(const struct situation *x, const char *rcpt, struct rcpt_decision *d)
{
    const struct settings *s = x->settings;
    struct pattern_subject subject;
    pattern_subject(rcpt, &subject);
    const struct policy *p = find_policy(x, &subject);
    d->rcpt = rcpt;
    d->policy = p;
    d->class = classify(x, p);
    d->mode = p && p->mode >= 0 ? (enum mode)p->mode : s->mode;
    d->quarantine = p && p->quarantine >= 0 ? (enum quarantine_method)p->quarantine : s->quarantine;
    if (d->quarantine == QUARANTINE_REDIRECT)
        d->quarantine_mailbox =
            p && p->quarantine_mailbox ? p->quarantine_mailbox : s->quarantine_mailbox;
    d->subject_prefix = p && p->subject_prefix ? p->subject_prefix : s->subject_prefix;
    enum rule rule = choose_action(x, &subject, d);
    d->reason = decision_reason(x->arena, x->message, x->direction, x->judged ? x->trust->trust : 0,
                                d, rule);
    return d->reason ? 0 : VOUCH_E_NOMEM;
}

static bool same_answer(const struct rcpt_decision *a, const struct rcpt_decision *b)
{
    if (a->action != b->action || a->mode != b->mode)
        return false;
    return a->action != ACTION_QUARANTINE ||
           (a->quarantine == b->quarantine && a->quarantine_mailbox == b->quarantine_mailbox);
}

/* What holds of all count recipients (at least one) together: mode, class, whether they agree. */
static void survey(const struct rcpt_decision *rcpts, size_t count, struct decision *decision_r)
{
    decision_r->mode = MODE_OBSERVE;
    decision_r->class = CLASS_TRUSTED;
    for (size_t i = 0; i < count; i++) {
        if (rcpts[i].mode == MODE_ENFORCE)
            decision_r->mode = MODE_ENFORCE;
        if (rcpts[i].class < decision_r->class)
            decision_r->class = rcpts[i].class;
        if (!same_answer(&rcpts[0], &rcpts[i]))
            decision_r->mixed = true;
    }
}

/* The answer for the message as a whole, and whose it is. */
static const struct rcpt_decision *combine(struct rcpt_decision *rcpts, size_t count,
                                           struct decision *decision_r)
{
    const struct rcpt_decision *strictest = NULL, *taken = NULL, *removed = NULL;
    bool observed = false;
    for (size_t i = 0; i < count; i++) {
        struct rcpt_decision *d = &rcpts[i];
        if (d->mode != decision_r->mode) {
            observed = true;
        } else if (d->action == ACTION_DISCARD) {
            d->effect = RCPT_REMOVED;
            removed = removed ? removed : d;
        } else if (d->action == ACTION_QUARANTINE && d->quarantine != QUARANTINE_HOLD) {
            d->effect = d->quarantine == QUARANTINE_STORE ? RCPT_STORED : RCPT_REDIRECTED;
            taken = taken ? taken : d;
        } else if (!strictest || d->action > strictest->action) {
            strictest = d;
        }
    }
    const struct rcpt_decision *decides = strictest ? strictest : taken ? taken : removed;
    decision_r->action = !strictest && observed ? ACTION_ACCEPT : decides->action;
    return decides;
}

int decide(struct arena *arena, const struct settings *s, const struct message *m,
           const struct trust_result *trust, bool judged, struct decision *decision_r)
{
    struct situation x = {arena, s, m, trust, judged, decide_direction(s, &m->env), NULL, 0, false};
    size_t count = m->env.rcpt_count;
    struct rcpt_decision *rcpts = arena_array(arena, count ? count : 1, sizeof *rcpts);
    *decision_r = (struct decision){.direction = x.direction, .rcpts = rcpts, .rcpt_count = count};
    int rc = rcpts ? find_policies(&x) : VOUCH_E_NOMEM;
    if (rc == 0 && count == 0)
        rc = decide_rcpt(&x, NULL, &rcpts[0]);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = decide_rcpt(&x, m->env.rcpts[i], &rcpts[i]);
    if (rc != 0)
        return rc;
    survey(rcpts, count ? count : 1, decision_r);
    const struct rcpt_decision *decides = combine(rcpts, count ? count : 1, decision_r);
    decision_r->policy = decides->policy;
    decision_r->reason = decides->reason;
    if (decision_r->mixed)
        decision_r->reason = arena_printf(arena, "%s; other recipients differ", decides->reason);
    return decision_r->reason ? 0 : VOUCH_E_NOMEM;
}

int decide_released(struct arena *arena, const struct settings *s, const struct message *m,
                    const char *reason, struct decision *decision_r)
{
    size_t count = m->env.rcpt_count;
    struct rcpt_decision *rcpts = arena_array(arena, count ? count : 1, sizeof *rcpts);
    if (!rcpts)
        return VOUCH_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        rcpts[i] = (struct rcpt_decision){.rcpt = m->env.rcpts[i],
                                          .action = ACTION_ACCEPT,
                                          .class = CLASS_TRUSTED,
                                          .mode = s->mode,
                                          .reason = reason};
    *decision_r = (struct decision){.direction = decide_direction(s, &m->env),
                                    .class = CLASS_TRUSTED,
                                    .action = ACTION_ACCEPT,
                                    .mode = s->mode,
                                    .reason = reason,
                                    .rcpts = rcpts,
                                    .rcpt_count = count};
    return 0;
}

const char *decision_trusted_if(struct arena *arena, const struct settings *s,
                                const struct trust_result *trust, const struct decision *d)
{
    const char *gap = trust_explain_gap(arena, trust, trusted_from(s, d->policy));
    return gap ? arena_printf(arena, "trusted if %s", gap) : NULL;
}
