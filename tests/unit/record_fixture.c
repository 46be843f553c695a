/* SPDX-License-Identifier: BSD-2-Clause */
#include "record_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "traits.h"

#define RECEIVED " by mx.example.net with ESMTPS; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
#define FROM     "From: Alice <Alice@News.Example.Org>\r\n"

struct letter {
    const char *name;
    enum record_kind kind;
    enum direction direction;
    const char *ip, *client, *helo, *user, *sender, *rcpts[4];
    const char *trusted; /* a network whose Received fields are believed */
    const char *header;
    enum auth_result iprev, spf, spf_helo, dmarc;
    const char *iprev_name, *spf_domain;
    bool by_helo; /* SPF's scope */
    enum dmarc_policy policy;
    struct {
        enum auth_result result;
        const char *domain;
        unsigned flags;
    } dkim[3];
    const char *model;
    unsigned flags;
    bool judged;
};

#define ORDINARY                                                                                   \
    .ip = "192.0.2.7", .client = "mx.example.org", .helo = "mx.example.org",                       \
    .sender = "bounce@example.org", .rcpts = {"bob@example.net"}, .model = "1", .judged = true

static const struct letter letters[] = {
    {.name = "an ordinary letter",
     ORDINARY,
     .header = "Received: from laptop (dsl.example.org [203.0.113.9])" RECEIVED FROM
               "Message-ID: <1@example.org>\r\nDate: Tue, 14 Nov 2023 22:13:19 +0000\r\n"
               "In-Reply-To: <0@example.net>\r\nSubject: hello\r\n",
     .iprev = AUTH_PASS,
     .iprev_name = "mx.example.org",
     .spf = AUTH_PASS,
     .spf_domain = "example.org",
     .spf_helo = AUTH_NONE,
     .dmarc = AUTH_PASS,
     .policy = DMARC_REJECT,
     .dkim = {{AUTH_PASS, "example.org", 0}}},
    {.name = "nothing at all", .header = "Subject: x\r\n"},
    {.name = "null sender, IPv6, SPF by HELO",
     .ip = "2001:db8:1:2::3",
     .client = "mx.example.com",
     .helo = "mx.example.com",
     .sender = "",
     .rcpts = {"bob@example.net"},
     .header = "From: MAILER-DAEMON@example.com\r\nAuto-Submitted: auto-replied\r\n",
     .spf = AUTH_PASS,
     .spf_helo = AUTH_PASS,
     .spf_domain = "mx.example.com",
     .by_helo = true,
     .iprev = AUTH_TEMPERROR,
     .dmarc = AUTH_NONE,
     .flags = FLAG_DNS_TIMEOUT | FLAG_MODEL_UNAVAILABLE},
    {.name = "a list that breaks the signature",
     ORDINARY,
     .header = "Received: from a.example.com (a.example.com [198.51.100.4])" RECEIVED
               "Received: from laptop ([203.0.113.9])" RECEIVED FROM "Precedence: list\r\n",
     .spf = AUTH_PASS,
     .spf_domain = "lists.example.com",
     .iprev = AUTH_PASS,
     .iprev_name = "lists.example.com",
     .dmarc = AUTH_FAIL,
     .policy = DMARC_NONE,
     .dkim = {{AUTH_FAIL, "example.org", 0}, {AUTH_PASS, "lists.example.com", 0}}},
    {.name = "a forwarder that rewrites the envelope",
     ORDINARY,
     .header = "Received: from mx.example.org ([198.51.100.4])" RECEIVED FROM,
     .spf = AUTH_PASS,
     .spf_domain = "srs.example.net",
     .dmarc = AUTH_PASS,
     .policy = DMARC_QUARANTINE,
     .dkim = {{AUTH_PASS, "news.example.org", 0}, {AUTH_NEUTRAL, NULL, 0}}},
    {.name = "a relay of ours in front, hand-overs inside",
     .ip = "192.0.2.25",
     .client = "relay.example.net",
     .helo = "relay.example.net",
     .sender = "alice@example.org",
     .rcpts = {"bob@example.net", "carol@example.net"},
     .trusted = "192.0.2.0/24",
     .header = "Received: by localhost with LMTP; Tue, 14 Nov 2023 22:13:25 +0000\r\n"
               "Received: from mx.example.org (mx.example.org [198.51.100.7])" RECEIVED
               "Received: (qmail 1 invoked by uid 5); 14 Nov 2023 22:13:00 -0000\r\n"
               "Received: from pc ([2001:db8:7::1]) by mx.example.org with ESMTPSA; "
               "Tue, 14 Nov 2023 22:12:00 +0000\r\n" FROM,
     .spf = AUTH_SOFTFAIL,
     .spf_domain = "example.org",
     .iprev = AUTH_FAIL,
     .iprev_name = "mx.example.org",
     .dmarc = AUTH_TEMPERROR,
     .dkim = {{AUTH_TEMPERROR, "example.org", 0}},
     .judged = true},
    {.name = "a relay of ours, and nobody knows who is behind it",
     .ip = "192.0.2.25",
     .client = "relay.example.net",
     .helo = "relay.example.net",
     .trusted = "192.0.2.0/24",
     .sender = "a@[192.0.2.1]",
     .header = "Received: from x by 192.0.2.25; 14 Nov 2023 22:13:20 +0000\r\n" FROM},
    {.name = "two From fields",
     ORDINARY,
     .header = FROM "From: mallory@example.com\r\n",
     .dmarc = AUTH_PASS,
     .spf = AUTH_PASS,
     .spf_domain = "example.org",
     .dkim = {{AUTH_PASS, "example.org", 0}}},
    {.name = "two authors",
     ORDINARY,
     .header = "From: alice@example.org, \"O'Brien, Pat\" <\"odd one\"@example.com>\r\n",
     .dmarc = AUTH_PASS,
     .dkim = {{AUTH_PASS, "example.org", 0}, {AUTH_PASS, "example.com", 0}}},
    {.name = "no author",
     ORDINARY,
     .header = "From: nobody\r\n",
     .spf = AUTH_PERMERROR,
     .dmarc = AUTH_PERMERROR},
    {.name = "body appended to what was signed",
     ORDINARY,
     .header = FROM,
     .dmarc = AUTH_PASS,
     .policy = DMARC_REJECT,
     .dkim = {{AUTH_PASS, "example.org", DKIM_FLAG_BODY_APPENDED},
              {AUTH_POLICY, "example.com", DKIM_FLAG_DUPLICATE_TAG | DKIM_FLAG_TEST_MODE},
              {AUTH_PERMERROR, "example.org", 0}}},
    {.name = "an author whose local-part is anything",
     ORDINARY,
     .header = "From: \"a@b \\\"c\\\" \xc3\xa4\"@B\xc3\xbc"
               "cher.example\r\n",
     .dmarc = AUTH_PASS,
     .dkim = {{AUTH_PASS, "xn--bcher-kva.example", 0}}},
    {.name = "an author at an address literal", ORDINARY, .header = "From: a@[192.0.2.1]\r\n"},
    {.name = "bytes that are no UTF-8",
     .ip = "192.0.2.7",
     .client = "x\xff",
     .helo = "\xfe\xff",
     .sender = "a\xff@example.org",
     .rcpts = {"b\xff@example.net"},
     .header = "From: \"\xff\" <a\xff@example.org>\r\nMessage-ID: <\xff@x>\r\n"},
    {.name = "a single-use envelope, a HELO that is an address",
     .ip = "192.0.2.7",
     .helo = "[192.0.2.7]",
     .sender = "bounce-bob=example.net@lists.example.com",
     .rcpts = {"bob@example.net"},
     .header = FROM,
     .spf = AUTH_PASS,
     .spf_domain = "lists.example.com"},
    {.name = "from one of our own",
     .direction = DIRECTION_OUTBOUND,
     .ip = "10.0.0.7",
     .user = "bob",
     .sender = "bob@example.net",
     .rcpts = {"alice@news.example.org", "carol@example.org"},
     .header = "From: bob@example.net\r\n"},
    {.name = "answers go elsewhere",
     ORDINARY,
     .header = FROM "Reply-To: Bob <bob@Example.NET>\r\n"},
    {.name = "local submission", .sender = "root@example.net", .header = "From: root\r\n"},
    {.name = "times that run backwards",
     ORDINARY,
     .header = "Received: from a ([198.51.100.4]) by b; Thu, 01 Jan 1970 00:00:01 +0000\r\n"
               "Received: from c ([198.51.100.5]) by a; no date at all\r\n" FROM,
     .flags = FLAG_TIME_DISORDER | FLAG_FORGED_AUTHOR},
    {.name = "a label",
     .kind = RECORD_LABEL,
     ORDINARY,
     .header = "Received: from laptop ([203.0.113.9])" RECEIVED FROM,
     .spf = AUTH_PASS,
     .spf_domain = "example.org",
     .dmarc = AUTH_PASS,
     .dkim = {{AUTH_PASS, "example.org", 0}}},
    {.name = "a label of a message read from a file",
     .kind = RECORD_LABEL,
     .direction = DIRECTION_ANY,
     .header = FROM},
    {.name = "an erasure", .kind = RECORD_ERASURE, .direction = DIRECTION_ANY},
};
const size_t made_count = sizeof letters / sizeof *letters;

