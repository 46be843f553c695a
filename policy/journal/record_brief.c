/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision record's short forms: the X-Vouch field and the log line. Both are read by people
 * and by grep; neither may be broken out of by anything a message says. */
#include <math.h>
#include <string.h>
#include "ascii.h"
#include "record.h"
#include "sbuf.h"

#define BRIEF_MAX        8192 /* bytes of a field or log line */
#define BRIEF_WHY        4    /* pieces of evidence named */
#define BRIEF_RCPTS      5    /* recipients named in the log line */
#define BRIEF_VALUE      256  /* longest value taken from a message */
#define BRIEF_MIN_WEIGHT 0.05 /* lighter evidence is left out */

static const char *model_word(const struct record *r)
{
    return r->flags & FLAG_MODEL_UNAVAILABLE ? "unavailable" : r->model ? r->model : "none";
}

static void add_flags(struct sbuf *b, unsigned bits)
{
    for (bool first = true; bits != 0; bits &= bits - 1, first = false)
        sbuf_addf(b, "%s%s", first ? "" : ",", message_flag_name(bits));
}

/* "author+2.41,network-0.30": what weighed most */
static void add_why(struct sbuf *b, const struct record *r)
{
    size_t named = 0;
    for (size_t i = 0; i < r->trust->item_count && named < BRIEF_WHY; i++) {
        const struct trust_item *t = &r->trust->items[i];
        if (fabs(t->weight) < BRIEF_MIN_WEIGHT)
            continue;
        sbuf_addf(b, "%s%s%+.2f", named++ ? "," : "", t->name, t->weight);
    }
    if (named == 0)
        sbuf_adds(b, "nothing-known");
}

char *record_header(struct arena *arena, const struct record *r)
{
    const struct decision *d = r->decision;
    struct sbuf b;
    sbuf_init(&b, BRIEF_MAX);
    sbuf_addf(&b, "id=%s; trust=%.3f; class=%s;\n\taction=%s; mode=%s; model=%s", r->id,
              r->trust->trust, trust_class_name(d->class), action_name(d->action),
              mode_name(d->mode), model_word(r));
    if (d->policy)
        sbuf_addf(&b, "; policy=%s", d->policy->name);
    if (r->flags) {
        sbuf_adds(&b, ";\n\tflags=");
        add_flags(&b, r->flags);
    }
    sbuf_adds(&b, ";\n\twhy=");
    add_why(&b, r);
    return sbuf_to_arena(&b, arena);
}

static bool is_plain(char c)
{
    switch (c) {
    case '"':
    case '<':
    case '>':
    case ',':
    case '%':
    case '\\':
        return false;
    default:
        return ascii_is_visible(c);
    }
}

/* A value of the message: what is not a plain graphic character, or would end or split the value,
 * is written %XX. */
static void add_value(struct sbuf *b, const char *s)
{
    size_t from = 0, n = 0;
    for (; s && s[n] && n < BRIEF_VALUE; n++) {
        if (is_plain(s[n]))
            continue;
        sbuf_add(b, s + from, n - from);
        sbuf_addf(b, "%%%02X", (unsigned char)s[n]);
        from = n + 1;
    }
    if (n > from)
        sbuf_add(b, s + from, n - from);
    if (s && s[n])
        sbuf_adds(b, "...");
}

static void add_bracketed(struct sbuf *b, const char *address)
{
    sbuf_addc(b, '<');
    add_value(b, address);
    sbuf_addc(b, '>');
}

static void add_address(struct sbuf *b, const char *key, const char *address)
{
    if (!address)
        return;
    sbuf_addf(b, " %s=", key);
    add_bracketed(b, address);
}

/* "to=<a@example.com>,<b@example.com> nrcpt=2" */
static void add_rcpts(struct sbuf *b, const struct envelope *env)
{
    for (size_t i = 0; i < env->rcpt_count && i < BRIEF_RCPTS; i++) {
        sbuf_adds(b, i ? "," : " to=");
        add_bracketed(b, env->rcpts[i]);
    }
    sbuf_addf(b, " nrcpt=%zu", env->rcpt_count);
}

/* "pass:example.com" */
static void add_result(struct sbuf *b, const char *before, enum auth_result result,
                       const char *domain)
{
    if (result == AUTH_UNKNOWN)
        return;
    sbuf_adds(b, before);
    sbuf_adds(b, auth_result_name(result));
    if (domain) {
        sbuf_addc(b, ':');
        add_value(b, domain);
    }
}

static void add_client(struct sbuf *b, const struct record *r)
{
    struct message_client c = message_client(r->message);
    char ip[IPADDR_TEXT];
    sbuf_adds(b, " client=");
    add_value(b, c.name ? c.name : "unknown");
    sbuf_addf(b, "[%s]", c.ip.family ? ipaddr_format(&c.ip, ip) : "unknown");
    if (r->message->env.user) {
        sbuf_adds(b, " user=");
        add_value(b, r->message->env.user);
    }
}

static void add_auth(struct sbuf *b, const struct evidence *ev)
{
    add_result(b, " iprev=", ev->iprev.result, ev->iprev.name);
    add_result(b, " spf=", ev->spf.result, ev->spf.domain);
    const char *before = " dkim=";
    for (size_t i = 0; i < ev->dkim_count; i++) {
        add_result(b, before, ev->dkim[i].result, ev->dkim[i].domain);
        if (ev->dkim[i].result != AUTH_UNKNOWN)
            before = ",";
    }
    add_result(b, " dmarc=", ev->dmarc.result, ev->dmarc.domain);
}

/* How the first recipient whose mail is quarantined has it; NULL: none. */
static const char *quarantine_word(const struct decision *d)
{
    for (size_t i = 0; i < d->rcpt_count; i++)
        if (d->rcpts[i].action == ACTION_QUARANTINE && d->rcpts[i].mode == d->mode)
            return quarantine_method_name(d->rcpts[i].quarantine);
    return NULL;
}

char *record_log(struct arena *arena, const struct record *r)
{
    const struct message *m = r->message;
    const struct decision *d = r->decision;
    struct sbuf b;
    sbuf_init(&b, BRIEF_MAX);
    add_value(&b, m->env.queue_id ? m->env.queue_id : "NOQUEUE");
    sbuf_addf(&b, ": id=%s direction=%s action=%s class=%s trust=%.3f", r->id,
              direction_name(d->direction), action_name(d->action), trust_class_name(d->class),
              r->trust->trust);
    if (d->policy) {
        sbuf_adds(&b, " policy=");
        add_value(&b, d->policy->name);
    }
    if (quarantine_word(d))
        sbuf_addf(&b, " quarantine=%s", quarantine_word(d));
    if (d->mode == MODE_OBSERVE)
        sbuf_adds(&b, " mode=observe");
    if (r->shadow && r->shadow->reason)
        sbuf_addf(&b, " shadow=%s", action_name(r->shadow->action));
    add_client(&b, r);
    add_address(&b, "from", m->env.sender);
    add_rcpts(&b, &m->env);
    sbuf_addf(&b, " size=%llu", (unsigned long long)m->size);
    add_address(&b, "author", m->author ? m->author->address : NULL);
    add_address(&b, "message-id", m->message_id);
    add_auth(&b, r->evidence);
    if (r->flags) {
        sbuf_adds(&b, " flags=");
        add_flags(&b, r->flags);
    }
    sbuf_adds(&b, " why=");
    add_why(&b, r);
    sbuf_addf(&b, " model=%s us=%lld", model_word(r), (long long)r->timing.total);
    return sbuf_to_arena(&b, arena);
}
