/* SPDX-License-Identifier: BSD-2-Clause */
/* From struct record to the shape of its schema: what is not known becomes null, words get their
 * names, and for the journal addresses their pseudonyms. */
#include <math.h>
#include <string.h>
#include "ascii.h"
#include "errors.h"
#include "record_plain.h"
#include "sbuf.h"
#include "traits.h"

#define PROSE_MAX (1 << 20) /* bytes of a text with its addresses replaced; cut later */

struct filler {
    struct arena *arena;
    const struct pseudonym_key *alias; /* NULL: addresses stand as they are */
    bool failed;                       /* out of memory */
};

static struct plain_list new_list(struct filler *f, size_t count, size_t size)
{
    struct plain_list list = {arena_array(f->arena, count, size), count};
    f->failed |= !list.items;
    return list.items ? list : (struct plain_list){NULL, 0};
}

static const char *ip_text(struct filler *f, const struct ipaddr *ip)
{
    char text[IPADDR_TEXT];
    if (ip->family == IP_NONE)
        return NULL;
    const char *copy = arena_strdup(f->arena, ipaddr_format(ip, text));
    f->failed |= !copy;
    return copy;
}

static int64_t seconds(time_t t)
{
    return t < 0 || t > INT64_MAX / 1000000 ? PLAIN_NULL : (int64_t)t * 1000000;
}

static double real_or_nan(double x)
{
    return isfinite(x) ? x : NAN;
}

/* a mass: negative means "not applicable" */
static double mass(double x)
{
    return x < 0 ? NAN : real_or_nan(x);
}

/* The address, or what stands for it. */
static const char *address(struct filler *f, const char *s)
{
    if (!f->alias || !s)
        return s;
    const char *pseudonym = identity_pseudonym(f->arena, f->alias, s);
    f->failed |= !pseudonym;
    return pseudonym;
}

static bool ends_word(char c)
{
    return !c || ascii_is_space(c) || strchr("<>()\"',;:", c) != NULL;
}

/* An address, and none that stands under its pseudonym already, as those in identities do. */
static bool is_address(const struct filler *f, struct span word)
{
    size_t id = strlen(f->alias->id);
    ptrdiff_t at = span_index(word, '@', 0);
    return at > 0 && !((size_t)at > id && memcmp(word.p, f->alias->id, id) == 0 &&
                       (word.p[id] == '~' || word.p[id] == '='));
}

/* A text for a person with every address in it replaced. */
static const char *prose(struct filler *f, const char *s)
{
    struct sbuf out;
    if (!f->alias || !s || !strchr(s, '@'))
        return s;
    sbuf_init(&out, PROSE_MAX);
    for (size_t n; *s && !out.failed; s += n) {
        for (n = 0; !ends_word(s[n]);)
            n++;
        struct span word = span_make(s, n);
        const char *text = is_address(f, word) ? address(f, arena_span(f->arena, word)) : NULL;
        sbuf_addspan(&out, text ? span_of(text) : word);
        for (; s[n] && ends_word(s[n]); n++)
            sbuf_addc(&out, s[n]);
    }
    const char *text = sbuf_to_arena(&out, f->arena);
    f->failed |= !text;
    return text;
}

static struct plain_list words(struct filler *f, unsigned bits, const char *(*name)(unsigned))
{
    size_t count = 0;
    for (unsigned left = bits; left != 0; left &= left - 1)
        count += name(left) != NULL;
    if (count == 0)
        return (struct plain_list){NULL, 0};
    struct plain_list list = new_list(f, count, sizeof(const char *));
    const char **at = list.items;
    for (; at && bits != 0; bits &= bits - 1)
        if (name(bits))
            *at++ = name(bits);
    return list;
}

static struct plain_list trait_words(struct filler *f, const struct message *m)
{
    if (!m->traits)
        return (struct plain_list){NULL, 0};
    struct plain_list list = new_list(f, TRAIT_COUNT, sizeof(const char *));
    const char **at = list.items;
    for (int t = 0; at && t < TRAIT_COUNT; t++) {
        at[t] = arena_printf(f->arena, "%s=%s", trait_name((enum trait)t), m->traits[t]);
        f->failed |= !at[t];
    }
    return list;
}

static void fill_client(struct filler *f, const struct record *r, struct plain_client *p)
{
    struct message_client c = message_client(r->message);
    p->ip = ip_text(f, &c.ip);
    p->name = c.name;
    p->helo = c.helo;
    p->user = address(f, r->message->env.user);
    p->tls = r->message->env.tls;
    p->inferred = r->client_inferred;
}

static void fill_author(struct filler *f, const struct message *m, struct plain_author *p)
{
    const struct mailbox *a = m->author;
    p->from_fields = (int64_t)m->from_count;
    p->authors = (int64_t)m->author_count;
    if (!a)
        return;
    p->address = address(f, a->address);
    p->domain = a->domain;
    p->org_domain = m->author_org;
    p->display = f->alias ? NULL : a->display;
}

