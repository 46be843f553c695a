/* SPDX-License-Identifier: BSD-2-Clause */
/* The resolver against a DNS server that misbehaves (data/resolver.zone says how for each name).
 * Every failure must be DNS_FAILED within the batch's deadline: never "no such name", never
 * late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "arena.h"
#include "clock.h"
#include "dns_server.h"
#include "resolver.h"
#include "zonefile.h"

#define SLACK_MS 2000 /* how late a loaded machine may be */

static struct dns_server server;
static bool has_server;

static struct resolver *open_resolver(const char *address)
{
    char error[256];
    struct resolver_options options = {.servers = &address, .server_count = 1};
    struct resolver *r = resolver_new(&options, error, sizeof error);
    if (!r)
        fail_msg("%s", error);
    return r;
}

static struct dns_batch *open_batch(struct resolver *r, int64_t ms)
{
    struct dns_batch *b = dns_batch_new(r, clock_ms() + ms, 2000);
    assert_non_null(b);
    return b;
}

static const struct dns_answer *ask(struct dns_batch *b, const char *name, enum dns_type type)
{
    struct dns_question *q = dns_ask(b, name, type);
    assert_non_null(q);
    return dns_wait(q);
}

#define NEED_SERVER()                                                                              \
    do {                                                                                           \
        if (!has_server) {                                                                         \
            print_message("# tests/lib/dnsd.py does not run here\n");                              \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

static const struct {
    const char *name;
    enum dns_type type;
    enum dns_status status;
    size_t count;
    const char *first; /* text of the first record, as render() gives it */
} answers[] = {
    {"example.com", DNS_TXT, DNS_FOUND, 2, "v=spf1 -all"},
    {"EXAMPLE.com.", DNS_TXT, DNS_FOUND, 2, "v=spf1 -all"},
    {"example.com", DNS_MX, DNS_FOUND, 2, "10 mx.example.com"},
    {"example.com", DNS_A, DNS_NODATA, 0, NULL},
    {"mx.example.com", DNS_A, DNS_FOUND, 1, "192.0.2.1"},
    {"mx.example.com", DNS_AAAA, DNS_FOUND, 1, "2001:db8::1"},
    {"alias.example.com", DNS_A, DNS_FOUND, 1, "192.0.2.1"},
    {"alias.example.com", DNS_TXT, DNS_NODATA, 0, NULL},
    {"dangling.example.com", DNS_A, DNS_NXDOMAIN, 0, NULL},
    {"x.wild.example.com", DNS_TXT, DNS_FOUND, 1, "wild"},
    {"b.c.example.com", DNS_A, DNS_NODATA, 0, NULL},
    {"nowhere.example.com", DNS_TXT, DNS_NXDOMAIN, 0, NULL},
    {"7.100.51.198.in-addr.arpa", DNS_PTR, DNS_FOUND, 1, "mx.example.com"},
    {"1.0.168.192.in-addr.arpa", DNS_PTR, DNS_FOUND, 1, "inside.example.com"},
    {"large.example.com", DNS_TXT, DNS_FOUND, 7, NULL},
    {"truncated.example.com", DNS_TXT, DNS_FOUND, 1, "whole by TCP"},
    {"slow.example.com", DNS_TXT, DNS_FOUND, 1, "slow"},
    {"once.example.com", DNS_TXT, DNS_FOUND, 1, "once"},
    /* names that cannot be asked do not exist */
    {"", DNS_A, DNS_NXDOMAIN, 0, NULL},
    {".", DNS_A, DNS_NXDOMAIN, 0, NULL},
    {"a..example.com", DNS_A, DNS_NXDOMAIN, 0, NULL},
    {".example.com", DNS_A, DNS_NXDOMAIN, 0, NULL},
    {"a\\300.example.com", DNS_A, DNS_NXDOMAIN, 0, NULL},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com", DNS_A,
     DNS_NXDOMAIN, 0, NULL},
};

static const char *render(const struct dns_answer *a, enum dns_type type, char text[1100])
{
    struct span first = a->rdata[0];
    struct arena *arena = arena_new(70000);
    size_t n;
    text[0] = '\0';
    if (type == DNS_A || type == DNS_AAAA) {
        assert_non_null(inet_ntop(type == DNS_A ? AF_INET : AF_INET6, first.p, text, 1100));
    } else if (type == DNS_TXT) {
        snprintf(text, 1100, "%s", dns_txt_join(arena, first, &n));
    } else {
        char name[254 * 4];
        size_t at = type == DNS_MX ? 2 : 0;
        assert_true(dns_name_text(first, at, name));
        snprintf(text, 1100, "%.*s%s%s", at ? 2 : 0, first.p[1] == 10 ? "10" : "??", at ? " " : "",
                 name);
    }
    arena_free(&arena);
    return text;
}

static void answers_come(void **state)
{
    (void)state;
    NEED_SERVER();
    char text[1100];
    struct resolver *r = open_resolver(server.address);
    struct dns_batch *b = open_batch(r, 10000);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        assert_non_null(dns_ask(b, answers[i].name, answers[i].type));
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct dns_answer *a = ask(b, answers[i].name, answers[i].type);
        if (a->status != answers[i].status || a->count != answers[i].count)
            fail_msg("%s: status %d, %zu records, %s", answers[i].name, a->status, a->count,
                     a->why ? a->why : "");
        assert_false(a->secure || a->timed_out);
        if (answers[i].first && strcmp(render(a, answers[i].type, text), answers[i].first) != 0)
            fail_msg("%s: %s", answers[i].name, text);
    }
    dns_batch_free(&b);
    resolver_free(&r);
}

