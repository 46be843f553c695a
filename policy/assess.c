/* SPDX-License-Identifier: BSD-2-Clause */
/* The one path from a message to a decision.
 *
 * Asks as early as it can and waits once: while the message is still coming in, questions go out to
 * DNS and the model as soon as a name is known, and nothing here waits; assess_finish.c waits for
 * all of them together, then computes. What the answers mean is decided on the pure floors below;
 * what is done about the decision is the caller's affair. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "assess_private.h"
#include "clock.h"
#include "errors.h"
#include "traits.h"
#include "params.h"

/* Most memory for one message: the header is kept once and read into parts, a recipient is kept and
 * named in a reason (SMTP lines of 2048 bytes are what MTAs take); see limits in vouch.conf. A
 * sender must not be able to reach it. */
#define ASSESS_ARENA_BASE            (4u << 20)
#define ASSESS_ARENA_PER_HEADER_BYTE 8
#define ASSESS_ARENA_PER_RCPT        (8u << 10)

#define QUESTION_BYTES 1000 /* a DNS question and its answer, roughly */

int assess_fail(struct assess *a)
{
    a->failed = true;
    return VOUCH_E_NOMEM;
}

int assess_copy(struct assess *a, const char **to, const char *from)
{
    *to = arena_strdup(a->arena, from);
    return *to || !from ? 0 : assess_fail(a);
}

struct assess *assess_new(struct assess_context *context, struct settings *settings, int64_t now_us)
{
    struct assess *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->context = context;
    a->settings = settings_ref(settings);
    a->now_us = now_us;
    const size_t most = ASSESS_ARENA_BASE +
                        ASSESS_ARENA_PER_HEADER_BYTE * settings->limits.header_bytes +
                        ASSESS_ARENA_PER_RCPT * settings->limits.recipients;
    a->arena = arena_new(most);
    if (settings->shadow)
        a->shadow_arena = arena_new(most); /* without it there is no shadow */
    if (context->resolver)
        a->dns = dns_batch_new(context->resolver, clock_ms() + INT32_MAX, settings->max_queries);
    a->forged_arena = assess_forged_arena();
    if (!a->arena || (context->resolver && !a->dns) || !a->forged_arena) {
        assess_free(&a);
        return NULL;
    }
    message_init(&a->message, a->arena, &settings->limits);
    if (settings->pseudonyms)
        a->message.alias = &settings->pseudonyms->list[0];
    a->record.timing = (struct record_timing){-1, -1, -1, -1, -1, -1, -1};
    return a;
}

void assess_free(struct assess **ap)
{
    struct assess *a = *ap;
    if (!a)
        return;
    *ap = NULL;
    store_cancel(&a->query);
    dkim_check_free(&a->dkim);
    dns_batch_free(&a->dns);
    arena_free(&a->arena);
    arena_free(&a->forged_arena);
    arena_free(&a->shadow_arena);
    settings_unref(&a->settings);
    free(a);
}

void assess_give_up(struct assess *a)
{
    a->given_up = true;
    store_cancel(&a->query);
    dkim_check_free(&a->dkim);
    dns_batch_free(&a->dns);
    arena_free(&a->arena);
    arena_free(&a->shadow_arena);
}

size_t assess_memory(const struct assess *a)
{
    size_t held = sizeof *a + arena_held(a->arena) + arena_held(a->forged_arena) +
                  arena_held(a->shadow_arena) + dkim_check_memory(a->dkim);
    return a->dns ? held + dns_batch_questions(a->dns) * QUESTION_BYTES : held;
}

void assess_before_wait(struct assess *a, void (*call)(void *), void *arg)
{
    a->before_wait = call;
    a->before_wait_arg = arg;
    if (a->dns)
        dns_batch_before_wait(a->dns, call, arg);
}

void assess_number(struct assess *a, const uint8_t random[10])
{
    memcpy(a->random, random, sizeof a->random);
    a->numbered = true;
}

int assess_connect(struct assess *a, const struct ipaddr *ip, const char *name)
{
    a->message.env.live = ip != NULL;
    if (ip)
        a->message.env.ip = *ip;
    return assess_copy(a, &a->message.env.name, name);
}

int assess_helo(struct assess *a, const char *helo)
{
    return assess_copy(a, &a->message.env.helo, helo);
}

bool assess_verifies(const struct assess *a)
{
    return a->direction == DIRECTION_INBOUND && a->dns && !a->assumed;
}

void assess_assume(struct assess *a, const struct evidence *evidence)
{
    a->evidence = *evidence;
    a->assumed = true;
}

