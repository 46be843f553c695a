/* SPDX-License-Identifier: BSD-2-Clause */
/* The second half of the way: waits, once and up to one deadline, for what assess.c asked; computes
 * trust and decision on the pure floors; fills the record. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "assess_private.h"
#include "budget.h"
#include "clock.h"
#include "difference.h"
#include "observed.h"
#include "params.h"

/* Runs what a statement does and keeps how long it took. */
#define TIMED(field, statement)                                                                    \
    do {                                                                                           \
        int64_t timed_from = clock_us();                                                           \
        statement;                                                                                 \
        a->record.timing.field = clock_us() - timed_from;                                          \
    } while (0)

static bool client_is_open(const struct assess *a)
{
    const struct evidence *ev = &a->evidence;
    return ev->iprev.result == AUTH_UNKNOWN ||
           (ev->spf.result == AUTH_UNKNOWN && a->message.env.sender) ||
           (ev->spf_helo.result == AUTH_UNKNOWN && message_client(&a->message).helo);
}

/* The results that hang on the client. They are moved forward side by side: a sender whose own
 * names answer slowly must not keep those that he forges from being asked. Whatever is still
 * pending at the deadline is cut. */
static int finish_client(struct assess *a)
{
    struct evidence *ev = &a->evidence;
    struct message_client client = message_client(&a->message);
    struct spf_request mailfrom = assess_spf_request(a, SPF_SCOPE_MAILFROM);
    struct spf_request helo = assess_spf_request(a, SPF_SCOPE_HELO);
    if (client.ip.family == IP_NONE)
        return 0;
    do {
        assess_step_client(a);
        if (a->failed || assess_ask_model(a, false) != 0)
            return -1;
    } while (client_is_open(a) && dns_wait_more(a->dns, a->answers));
    if (ev->iprev.result == AUTH_UNKNOWN &&
        iprev_check(a->arena, a->dns, &client.ip, &ev->iprev) != 0)
        return assess_fail(a);
    if (assess_ask_model(a, true) != 0)
        return -1;
    if (ev->spf.result == AUTH_UNKNOWN && mailfrom.sender &&
        spf_check(a->arena, a->dns, &mailfrom, &ev->spf, NULL) != 0)
        return assess_fail(a);
    if (ev->spf_helo.result == AUTH_UNKNOWN && helo.helo &&
        spf_check(a->arena, a->dns, &helo, &ev->spf_helo, NULL) != 0)
        return assess_fail(a);
    return 0;
}

static int finish_dkim(struct assess *a, const struct budget *b)
{
    struct evidence *ev = &a->evidence;
    if (!a->dkim)
        return 0;
    if (clock_ms() >= b->dkim_end_ms)
        assess_shed_dkim(a);
    return dkim_check_finish(a->dkim, !a->body_cut, &ev->dkim, &ev->dkim_count,
                             &ev->dkim_skipped) == 0
               ? 0
               : assess_fail(a);
}

/* A number 0..99 that the same message always gets, for DMARC's pct= (RFC 7489 s6.6.4), of what
 * tells messages apart. */
static unsigned pct_roll(const struct message *m)
{
    uint32_t h = SPAN_FNV1A;
    const char *parts[] = {m->message_id, m->env.sender, m->author ? m->author->address : NULL};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        h = span_fnv1a(span_of(parts[i]), h);
    return h % 100;
}

static int finish_dmarc(struct assess *a)
{
    const struct message *m = &a->message;
    if (!m->author)
        return 0;
    return dmarc_check(a->arena, a->dns, a->context->psl, m->author->domain, pct_roll(m),
                       &a->evidence, &a->evidence.dmarc) == 0
               ? 0
               : assess_fail(a);
}

static int finish_verify(struct assess *a, const struct budget *b)
{
    int rc = 0;
    TIMED(spf, rc = finish_client(a));
    if (rc == 0)
        TIMED(dkim, rc = finish_dkim(a, b));
    if (rc == 0)
        TIMED(dmarc, rc = finish_dmarc(a));
    a->evidence.dns_timeout = dns_batch_timed_out(a->dns);
    a->record.timing.dns = dns_batch_wait_us(a->dns);
    return rc;
}