static void make_message(struct made *made, const struct letter *l)
{
    struct span rest = span_of(l->header);
    struct message *m = &made->m;
    struct ipnet trusted;
    struct field field;
    message_init(m, made->arena, NULL);
    if (l->ip)
        assert_int_equal(ipaddr_parse(span_of(l->ip), &m->env.ip), 0);
    m->env.name = l->client;
    m->env.helo = l->helo;
    m->env.user = l->user;
    m->env.tls = l->client ? "TLSv1.3" : NULL;
    m->env.sender = l->sender;
    m->env.queue_id = "4ABC";
    m->env.rejected = l->client ? 0 : 3;
    for (int i = 0; l->rcpts[i]; i++)
        assert_int_equal(message_add_rcpt(m, l->rcpts[i]), 0);
    while (rfc5322_next_field(&rest, &field) == 1)
        assert_int_equal(message_add_field(m, field.name, field.value), 0);
    if (l->trusted)
        assert_int_equal(ipnet_parse(span_of(l->trusted), &trusted), 0);
    assert_int_equal(message_scan(m, NULL, &trusted, l->trusted != NULL), 0);
    m->over = l->flags ? MESSAGE_OVER_FIELDS | MESSAGE_OVER_HOPS : 0;
}

static void make_evidence(struct made *made, const struct letter *l)
{
    struct evidence *ev = &made->ev;
    ev->iprev = (struct iprev_result){l->iprev, l->iprev_name, l->iprev_name ? NULL : "no name"};
    ev->spf = (struct spf_result){.result = l->spf,
                                  .scope = l->by_helo ? SPF_SCOPE_HELO : SPF_SCOPE_MAILFROM,
                                  .domain = l->spf_domain};
    ev->spf_helo = (struct spf_result){
        .result = l->spf_helo, .scope = SPF_SCOPE_HELO, .domain = l->helo, .reason = "it is so"};
    ev->dmarc = (struct dmarc_result){.result = l->dmarc,
                                      .domain = made->m.author ? made->m.author->domain : NULL,
                                      .record_domain = l->policy ? "example.org" : NULL,
                                      .policy = l->policy,
                                      .published = l->policy,
                                      .spf_aligned = l->dmarc == AUTH_PASS};
    ev->dkim = arena_array(made->arena, 3, sizeof *ev->dkim);
    assert_non_null(ev->dkim);
    for (; ev->dkim_count < 3 && l->dkim[ev->dkim_count].result; ev->dkim_count++)
        ev->dkim[ev->dkim_count] = (struct dkim_result){
            .result = l->dkim[ev->dkim_count].result,
            .domain = l->dkim[ev->dkim_count].domain,
            .selector = "s1",
            .identity = "news@example.org",
            .algorithm = "rsa-sha256",
            .key_bits = ev->dkim_count ? 0 : 2048,
            .flags = l->dkim[ev->dkim_count].flags,
            .reason = l->dkim[ev->dkim_count].result == AUTH_PASS ? NULL : "body has changed",
        };
    ev->dkim_skipped = l->flags ? 2 : 0;
    ev->dns_timeout = (l->flags & FLAG_DNS_TIMEOUT) != 0;
}