struct spf_request assess_spf_request(const struct assess *a, enum spf_scope scope)
{
    struct message_client client = message_client(&a->message);
    return (struct spf_request){
        .ip = client.ip,
        .helo = client.helo,
        .sender = a->message.env.sender,
        .receiver = a->context->sensor,
        .scope = scope,
        .now = (time_t)(a->now_us / 1000000),
    };
}

void assess_step_client(struct assess *a)
{
    struct message_client client = message_client(&a->message);
    unsigned answers = a->dns ? dns_batch_answers(a->dns) : 0;
    if (!a->dns || client.ip.family == IP_NONE || a->failed ||
        (a->stepped && answers == a->answers))
        return;
    a->stepped = true;
    a->answers = answers;
    struct spf_request mailfrom = assess_spf_request(a, SPF_SCOPE_MAILFROM);
    struct spf_request helo = assess_spf_request(a, SPF_SCOPE_HELO);
    struct evidence *ev = &a->evidence;
    if (ev->spf.result == AUTH_UNKNOWN && mailfrom.sender)
        a->failed |= spf_step(a->arena, a->dns, &mailfrom, &ev->spf, NULL) < 0;
    if (ev->iprev.result == AUTH_UNKNOWN)
        a->failed |= iprev_step(a->arena, a->dns, &client.ip, &ev->iprev) < 0;
    if (ev->spf_helo.result == AUTH_UNKNOWN && helo.helo)
        a->failed |= spf_step(a->arena, a->dns, &helo, &ev->spf_helo, NULL) < 0;
}

/* The SMTP client is the one to judge unless it is a relay that we trust: then it stands in the
 * path. */
static bool client_is_direct(const struct assess *a)
{
    const struct settings *s = a->settings;
    const struct ipaddr *ip = &a->message.env.ip;
    return ip->family != IP_NONE &&
           !ipnet_any_contains(s->trusted_relays, s->trusted_relay_count, ip);
}

int assess_mail(struct assess *a, const char *sender, const char *user, const char *tls)
{
    struct envelope *env = &a->message.env;
    if (assess_copy(a, &env->sender, sender) != 0 || assess_copy(a, &env->user, user) != 0 ||
        assess_copy(a, &env->tls, tls) != 0)
        return assess_fail(a);
    a->direction = decide_direction(a->settings, env);
    if (a->direction != DIRECTION_INBOUND)
        a->evidence = (struct evidence){0};
    if (assess_verifies(a) && client_is_direct(a)) {
        a->client_known = true;
        a->message.client_hop = -1;
        assess_step_client(a);
    }
    return 0;
}

int assess_rcpt(struct assess *a, const char *rcpt)
{
    if (a->client_known)
        assess_step_client(a);
    return message_add_rcpt(&a->message, rcpt) == 0 ? 0 : assess_fail(a);
}

void assess_rcpt_unknown(struct assess *a)
{
    if (a->message.env.rejected < UINT_MAX)
        a->message.env.rejected++;
}

int assess_field(struct assess *a, struct span name, struct span value)
{
    if (a->given_up)
        return assess_look_for_forged(a, name, value);
    if (assess_verifies(a) && !a->dkim && !a->failed) {
        a->dkim = dkim_check_new(a->context->dkim, a->arena, a->dns, a->settings->max_signatures,
                                 a->now_us / 1000000);
        if (!a->dkim)
            return assess_fail(a);
    }
    if (assess_look_for_forged(a, name, value) != 0 ||
        message_add_field(&a->message, name, value) != 0)
        return assess_fail(a);
    if (a->dkim && (a->message.over & (MESSAGE_OVER_FIELDS | MESSAGE_OVER_HEADER)))
        dkim_check_header_cut(a->dkim);
    else if (a->dkim && dkim_check_field(a->dkim, name, value) != 0)
        return assess_fail(a);
    return 0;
}

/* Whose Received fields are believed: trusted_relays. Of a message at rest also internal, whose
 * hosts handed it on; of one that comes in they may be somebody's infected machine, and what they
 * had from outside is not known. */
int assess_scan(struct assess *a)
{
    const struct settings *s = a->settings;
    struct message *m = &a->message;
    size_t count = s->trusted_relay_count + (m->env.live ? 0 : s->internal_count);
    struct ipnet *nets = arena_array(a->arena, count ? count : 1, sizeof *nets);
    if (!nets)
        return assess_fail(a);
    if (s->trusted_relay_count)
        memcpy(nets, s->trusted_relays, s->trusted_relay_count * sizeof *nets);
    if (count > s->trusted_relay_count)
        memcpy(nets + s->trusted_relay_count, s->internal, s->internal_count * sizeof *nets);
    if (message_scan(m, a->context->psl, nets, count) != 0)
        return assess_fail(a);
    if (m->env.live && m->client_hop >= 0 &&
        ipnet_any_contains(s->internal, s->internal_count, &m->hops[m->client_hop].ip))
        m->client_hop = -1;
    a->scanned = true;
    return 0;
}

