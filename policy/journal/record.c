/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision record's identity, and its long form: JSON. Its short forms are in
 * record_brief.c. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "record.h"

void record_id(char id_r[RECORD_ID_TEXT], int64_t time_us, const uint8_t random[10])
{
    uint64_t ms = (uint64_t)(time_us > 0 ? time_us / 1000 : 0);
    uint8_t b[16];
    for (int i = 0; i < 6; i++)
        b[i] = (uint8_t)(ms >> (40 - 8 * i));
    memcpy(b + 6, random, 10);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x70); /* version 7 */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* RFC 9562 variant */
    snprintf(id_r, RECORD_ID_TEXT,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

void record_time(int64_t time_us, char text_r[32])
{
    int64_t us = ((time_us % 1000000) + 1000000) % 1000000;
    time_t t = (time_t)((time_us - us) / 1000000);
    struct tm tm;
    char date[24] = "";
    if (!gmtime_r(&t, &tm) || strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        date[0] = '\0';
    snprintf(text_r, 32, "%s.%06dZ", date, (int)us);
}

/* A string of the message, or null. What is no UTF-8 is replaced, so that the line is always valid
 * JSON. */
static json_t *text(const struct record *r, const char *s)
{
    if (!s)
        return json_null();
    json_t *j = json_string(s);
    return j ? j : json_string(rfc5322_utf8(r->message->arena, span_of(s)));
}

static json_t *real(double x)
{
    return isfinite(x) ? json_real(round(x * 1e6) / 1e6) : json_null();
}

/* a mass or a time span: negative means "not applicable" */
static json_t *mass(double x)
{
    return x < 0 ? json_null() : real(x);
}

static json_t *usec(int64_t us)
{
    return us < 0 ? json_null() : json_integer(us);
}

static json_t *ip(const struct ipaddr *addr)
{
    char buf[IPADDR_TEXT];
    return addr->family == IP_NONE ? json_null() : json_string(ipaddr_format(addr, buf));
}

static json_t *time_seconds(time_t t)
{
    char buf[32];
    if (t < 0)
        return json_null();
    record_time((int64_t)t * 1000000, buf);
    return json_string(buf);
}

static json_t *client(const struct record *r)
{
    struct message_client c = message_client(r->message);
    return json_pack("{so so so so so}", "ip", ip(&c.ip), "name", text(r, c.name), "helo",
                     text(r, c.helo), "user", text(r, r->message->env.user), "tls",
                     text(r, r->message->env.tls));
}

static json_t *recipients(const struct record *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->message->env.rcpt_count; i++)
        json_array_append_new(list, text(r, r->message->env.rcpts[i]));
    return list;
}

static json_t *author(const struct record *r)
{
    const struct mailbox *a = r->message->author;
    return json_pack("{so so so so}", "address", text(r, a ? a->address : NULL), "domain",
                     text(r, a ? a->domain : NULL), "org_domain", text(r, r->message->author_org),
                     "display", text(r, a ? a->display : NULL));
}

static json_t *result(enum auth_result a)
{
    const char *name = auth_result_name(a);
    return name ? json_string(name) : json_null();
}

static json_t *auth(const struct record *r)
{
    const struct evidence *ev = r->evidence;
    json_t *dkim = json_array();
    for (size_t i = 0; i < ev->dkim_count; i++) {
        const struct dkim_result *d = &ev->dkim[i];
        json_array_append_new(dkim, json_pack("{so so so so}", "result", result(d->result),
                                              "domain", text(r, d->domain), "selector",
                                              text(r, d->selector), "reason", text(r, d->reason)));
    }
    const char *policy = dmarc_policy_name(ev->dmarc.policy);
    json_t *scope = ev->spf.result == AUTH_UNKNOWN    ? json_null()
                    : ev->spf.scope == SPF_SCOPE_HELO ? json_string("helo")
                                                      : json_string("mailfrom");
    return json_pack("{s{so so so} so s{so so so} s{so so}}", "spf", "result",
                     result(ev->spf.result), "domain", text(r, ev->spf.domain), "scope", scope,
                     "dkim", dkim, "dmarc", "result", result(ev->dmarc.result), "domain",
                     text(r, ev->dmarc.domain), "policy", text(r, policy), "iprev", "result",
                     result(ev->iprev.result), "name", text(r, ev->iprev.name));
}

static json_t *path(const struct record *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->message->hop_count; i++) {
        const struct hop *h = &r->message->hops[i];
        json_array_append_new(
            list, json_pack("{so so so so so sb}", "ip", ip(&h->ip), "name", text(r, h->name),
                            "helo", text(r, h->helo), "with", text(r, h->with), "time",
                            time_seconds(h->time), "trusted",
                            r->message->client_hop >= 0 && (ptrdiff_t)i <= r->message->client_hop));
    }
    return list;
}

static json_t *evidence(const struct record *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->trust->item_count; i++) {
        const struct trust_item *t = &r->trust->items[i];
        json_array_append_new(list, json_pack("{ss so so so so so so}", "name", t->name, "subject",
                                              text(r, t->subject), "weight", real(t->weight),
                                              "good", mass(t->good), "bad", mass(t->bad), "seen",
                                              mass(t->seen), "note", text(r, t->note)));
    }
    return list;
}

static json_t *flags(unsigned bits)
{
    json_t *list = json_array();
    for (; bits != 0; bits &= bits - 1)
        json_array_append_new(list, json_string(message_flag_name(bits)));
    return list;
}

static json_t *recipient_actions(const struct record *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->decision->rcpt_count; i++) {
        const struct rcpt_decision *d = &r->decision->rcpts[i];
        const char *method =
            d->action == ACTION_QUARANTINE ? quarantine_method_name(d->quarantine) : NULL;
        json_array_append_new(list,
                              json_pack("{so ss so ss so}", "recipient", text(r, d->rcpt), "action",
                                        action_name(d->action), "quarantine", text(r, method),
                                        "class", trust_class_name(d->class), "policy",
                                        text(r, d->policy ? d->policy->name : NULL)));
    }
    return list;
}

static json_t *timing(const struct record_timing *t)
{
    return json_pack("{so so so so so so so}", "total", usec(t->total), "dns", usec(t->dns), "spf",
                     usec(t->spf), "dkim", usec(t->dkim), "dmarc", usec(t->dmarc), "store",
                     usec(t->store), "rules", usec(t->rules));
}

char *record_json(const struct record *r)
{
    const struct message *m = r->message;
    const struct decision *d = r->decision;
    char when[32];
    record_time(r->time_us, when);
    json_t *j = json_pack(
        "{si ss ss so ss so so so so sI so so so so so sf ss so so ss ss so so so so}", "schema",
        RECORD_SCHEMA, "id", r->id, "time", when, "sensor", text(r, r->sensor), "direction",
        direction_name(d->direction), "queue_id", text(r, m->env.queue_id), "client", client(r),
        "sender", text(r, m->env.sender), "recipients", recipients(r), "size", (json_int_t)m->size,
        "message_id", text(r, m->message_id), "author", author(r), "auth", auth(r), "path", path(r),
        "evidence", evidence(r), "trust", round(r->trust->trust * 1e6) / 1e6, "class",
        trust_class_name(d->class), "flags", flags(r->flags), "policy",
        text(r, d->policy ? d->policy->name : NULL), "action", action_name(d->action), "mode",
        mode_name(d->mode), "reason", text(r, d->reason), "recipient_actions", recipient_actions(r),
        "model", text(r, r->model), "timing_us", timing(&r->timing));
    if (!j)
        return NULL;
    char *line = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(j);
    return line;
}
