/* SPDX-License-Identifier: BSD-2-Clause */
/* SPF evaluation by the real libspf2 over a hostile DNS: whatever the records are, the limits hold,
 * there is a result, and it is the same whether the answers come at once or late.
 *
 * Input: a line "HELO SENDER", then lines that answer questions: which one is a matter of the
 * question's hash. A TXT question gets the line itself; MX and PTR get as many names as it has
 * letters, of hosts and of words in it; addresses are the client's or another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "fake_dns.h"
#include "spf.h"

#define MAX_LINES 64

struct input {
    struct span lines[MAX_LINES];
    size_t count;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static uint32_t hash(const char *name, enum dns_type type)
{
    uint32_t h = span_fnv1a(span_of(name), SPAN_FNV1A ^ (uint32_t)type);
    return h ^ h >> 16;
}

static void answer_names(struct fake_reply *reply, enum dns_type type, struct span line, uint32_t h)
{
    char name[64];
    for (size_t i = 0; i < line.len && i < 40; i++) {
        snprintf(name, sizeof name, "h%u.%s", (unsigned)((h + (unsigned char)line.p[i]) % 32),
                 i % 3 ? "example.com" : "example.net");
        if (type == DNS_MX)
            fake_mx(reply, name);
        else
            fake_name(reply, name);
    }
    if (h % 13 == 0)
        fake_rdata(reply, line.p, line.len); /* malformed, as like as not */
}

static void answer(void *arg, const char *name, enum dns_type type, struct fake_reply *reply)
{
    const struct input *in = arg;
    uint32_t h = hash(name, type);
    struct span line = in->lines[h % in->count];
    if ((h >> 8) % 16 == 0)
        return fake_status(reply, h >> 12 & 1 ? DNS_FAILED : DNS_NODATA);
    if ((h >> 13) % 11 == 0)
        return; /* no such name */
    if (type == DNS_TXT)
        fake_txt(reply, line.p, line.len);
    else if (type == DNS_MX || type == DNS_PTR)
        answer_names(reply, type, line, h);
    else if (type == DNS_AAAA)
        fake_ip(reply, h >> 20 & 1 ? "2001:db8::1" : "2001:db8:1::1");
    else
        fake_ip(reply, h >> 20 & 1 ? "192.0.2.1" : "192.0.2.77");
}

static bool same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static void judge(struct input *in, const struct spf_request *request)
{
    struct arena *arena = arena_new(1 << 20);
    struct dns_batch *at_once = fake_dns_new(answer, in, false),
                     *late = fake_dns_new(answer, in, true);
    struct spf_result a, b;
    struct spf_cost cost;
    must(spf_check(arena, at_once, request, &a, &cost) == 0);
    must(a.result != AUTH_UNKNOWN && a.result != AUTH_POLICY);
    must(cost.terms <= SPF_MAX_TERMS + 1 && cost.voids <= SPF_MAX_VOID + 1);
    must(cost.queries <= SPF_MAX_QUERIES && fake_dns_asked(at_once) <= cost.queries);
    must(a.result == AUTH_PERMERROR || (cost.terms <= SPF_MAX_TERMS && cost.voids <= SPF_MAX_VOID));
    must(a.result == AUTH_FAIL || !a.explanation);
    must(spf_check(arena, late, request, &b, &cost) == 0);
    must(a.result == b.result && same(a.reason, b.reason) && same(a.explanation, b.explanation));
    must(fake_dns_asked(late) == fake_dns_asked(at_once));
    dns_batch_free(&at_once);
    dns_batch_free(&late);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.count = 0};
    struct span rest = span_make(data, size), head, helo;
    struct arena *arena = arena_new(1 << 20);
    if (span_split(&rest, '\n', &head) && span_split(&head, ' ', &helo))
        while (in.count < MAX_LINES && span_split(&rest, '\n', &in.lines[in.count]))
            in.count++;
    if (in.count) {
        struct spf_request request = {
            .ip = {IP_V4, {192, 0, 2, 1}},
            .helo = arena_span(arena, helo),
            .sender = arena_span(arena, head),
            .receiver = "mx.example.com",
        };
        judge(&in, &request);
        request.ip = (struct ipaddr){IP_V6, {0x20, 1, 0xd, 0xb8, [15] = 1}};
        request.scope = SPF_SCOPE_HELO;
        judge(&in, &request);
    }
    arena_free(&arena);
    return 0;
}
