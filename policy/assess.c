/* SPDX-License-Identifier: BSD-2-Clause */
/* The one path from a message to a decision.
 *
 * Asks as early as it can and waits once: while the message is still coming in, questions go out to DNS and the model as
 * soon as a name is known, and nothing waits; assess_finish waits for all of them together, then computes. What the
 * answers mean is decided on the pure floors below; what is done about the decision is the caller's affair. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "assess_private.h"
#include "errors.h"
#include "identity.h"

/* Most memory for one message: the header is kept once and read into parts; see limits in vouch.conf. */
#define ASSESS_ARENA_BASE            (4u << 20)
#define ASSESS_ARENA_PER_HEADER_BYTE 8
#define ASSESS_MAX_FORGED            100000 /* the arena's maximum comes first */

struct assess {
    struct assess_context *context;
    struct settings *settings;
    struct arena *arena;
    struct message message;
    struct dns_batch *dns;
    struct dkim_check *dkim;
    struct store_query *query;
    void (*before_wait)(void *);
    void *before_wait_arg;

    int64_t now_us;
    enum direction direction;
    bool client_known; /* whose client to judge is known, and its questions were asked */
    bool scanned;
    bool failed;   /* out of memory somewhere: the message cannot be judged */
    uint64_t body; /* bytes seen */
    bool body_cut;

    struct assess_forged *forged;
    size_t forged_count, forged_cap;
    size_t field_index;
    unsigned authres_seen;

    struct evidence evidence;
    struct identity *identities;
    struct trust_known *known;
    size_t identity_count;
    struct trust_result trust;
    struct decision decision;
    struct record record;
};

static int64_t clock_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int fail(struct assess *a)
{
    a->failed = true;
    return VOUCH_E_NOMEM;
}

static bool copy(struct assess *a, const char **to, const char *from)
{
    *to = arena_strdup(a->arena, from);
    return *to || !from;
}

struct assess *assess_new(struct assess_context *context, struct settings *settings, int64_t now_us)
{
    struct assess *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->context = context;
    a->settings = settings_ref(settings);
    a->now_us = now_us;
    a->arena =
        arena_new(ASSESS_ARENA_BASE + ASSESS_ARENA_PER_HEADER_BYTE * settings->limits.header_bytes);
    a->dns =
        dns_batch_new(context->resolver, resolver_clock_ms() + INT32_MAX, settings->max_queries);
    if (!a->arena || !a->dns) {
        assess_free(&a);
        return NULL;
    }
    message_init(&a->message, a->arena, &settings->limits);
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
    settings_unref(&a->settings);
    free(a);
}

void assess_before_wait(struct assess *a, void (*call)(void *), void *arg)
{
    a->before_wait = call;
    a->before_wait_arg = arg;
    dns_batch_before_wait(a->dns, call, arg);
}

int assess_connect(struct assess *a, const struct ipaddr *ip, const char *name)
{
    if (ip)
        a->message.env.ip = *ip;
    return copy(a, &a->message.env.name, name) ? 0 : fail(a);
}

int assess_helo(struct assess *a, const char *helo)
{
    return copy(a, &a->message.env.helo, helo) ? 0 : fail(a);
}

static bool is_inbound(const struct assess *a)
{
    return a->direction == DIRECTION_INBOUND;
}

static struct spf_request spf_request(const struct assess *a, enum spf_scope scope)
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

/* Moves everything that hangs on the client forward as far as the answers that are here allow. */
static void step_client(struct assess *a)
{
    struct message_client client = message_client(&a->message);
    if (client.ip.family == IP_NONE || a->failed)
        return;
    struct spf_request mailfrom = spf_request(a, SPF_SCOPE_MAILFROM);
    struct spf_request helo = spf_request(a, SPF_SCOPE_HELO);
    struct evidence *ev = &a->evidence;
    if (ev->spf.result == AUTH_UNKNOWN && mailfrom.sender)
        a->failed |= spf_step(a->arena, a->dns, &mailfrom, &ev->spf, NULL) < 0;
    if (ev->iprev.result == AUTH_UNKNOWN)
        a->failed |= iprev_step(a->arena, a->dns, &client.ip, &ev->iprev) < 0;
    if (ev->spf_helo.result == AUTH_UNKNOWN && helo.helo)
        a->failed |= spf_step(a->arena, a->dns, &helo, &ev->spf_helo, NULL) < 0;
}

