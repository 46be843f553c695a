/* SPDX-License-Identifier: BSD-2-Clause */
#include "trust_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "domain.h"
#include "errors.h"

static struct ipaddr ip(const char *text)
{
    struct ipaddr r;
    assert_int_equal(ipaddr_parse(span_of(text), &r), 0);
    return r;
}

void fixture_author(struct fixture *f, const char *local, const char *domain)
{
    f->author = (struct mailbox){.local = local, .domain = domain, .valid = true};
    f->author.address = arena_printf(f->arena, "%s@%s", local, domain);
    assert_non_null(f->author.address);
    f->m.author = &f->author;
    f->m.from_count = f->m.author_count = 1;
    f->m.author_org = domain_org(NULL, domain);
}

void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->arena = arena_new(1 << 26);
    assert_non_null(f->arena);
    struct message_limits limits = MESSAGE_LIMITS_DEFAULT;
    message_init(&f->m, f->arena, &limits);
    fixture_author(f, "Alice", "news.example.org");
    f->rcpts[0] = "bob@example.net";
    f->m.env = (struct envelope){.ip = ip("192.0.2.7"),
                                 .name = "mx.example.org",
                                 .helo = "mx.example.org",
                                 .sender = "bounce@example.org",
                                 .rcpts = f->rcpts,
                                 .rcpt_count = 1};
    f->m.sender_domain = "example.org";
    f->hops[0] = (struct hop){.ip = ip("203.0.113.9"), .by = "mx.example.org", .time = -1};
    f->m.hops = f->hops;
    f->m.hop_count = 1;
    f->m.client_hop = -1;
    f->ev.dkim = f->dkim;
    f->ev.dkim_count = 1;
    f->dkim[0].domain = "example.org";
    trust_params_default(&f->params);
    fixture_list(f);
}

void fixture_clear(struct fixture *f)
{
    arena_free(&f->arena);
}

void fixture_prove(struct fixture *f)
{
    f->ev.spf = (struct spf_result){.result = AUTH_PASS, .domain = "example.org"};
    f->dkim[0].result = AUTH_PASS;
    f->ev.dmarc = (struct dmarc_result){.result = AUTH_PASS,
                                        .domain = "news.example.org",
                                        .policy = DMARC_REJECT,
                                        .spf_aligned = true,
                                        .dkim_aligned = true};
    f->ev.iprev = (struct iprev_result){.result = AUTH_PASS, .name = "mx.example.org"};
}

void fixture_unpublished(struct fixture *f)
{
    f->ev.spf = (struct spf_result){.result = AUTH_NONE, .domain = "example.org"};
    f->ev.dkim_count = 0;
    f->ev.dmarc = (struct dmarc_result){.result = AUTH_NONE, .domain = "news.example.org"};
    f->ev.iprev = (struct iprev_result){.result = AUTH_PASS, .name = "mx.example.org"};
}

void fixture_list(struct fixture *f)
{
    const char *domains[4];
    size_t count;
    for (size_t i = 0; i < f->ev.dkim_count; i++)
        domains[i] = f->dkim[i].domain;
    assert_int_equal(identity_list(f->arena, &f->m, NULL, domains, f->ev.dkim_count, NULL,
                                   &f->identities, &count),
                     0);
    f->known = arena_array(f->arena, count, sizeof *f->known);
    assert_non_null(f->known);
    f->in = (struct trust_input){.message = &f->m,
                                 .evidence = &f->ev,
                                 .identities = f->identities,
                                 .known = f->known,
                                 .identity_count = count,
                                 .now = FIXTURE_NOW};
}

static void count_more(struct trust_known *k, double good, double bad)
{
    k->outcome = LOOKUP_FOUND;
    k->counts.good += good;
    k->counts.bad += bad;
    k->counts.seen += good + bad;
    k->counts.first = FIXTURE_NOW;
    k->counts.last = FIXTURE_NOW;
}

void fixture_know(struct fixture *f, enum identity_kind kind, double good, double bad)
{
    bool any = false;
    for (size_t i = 0; i < f->in.identity_count; i++)
        if (f->identities[i].kind == kind) {
            count_more(&f->known[i], good, bad);
            any = true;
        }
    assert_true(any);
}

void fixture_teach(struct fixture *f, double good, double bad)
{
    for (size_t i = 0; i < f->in.identity_count; i++) {
        if (trust_teaches(&f->in, i))
            count_more(&f->known[i], good, bad);
    }
}

double fixture_trust(struct fixture *f)
{
    assert_int_equal(trust_sum(f->arena, &f->params, &f->in, &f->r), 0);
    return f->r.trust;
}

const struct trust_item *fixture_item(const struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->r.item_count; i++)
        if (strcmp(f->r.items[i].name, name) == 0)
            return &f->r.items[i];
    return NULL;
}

double fixture_weight(const struct fixture *f, const char *name)
{
    double sum = 0;
    for (size_t i = 0; i < f->r.item_count; i++)
        if (strcmp(f->r.items[i].name, name) == 0)
            sum += f->r.items[i].weight;
    return sum;
}