/* One question in a batch, however it is written; one on the wire for several batches. */
static void questions_are_shared(void **state)
{
    (void)state;
    NEED_SERVER();
    struct resolver *r = open_resolver(server.address);
    unsigned before = dns_server_count(&server, "later.example.com. TXT");
    struct dns_batch *b[3];
    for (size_t i = 0; i < 3; i++) {
        b[i] = open_batch(r, 10000);
        struct dns_question *q = dns_ask(b[i], "later.example.com", DNS_TXT);
        assert_int_equal(dns_peek(q)->status, DNS_PENDING);
        assert_ptr_equal(dns_ask(b[i], "LATER.example.COM.", DNS_TXT), q);
        assert_ptr_equal(dns_ask(b[i], "l\\097ter.example.com", DNS_TXT), q);
        assert_ptr_not_equal(dns_ask(b[i], "later.example.com", DNS_MX), q);
        assert_int_equal(dns_batch_questions(b[i]), 2);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(ask(b[i], "later.example.com", DNS_TXT)->status, DNS_FOUND);
    /* a busy server's answer may come after the question went out again */
    assert_in_range(dns_server_count(&server, "later.example.com. TXT") - before, 1, 2);
    assert_true(dns_batch_wait_us(b[0]) > 0);
    assert_false(dns_batch_timed_out(b[0]));
    for (size_t i = 0; i < 3; i++)
        dns_batch_free(&b[i]);
    /* now it is in the cache: there at once, with no wait */
    struct dns_batch *again = open_batch(r, 10000);
    assert_int_equal(dns_peek(dns_ask(again, "later.example.com", DNS_TXT))->status, DNS_FOUND);
    assert_int_equal(dns_batch_wait_us(again), 0);
    dns_batch_free(&again);
    resolver_free(&r);
}

static const struct {
    const char *name, *why; /* why: NULL for what the deadline may end first */
} failures[] = {
    {"servfail.example.com", "SERVFAIL"},
    {"refused.example.com", "SERVFAIL"},
    {"formerr.example.com", "SERVFAIL"},
    {"notimp.example.com", "SERVFAIL"},
    {"brokentext.example.com", "malformed answer"},
    {"silent.example.com", NULL},
    {"close.example.com", NULL},
    {"noise.example.com", NULL},
    {"hang.example.com", NULL},
    {"cut.example.com", NULL},
    {"rdlength.example.com", NULL},
    {"counts.example.com", NULL},
    {"garbage.example.com", NULL},
    {"wrongid.example.com", NULL},
    {"wrongname.example.com", NULL},
    {"loop.example.com", NULL},
};

static void assert_failures(struct dns_batch *b, bool told)
{
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (told == (failures[i].why != NULL))
            assert_non_null(dns_ask(b, failures[i].name, DNS_TXT));
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        if (told != (failures[i].why != NULL))
            continue;
        const struct dns_answer *a = ask(b, failures[i].name, DNS_TXT);
        if (a->status != DNS_FAILED || !a->why || a->count)
            fail_msg("%s: status %d", failures[i].name, a->status);
        if (told && strcmp(a->why, failures[i].why) != 0)
            fail_msg("%s: %s", failures[i].name, a->why);
        if (a->timed_out)
            assert_string_equal(a->why, "no answer in time");
    }
}

