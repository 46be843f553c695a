/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_batch without DNS: see fake_dns.h. Only what the verifiers call. */
#include "fake_dns.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "ipaddr.h"

struct fake_reply {
    struct dns_answer answer;
};

struct dns_question {
    struct dns_question *next;
    struct dns_batch *batch;
    char *name;
    enum dns_type type;
    bool asked, arrived;
    struct fake_reply reply;
};

struct dns_batch {
    fake_dns_fn *answer;
    void *arg;
    bool slow;
    struct dns_question *questions; /* asked, or told of */
    const char *last;
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

static struct dns_question *find_or_add(struct dns_batch *b, const char *name, enum dns_type type)
{
    struct dns_question *q = b->questions;
    while (q && (q->type != type || strcasecmp(q->name, name) != 0))
        q = q->next;
    if (q)
        return q;
    q = need(calloc(1, sizeof *q));
    *q = (struct dns_question){.next = b->questions, .batch = b, .type = type};
    q->name = need(strdup(name));
    fake_status(&q->reply, DNS_NXDOMAIN);
    b->questions = q;
    return q;
}

struct dns_batch *fake_dns_new(fake_dns_fn *answer, void *arg, bool slow)
{
    struct dns_batch *b = need(calloc(1, sizeof *b));
    b->answer = answer;
    b->arg = arg;
    b->slow = slow;
    return b;
}

struct fake_reply *fake_dns_reply(struct dns_batch *b, const char *name, enum dns_type type)
{
    return &find_or_add(b, name, type)->reply;
}

void dns_batch_free(struct dns_batch **bp)
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

void fake_dns_arrive(struct dns_batch *b)
{
    for (struct dns_question *q = b->questions; q; q = q->next)
        q->arrived |= q->asked;
}

unsigned fake_dns_asked(const struct dns_batch *b)
{
    return b->asked;
}

const char *fake_dns_name(const struct dns_batch *b)
{
    return b->last;
}

unsigned fake_dns_waits(const struct dns_batch *b)
{
    return b->waits;
}

struct dns_question *dns_ask(struct dns_batch *b, const char *name, enum dns_type type)
{
    struct dns_question *q = find_or_add(b, name, type);
    if (q->asked)
        return q;
    q->asked = true;
    q->arrived = !b->slow;
    b->asked++;
    b->last = q->name;
    if (b->answer)
        b->answer(b->arg, name, type, &q->reply);
    return q;
}

struct dns_question *dns_ask_reserved(struct dns_batch *b, const char *name, enum dns_type type)
{
    return dns_ask(b, name, type);
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
