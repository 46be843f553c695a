/* SPDX-License-Identifier: BSD-2-Clause */
#include "learn_records.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "domain.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))

uint64_t records_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct ipaddr ip(const char *text)
{
    struct ipaddr r;
    assert_int_equal(ipaddr_parse(span_of(text), &r), 0);
    return r;
}

struct letter {
    struct record record; /* first */
    struct message message;
    struct evidence evidence;
    struct decision decision;
    struct trust_result trust;
};

static struct letter *letter_of(struct record *r)
{
    assert_int_equal(r->kind, RECORD_DECISION);
    return (struct letter *)r;
}

struct message *records_message(struct record *r)
{
    return &letter_of(r)->message;
}

struct evidence *records_evidence(struct record *r)
{
    return &letter_of(r)->evidence;
}

struct decision *records_decision(struct record *r)
{
    return &letter_of(r)->decision;
}

static void *make(struct arena *arena, size_t size)
{
    void *p = arena_alloc(arena, size);
    assert_non_null(p);
    return p;
}

static void begin(struct record *r, enum record_kind kind, int64_t time_us, uint64_t salt)
{
    uint8_t random[10] = {0};
    memcpy(random + 2, &salt, sizeof salt);
    r->kind = kind;
    r->time_us = time_us;
    r->sensor = "mx.example.net";
    r->timing = (struct record_timing){-1, -1, -1, -1, -1, -1, -1};
    record_id(r->id, time_us, random);
}

void records_author(struct arena *arena, struct record *r, const char *local, const char *domain)
{
    struct message *m = records_message(r);
    struct mailbox *author = make(arena, sizeof *author);
    *author = (struct mailbox){.local = local, .domain = domain, .valid = true};
    author->address = arena_printf(arena, "%s@%s", local, domain);
    m->author = author;
    m->from_count = m->author_count = 1;
    m->author_org = domain_org(NULL, domain);
}

struct record *records_letter(struct arena *arena, int64_t seconds)
{
    struct letter *letter = make(arena, sizeof *letter);
    struct record *r = &letter->record;
    struct message *m = &letter->message;
    struct evidence *ev = &letter->evidence;
    const char **rcpts = arena_array(arena, 1, sizeof(*rcpts));
    begin(r, RECORD_DECISION, (RECORDS_T0 + seconds) * 1000000, (uint64_t)seconds);
    message_init(m, arena, NULL);
    r->message = m;
    r->evidence = ev;
    r->decision = &letter->decision;
    r->trust = &letter->trust;
    r->judged = true;
    r->model = "1";
    rcpts[0] = "bob@example.net";
    records_author(arena, r, "Alice", "news.example.org");
    m->env = (struct envelope){.ip = ip("192.0.2.7"),
                               .live = true,
                               .name = "mx.example.org",
                               .helo = "mx.example.org",
                               .sender = "bounce@example.org",
                               .rcpts = rcpts,
                               .rcpt_count = 1};
    m->sender_domain = "example.org";
    m->client_hop = -1;
    m->date = -1;
    ev->dkim = arena_array(arena, 1, sizeof *ev->dkim);
    ev->dkim[0] = (struct dkim_result){.result = AUTH_PASS, .domain = "example.org"};
    ev->dkim_count = 1;
    ev->spf = (struct spf_result){.result = AUTH_PASS, .domain = "example.org"};
    ev->spf_helo = (struct spf_result){
        .result = AUTH_PASS, .scope = SPF_SCOPE_HELO, .domain = "mx.example.org"};
    ev->iprev = (struct iprev_result){.result = AUTH_PASS, .name = "mx.example.org"};
    ev->dmarc = (struct dmarc_result){.result = AUTH_PASS,
                                      .domain = "news.example.org",
                                      .spf_aligned = true,
                                      .dkim_aligned = true};
    return r;
}

void records_judge(struct arena *arena, const struct record *of, uint64_t *random)
{
    if (of->kind != RECORD_DECISION)
        return;
    struct record *r = (struct record *)(uintptr_t)of; /* one that was made here */
    struct trust_item *items = arena_array(arena, 2, sizeof *items);
    struct trust_result *trust = make(arena, sizeof *trust);
    struct decision *d = records_decision(r);
    struct rcpt_decision *rcpt = make(arena, sizeof *rcpt);
    struct record_shadow *shadow = make(arena, sizeof *shadow);
    for (int i = 0; i < 2; i++)
        items[i] = (struct trust_item){.name = i ? "host" : "spf_fail",
                                       .subject = "192.0.2.7",
                                       .weight = (double)(records_random(random) % 8) - 4,
                                       .good = (double)(records_random(random) % 100),
                                       .bad = -1,
                                       .note = i ? "a note" : NULL};
    *trust = (struct trust_result){.items = items,
                                   .item_count = records_random(random) % 3,
                                   .trust = (double)(records_random(random) % 1000) / 1000,
                                   .sum = -3};
    d->class = (enum trust_class)(records_random(random) % CLASS_COUNT);
    d->action = (enum action)(records_random(random) % ACTION_COUNT);
    d->mode = (enum mode)(records_random(random) % 2);
    d->reason = records_random(random) % 2 ? "because" : "why not";
    *rcpt = (struct rcpt_decision){.rcpt = r->message->env.rcpts[0],
                                   .action = d->action,
                                   .class = d->class,
                                   .reason = d->reason};
    d->rcpts = rcpt;
    d->rcpt_count = 1;
    r->trust = trust;
    r->judged = records_random(random) % 2;
    r->flags = (unsigned)(records_random(random) % 2048);
    r->model = records_random(random) % 2 ? "7" : NULL;
    r->bias = 0.25;
    shadow->class = (enum trust_class)(records_random(random) % CLASS_COUNT);
    shadow->action = (enum action)(records_random(random) % ACTION_COUNT);
    shadow->reason = records_random(random) % 2 ? "action tag -> reject" : NULL;
    r->shadow = records_random(random) % 4 ? shadow : NULL;
    r->timing.total = (int64_t)(records_random(random) % 100000);
}