static void failures_are_failures(void **state)
{
    (void)state;
    NEED_SERVER();
    struct resolver *r = open_resolver(server.address);
    struct dns_batch *b = open_batch(r, 10000);
    assert_failures(b, true);
    int64_t started = clock_ms();
    dns_batch_set_deadline(b, started + 1500);
    assert_failures(b, false);
    assert_true(ask(b, "silent.example.com", DNS_TXT)->timed_out);
    assert_true(dns_batch_timed_out(b));
    assert_in_range(clock_ms() - started, 1500, 1500 + SLACK_MS);
    dns_batch_free(&b);
    resolver_free(&r);
}

/* What was cut by the deadline stays cut, though its answer comes; the next batch has it. */
static void late_is_late(void **state)
{
    (void)state;
    NEED_SERVER();
    struct resolver *r = open_resolver(server.address);
    struct dns_batch *b = open_batch(r, 50);
    const struct dns_answer *a = ask(b, "slow.example.com", DNS_TXT);
    assert_int_equal(a->status, DNS_FAILED);
    assert_true(a->timed_out);
    struct dns_batch *next = open_batch(r, 10000);
    assert_int_equal(ask(next, "slow.example.com", DNS_TXT)->status, DNS_FOUND);
    assert_ptr_equal(ask(b, "slow.example.com", DNS_TXT), a);
    /* a deadline that has passed is no reason not to look at what is there */
    struct dns_batch *past = open_batch(r, -1000);
    assert_int_equal(ask(past, "slow.example.com", DNS_TXT)->status, DNS_FOUND);
    assert_true(ask(past, "silent.example.com", DNS_TXT)->timed_out);
    assert_in_range(dns_batch_wait_us(past), 0, SLACK_MS * 1000);
    dns_batch_free(&past);
    dns_batch_free(&next);
    dns_batch_free(&b);
    resolver_free(&r);
}

static void deadline_moves(void **state)
{
    (void)state;
    NEED_SERVER();
    struct resolver *r = open_resolver(server.address);
    struct dns_batch *b = open_batch(r, INT32_MAX);
    assert_non_null(dns_ask(b, "a.silent.example.com", DNS_TXT));
    int64_t started = clock_ms();
    dns_batch_set_deadline(b, started + 100);
    assert_true(ask(b, "a.silent.example.com", DNS_TXT)->timed_out);
    assert_in_range(clock_ms() - started, 100, 100 + SLACK_MS);
    dns_batch_free(&b);
    resolver_free(&r);
}

/* A port where nobody listens. */
static void dead_server(void **state)
{
    (void)state;
    char address[32];
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof sin;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof sin), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &length), 0);
    snprintf(address, sizeof address, "127.0.0.1@%u", ntohs(sin.sin_port));
    for (int dead = 0; dead < 2; dead++) { /* first a socket that nobody reads, then none */
        struct resolver *r = open_resolver(address);
        int64_t started = clock_ms();
        struct dns_batch *b = open_batch(r, 300);
        assert_int_equal(ask(b, "example.com", DNS_TXT)->status, DNS_FAILED);
        assert_int_equal(ask(b, "example.org", DNS_A)->status, DNS_FAILED);
        assert_in_range(clock_ms() - started, 0, 300 + SLACK_MS);
        dns_batch_free(&b);
        resolver_free(&r);
        if (!dead)
            close(fd);
    }
}

static void count_call(void *arg)
{
    (*(unsigned *)arg)++;
}

static void called_before_the_first_wait(void **state)
{
    (void)state;
    NEED_SERVER();
    unsigned calls = 0;
    struct resolver *r = open_resolver(server.address);
    struct dns_batch *b = open_batch(r, 10000);
    dns_batch_before_wait(b, count_call, &calls);
    struct dns_question *q = dns_ask(b, "slow.example.com", DNS_TXT);
    assert_int_equal(ask(b, "a..b", DNS_A)->status, DNS_NXDOMAIN);
    assert_int_equal(calls, 0);
    assert_int_equal(dns_wait(q)->status, DNS_FOUND);
    assert_int_equal(ask(b, "later.example.com", DNS_TXT)->status, DNS_FOUND);
    assert_int_equal(calls, 1);
    dns_batch_free(&b);
    resolver_free(&r);
}