static const struct policy board = {.name = "the board"};
static struct trust_item items[] = {
    {"author", "alice@news.example.org", 1.25, 12.5, 0, 40.125, "over 30 days, last today"},
    {"spf_fail", NULL, -0.5, -1, -1, -1, NULL},
    {"hop", "203.0.113.0/24", 0, 0, 0, 0, NULL},
};

static const struct record_shadow
    rejecting = {0.05, CLASS_UNTRUSTED, ACTION_REJECT, "trial",
                 "class trusted -> untrusted because of host, action accept -> reject"},
    agreeing = {.trust = 0.6791786, .class = CLASS_UNTRUSTED, .action = ACTION_QUARANTINE};

static void make_judgement(struct made *made, const struct letter *l)
{
    struct decision *d = &made->decision;
    made->trust = (struct trust_result){
        .items = items, .item_count = l->model ? 3 : 0, .trust = l->model ? 0.6791786 : 0.5};
    *d = (struct decision){.direction = l->direction,
                           .class = l->dmarc == AUTH_PASS ? CLASS_TRUSTED : CLASS_UNTRUSTED,
                           .action = l->dmarc == AUTH_PASS ? ACTION_ACCEPT : ACTION_QUARANTINE,
                           .policy = l->model ? &board : NULL,
                           .mode = l->flags ? MODE_OBSERVE : MODE_ENFORCE,
                           .reason = "trusted (0.679): policy 'the board' accepts trusted mail to "
                                     "bob@example.net",
                           .rcpt_count = made->m.env.rcpt_count};
    d->rcpts = arena_array(made->arena, d->rcpt_count, sizeof *d->rcpts);
    assert_non_null(d->rcpts);
    for (size_t i = 0; i < d->rcpt_count; i++)
        d->rcpts[i] =
            (struct rcpt_decision){.rcpt = made->m.env.rcpts[i],
                                   .action = d->action,
                                   .class = d->class,
                                   .policy = i ? NULL : d->policy,
                                   .quarantine = i ? QUARANTINE_REDIRECT : QUARANTINE_HOLD};
    made->r.trust = &made->trust;
    made->r.decision = d;
    made->r.flags = l->flags;
    made->r.judged = l->judged;
    made->r.model = l->model;
    made->r.bias = -0.25;
    made->r.shadow = l->dmarc == AUTH_PASS ? &rejecting : l->model ? &agreeing : NULL;
    made->r.timing =
        (struct record_timing){1500, l->model ? 1200 : -1, 300, 40, 5, l->model ? 80 : -1, 0};
}