static void finish_store(struct assess *a, const struct budget *b)
{
    int64_t deadline_ms = clock_ms() + a->settings->store_deadline_ms;
    struct store_value *values = arena_array(a->arena, a->identity_count + 1, sizeof *values);
    if (!values) {
        assess_fail(a);
        return;
    }
    if (a->before_wait && !store_ready(a->query))
        a->before_wait(a->before_wait_arg);
    int outcome = store_wait(&a->query, deadline_ms < b->end_ms ? deadline_ms : b->end_ms, values);
    for (size_t i = 0; i < a->identity_count; i++)
        a->known[i] = (struct trust_known){values[i].outcome, values[i].counts, values[i].window};
    if (values[a->identity_count].fit)
        a->fitted = &values[a->identity_count].fit->params;
    a->evidence.known_before = trust_known_before(a->identities, a->known, a->identity_count);
    if (outcome >= 0)
        a->record.model = store_version(a->context->store);
    else
        a->record.flags |= FLAG_MODEL_UNAVAILABLE;
}

static unsigned path_flags(const struct assess *a)
{
    unsigned flags = 0;
    if (assess_carried_forged(a))
        flags |= FLAG_FORGED_AUTHRES;
    if (a->message.over || a->body_cut || a->evidence.dkim_skipped)
        flags |= FLAG_OVER_LIMIT;
    if (a->evidence.dns_timeout)
        flags |= FLAG_DNS_TIMEOUT;
    if (a->out_of_time)
        flags |= FLAG_OUT_OF_TIME;
    return flags;
}

static bool is_answered(enum auth_result result)
{
    return result != AUTH_UNKNOWN && result != AUTH_TEMPERROR;
}

/* Neither the model nor DNS told anything. One slow name is not enough: a sender has as many of them as he likes. */
static bool nothing_is_known(const struct assess *a)
{
    const struct evidence *ev = &a->evidence;
    bool dns = is_answered(ev->spf.result) || is_answered(ev->spf_helo.result) ||
               is_answered(ev->iprev.result) || is_answered(ev->dmarc.result);
    return (a->record.flags & FLAG_MODEL_UNAVAILABLE) && ev->dns_timeout && !dns;
}

/* What settings s, with the model's fitted weights, make of what is known: the sum. */
static int sum_up(struct assess *a, const struct settings *s, struct arena *arena,
                  struct trust_result *trust_r, double *bias_r)
{
    const struct trust_params params = settings_trust(s, a->fitted);
    const struct message *m = &a->message;
    struct message_client client = message_client(m);
    struct impersonations *found = arena_alloc(arena, sizeof *found);
    if (!found || impersonation_find(arena, m, s->guarded, a->context->psl, found) != 0)
        return VOUCH_E_NOMEM;
    struct trust_input input = {
        .message = m,
        .evidence = &a->evidence,
        .identities = a->identities,
        .known = a->known,
        .identity_count = a->identity_count,
        .psl = a->context->psl,
        .protected_sender =
            m->author && pattern_list_match(&s->protected_senders, m->author->address),
        .shown = assess_shown_protected(a, s),
        .impersonations = found,
        .outbound = decide_direction(s, &m->env) == DIRECTION_OUTBOUND,
        .helo_ours = client.helo && pattern_list_match(&s->local_domains, client.helo),
        .now = a->now_us / 1000000,
    };
    *bias_r = params.bias;
    return trust_sum(arena, &params, &input, trust_r);
}

static int compute(struct assess *a)
{
    const struct settings *s = a->settings;
    if (!a->failed && sum_up(a, s, a->arena, &a->trust, &a->record.bias) != 0)
        assess_fail(a);
    a->record.flags |= a->trust.flags | path_flags(a);
    a->trust.flags = a->record.flags;
    a->record.judged = !a->failed && !nothing_is_known(a);
    return decide(a->arena, s, &a->message, &a->trust, a->record.judged, &a->decision);
}

/* What the shadow makes of the same evidence and the same counts; without memory for that there is no shadow.
 * Nothing but the record reads it. */