static void questions_are_limited(void **state)
{
    (void)state;
    NEED_SERVER();
    struct resolver *r = open_resolver(server.address);
    struct dns_batch *b = dns_batch_new(r, clock_ms() + 10000, 2);
    assert_int_equal(ask(b, "mx.example.com", DNS_A)->status, DNS_FOUND);
    assert_int_equal(ask(b, "nowhere.example.com", DNS_A)->status, DNS_NXDOMAIN);
    const struct dns_answer *over = ask(b, "example.com", DNS_TXT);
    assert_int_equal(over->status, DNS_FAILED);
    assert_false(over->timed_out);
    assert_non_null(strstr(over->why, "too many"));
    assert_true(over->over_limit);
    const struct dns_answer *reserved = dns_wait(dns_ask_reserved(b, "example.com", DNS_TXT));
    assert_int_equal(reserved->status, DNS_FOUND);
    for (int i = 0; i < 2 * DNS_RESERVE; i++) {
        char name[32];
        snprintf(name, sizeof name, "r%d.example.com", i);
        assert_int_equal(dns_wait(dns_ask_reserved(b, name, DNS_A))->over_limit,
                         i >= DNS_RESERVE - 1);
    }
    assert_int_equal(ask(b, "mx.example.com", DNS_A)->status, DNS_FOUND);
    assert_int_equal(dns_batch_questions(b), 2 + DNS_RESERVE);
    dns_batch_free(&b);
    resolver_free(&r);
}

/* While nothing at all is answered nobody waits longer than DNS_SILENT_PATIENCE_MS; an answer that takes longer is there for
 * who asks next. */
static void ask_until_found(struct resolver *r, const char *name, int64_t ms)
{
    int64_t end = clock_ms() + ms;
    for (bool found = false; !found;) {
        struct dns_batch *b = open_batch(r, ms);
        const struct dns_answer *a = ask(b, name, DNS_TXT);
        found = a->status == DNS_FOUND;
        assert_true(found || (a->timed_out && clock_ms() < end));
        dns_batch_free(&b);
    }
}

/* Thirty messages wait for a domain that never answers: others are not slowed, and what is asked of
 * it beyond a bound fails at once. */
static void silent_domain(void **state)
{
    (void)state;
    NEED_SERVER();
    char name[64];
    struct resolver *r = open_resolver(server.address);
    struct dns_batch *silent[30];
    for (size_t i = 0; i < 30; i++) {
        silent[i] = open_batch(r, 60000);
        for (size_t k = 0; k < 10; k++) {
            snprintf(name, sizeof name, "m%zu-%zu.silent.example.com", i, k);
            assert_int_equal(dns_peek(dns_ask(silent[i], name, DNS_TXT))->status, DNS_PENDING);
        }
    }
    /* who had to wait for one of them to be given up would have his answer after it */
    struct dns_question *first = dns_ask(silent[0], "m0-0.silent.example.com", DNS_TXT);
    size_t meanwhile = 0;
    for (size_t i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "n%zu.wild.example.com", i);
        ask_until_found(r, name, 10000);
        meanwhile += dns_peek(first)->status == DNS_PENDING;
    }
    assert_in_range(meanwhile, 10, 50); /* more than by chance, on a busy host too */
    struct resolver_state now;
    unsigned failed = 0, most = 0;
    for (size_t k = 0; k < 1900; k++) {
        snprintf(name, sizeof name, "x%zu.silent.example.com", k);
        failed += dns_peek(dns_ask(silent[0], name, DNS_TXT))->status == DNS_FAILED;
        resolver_state(r, &now);
        most = now.under_way > most ? now.under_way : most;
    }
    assert_in_range(most, 200, 512); /* at most half of 1024 descriptors: see set_up */
    assert_in_range(failed, 1, 1900 - 200);
    for (size_t i = 0; i < 30; i++) /* all of it still under way */
        dns_batch_free(&silent[i]);
    resolver_free(&r);
}

