/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_batch out of a function: see fake_zone.h. Only what SPF calls. */
#include "fake_zone.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct fake_reply {
    struct dns_answer answer;
};

struct dns_question {
    struct dns_question *next;
    struct dns_batch *batch;
    char *name;
    enum dns_type type;
    bool arrived;
    struct fake_reply reply;
};

struct dns_batch {
    fake_zone_fn *zone;
    void *arg;
    bool slow;
    struct dns_question *questions;
    unsigned asked, waits;
};

static void *need(void *p)
{
    if (!p)
        abort();
    return p;
}

void fake_status(struct fake_reply *reply, enum dns_status status)
{
    reply->answer.status = status;
    reply->answer.why = status == DNS_FAILED ? "SERVFAIL" : NULL;
}

void fake_rdata(struct fake_reply *reply, const void *rdata, size_t len)
{
    struct dns_answer *a = &reply->answer;
    fake_status(reply, DNS_FOUND);
    a->rdata = need(realloc(a->rdata, (a->count + 1) * sizeof *a->rdata));
    a->rdata[a->count++] = span_make(memcpy(need(malloc(len + 1)), rdata, len), len);
}

void fake_txt(struct fake_reply *reply, const char *text, size_t len)
{
    char *rdata = need(malloc(len + len / 255 + 1)), *to = rdata;
    do {
        size_t n = len < 255 ? len : 255;
        *to++ = (char)n;
        memcpy(to, text, n);
        to += n;
        text += n;
        len -= n;
    } while (len);
    fake_rdata(reply, rdata, (size_t)(to - rdata));
    free(rdata);
}

void fake_ip(struct fake_reply *reply, const char *address)
{
    struct ipaddr ip;
    if (ipaddr_parse(span_of(address), &ip) != 0)
        abort();
    fake_rdata(reply, ip.bytes, ip.family == IP_V6 ? 16 : 4);
}

static void add_name(struct fake_reply *reply, const char *head, size_t n, const char *name)
{
    char rdata[2 + 255];
    memcpy(rdata, head, n);
    while (*name) {
        size_t len = strcspn(name, ".");
        if (len == 0 || len > 63 || n + len + 2 > sizeof rdata)
            abort();
        rdata[n++] = (char)len;
        memcpy(rdata + n, name, len);
        n += len;
        name += name[len] ? len + 1 : len;
    }
    rdata[n++] = '\0';
    fake_rdata(reply, rdata, n);
}

void fake_name(struct fake_reply *reply, const char *name)
{
    add_name(reply, "", 0, name);
}

void fake_mx(struct fake_reply *reply, const char *name)
{
    add_name(reply, "\0\12", 2, name);
}

struct dns_batch *fake_zone_new(fake_zone_fn *zone, void *arg, bool slow)
{
    struct dns_batch *b = need(calloc(1, sizeof *b));
    b->zone = zone;
    b->arg = arg;
    b->slow = slow;
    return b;
}

void fake_zone_free(struct dns_batch **bp)
{
    while (*bp && (*bp)->questions) {
        struct dns_question *q = (*bp)->questions;
        (*bp)->questions = q->next;
        for (size_t i = 0; i < q->reply.answer.count; i++)
            free((char *)(uintptr_t)q->reply.answer.rdata[i].p);
        free(q->reply.answer.rdata);
        free(q->name);
        free(q);
    }
    free(*bp);
    *bp = NULL;
}

void fake_zone_arrive(struct dns_batch *b)
{
    for (struct dns_question *q = b->questions; q; q = q->next)
        q->arrived = true;
}

unsigned fake_zone_asked(const struct dns_batch *b)
{
    return b->asked;
}

unsigned fake_zone_waits(const struct dns_batch *b)
{
    return b->waits;
}

struct dns_question *dns_ask(struct dns_batch *b, const char *name, enum dns_type type)
{
    struct dns_question *q = b->questions;
    while (q && (q->type != type || strcasecmp(q->name, name) != 0))
        q = q->next;
    if (q)
        return q;
    q = need(calloc(1, sizeof *q));
    *q = (struct dns_question){.next = b->questions, .batch = b, .type = type, .arrived = !b->slow};
    q->name = need(strdup(name));
    b->questions = q;
    b->asked++;
    fake_status(&q->reply, DNS_NXDOMAIN);
    b->zone(b->arg, name, type, &q->reply);
    return q;
}

const struct dns_answer *dns_peek(struct dns_question *q)
{
    static const struct dns_answer pending = {.status = DNS_PENDING};
    return q->arrived ? &q->reply.answer : &pending;
}

const struct dns_answer *dns_wait(struct dns_question *q)
{
    q->batch->waits += !q->arrived;
    q->arrived = true;
    return dns_peek(q);
}