static void compute_shadow(struct assess *a, const struct budget *b)
{
    const struct settings *s = a->settings->shadow;
    struct arena *arena = a->shadow_arena;
    struct trust_result trust = {0};
    struct decision decision;
    struct record_shadow *shadow = &a->shadow;
    double bias;
    if (s && clock_ms() >= b->end_ms) {
        a->record.flags |= FLAG_OUT_OF_TIME;
        return;
    }
    if (!s || !arena || a->failed || sum_up(a, s, arena, &trust, &bias) != 0)
        return;
    trust.flags |= path_flags(a) | (a->record.flags & FLAG_MODEL_UNAVAILABLE);
    if (decide(arena, s, &a->message, &trust, a->record.judged, &decision) != 0)
        return;
    const struct judgement live = {&a->trust, a->record.bias, &a->decision},
                           other = {&trust, bias, &decision};
    if (decision_difference(arena, &live, &other, &shadow->reason) != 0)
        return;
    shadow->trust = trust.trust;
    shadow->class = decision.class;
    shadow->action = decision.action;
    shadow->policy = decision.policy ? decision.policy->name : NULL;
    a->record.shadow = shadow;
}

static void name_record(struct assess *a, int64_t started_us)
{
    struct record *r = &a->record;
    if (!a->numbered && getrandom(a->random, sizeof a->random, 0) != (ssize_t)sizeof a->random)
        memcpy(a->random, &started_us, sizeof started_us); /* early boot: the time must do */
    record_id(r->id, a->now_us, a->random);
    r->time_us = a->now_us;
    r->sensor = a->context->sensor;
    r->direction = decide_direction(a->settings, &a->message.env);
    r->message = &a->message;
    r->evidence = &a->evidence;
}

static int fill_record(struct assess *a, int64_t started_us)
{
    struct record *r = &a->record;
    name_record(a, started_us);
    r->kind = RECORD_DECISION;
    r->trust = &a->trust;
    r->decision = &a->decision;
    r->client_inferred = a->message.client_hop >= 0;
    if (!a->released &&
        observed_labels(a->arena, a->settings, &a->message, &r->labels, &r->label_count) != 0)
        return assess_fail(a);
    r->timing.total = clock_us() - started_us;
    return 0;
}

static int finish_judged(struct assess *a)
{
    const struct budget b = budget_make(a->settings, a->spent_us, clock_ms());
    if (a->dns)
        dns_batch_set_deadline(a->dns, b.dns_end_ms);
    if (!a->failed && assess_verifies(a))
        finish_verify(a, &b);
    if (!a->failed)
        assess_ask_model(a, true);
    if (!a->failed)
        TIMED(store, finish_store(a, &b));
    int rc = 0;
    TIMED(rules, rc = compute(a));
    if (rc == 0)
        compute_shadow(a, &b);
    return rc;
}

int assess_released(struct assess *a, const char *item, const char *who)
{
    a->released = arena_printf(a->arena, "released from quarantine by %s, item %s", who, item);
    return a->released ? 0 : assess_fail(a);
}

/* Of what was asked so far the answers are about the host that released it. */
static int finish_released(struct assess *a)
{
    a->evidence = (struct evidence){0};
    a->trust = (struct trust_result){.trust = 1, .flags = FLAG_RELEASED};
    a->record.flags = FLAG_RELEASED;
    a->record.judged = true;
    return decide_released(a->arena, a->settings, &a->message, a->released, &a->decision);
}

int assess_finish(struct assess *a, const char *queue_id, const struct record **record_r)
{
    int64_t started_us = clock_us();
    if (queue_id && assess_copy(a, &a->message.env.queue_id, queue_id) != 0)
        assess_fail(a);
    a->message.size = a->message.header_bytes + a->body;
    int rc = a->released && !a->failed ? finish_released(a) : finish_judged(a);
    if (rc != 0)
        return rc;
    *record_r = &a->record;
    return fill_record(a, started_us);
}

const struct identity *assess_identities(const struct assess *a, size_t *count_r)
{
    *count_r = a->identity_count;
    return a->identities;
}

/* A message of no recipients, of which the header is not known. What DNS has answered by now is all that will be known
 * of it. */
bool assess_abandon(struct assess *a, const struct record **record_r)
{
    struct record *r = &a->record;
    if (a->failed || a->scanned || a->message.env.rcpt_count > 0 || assess_scan(a) != 0)
        return false;
    if (message_client(&a->message).ip.family == IP_NONE)
        return false;
    assess_step_client(a);
    if (observed_labels(a->arena, a->settings, &a->message, &r->labels, &r->label_count) != 0 ||
        r->label_count == 0)
        return false;
    name_record(a, clock_us());
    r->kind = RECORD_LABEL;
    r->subject = r->id; /* a message of its own: nobody else will speak of it */
    r->subject_time_us = r->time_us;
    r->subject_unseen = true;
    *record_r = r;
    return true;
}
