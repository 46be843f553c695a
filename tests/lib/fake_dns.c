/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_batch out of a table: see fake_dns.h. Only what the verifiers call. */
#include "fake_dns.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAMES 64 /* of one test */

struct dns_question {
    char *name;
    struct dns_answer answer; /* pending until it is waited for */
    struct dns_answer result;
};

struct dns_batch {
    struct dns_question table[NAMES], asked[NAMES];
    size_t table_count, asked_count;
};

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

static struct dns_question *find(struct dns_question *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

static struct dns_question *find_or_add(struct dns_question *list, size_t *count, const char *name)
{
    struct dns_question *q = find(list, *count, name);
    if (q)
        return q;
    if (*count == NAMES)
        abort();
    q = &list[(*count)++];
    q->name = must(strdup(name));
    return q;
}

struct dns_batch *fake_dns_new(void)
{
    return must(calloc(1, sizeof(struct dns_batch)));
}

void fake_dns_txt(struct dns_batch *b, const char *name, struct span text)
{
    struct dns_question *q = find_or_add(b->table, &b->table_count, name);
    struct dns_answer *a = &q->result;
    size_t n = 0;
    char *wire = must(malloc(text.len + text.len / 255 + 1));
    for (size_t at = 0; at == 0 || at < text.len; at += 255) {
        struct span part = span_slice(text, at, at + 255);
        wire[n++] = (char)part.len;
        memcpy(wire + n, part.p, part.len);
        n += part.len;
    }
    a->rdata = must(realloc(a->rdata, (a->count + 1) * sizeof *a->rdata));
    a->rdata[a->count++] = span_make(wire, n);
    a->status = DNS_FOUND;
}

void fake_dns_fail(struct dns_batch *b, const char *name, const char *why)
{
    struct dns_question *q = find_or_add(b->table, &b->table_count, name);
    q->result.status = DNS_FAILED;
    q->result.why = why;
}

size_t fake_dns_asked(const struct dns_batch *b)
{
    return b->asked_count;
}

const char *fake_dns_name(const struct dns_batch *b, size_t i)
{
    return b->asked[i].name;
}

void dns_batch_free(struct dns_batch **bp)
{
    struct dns_batch *b = *bp;
    for (size_t i = 0; b && i < b->table_count; i++) {
        struct dns_answer *a = &b->table[i].result;
        for (size_t k = 0; k < a->count; k++)
            free((void *)(uintptr_t)a->rdata[k].p);
        free(a->rdata);
        free(b->table[i].name);
    }
    for (size_t i = 0; b && i < b->asked_count; i++)
        free(b->asked[i].name);
    free(b);
    *bp = NULL;
}

struct dns_question *dns_ask(struct dns_batch *b, const char *name, enum dns_type type)
{
    struct dns_question *q = find_or_add(b->asked, &b->asked_count, name);
    struct dns_question *known = find(b->table, b->table_count, name);
    if (!known)
        known = find(b->table, b->table_count, "*");
    q->result = (struct dns_answer){.status = DNS_NXDOMAIN};
    if (known && (type == DNS_TXT || known->result.status == DNS_FAILED))
        q->result = known->result;
    return q;
}

const struct dns_answer *dns_peek(struct dns_question *q)
{
    return &q->answer;
}

const struct dns_answer *dns_wait(struct dns_question *q)
{
    q->answer = q->result;
    return &q->answer;
}