/* The client's name as far as it is known without waiting; *known_r: false if the answer may yet
 * come. */
static const char *client_name(const struct assess *a, bool *known_r)
{
    struct message_client client = message_client(&a->message);
    const struct iprev_result *iprev = &a->evidence.iprev;
    *known_r = client.name || iprev->result != AUTH_UNKNOWN || !assess_verifies(a) ||
               client.ip.family == IP_NONE;
    return iprev->result == AUTH_PASS ? iprev->name : client.name;
}

/* d= of each signature. NULL: there are none, or out of memory. */
static const char *const *signers(struct assess *a, size_t *count_r)
{
    const struct evidence *ev = &a->evidence;
    *count_r = 0;
    if (a->dkim)
        return dkim_check_domains(a->dkim, count_r);
    const char **domains = arena_array(a->arena, ev->dkim_count, sizeof *domains);
    for (size_t i = 0; domains && i < ev->dkim_count; i++)
        domains[(*count_r)++] = ev->dkim[i].domain;
    return domains;
}

int assess_ask_model(struct assess *a, bool last_chance)
{
    bool name_known;
    const char *name = client_name(a, &name_known);
    if (a->model_asked || (!name_known && !last_chance))
        return 0;
    size_t domains_count = 0;
    const char *const *domains = signers(a, &domains_count);
    const char **traits = arena_array(a->arena, TRAIT_COUNT, sizeof *traits);
    if (!traits)
        return assess_fail(a);
    traits_of(&a->message, a->context->psl, name, traits);
    a->message.traits = traits;
    if (identity_list(a->arena, &a->message, a->context->psl, domains, domains_count, name,
                      &a->identities, &a->identity_count) != 0)
        return assess_fail(a);
    size_t n = a->identity_count;
    struct store_key *keys = arena_array(a->arena, n + 1, sizeof *keys);
    a->known = arena_array(a->arena, n ? n : 1, sizeof *a->known);
    if (!keys || !a->known)
        return assess_fail(a);
    for (size_t i = 0; i < n; i++)
        keys[i] = (struct store_key){a->identities[i].group, a->identities[i].field};
    keys[n] = (struct store_key){PARAMS_GROUP, PARAMS_FIELD};
    a->model_asked = true;
    a->query = store_ask(a->context->store, keys, n + 1);
    return a->query ? 0 : assess_fail(a);
}

int assess_eoh(struct assess *a, const char *queue_id)
{
    if (a->scanned)
        return 0; /* no MTA ends a header twice; a broken one may */
    if (a->failed || (queue_id && assess_copy(a, &a->message.env.queue_id, queue_id) != 0) ||
        assess_scan(a) != 0)
        return assess_fail(a);
    if (assess_verifies(a)) {
        a->client_known = true;
        assess_step_client(a);
        if (a->message.author)
            dmarc_lookup_start(a->dns, a->context->psl, a->message.author->domain);
        if (a->dkim && dkim_check_eoh(a->dkim) != 0)
            return assess_fail(a);
    }
    return assess_ask_model(a, false);
}

void assess_shed_dkim(struct assess *a)
{
    dkim_check_give_up(a->dkim);
    a->out_of_time = true;
}

/* Each body hash that a signature asks for costs its CPU; half of the message's time may go into them, the
 * other half belongs to its end. */
static bool hash_body(struct assess *a, struct span chunk)
{
    int64_t from = clock_read(CLOCK_THREAD_CPUTIME_ID);
    bool enough = dkim_check_body(a->dkim, chunk);
    a->spent_us += clock_read(CLOCK_THREAD_CPUTIME_ID) - from;
    if (enough || a->spent_us <= (int64_t)a->settings->message_deadline_ms * 1000 / 2)
        return enough;
    assess_shed_dkim(a);
    return true;
}

bool assess_body(struct assess *a, struct span chunk)
{
    a->body += chunk.len;
    if (!a->scanned || a->failed)
        return a->failed;
    if (assess_verifies(a)) {
        assess_step_client(a);
        if (assess_ask_model(a, false) != 0)
            return true;
    }
    if (a->body > a->settings->max_body)
        a->body_cut = true;
    return !a->dkim || a->body_cut || hash_body(a, chunk);
}

const char *assess_authres(struct assess *a)
{
    return authres_format(a->arena, assess_context_authserv_id(a->context, a->settings),
                          &a->message, &a->evidence);
}

const char *assess_header(struct assess *a)
{
    return record_header(a->arena, &a->record);
}