/* As assess reads them before it asks the model. */
static void read_traits(struct made *made)
{
    const char **words = arena_array(made->arena, TRAIT_COUNT, sizeof *words);
    const struct iprev_result *iprev = &made->ev.iprev;
    assert_non_null(words);
    traits_of(&made->m, NULL, iprev->result == AUTH_PASS ? iprev->name : NULL, words);
    made->m.traits = words;
}

void made_init(struct made *made, size_t i)
{
    const struct letter *l = &letters[i];
    memset(made, 0, sizeof *made);
    made->name = l->name;
    made->arena = arena_new(1 << 24);
    assert_non_null(made->arena);
    struct record *r = &made->r;
    *r = (struct record){.kind = l->kind,
                         .id = "017f22e2-79b0-7000-8000-000000000000",
                         .time_us = 1700000000123456 + (int64_t)i,
                         .sensor = "mx.example.net",
                         .direction = l->direction};
    if (l->kind == RECORD_ERASURE) {
        r->erased = "alice@example.org";
        return;
    }
    make_message(made, l);
    make_evidence(made, l);
    read_traits(made);
    r->message = &made->m;
    r->evidence = &made->ev;
    r->client_inferred = made->m.client_hop >= 0;
    made->labels[0] = (struct label){LABEL_BAD, LABEL_TRAP, "trap@example.net"};
    made->labels[1] = (struct label){LABEL_GOOD, LABEL_FILTER, NULL};
    r->labels = made->labels;
    if (l->kind == RECORD_DECISION) {
        r->label_count = l->flags ? 2 : 0;
        make_judgement(made, l);
        return;
    }
    r->label_count = 1;
    r->subject = record_subject(made->arena, &made->m);
    r->subject_time_us = l->ip ? 1700000000000000 : 0;
    r->subject_unseen = !l->ip;
}

void made_clear(struct made *made)
{
    arena_free(&made->arena);
}

/* As assess asks the model. */
static void list_identities(const struct record *r, struct trust_input *in)
{
    struct arena *arena = r->message->arena;
    const struct evidence *ev = r->evidence;
    const char **domains = arena_array(arena, ev->dkim_count, sizeof *domains);
    struct identity *list = NULL;
    assert_non_null(domains);
    for (size_t i = 0; i < ev->dkim_count; i++)
        domains[i] = ev->dkim[i].domain;
    const char *ptr =
        ev->iprev.result == AUTH_PASS ? ev->iprev.name : message_client(r->message).name;
    assert_int_equal(identity_list(arena, r->message, NULL, domains, ev->dkim_count, ptr, &list,
                                   &in->identity_count),
                     0);
    in->identities = list;
}

const char *made_lessons(const struct record *r)
{
    struct trust_input in = {.message = r->message,
                             .evidence = r->evidence,
                             .outbound = r->direction == DIRECTION_OUTBOUND};
    if (!r->message)
        return "";
    list_identities(r, &in);
    struct arena *arena = r->message->arena;
    char *text = arena_strdup(arena, "");
    for (size_t i = 0; i < in.identity_count; i++) {
        const struct identity *id = &in.identities[i];
        text = arena_printf(arena, "%s%s|%s|%s|%s|%d %s\n", text, identity_kind_name(id->kind),
                            id->subject, id->group, id->field, id->index,
                            trust_teaches(&in, i) ? "taught" : "");
        assert_non_null(text);
    }
    return text;
}