/* The SMTP client is the one to judge unless it is a relay that we trust: then it stands in the path. */
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
    if (!copy(a, &env->sender, sender) || !copy(a, &env->user, user) || !copy(a, &env->tls, tls))
        return fail(a);
    a->direction = decide_direction(a->settings, env);
    if (is_inbound(a) && client_is_direct(a)) {
        a->client_known = true;
        a->message.client_hop = -1;
        step_client(a);
    }
    return 0;
}

int assess_rcpt(struct assess *a, const char *rcpt)
{
    if (a->client_known)
        step_client(a);
    return message_add_rcpt(&a->message, rcpt) == 0 ? 0 : fail(a);
}

/* Remembers a field that only we may write. The same name's earlier ones all stand in the list, but for
 * Authentication-Results, of which most are somebody else's: their number is index. */
static int note_forged(struct assess *a, struct span name, unsigned index)
{
    if (arena_grow(a->arena, &a->forged, a->forged_count, &a->forged_cap, sizeof *a->forged,
                   ASSESS_MAX_FORGED) != 0)
        return fail(a);
    if (index == 0) {
        index = 1;
        for (size_t i = 0; i < a->forged_count; i++)
            index += span_ieq_cstr(name, a->forged[i].name);
    }
    struct assess_forged *f = &a->forged[a->forged_count++];
    *f = (struct assess_forged){arena_span(a->arena, name), index, a->field_index};
    return f->name ? 0 : fail(a);
}

static int look_for_forged(struct assess *a, struct span name, struct span value)
{
    if (span_istarts(name, "X-Vouch"))
        return note_forged(a, name, 0);
    if (!span_ieq_cstr(name, "Authentication-Results"))
        return 0;
    a->authres_seen++;
    return authres_claims(value, assess_context_authserv_id(a->context, a->settings))
               ? note_forged(a, name, a->authres_seen)
               : 0;
}

int assess_field(struct assess *a, struct span name, struct span value)
{
    if (is_inbound(a) && !a->dkim && !a->failed) {
        a->dkim = dkim_check_new(a->context->dkim, a->arena, a->dns, a->settings->max_signatures,
                                 a->now_us / 1000000);
        if (!a->dkim)
            return fail(a);
    }
    if (look_for_forged(a, name, value) != 0 || message_add_field(&a->message, name, value) != 0)
        return fail(a);
    if (a->dkim && (a->message.over & (MESSAGE_OVER_FIELDS | MESSAGE_OVER_HEADER)))
        dkim_check_header_cut(a->dkim);
    else if (a->dkim && dkim_check_field(a->dkim, name, value) != 0)
        return fail(a);
    a->field_index++;
    return 0;
}

/* trusted_relays and internal together: whose Received fields are believed */
static int scan(struct assess *a)
{
    const struct settings *s = a->settings;
    size_t count = s->trusted_relay_count + s->internal_count;
    struct ipnet *nets = arena_array(a->arena, count ? count : 1, sizeof *nets);
    if (!nets)
        return fail(a);
    if (s->trusted_relay_count)
        memcpy(nets, s->trusted_relays, s->trusted_relay_count * sizeof *nets);
    if (s->internal_count)
        memcpy(nets + s->trusted_relay_count, s->internal, s->internal_count * sizeof *nets);
    if (message_scan(&a->message, a->context->psl, nets, count) != 0)
        return fail(a);
    a->scanned = true;
    return 0;
}

/* The client's name as far as it is known without waiting; *known_r: false if the answer may yet come. */
static const char *client_name(const struct assess *a, bool *known_r)
{
    struct message_client client = message_client(&a->message);
    const struct iprev_result *iprev = &a->evidence.iprev;
    *known_r = client.name || iprev->result != AUTH_UNKNOWN || !is_inbound(a) ||
               client.ip.family == IP_NONE;
    return iprev->result == AUTH_PASS ? iprev->name : client.name;
}

/* Asks the model for all that the message's identities name; once. Until the client's name is known
 * (unless wait is over) the question stays unasked, so that the same message always asks the same. */
static int ask_model(struct assess *a, bool last_chance)
{
    bool name_known;
    const char *name = client_name(a, &name_known);
    if (a->identities || (!name_known && !last_chance))
        return 0;
    size_t domains_count = 0;
    const char *const *domains = a->dkim ? dkim_check_domains(a->dkim, &domains_count) : NULL;
    if (identity_list(a->arena, &a->message, a->context->psl, domains, domains_count, name,
                      &a->identities, &a->identity_count) != 0)
        return fail(a);
    size_t n = a->identity_count;
    struct store_key *keys = arena_array(a->arena, n ? n : 1, sizeof *keys);
    a->known = arena_array(a->arena, n ? n : 1, sizeof *a->known);
    if (!keys || !a->known)
        return fail(a);
    for (size_t i = 0; i < n; i++)
        keys[i] = (struct store_key){a->identities[i].group, a->identities[i].field};
    a->query = store_ask(a->context->store, keys, n);
    return a->query ? 0 : fail(a);
}

