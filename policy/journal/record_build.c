/* SPDX-License-Identifier: BSD-2-Clause */
/* From the shape of the schema back to struct record, such that identity_list, trust_teaches and
 * message_client say of it what they said of the original. Words that this version does not know
 * become "not known", but a record of an unknown kind, or a label that says nothing known, is
 * none. */
#include <math.h>
#include <string.h>
#include "ascii.h"
#include "errors.h"
#include "record_plain.h"
#include "traits.h"

struct builder {
    struct arena *arena;
    bool failed; /* out of memory */
};

static void *new_array(struct builder *b, size_t count, size_t size)
{
    void *items = arena_array(b->arena, count ? count : 1, size);
    b->failed |= !items;
    return items;
}

/* Index of word in what name gives for 0 to count - 1; none if it is not there. */
static int word_index(const char *word, int count, const char *(*name)(int), int none)
{
    for (int i = 0; word && i < count; i++) {
        const char *known = name(i);
        if (known && strcmp(known, word) == 0)
            return i;
    }
    return none;
}

#define NAME(function, type)                                                                       \
    static const char *function##_at(int i)                                                        \
    {                                                                                              \
        return function((enum type)i);                                                             \
    }
NAME(auth_result_name, auth_result)
NAME(dmarc_policy_name, dmarc_policy)
NAME(direction_name, direction)
NAME(trust_class_name, trust_class)
NAME(action_name, action)
NAME(mode_name, mode)
NAME(quarantine_method_name, quarantine_method)
NAME(record_kind_name, record_kind)

static enum auth_result to_result(const char *word)
{
    return (enum auth_result)word_index(word, AUTH_RESULT_COUNT, auth_result_name_at, AUTH_UNKNOWN);
}

static enum dmarc_policy to_policy(const char *word)
{
    return (enum dmarc_policy)word_index(word, DMARC_REJECT + 1, dmarc_policy_name_at,
                                         DMARC_NO_POLICY);
}

static enum trust_class to_class(const char *word)
{
    return (enum trust_class)word_index(word, CLASS_COUNT, trust_class_name_at, CLASS_COUNT);
}

static enum action to_action(const char *word)
{
    return (enum action)word_index(word, ACTION_COUNT, action_name_at, ACTION_NONE);
}

static unsigned to_bits(const struct plain_list *list, const char *(*name)(unsigned))
{
    unsigned bits = 0;
    const char *const *words = list->items;
    for (size_t i = 0; i < list->count; i++)
        for (unsigned bit = 1; bit != 0 && name(bit); bit <<= 1)
            if (strcmp(name(bit), words[i]) == 0)
                bits |= bit;
    return bits;
}

static time_t to_seconds(int64_t us)
{
    return us < 0 ? -1 : (time_t)(us / 1000000);
}

static double to_mass(double x)
{
    return isnan(x) ? -1 : x;
}

static size_t to_size(int64_t n)
{
    return n < 0 ? 0 : (size_t)n;
}

static struct ipaddr to_ip(const char *text)
{
    struct ipaddr ip = {.family = IP_NONE};
    if (text && ipaddr_parse(span_of(text), &ip) != 0)
        ip = (struct ipaddr){.family = IP_NONE};
    return ip;
}

/* local@domain: the address says local exactly */
static const char *to_local(struct builder *b, const struct plain_author *p)
{
    size_t n = strlen(p->address), domain = p->domain ? strlen(p->domain) + 1 : 0;
    if (domain > n || p->address[n - domain] != '@')
        domain = 0;
    const char *local = arena_span(b->arena, span_make(p->address, n - domain));
    b->failed |= !local;
    return local;
}

static void build_author(struct builder *b, const struct plain_author *p, struct message *m)
{
    m->from_count = to_size(p->from_fields);
    m->author_count = to_size(p->authors);
    if (!p->address)
        return;
    struct mailbox *a = new_array(b, 1, sizeof *a);
    if (!a)
        return;
    *a = (struct mailbox){.display = p->display,
                          .local = to_local(b, p),
                          .domain = p->domain ? p->domain : "",
                          .address = p->address,
                          .valid = true};
    m->author = a;
    m->author_org = p->org_domain;
}

