/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_judge SERVER DEADLINE_MS: reads lines "ADDRESS HELO SENDER" (the last two in hex, "-" for
 * empty), judges them all at once, each in a thread of its own, with one resolver that asks SERVER,
 * and prints a line for each, in order: result, terms, voids, queries, explanation, reason, with
 * tabs between. For spf_suite.py. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "clock.h"
#include "resolver.h"
#include "spf.h"

#define MAX_CASES 100 /* of one scenario */

struct judged {
    struct resolver *resolver;
    int64_t deadline_ms;
    struct spf_request request;
    char helo[1000], sender[1000];
    struct arena *arena;
    struct spf_result result;
    struct spf_cost cost;
    bool failed;
    pthread_t thread;
};

static void unhex(const char *hex, char *text, size_t size)
{
    size_t n = 0;
    unsigned byte;
    for (; n + 1 < size && sscanf(hex, "%2x", &byte) == 1; hex += 2)
        text[n++] = (char)byte;
    text[n] = '\0';
}

static void *judge(void *arg)
{
    struct judged *j = arg;
    struct dns_batch *dns =
        dns_batch_new(j->resolver, clock_ms() + j->deadline_ms, SPF_MAX_QUERIES);
    j->arena = arena_new(65536);
    j->failed = !dns || !j->arena || spf_check(j->arena, dns, &j->request, &j->result, &j->cost) ||
                dns_batch_questions(dns) > SPF_MAX_QUERIES;
    if (dns)
        dns_batch_free(&dns);
    return NULL;
}

static size_t read_cases(struct judged *cases)
{
    char line[4200], ip[100], helo[2000], sender[2000];
    size_t n = 0;
    while (n < MAX_CASES && fgets(line, sizeof line, stdin)) {
        struct judged *j = &cases[n++];
        if (sscanf(line, "%99s %1999s %1999s", ip, helo, sender) != 3 ||
            ipaddr_parse(span_of(ip), &j->request.ip) != 0) {
            fprintf(stderr, "spf_judge: line %zu: not ADDRESS HELO SENDER\n", n);
            exit(64);
        }
        unhex(helo, j->helo, sizeof j->helo);
        unhex(sender, j->sender, sizeof j->sender);
        j->request.helo = j->helo;
        j->request.sender = j->sender;
        j->request.receiver = "mx.example.com";
    }
    return n;
}

static void print(const struct judged *j)
{
    static const char *const words[AUTH_RESULT_COUNT] = {
        [AUTH_UNKNOWN] = "unknown",     [AUTH_NONE] = "none",           [AUTH_PASS] = "pass",
        [AUTH_FAIL] = "fail",           [AUTH_SOFTFAIL] = "softfail",   [AUTH_NEUTRAL] = "neutral",
        [AUTH_TEMPERROR] = "temperror", [AUTH_PERMERROR] = "permerror",
    };
    const struct spf_result *r = &j->result;
    printf("%s\t%u\t%u\t%u\t%s\t%s\n", j->failed ? "failed" : words[r->result], j->cost.terms,
           j->cost.voids, j->cost.queries, r->explanation ? r->explanation : "DEFAULT",
           r->reason ? r->reason : "");
}

int main(int argc, char **argv)
{
    static struct judged cases[MAX_CASES];
    char error[200];
    if (argc != 3) {
        fprintf(stderr, "usage: spf_judge SERVER DEADLINE_MS\n");
        return 64;
    }
    const char *servers[] = {argv[1]};
    struct resolver_options options = {.servers = servers, .server_count = 1};
    struct resolver *resolver = resolver_new(&options, error, sizeof error);
    if (!resolver) {
        fprintf(stderr, "spf_judge: %s\n", error);
        return 69;
    }
    size_t n = read_cases(cases);
    for (size_t i = 0; i < n; i++) {
        cases[i].resolver = resolver;
        cases[i].deadline_ms = strtol(argv[2], NULL, 10);
        if (pthread_create(&cases[i].thread, NULL, judge, &cases[i]) != 0)
            return 71;
    }
    for (size_t i = 0; i < n; i++) {
        pthread_join(cases[i].thread, NULL);
        print(&cases[i]);
        arena_free(&cases[i].arena);
    }
    resolver_free(&resolver);
    return 0;
}
