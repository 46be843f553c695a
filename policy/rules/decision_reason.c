/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a recipient gets the answer it gets, in one sentence for a person: what the message is, which
 * rule of vouch.conf spoke, what it says. */
#include "decision_reason.h"
#include "arena.h"

/* "tags": what a rule does */
static const char *does(enum action a)
{
    static const char *const words[] = {"accepts", "tags",    "quarantines",
                                        "defers",  "rejects", "discards"};
    return words[a];
}

/* "tagged": what happens to the mail */
static const char *done(enum action a)
{
    static const char *const words[] = {"accepted", "tagged",   "quarantined",
                                        "deferred", "rejected", "discarded"};
    return words[a];
}

static const char *outbound_reason(struct arena *arena, const struct envelope *env)
{
    char ip[IPADDR_TEXT];
    if (env->user && *env->user)
        return arena_printf(arena, "outbound mail is accepted: %s is authenticated", env->user);
    return arena_printf(arena, "outbound mail is accepted: %s is in 'internal'",
                        ipaddr_format(&env->ip, ip));
}

static const char *policy_reason(struct arena *arena, const char *what,
                                 const struct rcpt_decision *d)
{
    return arena_printf(arena, "%s: policy '%s' %s %s mail%s%s", what, d->policy->name,
                        does(d->action), trust_class_name(d->class), d->rcpt ? " to " : "",
                        d->rcpt ? d->rcpt : "");
}

static const char *actions_reason(struct arena *arena, const char *what,
                                  const struct rcpt_decision *d)
{
    const char *class = trust_class_name(d->class);
    if (!d->policy)
        return arena_printf(arena, "%s: %s mail is %s", what, class, done(d->action));
    return arena_printf(arena, "%s: %s mail is %s, as policy '%s' does not say otherwise", what,
                        class, done(d->action), d->policy->name);
}

const char *decision_reason(struct arena *arena, const struct message *m, enum direction direction,
                            double trust, const struct rcpt_decision *d, enum rule rule)
{
    const char *what =
        arena_printf(arena, "%s%s (%.3f)", direction == DIRECTION_OUTBOUND ? "outbound, " : "",
                     trust_class_name(d->class), trust);
    if (!what)
        return NULL;
    switch (rule) {
    case RULE_ACTIONS:
        return actions_reason(arena, what, d);
    case RULE_POLICY:
        return policy_reason(arena, what, d);
    case RULE_PROTECTED_SENDER:
        return arena_printf(arena, "%s: it does not prove the protected sender %s and is %s", what,
                            m->author ? m->author->address : "that it claims", done(d->action));
    case RULE_PROTECTED_SHOWN:
        return arena_printf(arena,
                            "%s: From shows a protected sender beside its author, and it is %s",
                            what, done(d->action));
    case RULE_IMPERSONATION:
        return arena_printf(arena, "%s: it poses as a protected sender and is %s", what,
                            done(d->action));
    case RULE_PROTECTED_RECIPIENT:
        return arena_printf(arena,
                            "%s: it is not trusted, is for the protected recipient %s and is %s",
                            what, d->rcpt, done(d->action));
    case RULE_OUTBOUND:
        return outbound_reason(arena, &m->env);
    case RULE_ON_FAILURE:
        return arena_printf(arena, "the message could not be judged: on_failure %s it",
                            does(d->action));
    }
    return NULL;
}