static void build_path(struct builder *b, const struct plain_list *list, struct message *m)
{
    const struct plain_hop *p = list->items;
    m->hops = new_array(b, list->count, sizeof *m->hops);
    for (size_t i = 0; m->hops && i < list->count; i++) {
        m->hops[i] = (struct hop){.ip = to_ip(p[i].ip),
                                  .name = p[i].name,
                                  .helo = p[i].helo,
                                  .with = p[i].with,
                                  .by = p[i].by,
                                  .time = to_seconds(p[i].time),
                                  .tls = p[i].tls == 1,
                                  .authenticated = p[i].authenticated == 1,
                                  .internal = p[i].internal == 1};
        if (p[i].trusted)
            m->client_hop = (ptrdiff_t)i;
        m->hop_count = i + 1;
    }
}

/* The client, if no hop tells of it: then what SMTP knew is what is said of it. */
static void build_envelope(const struct plain_record *p, struct message *m)
{
    m->env.sender = p->sender;
    m->env.rcpts = p->recipients.items;
    m->env.rcpt_count = p->recipients.count;
    m->env.rejected = (unsigned)to_size(p->rejected_recipients);
    m->env.user = p->client.user;
    m->env.tls = p->client.tls;
    m->env.queue_id = p->queue_id;
    if (m->client_hop >= 0)
        return;
    m->env.ip = to_ip(p->client.ip);
    m->env.name = p->client.name;
    m->env.helo = p->client.helo;
}

/* NULL unless there is one of each: an older record has none. */
static const char *const *build_traits(struct builder *b, const struct plain_list *list)
{
    const char **traits = list->count ? new_array(b, TRAIT_COUNT, sizeof *traits) : NULL;
    const char *const *words = list->items;
    int found = 0;
    for (size_t i = 0; traits && i < list->count; i++) {
        const char *word;
        int t = trait_parse(words[i], &word);
        if (t >= 0 && !traits[t]) {
            traits[t] = word;
            found++;
        }
    }
    return found == TRAIT_COUNT ? traits : NULL;
}

static const struct message *build_message(struct builder *b, const struct plain_record *p)
{
    struct message *m = new_array(b, 1, sizeof *m);
    if (!m)
        return NULL;
    message_init(m, b->arena, NULL);
    build_path(b, &p->path, m);
    build_envelope(p, m);
    build_author(b, &p->author, m);
    m->size = (uint64_t)(p->size < 0 ? 0 : p->size);
    m->message_id = p->message_id;
    m->in_reply_to = p->in_reply_to;
    m->sender_domain = p->sender_domain;
    m->traits = build_traits(b, &p->traits);
    m->date = to_seconds(p->date);
    m->automatic = p->automatic == 1;
    m->over = to_bits(&p->over, plain_over_name);
    return m;
}

static void build_dkim(struct builder *b, const struct plain_list *list, struct evidence *ev)
{
    const struct plain_dkim *p = list->items;
    ev->dkim = new_array(b, list->count, sizeof *ev->dkim);
    ev->dkim_count = ev->dkim ? list->count : 0;
    for (size_t i = 0; i < ev->dkim_count; i++)
        ev->dkim[i] = (struct dkim_result){.result = to_result(p[i].result),
                                           .domain = p[i].domain,
                                           .selector = p[i].selector,
                                           .identity = p[i].identity,
                                           .algorithm = p[i].algorithm,
                                           .key_bits = (unsigned)to_size(p[i].key_bits),
                                           .flags = to_bits(&p[i].flags, plain_dkim_flag_name),
                                           .reason = p[i].reason};
}

