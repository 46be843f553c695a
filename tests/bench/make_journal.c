/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a journal of N decisions as a site's mail would leave them: few senders write most of it, most
 * senders write once; two in a hundred messages are labelled.
 *
 *   make_journal DIR N
 *
 * Prints what one record costs to encode and to append, in microseconds. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "journal.h"
#include "record_avro.h"

#define START_US   (INT64_C(1735689600) * 1000000) /* 2025-01-01 */
#define STEP_US    864000                          /* 100,000 messages a day */
#define LOCAL      2000                            /* recipients here */
#define PER_DOMAIN 20 /* messages for each sending domain, on average */

struct maker {
    uint64_t state, count, domains;
    struct journal *journal;
    double encode_us, append_us;
};

/* xorshift64* */
static uint64_t draw(struct maker *mk)
{
    mk->state ^= mk->state >> 12;
    mk->state ^= mk->state << 25;
    mk->state ^= mk->state >> 27;
    return mk->state * UINT64_C(2685821657736338717);
}

static double uniform(struct maker *mk)
{
    return (double)(draw(mk) >> 11) * 0x1p-53;
}

/* 0 .. n-1; the k-th is drawn about 1/k as often as the first (Zipf's law) */
static uint64_t zipf(struct maker *mk, uint64_t n)
{
    uint64_t k = (uint64_t)exp(uniform(mk) * log((double)n + 1));
    return k > n ? n - 1 : k - 1;
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void die(const char *what)
{
    fprintf(stderr, "make_journal: %s\n", what);
    exit(1);
}

static void *need(void *p)
{
    if (!p)
        die("out of memory");
    return p;
}

static struct ipaddr host(uint64_t domain, uint64_t k)
{
    uint32_t net = (uint32_t)(domain * 2654435761u) | 0x01000000u;
    char text[32];
    struct ipaddr ip;
    snprintf(text, sizeof text, "%u.%u.%u.%u", 11 + (net >> 24) % 80, net >> 16 & 255,
             net >> 8 & 255, (unsigned)(1 + k % 250));
    if (ipaddr_parse(span_of(text), &ip) != 0)
        die("no address");
    return ip;
}

static void fill_message(struct maker *mk, struct arena *arena, struct message *m, uint64_t domain)
{
    const char *name = need(arena_printf(arena, "d%" PRIu64 ".example", domain));
    const char *user = need(arena_printf(arena, "user%" PRIu64, zipf(mk, 50)));
    char from[200];
    message_init(m, arena, NULL);
    m->env.ip = host(domain, zipf(mk, 8));
    m->env.live = true;
    m->env.name = m->env.helo = need(arena_printf(arena, "mx.%s", name));
    m->env.sender = need(arena_printf(arena, "%s@%s", user, name));
    m->env.queue_id = need(arena_printf(arena, "Q%" PRIx64, draw(mk) >> 24));
    m->env.tls = "TLSv1.3";
    for (uint64_t n = 1 + (draw(mk) % 8 == 0); n > 0; n--)
        message_add_rcpt(m, need(arena_printf(arena, "r%" PRIu64 "@example.org", zipf(mk, LOCAL))));
    snprintf(from, sizeof from, " User <%s>", m->env.sender);
    message_add_field(m, span_of("From"), span_of(from));
    snprintf(from, sizeof from, " <%" PRIx64 "@%s>", draw(mk), name);
    message_add_field(m, span_of("Message-ID"), span_of(from));
    if (message_scan(m, NULL, NULL, 0) != 0)
        die("no message");
    m->size = 4000 + draw(mk) % 40000;
}

static void fill_evidence(struct maker *mk, const struct message *m, struct evidence *ev,
                          struct dkim_result *dkim)
{
    const char *domain = m->sender_domain;
    bool good = draw(mk) % 10 < 7;
    ev->iprev = (struct iprev_result){.result = AUTH_PASS, .name = m->env.name};
    ev->spf =
        (struct spf_result){good ? AUTH_PASS : AUTH_NONE, SPF_SCOPE_MAILFROM, domain, NULL, NULL};
    *dkim = (struct dkim_result){.result = AUTH_PASS, .domain = domain, .selector = "s1"};
    ev->dkim = dkim;
    ev->dkim_count = good;
    ev->dmarc = (struct dmarc_result){.result = good ? AUTH_PASS : AUTH_NONE, .domain = domain};
}

static void write_one(struct maker *mk, uint64_t i, struct sbuf *out)
{
    struct arena *arena = need(arena_new(1 << 20));
    struct message m;
    struct evidence ev = {0};
    struct dkim_result dkim;
    struct trust_item items[] = {{"network", "192.0.2.0/24", 0.31, 3, 0, 4, "last 2 days ago"},
                                 {"author", "user@d1.example", 1.2, 12, 0, 15, "over 40 days"},
                                 {"dkim", "d1.example", 0.2, 12, 0, 15, NULL}};
    struct trust_result trust = {.items = items, .item_count = 3, .sum = 1.7, .trust = 0.85};
    uint64_t domain = zipf(mk, mk->domains);
    fill_message(mk, arena, &m, domain);
    fill_evidence(mk, &m, &ev, &dkim);
    struct rcpt_decision rcpt = {
        .rcpt = m.env.rcpts[0], .action = ACTION_TAG, .class = CLASS_SUSPICIOUS};
    struct decision decision = {.class = CLASS_SUSPICIOUS,
                                .action = ACTION_TAG,
                                .reason = "not known well enough",
                                .rcpts = &rcpt,
                                .rcpt_count = 1};
    struct label label = {domain % 5 == 4 ? LABEL_BAD : LABEL_GOOD, LABEL_FILTER, NULL};
    struct record r = {.kind = RECORD_DECISION,
                       .time_us = START_US + (int64_t)i * STEP_US,
                       .sensor = "mx.example.org",
                       .labels = &label,
                       .label_count = draw(mk) % 50 == 0,
                       .message = &m,
                       .evidence = &ev,
                       .trust = &trust,
                       .decision = &decision,
                       .judged = true,
                       .model = "1",
                       .timing = {400, 100, 20, 150, 10, 40, 60}};
    uint8_t random[10];
    for (size_t k = 0; k < sizeof random; k++)
        random[k] = (uint8_t)draw(mk);
    record_id(r.id, r.time_us, random);
    sbuf_reset(out);
    double t0 = now_us();
    if (record_encode(out, &r) != 0)
        die("cannot encode");
    double t1 = now_us();
    if (journal_append(mk->journal, sbuf_span(out), span_of(r.id), span_of(m.message_id), r.time_us,
                       NULL) != 0)
        die("cannot append");
    double t2 = now_us();
    mk->encode_us += t1 - t0;
    mk->append_us += t2 - t1;
    arena_free(&arena);
}

int main(int argc, char **argv)
{
    struct maker mk = {.state = UINT64_C(0x9e3779b97f4a7c15)};
    char error[512];
    struct sbuf out;
    if (argc < 3 || (mk.count = strtoull(argv[2], NULL, 10)) == 0)
        die("usage: make_journal DIR N");
    struct journal_options options = {.dir = argv[1],
                                      .writer = "bench",
                                      .sync = JOURNAL_INTERVAL,
                                      .interval_ms = 100,
                                      .segment_bytes = 64 << 20,
                                      .segment_age_s = 86400 * 365 * 10,
                                      .memory_bytes = 8 << 20,
                                      .must = true};
    mk.journal = journal_open(&options, error, sizeof error);
    if (!mk.journal)
        die(error);
    mk.domains = mk.count / PER_DOMAIN + 100;
    sbuf_init(&out, RECORD_BYTES_MAX);
    for (uint64_t i = 0; i < mk.count; i++)
        write_one(&mk, i, &out);
    printf("%zu bytes a record; encode %.2f us, append %.2f us\n", out.len,
           mk.encode_us / (double)mk.count, mk.append_us / (double)mk.count);
    sbuf_clear(&out);
    journal_close(&mk.journal);
    return 0;
}