static void fill_recipients(struct filler *f, const struct envelope *env, struct plain_list *list)
{
    *list = new_list(f, env->rcpt_count, sizeof(const char *));
    const char **at = list->items;
    for (size_t i = 0; i < list->count; i++)
        at[i] = address(f, env->rcpts[i]);
}

static void fill_path(struct filler *f, const struct message *m, struct plain_list *list)
{
    *list = new_list(f, m->hop_count, sizeof(struct plain_hop));
    struct plain_hop *at = list->items;
    for (size_t i = 0; i < list->count; i++) {
        const struct hop *h = &m->hops[i];
        at[i] = (struct plain_hop){.ip = ip_text(f, &h->ip),
                                   .name = h->name,
                                   .helo = h->helo,
                                   .with = h->with,
                                   .by = h->by,
                                   .time = seconds(h->time),
                                   .trusted = (ptrdiff_t)i <= m->client_hop,
                                   .tls = h->tls,
                                   .authenticated = h->authenticated,
                                   .internal = h->internal};
    }
}

static void fill_message(struct filler *f, const struct record *r, struct plain_record *p)
{
    const struct message *m = r->message;
    p->queue_id = m->env.queue_id;
    fill_client(f, r, &p->client);
    p->sender = address(f, m->env.sender);
    fill_recipients(f, &m->env, &p->recipients);
    p->size = (int64_t)m->size;
    p->message_id = m->message_id;
    fill_author(f, m, &p->author);
    fill_path(f, m, &p->path);
    p->sender_domain = m->sender_domain;
    p->in_reply_to = m->in_reply_to;
    p->date = seconds(m->date);
    p->automatic = m->automatic;
    p->rejected_recipients = m->env.rejected;
    p->over = words(f, m->over, plain_over_name);
}

static void fill_dkim(struct filler *f, const struct evidence *ev, struct plain_list *list)
{
    *list = new_list(f, ev->dkim_count, sizeof(struct plain_dkim));
    struct plain_dkim *at = list->items;
    for (size_t i = 0; i < list->count; i++) {
        const struct dkim_result *d = &ev->dkim[i];
        at[i] = (struct plain_dkim){.result = auth_result_name(d->result),
                                    .domain = d->domain,
                                    .selector = d->selector,
                                    .reason = d->reason,
                                    .identity = prose(f, d->identity),
                                    .algorithm = d->algorithm,
                                    .key_bits = d->key_bits ? d->key_bits : PLAIN_NULL,
                                    .flags = words(f, d->flags, plain_dkim_flag_name)};
    }
}

static void fill_auth(struct filler *f, const struct evidence *ev, struct plain_auth *p)
{
    const struct spf_result *spf = &ev->spf, *helo = &ev->spf_helo;
    const struct dmarc_result *dmarc = &ev->dmarc;
    bool judged = dmarc->result != AUTH_UNKNOWN;
    const char *scope = spf->scope == SPF_SCOPE_HELO ? "helo" : "mailfrom";
    p->spf = (struct plain_spf){auth_result_name(spf->result), spf->domain,
                                spf->result == AUTH_UNKNOWN ? NULL : scope, prose(f, spf->reason)};
    fill_dkim(f, ev, &p->dkim);
    p->dmarc = (struct plain_dmarc){
        .result = auth_result_name(dmarc->result),
        .domain = dmarc->domain,
        .policy = dmarc_policy_name(dmarc->policy),
        .published = dmarc_policy_name(dmarc->published),
        .record_domain = dmarc->record_domain,
        .spf_aligned = judged ? dmarc->spf_aligned : PLAIN_NULL_BIT,
        .dkim_aligned = judged ? dmarc->dkim_aligned : PLAIN_NULL_BIT,
        .reason = dmarc->reason,
    };
    p->iprev =
        (struct plain_iprev){auth_result_name(ev->iprev.result), ev->iprev.name, ev->iprev.reason};
    p->spf_helo = (struct plain_spf_helo){auth_result_name(helo->result), helo->domain,
                                          prose(f, helo->reason)};
    p->dkim_skipped = (int64_t)ev->dkim_skipped;
    p->dns_timeout = ev->dns_timeout;
}

static void fill_evidence(struct filler *f, const struct trust_result *trust,
                          struct plain_list *list)
{
    *list = new_list(f, trust->item_count, sizeof(struct plain_evidence));
    struct plain_evidence *at = list->items;
    for (size_t i = 0; i < list->count; i++) {
        const struct trust_item *t = &trust->items[i];
        at[i] = (struct plain_evidence){
            .name = t->name,
            .subject = prose(f, t->subject),
            .weight = real_or_nan(t->weight),
            .good = mass(t->good),
            .bad = mass(t->bad),
            .seen = mass(t->seen),
            .note = prose(f, t->note),
        };
    }
}