int assess_eoh(struct assess *a, const char *queue_id)
{
    if (a->failed || (queue_id && !copy(a, &a->message.env.queue_id, queue_id)) || scan(a) != 0)
        return fail(a);
    if (is_inbound(a)) {
        a->client_known = true;
        step_client(a);
        if (a->message.author)
            dmarc_lookup_start(a->dns, a->context->psl, a->message.author->domain);
        if (a->dkim && dkim_check_eoh(a->dkim) != 0)
            return fail(a);
    }
    return ask_model(a, false);
}

bool assess_body(struct assess *a, struct span chunk)
{
    a->body += chunk.len;
    if (!a->scanned || a->failed)
        return a->failed;
    if (is_inbound(a)) {
        step_client(a);
        if (ask_model(a, false) != 0)
            return true;
    }
    if (a->body > a->settings->max_body)
        a->body_cut = true;
    return !a->dkim || a->body_cut || dkim_check_body(a->dkim, chunk);
}

/* Runs what a statement does and keeps how long it took. */
#define TIMED(field, statement)                                                                    \
    do {                                                                                           \
        int64_t timed_from = clock_us();                                                           \
        statement;                                                                                 \
        a->record.timing.field = clock_us() - timed_from;                                          \
    } while (0)

/* The results that hang on the client; whoever is still pending is waited for. */
static int finish_client(struct assess *a)
{
    struct evidence *ev = &a->evidence;
    struct message_client client = message_client(&a->message);
    struct spf_request mailfrom = spf_request(a, SPF_SCOPE_MAILFROM);
    struct spf_request helo = spf_request(a, SPF_SCOPE_HELO);
    if (client.ip.family == IP_NONE)
        return 0;
    if (ev->iprev.result == AUTH_UNKNOWN &&
        iprev_check(a->arena, a->dns, &client.ip, &ev->iprev) != 0)
        return fail(a);
    if (ask_model(a, true) != 0)
        return -1;
    if (ev->spf.result == AUTH_UNKNOWN && mailfrom.sender &&
        spf_check(a->arena, a->dns, &mailfrom, &ev->spf, NULL) != 0)
        return fail(a);
    if (ev->spf_helo.result == AUTH_UNKNOWN && helo.helo &&
        spf_check(a->arena, a->dns, &helo, &ev->spf_helo, NULL) != 0)
        return fail(a);
    return 0;
}

static int finish_dkim(struct assess *a)
{
    struct evidence *ev = &a->evidence;
    if (!a->dkim)
        return 0;
    return dkim_check_finish(a->dkim, !a->body_cut, &ev->dkim, &ev->dkim_count,
                             &ev->dkim_skipped) == 0
               ? 0
               : fail(a);
}

/* A number 0..99 that the same message always gets, for DMARC's pct= (RFC 7489 s6.6.4): FNV-1a of what tells
 * messages apart. */
static unsigned pct_roll(const struct message *m)
{
    uint32_t h = 2166136261u;
    const char *parts[] = {m->message_id, m->env.sender, m->author ? m->author->address : NULL};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (const char *s = parts[i]; s && *s; s++)
            h = (h ^ (unsigned char)*s) * 16777619u;
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
               : fail(a);
}

static int finish_verify(struct assess *a)
{
    int rc = 0;
    TIMED(spf, rc = finish_client(a));
    if (rc == 0)
        TIMED(dkim, rc = finish_dkim(a));
    if (rc == 0)
        TIMED(dmarc, rc = finish_dmarc(a));
    a->evidence.dns_timeout = dns_batch_timed_out(a->dns);
    a->record.timing.dns = dns_batch_wait_us(a->dns);
    return rc;
}