static const struct evidence *build_evidence(struct builder *b, const struct plain_auth *p,
                                             const struct plain_list *known_before)
{
    struct evidence *ev = new_array(b, 1, sizeof *ev);
    if (!ev)
        return NULL;
    bool helo = p->spf.scope && strcmp(p->spf.scope, "helo") == 0;
    ev->spf = (struct spf_result){.result = to_result(p->spf.result),
                                  .scope = helo ? SPF_SCOPE_HELO : SPF_SCOPE_MAILFROM,
                                  .domain = p->spf.domain,
                                  .reason = p->spf.reason};
    ev->spf_helo = (struct spf_result){.result = to_result(p->spf_helo.result),
                                       .scope = SPF_SCOPE_HELO,
                                       .domain = p->spf_helo.domain,
                                       .reason = p->spf_helo.reason};
    build_dkim(b, &p->dkim, ev);
    ev->dkim_skipped = to_size(p->dkim_skipped);
    ev->dmarc = (struct dmarc_result){.result = to_result(p->dmarc.result),
                                      .domain = p->dmarc.domain,
                                      .record_domain = p->dmarc.record_domain,
                                      .policy = to_policy(p->dmarc.policy),
                                      .published = to_policy(p->dmarc.published),
                                      .spf_aligned = p->dmarc.spf_aligned == 1,
                                      .dkim_aligned = p->dmarc.dkim_aligned == 1,
                                      .reason = p->dmarc.reason};
    ev->iprev = (struct iprev_result){to_result(p->iprev.result), p->iprev.name, p->iprev.reason};
    ev->known_before = to_bits(known_before, known_before_name);
    ev->dns_timeout = p->dns_timeout == 1;
    return ev;
}

static const struct trust_result *build_trust(struct builder *b, const struct plain_record *p)
{
    struct trust_result *t = new_array(b, 1, sizeof *t);
    const struct plain_evidence *from = p->evidence.items;
    struct trust_item *items = new_array(b, p->evidence.count, sizeof *items);
    if (!t || !items)
        return NULL;
    *t = (struct trust_result){.items = items,
                               .item_count = p->evidence.count,
                               .sum = p->bias,
                               .trust = p->trust,
                               .flags = to_bits(&p->flags, message_flag_name)};
    for (size_t i = 0; i < t->item_count; i++) {
        items[i] = (struct trust_item){
            from[i].name,         from[i].subject,       from[i].weight, to_mass(from[i].good),
            to_mass(from[i].bad), to_mass(from[i].seen), from[i].note};
        t->sum += from[i].weight;
    }
    return t;
}

/* Of a policy only the name is known. */
static const struct policy *to_named_policy(struct builder *b, const char *name)
{
    struct policy *policy = name ? new_array(b, 1, sizeof *policy) : NULL;
    if (policy)
        policy->name = name;
    return policy;
}

static const struct decision *build_decision(struct builder *b, const struct plain_record *p)
{
    struct decision *d = new_array(b, 1, sizeof *d);
    const struct plain_recipient_action *from = p->recipient_actions.items;
    size_t count = p->recipient_actions.count;
    struct rcpt_decision *rcpts = new_array(b, count, sizeof *rcpts);
    if (!d || !rcpts)
        return NULL;
    *d = (struct decision){
        .direction = (enum direction)word_index(p->direction, DIRECTION_ANY, direction_name_at,
                                                DIRECTION_ANY),
        .class = to_class(p->class),
        .action = to_action(p->action),
        .policy = to_named_policy(b, p->policy),
        .mode = (enum mode)word_index(p->mode, MODE_OBSERVE + 1, mode_name_at, MODE_OBSERVE + 1),
        .reason = p->reason,
        .rcpts = rcpts,
        .rcpt_count = count};
    for (size_t i = 0; i < count; i++) {
        const char *method = from[i].quarantine;
        rcpts[i] = (struct rcpt_decision){
            .rcpt = from[i].recipient,
            .action = to_action(from[i].action),
            .class = to_class(from[i].class),
            .policy = to_named_policy(b, from[i].policy),
            .quarantine = (enum quarantine_method)word_index(
                method, QUARANTINE_COUNT, quarantine_method_name_at, QUARANTINE_HOLD),
            .mode = d->mode};
        d->mixed |= rcpts[i].action != rcpts[0].action;
    }
    return d;
}