static const char *class_word(enum trust_class class)
{
    return (unsigned)class < CLASS_COUNT ? trust_class_name(class) : NULL;
}

static const char *action_word(enum action action)
{
    return action > ACTION_NONE && action < ACTION_COUNT ? action_name(action) : NULL;
}

static const char *mode_word(enum mode mode)
{
    return mode == MODE_ENFORCE || mode == MODE_OBSERVE ? mode_name(mode) : NULL;
}

static void fill_decision(struct filler *f, const struct decision *d, struct plain_record *p)
{
    p->class = class_word(d->class);
    p->policy = d->policy ? d->policy->name : NULL;
    p->action = action_word(d->action);
    p->mode = mode_word(d->mode);
    p->reason = prose(f, d->reason);
    p->recipient_actions = new_list(f, d->rcpt_count, sizeof(struct plain_recipient_action));
    struct plain_recipient_action *at = p->recipient_actions.items;
    for (size_t i = 0; i < p->recipient_actions.count; i++) {
        const struct rcpt_decision *rd = &d->rcpts[i];
        at[i] = (struct plain_recipient_action){
            .recipient = address(f, rd->rcpt),
            .action = action_word(rd->action),
            .quarantine =
                rd->action == ACTION_QUARANTINE ? quarantine_method_name(rd->quarantine) : NULL,
            .class = class_word(rd->class),
            .policy = rd->policy ? rd->policy->name : NULL,
        };
    }
}

static void fill_shadow(struct filler *f, const struct record_shadow *s, struct plain_record *p)
{
    p->shadow = arena_alloc(f->arena, sizeof *p->shadow);
    f->failed |= !p->shadow;
    if (p->shadow)
        *p->shadow = (struct plain_shadow){.trust = real_or_nan(s->trust),
                                           .class = class_word(s->class),
                                           .policy = s->policy,
                                           .action = action_word(s->action),
                                           .reason = s->reason};
}

static int64_t usec(int64_t us)
{
    return us < 0 ? PLAIN_NULL : us;
}

static void fill_judgement(struct filler *f, const struct record *r, struct plain_record *p)
{
    const struct record_timing *t = &r->timing;
    fill_evidence(f, r->trust, &p->evidence);
    p->trust = real_or_nan(r->trust->trust);
    p->flags = words(f, r->flags, message_flag_name);
    p->model = r->model;
    p->timing_us =
        (struct plain_timing){usec(t->total), usec(t->dns),   usec(t->spf),  usec(t->dkim),
                              usec(t->dmarc), usec(t->store), usec(t->rules)};
    p->judged = r->judged;
    p->bias = real_or_nan(r->bias);
}

static void fill_labels(struct filler *f, const struct record *r, struct plain_list *list)
{
    *list = new_list(f, r->label_count, sizeof(struct plain_label));
    struct plain_label *at = list->items;
    for (size_t i = 0; i < list->count; i++) {
        const struct label *l = &r->labels[i];
        at[i] = (struct plain_label){label_verdict_name(l->verdict), label_source_name(l->source),
                                     prose(f, l->note)};
    }
}

int plain_fill(struct arena *arena, const struct record *r, bool written, struct plain_record *p_r)
{
    struct filler f = {arena, written && r->message ? r->message->alias : NULL, false};
    struct plain_record *p = p_r;
    plain_clear(&plain_record_shape, p);
    p->schema = RECORD_SCHEMA;
    p->id = r->id;
    p->time = r->time_us;
    p->sensor = r->sensor;
    p->kind = record_kind_name(r->kind);
    p->direction =
        r->message && r->direction != DIRECTION_ANY ? direction_name(r->direction) : NULL;
    if (r->message) {
        fill_message(&f, r, p);
        p->traits = trait_words(&f, r->message);
    }
    if (r->evidence) {
        fill_auth(&f, r->evidence, &p->auth);
        p->known_before = words(&f, r->evidence->known_before, known_before_name);
    }
    if (r->trust)
        fill_judgement(&f, r, p);
    if (r->decision)
        fill_decision(&f, r->decision, p);
    if (r->shadow)
        fill_shadow(&f, r->shadow, p);
    fill_labels(&f, r, &p->labels);
    p->subject = r->subject;
    if (r->kind == RECORD_LABEL) {
        p->subject_time = r->subject_time_us ? r->subject_time_us : PLAIN_NULL;
        p->subject_unseen = r->subject_unseen;
    }
    p->erased = r->erased;
    p->pseudonym_key = f.alias ? f.alias->id : r->pseudonym_key;
    return f.failed ? VOUCH_E_NOMEM : 0;
}