/* A quiet site to which only a silent domain writes still reaches its DNS server. */
static void silence_is_not_held_against_the_server(void **state)
{
    (void)state;
    NEED_SERVER();
    char name[64];
    struct resolver *r = open_resolver(server.address);
    int64_t end = clock_ms() + 6500; /* more than the life of a question */
    for (size_t i = 0; clock_ms() < end; i++) {
        struct dns_batch *b = open_batch(r, 250);
        for (size_t k = 0; k < 4; k++) {
            snprintf(name, sizeof name, "q%zu-%zu.silent.example.com", i, k);
            assert_non_null(dns_ask(b, name, k % 2 ? DNS_TXT : DNS_A));
        }
        assert_true(ask(b, name, DNS_TXT)->timed_out);
        dns_batch_free(&b);
    }
    ask_until_found(r, "q.wild.example.com", 4000);
    resolver_free(&r);
}

struct worker {
    struct resolver *resolver;
    unsigned number, found, failed, other;
};

static void *work(void *arg)
{
    static const char *const names[] = {
        "example.com",       "mx.example.com",      "servfail.example.com", "truncated.example.com",
        "alias.example.com", "nowhere.example.com", "w.silent.example.com"};
    struct worker *w = arg;
    for (unsigned i = 0; i < 60; i++) {
        struct dns_batch *b = dns_batch_new(w->resolver, clock_ms() + 8000, 100);
        char own[64];
        snprintf(own, sizeof own, "t%u-%u.wild.example.com", w->number, i);
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            dns_ask(b, names[k], k % 2 ? DNS_A : DNS_TXT);
        w->found += dns_wait(dns_ask(b, own, DNS_TXT))->status == DNS_FOUND;
        w->found += dns_wait(dns_ask(b, "mx.example.com", DNS_A))->status == DNS_FOUND;
        w->failed += dns_wait(dns_ask(b, "servfail.example.com", DNS_TXT))->status == DNS_FAILED;
        if (i % 16 == 0) { /* some wait in vain, most go away with questions under way */
            dns_batch_set_deadline(b, clock_ms() + 5);
            w->other += dns_wait(dns_ask(b, "w.silent.example.com", DNS_TXT))->timed_out;
        }
        dns_batch_free(&b);
    }
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    NEED_SERVER();
    struct resolver *r = open_resolver(server.address);
    struct worker workers[8];
    pthread_t threads[8];
    for (unsigned i = 0; i < 8; i++) {
        workers[i] = (struct worker){.resolver = r, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].found, 120);
        assert_int_equal(workers[i].failed, 60);
        assert_in_range(workers[i].other, 0, 4); /* the last ones may be SERVFAIL by then */
    }
    resolver_free(&r);
}

static void validation(void **state)
{
    (void)state;
    struct dns_server signing = {0};
    char anchor[2048], error[256];
    const char *src = getenv("VOUCH_SRCDIR"), *address = signing.address;
    NEED_SERVER();
    assert_true(dns_server_start(&signing, "tests/unit/data/signed.zone"));
    snprintf(anchor, sizeof anchor, "%s/tests/unit/data/signed.anchor", src ? src : ".");
    struct resolver_options options = {
        .servers = &address, .server_count = 1, .trust_anchor = anchor};
    struct resolver *r = resolver_new(&options, error, sizeof error);
    assert_non_null(r);
    struct dns_batch *b = open_batch(r, 10000);
    const struct dns_answer *good = ask(b, "good.signed.example", DNS_TXT);
    assert_int_equal(good->status, DNS_FOUND);
    assert_true(good->secure);
    static const char *const bogus[] = {"forged.signed.example", "unsigned.signed.example"};
    for (size_t i = 0; i < 2; i++) {
        const struct dns_answer *a = ask(b, bogus[i], DNS_TXT);
        assert_int_equal(a->status, DNS_FAILED);
        assert_false(a->secure);
        assert_int_equal(strncmp(a->why, "DNSSEC: ", 8), 0);
    }
    dns_batch_free(&b);
    resolver_free(&r);
    dns_server_stop(&signing);
}