void records_inline(struct arena *arena, struct record *r, const struct label *labels, size_t count)
{
    struct label *copy = arena_array(arena, count, sizeof *copy);
    memcpy(copy, labels, count * sizeof *copy);
    r->labels = copy;
    r->label_count = count;
}

struct record *records_label(struct arena *arena, const struct record *letter,
                             enum label_source source, enum label_verdict verdict, int64_t later)
{
    int64_t time_us = letter->time_us + later * 1000000;
    struct record *r = make(arena, sizeof *r);
    begin(r, RECORD_LABEL, time_us,
          (uint64_t)later * 64 + (uint64_t)source * 4 + (uint64_t)(verdict + 1));
    memcpy(r->id + 24, letter->id + 24, 12); /* of two letters' labels: different */
    r->message = letter->message;
    r->evidence = letter->evidence;
    r->subject = letter->id;
    r->subject_time_us = letter->time_us;
    const struct label label = {verdict, source, NULL};
    records_inline(arena, r, &label, 1);
    return r;
}

struct record *records_erasure(struct arena *arena, const char *subject, int64_t seconds)
{
    struct record *r = make(arena, sizeof *r);
    begin(r, RECORD_ERASURE, (RECORDS_T0 + seconds) * 1000000, 1);
    r->erased = arena_strdup(arena, subject);
    return r;
}

/* --- the stream ----------------------------------------------------------------------------- */

static unsigned pick(struct records *s, unsigned n)
{
    return (unsigned)(records_random(&s->random) % n);
}

static enum label_verdict any_verdict(struct records *s)
{
    return (enum label_verdict)((int)pick(s, 3) - 1);
}

static void vary_proofs(struct records *s, struct record *r)
{
    static const enum auth_result results[] = {AUTH_PASS, AUTH_PASS, AUTH_PASS,
                                               AUTH_FAIL, AUTH_NONE, AUTH_TEMPERROR};
    struct evidence *ev = records_evidence(r);
    ev->spf.result = results[pick(s, LENGTH(results))];
    ev->dkim[0].result = results[pick(s, LENGTH(results))];
    ev->dmarc.result = results[pick(s, LENGTH(results))];
    ev->iprev.result = results[pick(s, LENGTH(results))];
}

static void vary_names(struct records *s, struct record *r)
{
    struct message *m = records_message(r);
    unsigned who = pick(s, 12), from = pick(s, 8);
    const char *org = arena_printf(s->arena, "example%u.org", who / 2);
    const char *host = arena_printf(s->arena, "mx%u.%s", from % 3, org);
    char text[32];
    snprintf(text, sizeof text, "192.0.2.%u", 1 + from);
    m->env.ip = ip(text);
    m->env.name = m->env.helo = host;
    m->env.sender = arena_printf(s->arena, "b@%s", org);
    m->sender_domain = org;
    m->env.rcpts[0] = arena_printf(s->arena, "user%u@example.net", pick(s, 40));
    records_author(s->arena, r, arena_printf(s->arena, "a%u", who), org);
    struct evidence *ev = records_evidence(r);
    ev->dkim[0].domain = ev->spf.domain = ev->dmarc.domain = org;
    ev->iprev.name = ev->spf_helo.domain = host;
}

static struct record *any_decision(struct records *s, int64_t seconds)
{
    static const enum label_source sources[] = {LABEL_TRAP, LABEL_FILTER, LABEL_UNKNOWN_RECIPIENT};
    struct record *r = records_letter(s->arena, seconds);
    uint8_t random[10];
    uint64_t salt = records_random(&s->random);
    memcpy(random, &salt, sizeof salt);
    memcpy(random + 8, &s->serial, 2);
    s->serial += 2;
    record_id(r->id, r->time_us, random);
    vary_names(s, r);
    vary_proofs(s, r);
    if (pick(s, 10) == 0) {
        records_decision(r)->direction = DIRECTION_OUTBOUND;
        records_message(r)->automatic = pick(s, 4) == 0;
    }
    if (pick(s, 4) == 0) {
        const struct label labels[] = {
            {any_verdict(s), sources[pick(s, LENGTH(sources))], NULL},
            {any_verdict(s), sources[pick(s, LENGTH(sources))], NULL},
        };
        records_inline(s->arena, r, labels, 1 + pick(s, 2));
    }
    return r;
}

void records_make(struct records *s, struct arena *arena, uint64_t seed, size_t count)
{
    *s = (struct records){.arena = arena, .random = seed, .serial = (unsigned)seed % 2};
    s->list = arena_array(arena, count, sizeof(*s->list));
    assert_non_null(s->list);
    for (int64_t now = 0; s->count < count; now += pick(s, 900)) {
        const struct record *about = s->count ? s->list[pick(s, (unsigned)s->count)] : NULL;
        if (about && about->kind == RECORD_DECISION && pick(s, 3) == 0)
            s->list[s->count++] = records_label(arena, about, pick(s, LABEL_SOURCE_COUNT),
                                                any_verdict(s), pick(s, 30 * 86400));
        else
            s->list[s->count++] = any_decision(s, now);
    }
}