/* Labels that say something known. */
static void build_labels(struct builder *b, const struct plain_list *list, struct record *r)
{
    const struct plain_label *p = list->items;
    struct label *labels = list->count ? new_array(b, list->count, sizeof *labels) : NULL;
    for (size_t i = 0; labels && i < list->count; i++) {
        int verdict = label_verdict_parse(p[i].verdict), source = label_source_parse(p[i].source);
        if (verdict >= LABEL_BAD && source >= 0)
            labels[r->label_count++] =
                (struct label){(enum label_verdict)verdict, (enum label_source)source, p[i].note};
    }
    r->labels = labels;
}

static int64_t to_usec(int64_t us)
{
    return us == PLAIN_NULL ? -1 : us;
}

static const struct record_shadow *build_shadow(struct builder *b, const struct plain_shadow *p)
{
    struct record_shadow *s = p ? new_array(b, 1, sizeof *s) : NULL;
    if (s)
        *s = (struct record_shadow){.trust = p->trust,
                                    .class = to_class(p->class),
                                    .action = to_action(p->action),
                                    .policy = p->policy,
                                    .reason = p->reason};
    return s;
}

static void build_judgement(struct builder *b, const struct plain_record *p, struct record *r)
{
    const struct plain_timing *t = &p->timing_us;
    r->trust = build_trust(b, p);
    r->decision = build_decision(b, p);
    r->shadow = build_shadow(b, p->shadow);
    r->judged = p->judged == 1;
    r->flags = r->trust ? r->trust->flags : 0;
    r->model = p->model;
    r->bias = p->bias;
    r->timing = (struct record_timing){to_usec(t->total), to_usec(t->dns),   to_usec(t->spf),
                                       to_usec(t->dkim),  to_usec(t->dmarc), to_usec(t->store),
                                       to_usec(t->rules)};
}

static bool is_id(const char *id)
{
    size_t n = 0;
    while (n < RECORD_ID_TEXT && ascii_is_visible(id[n]))
        n++;
    return n < RECORD_ID_TEXT && id[n] == '\0';
}

static bool is_whole(const struct record *r)
{
    return r->kind == RECORD_LABEL ? r->label_count == 1 : r->kind != RECORD_ERASURE || r->erased;
}

int plain_build(struct arena *arena, const struct plain_record *p, const struct record **record_r)
{
    struct builder b = {arena, false};
    int kind = word_index(p->kind, RECORD_KIND_COUNT, record_kind_name_at, -1);
    struct record *r = new_array(&b, 1, sizeof *r);
    if (!r)
        return VOUCH_E_NOMEM;
    if (kind < 0 || !is_id(p->id))
        return VOUCH_E_SYNTAX;
    *r = (struct record){.kind = (enum record_kind)kind,
                         .time_us = p->time,
                         .sensor = p->sensor,
                         .subject = p->subject,
                         .subject_time_us = p->subject_time == PLAIN_NULL ? 0 : p->subject_time,
                         .subject_unseen = p->subject_unseen == 1,
                         .erased = p->erased,
                         .pseudonym_key = p->pseudonym_key};
    memcpy(r->id, p->id, strlen(p->id) + 1);
    r->direction =
        (enum direction)word_index(p->direction, DIRECTION_ANY, direction_name_at, DIRECTION_ANY);
    build_labels(&b, &p->labels, r);
    if (kind != RECORD_ERASURE) {
        r->message = build_message(&b, p);
        r->evidence = build_evidence(&b, &p->auth, &p->known_before);
        r->client_inferred = p->client.inferred == 1;
    }
    if (kind == RECORD_DECISION)
        build_judgement(&b, p, r);
    if (b.failed)
        return VOUCH_E_NOMEM;
    *record_r = r;
    return is_whole(r) ? 0 : VOUCH_E_SYNTAX;
}