static void finish_store(struct assess *a, int64_t deadline_ms)
{
    struct store_value *values =
        arena_array(a->arena, a->identity_count ? a->identity_count : 1, sizeof *values);
    if (!values) {
        fail(a);
        return;
    }
    if (a->before_wait && !store_ready(a->query))
        a->before_wait(a->before_wait_arg);
    int outcome = store_wait(&a->query, deadline_ms, values);
    for (size_t i = 0; i < a->identity_count; i++)
        a->known[i] = (struct trust_known){values[i].outcome, values[i].counts};
    if (outcome >= 0)
        a->record.model = store_version(a->context->store);
    else
        a->record.flags |= FLAG_MODEL_UNAVAILABLE;
}

/* Ours, or a forgery of ours, below the fields that our own hosts wrote: see struct message, client_hop. */
static bool carried_forged_authres(const struct assess *a)
{
    const struct message *m = &a->message;
    size_t boundary = 0;
    for (ptrdiff_t hop = -1; hop < m->client_hop && boundary < m->field_count; boundary++)
        hop += span_ieq_cstr(m->fields[boundary].name, "Received");
    for (size_t i = 0; i < a->forged_count; i++)
        if (a->forged[i].position >= boundary &&
            span_ieq_cstr(span_of(a->forged[i].name), "Authentication-Results"))
            return true;
    return false;
}

static unsigned path_flags(const struct assess *a)
{
    unsigned flags = 0;
    if (carried_forged_authres(a))
        flags |= FLAG_FORGED_AUTHRES;
    if (a->message.over || a->body_cut || a->evidence.dkim_skipped)
        flags |= FLAG_OVER_LIMIT;
    if (a->evidence.dns_timeout)
        flags |= FLAG_DNS_TIMEOUT;
    return flags;
}

static int compute(struct assess *a)
{
    const struct settings *s = a->settings;
    const struct message *m = &a->message;
    struct message_client client = message_client(m);
    struct trust_input input = {
        .message = m,
        .evidence = &a->evidence,
        .identities = a->identities,
        .known = a->known,
        .identity_count = a->identity_count,
        .psl = a->context->psl,
        .protected_sender =
            m->author && pattern_list_match(&s->protected_senders, m->author->address),
        .outbound = decide_direction(s, &m->env) == DIRECTION_OUTBOUND,
        .helo_ours = client.helo && pattern_list_match(&s->local_domains, client.helo),
        .now = a->now_us / 1000000,
    };
    if (!a->failed && trust_sum(a->arena, &s->trust, &input, &a->trust) != 0)
        fail(a);
    a->record.flags |= a->trust.flags | path_flags(a);
    a->trust.flags = a->record.flags;
    const unsigned nothing_known = FLAG_MODEL_UNAVAILABLE | FLAG_DNS_TIMEOUT;
    a->record.judged = !a->failed && (a->record.flags & nothing_known) != nothing_known;
    return decide(a->arena, s, m, &a->trust, a->record.judged, &a->decision);
}

static int fill_record(struct assess *a, int64_t started_us)
{
    struct record *r = &a->record;
    uint8_t random[10] = {0};
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        memcpy(random, &started_us, sizeof started_us); /* early boot: the time must do */
    record_id(r->id, a->now_us, random);
    r->time_us = a->now_us;
    r->sensor = a->context->sensor;
    r->message = &a->message;
    r->evidence = &a->evidence;
    r->trust = &a->trust;
    r->decision = &a->decision;
    r->bias = a->settings->trust.bias;
    r->client_inferred = a->message.client_hop >= 0;
    r->timing.total = clock_us() - started_us;
    return 0;
}

int assess_finish(struct assess *a, const char *queue_id, const struct record **record_r)
{
    int64_t started_us = clock_us(), now_ms = resolver_clock_ms();
    const struct settings *s = a->settings;
    int64_t message_deadline = now_ms + s->message_deadline_ms;
    int64_t dns_deadline = now_ms + s->dns_deadline_ms;
    if (queue_id && !copy(a, &a->message.env.queue_id, queue_id))
        fail(a);
    a->message.size = a->message.header_bytes + a->body;
    dns_batch_set_deadline(a->dns,
                           dns_deadline < message_deadline ? dns_deadline : message_deadline);
    if (!a->failed && is_inbound(a))
        finish_verify(a);
    if (!a->failed)
        ask_model(a, true);
    if (!a->failed)
        TIMED(store, finish_store(a, resolver_clock_ms() + s->store_deadline_ms));
    int rc = 0;
    TIMED(rules, rc = compute(a));
    if (rc != 0)
        return rc;
    *record_r = &a->record;
    return fill_record(a, started_us);
}

const struct assess_forged *assess_forged(const struct assess *a, size_t *count_r)
{
    *count_r = a->forged_count;
    return a->forged;
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