static void write_file(char path[32], const char *text)
{
    snprintf(path, 32, "/tmp/vouch-resolv-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static enum dns_status ask_with_resolv_conf(const char *path, const char **why_r)
{
    char error[256];
    struct resolver_options options = {.resolv_conf = path};
    struct resolver *r = resolver_new(&options, error, sizeof error);
    assert_non_null(r);
    struct dns_batch *b = open_batch(r, 50);
    const struct dns_answer *a = ask(b, "example.com", DNS_TXT);
    enum dns_status status = a->status;
    *why_r = a->timed_out ? "late" : strstr(a->why, "no DNS server") ? "none" : a->why;
    dns_batch_free(&b);
    resolver_free(&r);
    return status;
}

/* A machine without DNS can still judge what needs none: it is an error only when something is
 * asked. */
static void system_servers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "none"},
        {"# nameserver 192.0.2.53\nsearch example.com\n", "none"},
        {"nameserver\nnameserver example.com\nnameserver fe80::1%lo\n", "none"},
        {"options rotate\nnameserver\t192.0.2.53 # comment\n", "late"},
        {"  nameserver 2001:db8::53", "late"},
    };
    const char *why;
    char path[32];
    assert_int_equal(ask_with_resolv_conf("/nonexistent/resolv.conf", &why), DNS_FAILED);
    assert_string_equal(why, "none");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(path, cases[i].text);
        enum dns_status status = ask_with_resolv_conf(path, &why);
        unlink(path);
        assert_int_equal(status, DNS_FAILED);
        if (strcmp(why, cases[i].why) != 0 && strcmp(why, "SERVFAIL") != 0)
            fail_msg("%s: %s", cases[i].text, why);
        if (strcmp(cases[i].why, "none") == 0)
            assert_string_equal(why, "none");
    }
}

static void options_that_are_wrong(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "example.com", "192.0.2.1@",      "192.0.2.1@0",
        "@53",        "192.0.2.1@x", "192.0.2.1@65536", "[2001:db8::1]",
        "192.0.2.1 ", "192.0.2.1:53"};
    char error[256], path[32];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct resolver_options options = {.servers = &bad[i], .server_count = 1};
        if (resolver_new(&options, error, sizeof error))
            fail_msg("taken: %s", bad[i]);
        if (!strstr(error, bad[i]) || !strstr(error, "192.0.2.53@5353"))
            fail_msg("%s: %s", bad[i], error);
    }
    const char *good = "2001:db8::53@5353";
    struct resolver_options options = {.servers = &good, .server_count = 1};
    struct resolver *r = resolver_new(&options, error, sizeof error);
    assert_non_null(r);
    assert_string_equal(error, "");
    resolver_free(&r);
    options.trust_anchor = "/nonexistent/anchor";
    assert_null(resolver_new(&options, error, sizeof error));
    assert_non_null(strstr(error, "/nonexistent/anchor: "));
    write_file(path, "this is no anchor\n");
    options.trust_anchor = path;
    assert_null(resolver_new(&options, error, sizeof error));
    unlink(path);
    assert_non_null(strstr(error, path));
    options.trust_anchor = NULL;
    options.zone_file = "/nonexistent/zone";
    options.zone_ops = &zonefile_ops;
    assert_null(resolver_new(&options, error, sizeof error));
    assert_string_equal(error, "/nonexistent/zone: cannot be read: No such file or directory");
}

static int set_up(void **state)
{
    struct rlimit limit;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur > 1024) {
        limit.rlim_cur = 1024;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    has_server = dns_server_start(&server, "tests/unit/data/resolver.zone");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dns_server_stop(&server);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come),
        cmocka_unit_test(questions_are_shared),
        cmocka_unit_test(failures_are_failures),
        cmocka_unit_test(late_is_late),
        cmocka_unit_test(deadline_moves),
        cmocka_unit_test(dead_server),
        cmocka_unit_test(called_before_the_first_wait),
        cmocka_unit_test(questions_are_limited),
        cmocka_unit_test(silent_domain),
        cmocka_unit_test(silence_is_not_held_against_the_server),
        cmocka_unit_test(many_threads),
        cmocka_unit_test(validation),
        cmocka_unit_test(system_servers),
        cmocka_unit_test(options_that_are_wrong),
    };
    return cmocka_run_group_tests_name("resolver", tests, set_up, tear_down);
}
