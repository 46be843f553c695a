/* SPDX-License-Identifier: BSD-2-Clause */
/* What is Redis' own: the layout, one round trip a query, and above all what happens when the
 * server is away, hangs, restarts, or holds what it should not. A wait never outlasts its
 * deadline. */
#include "config.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "redis_fake.h"
#include "redis_proxy.h"
#include "redis_server.h"
#include "store.h"

#define T0          1700000000
#define LENGTH(a)   (sizeof(a) / sizeof *(a))
#define DEADLINE_MS 100
#define CONNECT_MS  5000 /* what a loaded machine may take for it */
#define SLACK_MS                                                                                   \
    3000 /* a loaded machine's scheduler, sanitizers; who waits for a connection takes longer */
#define RECOVERY_MS 30000 /* longer than the longest pause between attempts */

static const struct store_key keys[] = {
    {"dom:example.org", "*"},
    {"dom:example.org", "a:ann@example.org"},
    {"dom:example.net", "*"},
    {"dom:example.com", "*"},
    {"ip:192.0.2.0/24", "*"},
    {"ip:192.0.2.0/24", "h:192.0.2.7"},
    {"ip:198.51.100.0/24", "*"},
    {"ip:203.0.113.0/24", "*"},
    {"ip:2001:db8::/48", "*"},
    {"dom:a.example", "*"},
    {"dom:b.example", "*"},
    {"dom:c.example", "p:network:192.0.2.0/24"},
    {"dom:d.example", "d:x.d.example"},
};
#define GROUPS 11

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static struct store *open_within(unsigned connect_ms, const char *socket, const char *user,
                                 const char *password_file)
{
    char url[160], error[512] = "";
    const struct store_options o = {.user = user,
                                    .password_file = password_file,
                                    .connect_timeout_ms = connect_ms,
                                    .half_life = 86400};
    snprintf(url, sizeof url, "redis+unix:%s", socket);
    struct store *s = store_open(url, &o, error, sizeof error);
    if (!s)
        fail_msg("%s: %s", url, error);
    return s;
}

static struct store *open_at(const char *socket, const char *user, const char *password_file)
{
    return open_within(CONNECT_MS, socket, user, password_file);
}

/* One look-up of all keys; fails if it lasts longer than it may. */
static int ask_within(struct store *s, struct store_value *v, int deadline_ms)
{
    int64_t began = clock_ms();
    struct store_query *q = store_ask(s, keys, LENGTH(keys));
    assert_non_null(q);
    int rc = store_wait(&q, began + deadline_ms, v);
    int64_t took = clock_ms() - began;
    if (took > deadline_ms + SLACK_MS)
        fail_msg("waited %lld ms with a deadline of %d", (long long)took, deadline_ms);
    return rc;
}

static int ask(struct store *s)
{
    struct store_value v[LENGTH(keys)];
    return ask_within(s, v, DEADLINE_MS);
}

static void assert_answers(struct store *s)
{
    struct store_value v[LENGTH(keys)];
    int rc = ask_within(s, v, 10000);
    if (rc != LOOKUP_FOUND) {
        char state[300];
        store_state(s, state, sizeof state);
        fail_msg("look-up: %d, store: %s", rc, state);
    }
}

static void assert_recovers(struct store *s)
{
    int64_t end = clock_ms() + RECOVERY_MS;
    while (ask(s) != LOOKUP_FOUND) {
        if (clock_ms() > end) {
            char state[300];
            store_state(s, state, sizeof state);
            fail_msg("does not recover: %s", state);
        }
        pause_ms(20);
    }
}

/* The store says so, if not at once: who asked did not wait for whom it has to connect. */
static void assert_state(struct store *s, const char *part)
{
    char state[300];
    int64_t end = clock_ms() + RECOVERY_MS;
    for (store_state(s, state, sizeof state); !strstr(state, part);
         store_state(s, state, sizeof state)) {
        if (clock_ms() > end)
            fail_msg("state is '%s', not '%s'", state, part);
        pause_ms(5);
    }
}

/* --- a server that works -------------------------------------------------------------------- */

static void layout_is_as_documented(void **state)
{
    struct redis_server *r = *state;
    char answer[200];
    struct store *s = open_at(r->socket, NULL, NULL);
    const struct store_update u = {keys[0], T0, 1, 0, 1};
    const struct counts one = {1, 0, 1, T0, T0};
    assert_int_equal(store_put(s, keys, (struct counts[LENGTH(keys)]){one}, 1), 0);
    assert_int_equal(store_apply(s, &u, 1, "mx1", 42), 0);
    /* FNV-1a, 32 bit, of "dom:example.org" ends in 0x7b (an independent calculation) */
    redis_server_do(r, "HSTRLEN vouch:1:{123}:dom:example.org *", answer, sizeof answer);
    assert_string_equal(answer, "24");
    redis_server_do(r, "OBJECT ENCODING vouch:1:{123}:dom:example.org", answer, sizeof answer);
    assert_string_equal(answer, "listpack");
    redis_server_do(r, "HGET vouch:1:state w:mx1", answer, sizeof answer);
    assert_string_equal(answer, "00000000000000000042");
    redis_server_do(r, "DBSIZE", answer, sizeof answer);
    assert_string_equal(answer, "3");
    redis_server_do(r, "HSTRLEN vouch:1:state s:123", answer, sizeof answer);
    assert_string_equal(answer, "8");
    redis_server_do(r, "ZSCORE vouch:versions 1", answer, sizeof answer);
    assert_string_equal(answer, "1");
    store_close(&s);
}

static void a_query_is_one_round_trip(void **state)
{
    struct redis_server *r = *state;
    struct redis_proxy proxy;
    char answer[4096];
    enum { QUERIES = 20 };
    redis_proxy_start(&proxy, r->dir, r->socket);
    struct store *s = open_at(proxy.socket, NULL, NULL);
    assert_answers(s);
    unsigned before = redis_proxy_trips(&proxy);
    redis_server_do(r, "CONFIG RESETSTAT", answer, sizeof answer);
    for (int i = 0; i < QUERIES; i++)
        assert_answers(s);
    assert_int_equal(redis_proxy_trips(&proxy) - before, QUERIES);
    redis_server_do(r, "INFO commandstats", answer, sizeof answer);
    char want[64];
    snprintf(want, sizeof want, "cmdstat_hmget:calls=%d,", QUERIES * GROUPS);
    assert_non_null(strstr(answer, want));
    store_close(&s);
    redis_proxy_stop(&proxy);
}

static void another_version_is_seen_at_once(void **state)
{
    struct redis_server *r = *state;
    struct redis_proxy proxy;
    char answer[200];
    struct store_value v[LENGTH(keys)];
    const struct counts one = {1, 0, 1, T0, T0}, two = {2, 0, 2, T0, T0};
    redis_proxy_start(&proxy, r->dir, r->socket);
    struct store *s = open_at(proxy.socket, NULL, NULL);
    assert_int_equal(store_put(s, keys, &one, 1), 0);
    assert_string_equal(store_version(s), "1");
    assert_answers(s); /* so the greeting of the connection that asks is over */
    redis_server_do(r, "SET vouch:active 2026-01", answer, sizeof answer);
    unsigned before = redis_proxy_trips(&proxy);
    assert_int_equal(ask_within(s, v, 10000), LOOKUP_FOUND);
    assert_int_equal(v[0].outcome, LOOKUP_ABSENT);
    assert_int_equal(redis_proxy_trips(&proxy) - before, 2); /* asked again, this once */
    assert_string_equal(store_version(s), "2026-01");
    assert_int_equal(store_put(s, keys, &two, 1), 0);
    assert_int_equal(ask_within(s, v, 10000), LOOKUP_FOUND);
    assert_true(v[0].counts.good == 2);
    redis_server_do(r, "DEL vouch:active", answer, sizeof answer);
    assert_int_equal(ask_within(s, v, 10000), LOOKUP_FOUND);
    assert_true(v[0].counts.good == 1);
    assert_string_equal(store_version(s), "1");
    store_close(&s);
    redis_proxy_stop(&proxy);
}

/* A batch made for one version is never added to another. */
static void a_batch_goes_to_the_active_version(void **state)
{
    struct redis_server *r = *state;
    char answer[200];
    struct store_value v[LENGTH(keys)];
    const struct store_update u = {keys[0], T0, 1, 0, 1};
    struct store *s = open_at(r->socket, NULL, NULL);
    assert_int_equal(store_apply(s, &u, 1, "mx1", 1), 0);
    redis_server_do(r, "SET vouch:active next", answer, sizeof answer);
    assert_int_equal(store_apply(s, &u, 1, "mx1", 2), 0);
    assert_int_equal(store_apply(s, &u, 1, "mx1", 3), 0);
    assert_int_equal(ask_within(s, v, 10000), LOOKUP_FOUND);
    assert_true(v[0].counts.good == 2);
    redis_server_do(r, "DEL vouch:active", answer, sizeof answer);
    assert_int_equal(ask_within(s, v, 10000), LOOKUP_FOUND);
    assert_true(v[0].counts.good == 1);
    store_close(&s);
}

static void foreign_data_is_a_failure_not_an_absence(void **state)
{
    struct redis_server *r = *state;
    char answer[200];
    struct store_value v[LENGTH(keys)];
    const struct counts one = {1, 0, 1, T0, T0};
    const struct store_update u = {keys[0], T0, 1, 0, 1};
    struct store *s = open_at(r->socket, NULL, NULL);
    assert_int_equal(store_put(s, &keys[2], &one, 1), 0);
    redis_server_do(r, "SET vouch:1:{123}:dom:example.org surprise", answer, sizeof answer);
    assert_int_equal(ask_within(s, v, 10000), LOOKUP_FAILED);
    assert_int_equal(v[0].outcome, LOOKUP_FAILED);
    assert_int_equal(v[1].outcome, LOOKUP_FAILED);
    assert_int_equal(v[2].outcome, LOOKUP_FOUND); /* another group */
    assert_int_equal(v[3].outcome, LOOKUP_ABSENT);
    assert_state(s, "WRONGTYPE");
    assert_true(store_put(s, keys, &one, 1) == VOUCH_E_IO);
    assert_true(store_apply(s, &u, 1, "", 0) < 0);
    redis_server_do(r, "DEL vouch:1:{123}:dom:example.org", answer, sizeof answer);
    redis_server_do(r, "HSET vouch:1:{123}:dom:example.org * newer-bytes", answer, sizeof answer);
    assert_int_equal(ask_within(s, v, 10000), LOOKUP_FAILED);
    assert_int_equal(v[0].outcome, LOOKUP_FAILED);
    assert_int_equal(v[1].outcome, LOOKUP_ABSENT);
    assert_state(s, "another version");
    redis_server_do(r, "SET vouch:active */*", answer, sizeof answer);
    assert_int_equal(ask_within(s, v, 10000), LOOKUP_FAILED);
    assert_int_equal(v[3].outcome, LOOKUP_FAILED);
    assert_state(s, "not a vouch model");
    store_close(&s);
    /* and from the beginning */
    s = open_at(r->socket, NULL, NULL);
    assert_int_equal(ask_within(s, v, 10000), LOOKUP_FAILED);
    assert_state(s, "not a vouch model");
    assert_null(store_version(s));
    store_close(&s);
}

static void a_connection_that_was_closed_is_made_again(void **state)
{
    struct redis_server *r = *state;
    char answer[200];
    struct store *s = open_at(r->socket, NULL, NULL);
    for (int i = 0; i < 5; i++) {
        assert_answers(s);
        redis_server_do(r, "CLIENT KILL TYPE normal SKIPME yes", answer, sizeof answer);
        assert_string_equal(answer, "1");
        assert_recovers(s);
    }
    store_close(&s);
}

/* --- a server that does not ----------------------------------------------------------------- */

static void a_server_that_is_away_is_no_error(void **state)
{
    struct redis_server *r = *state;
    redis_server_stop(r);
    struct store *s = open_at(r->socket, NULL, NULL);
    const struct counts one = {1, 0, 1, T0, T0};
    struct store_value v[LENGTH(keys)];
    uint64_t mark;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ask_within(s, v, DEADLINE_MS), LOOKUP_FAILED);
        for (size_t k = 0; k < LENGTH(keys); k++)
            assert_int_equal(v[k].outcome, LOOKUP_FAILED);
    }
    assert_state(s, "away for");
    assert_state(s, "No such file");
    assert_null(store_version(s));
    assert_int_equal(store_put(s, keys, &one, 1), VOUCH_E_TEMP);
    assert_int_equal(store_watermark(s, "mx1", &mark), LOOKUP_FAILED);
    redis_server_start(r, NULL);
    assert_recovers(s);
    assert_state(s, "connected");
    store_close(&s);
}

static void a_server_that_stops_is_noticed(void **state)
{
    struct redis_server *r = *state;
    struct store *s = open_at(r->socket, NULL, NULL);
    assert_answers(s);
    redis_server_stop(r);
    for (int i = 0; i < 20; i++)
        assert_int_equal(ask(s), LOOKUP_FAILED);
    assert_state(s, "away for");
    struct store_query *q = store_ask(s, keys, LENGTH(keys));
    assert_true(store_ready(q)); /* nobody is kept waiting */
    store_cancel(&q);
    redis_server_start(r, NULL);
    assert_recovers(s);
    store_close(&s);
}

static void a_server_that_hangs_trips_the_breaker(void **state)
{
    struct redis_server *r = *state;
    struct store *s = open_at(r->socket, NULL, NULL);
    assert_answers(s);
    redis_server_signal(r, SIGSTOP);
    int64_t began = clock_ms();
    int uncertain = 0, outcome;
    while ((outcome = ask(s)) == LOOKUP_UNCERTAIN && uncertain < 100)
        uncertain++;
    assert_int_equal(outcome, LOOKUP_FAILED); /* the breaker is open */
    assert_true(uncertain >= 1 && uncertain <= 6);
    assert_true(clock_ms() - began >= (uncertain - 1) * DEADLINE_MS);
    /* and stays open, though the kernel still takes connections for the stopped server */
    int slow = 0;
    for (int i = 0; i < 60; i++) {
        struct store_query *q = store_ask(s, keys, LENGTH(keys));
        slow += !store_ready(q);
        store_cancel(&q);
        pause_ms(10);
    }
    assert_int_equal(slow, 0);
    assert_state(s, "away for");
    redis_server_signal(r, SIGCONT);
    assert_recovers(s);
    store_close(&s);
}

static void what_waits_for_a_hung_server_is_bounded(void **state)
{
    struct redis_server *r = *state;
    enum { MANY = 1500 };
    static struct store_query *q[MANY];
    int ready = 0;
    struct store *s = open_at(r->socket, NULL, NULL);
    assert_answers(s);
    redis_server_signal(r, SIGSTOP);
    for (int i = 0; i < MANY; i++)
        assert_non_null(q[i] = store_ask(s, keys, LENGTH(keys)));
    for (int i = 0; i < MANY; i++)
        ready += store_ready(q[i]);
    assert_int_equal(ready, MANY - 1024);
    redis_server_signal(r, SIGCONT);
    struct store_value v[LENGTH(keys)];
    int answered = 0;
    for (int i = 0; i < MANY; i++)
        answered += store_wait(&q[i], clock_ms() + 10000, v) == LOOKUP_FOUND;
    assert_int_equal(answered, 1024);
    assert_answers(s);
    store_close(&s);
}

/* Closing does not wait for anybody. */
static void a_store_closes_while_the_server_hangs(void **state)
{
    struct redis_server *r = *state;
    struct store *s = open_at(r->socket, NULL, NULL);
    assert_answers(s);
    redis_server_signal(r, SIGSTOP);
    struct store_query *q = store_ask(s, keys, LENGTH(keys));
    store_cancel(&q);
    int64_t began = clock_ms();
    store_close(&s);
    assert_true(clock_ms() - began < SLACK_MS);
    redis_server_signal(r, SIGCONT);
}

struct traffic {
    pthread_t thread;
    struct store *s;
    atomic_bool *stop;
    unsigned asked, found;
    int64_t longest; /* ms */
};

static void *traffic(void *arg)
{
    struct traffic *t = arg;
    while (!atomic_load(t->stop)) {
        struct store_value v[LENGTH(keys)];
        int64_t began = clock_ms();
        struct store_query *q = store_ask(t->s, keys, LENGTH(keys));
        t->found += q && store_wait(&q, began + DEADLINE_MS, v) == LOOKUP_FOUND;
        t->asked++;
        if (clock_ms() - began > t->longest)
            t->longest = clock_ms() - began;
        pause_ms(1);
    }
    return NULL;
}

static void traffic_goes_on_whatever_happens(void **state)
{
    struct redis_server *r = *state;
    struct traffic t[8] = {0};
    atomic_bool stop = false;
    struct store *s = open_at(r->socket, NULL, NULL);
    assert_answers(s);
    for (size_t i = 0; i < LENGTH(t); i++) {
        t[i].s = s;
        t[i].stop = &stop;
        assert_int_equal(pthread_create(&t[i].thread, NULL, traffic, &t[i]), 0);
    }
    pause_ms(100);
    redis_server_stop(r);
    pause_ms(200);
    redis_server_start(r, NULL);
    assert_recovers(s);
    redis_server_signal(r, SIGSTOP);
    pause_ms(300);
    redis_server_signal(r, SIGCONT);
    assert_recovers(s);
    redis_server_signal(r, SIGSTOP);
    pause_ms(300);
    redis_server_stop(r);
    redis_server_start(r, NULL);
    assert_recovers(s);
    atomic_store(&stop, true);
    unsigned found = 0;
    for (size_t i = 0; i < LENGTH(t); i++)
        pthread_join(t[i].thread, NULL);
    for (size_t i = 0; i < LENGTH(t); i++) {
        assert_true(t[i].longest <= DEADLINE_MS + SLACK_MS);
        assert_true(t[i].asked > 10);
        found += t[i].found;
    }
    assert_true(found > 0);
    assert_answers(s);
    store_close(&s);
}

/* --- who may ask ---------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_password_opens_what_is_closed(void **state)
{
    struct redis_server *r = *state;
    char path[128], error[512], url[128];
    static const char *const users[] = {
        "--requirepass", "general", "--user",  "vouch",       "on", ">s3cret",
        "~vouch:*",      "+@read",  "+@write", "+@scripting", NULL};
    struct store_value v[LENGTH(keys)];
    redis_server_stop(r);
    redis_server_start(r, users);
    snprintf(path, sizeof path, "%s/password", r->dir);

    struct store *s = open_at(r->socket, NULL, NULL);
    assert_int_equal(ask_within(s, v, 10000), LOOKUP_FAILED);
    assert_state(s, "NOAUTH");
    store_close(&s);

    write_file(path, "s3cret\nnot this\n");
    s = open_at(r->socket, "vouch", path);
    assert_answers(s);
    const struct store_update u = {keys[0], T0, 1, 0, 1};
    assert_int_equal(store_apply(s, &u, 1, "mx1", 1), 0);
    store_close(&s);

    write_file(path, "general");
    s = open_at(r->socket, NULL, path);
    assert_answers(s);
    store_close(&s);
    s = open_at(r->socket, "vouch", path);
    assert_int_equal(ask_within(s, v, 10000), LOOKUP_FAILED);
    assert_state(s, "WRONGPASS");
    store_close(&s);

    struct store_options o = {.user = "vouch", .half_life = 1};
    snprintf(url, sizeof url, "redis+unix:%s", r->socket);
    assert_null(store_open(url, &o, error, sizeof error));
    assert_non_null(strstr(error, "no password file"));
    write_file(path, "\n");
    o.password_file = path;
    assert_null(store_open(url, &o, error, sizeof error));
    assert_non_null(strstr(error, "first line"));
    unlink(path);
    assert_null(store_open(url, &o, error, sizeof error));
    assert_non_null(strstr(error, "No such file"));
}

static void wrong_urls_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *url, *why;
    } cases[] = {
        {"redis://", "host"},
        {"redis://:6379/0", "host"},
        {"redis://localhost:0/0", "port"},
        {"redis://localhost:65536/0", "port"},
        {"redis://localhost:x", "port"},
        {"redis://localhost:6379/x", "database"},
        {"redis://localhost/-1", "database"},
        {"redis://localhost/100000", "database"},
        {"redis://user:hidden@localhost/0", "password file"},
        {"redis://[::1]x", "port"},
        {"redis+unix:", "begin with '/'"},
        {"redis+unix:run/redis.sock", "begin with '/'"},
        {"redis+unix:/run/redis.sock?x=1", "db=N"},
        {"redis+unix:/run/redis.sock?db=", "database"},
    };
    char long_url[200] = "redis+unix:/";
    char error[512];
    const struct store_options o = {.half_life = 1};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        errno = 0;
        if (store_open(cases[i].url, &o, error, sizeof error))
            fail_msg("%s was taken", cases[i].url);
        assert_int_equal(errno, EINVAL);
        if (!strstr(error, cases[i].why) || strstr(error, "hidden"))
            fail_msg("%s: %s", cases[i].url, error);
    }
    memset(long_url + strlen(long_url), 'x', 150);
    assert_null(store_open(long_url, &o, error, sizeof error));
    assert_non_null(strstr(error, "too long"));
}

static void tcp_refused_is_away(void **state)
{
    (void)state;
    char error[512];
    const struct store_options o = {.half_life = 1};
    struct store_value v[LENGTH(keys)];
    struct store *s = store_open("redis://127.0.0.1:1/0", &o, error, sizeof error);
    assert_non_null(s);
    assert_int_equal(ask_within(s, v, 5000), LOOKUP_FAILED);
    assert_state(s, "Connection refused");
    store_close(&s);
}

/* Whatever answers there, a look-up ends by its deadline and takes nothing from it. */
static void a_server_that_is_none_is_survived(void **state)
{
    (void)state;
#define NIL "$-1\r\n"
    static const struct {
        const char *name, *hello, *answer;
        bool close;
        const char *state; /* part of it; NULL: any */
    } cases[] = {
        {"says nothing", NULL, NULL, false, "no answer"},
        {"hangs up", NULL, NULL, true, NULL},
        {"another protocol", "HTTP/1.1 400 Bad Request\r\n\r\n", NULL, false, "Protocol error"},
        {"refuses", "-ERR max number of clients reached\r\n", NULL, true, "max number"},
        {"a number for a version", ":42\r\n", NULL, false, "not a vouch model"},
        {"a long version", "$33\r\n123456789012345678901234567890123\r\n", NULL, false, NULL},
        {"a reply too many", NIL "+OK\r\n", NULL, false, NULL},
        {"nothing after hello", NIL, NULL, false, NULL},
        {"hangs up after hello", NIL, NULL, true, NULL},
        {"nil for all", NIL, NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL, false, NULL},
        {"empty arrays", NIL, NIL "*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n", false, NULL},
        {"half a reply", NIL, NIL "*2\r\n$24\r\nabc", false, NULL},
        {"a large array of nothing", NIL, NIL "*100000\r\n", false, NULL},
        {"a negative length", NIL, NIL "$-7\r\n", false, NULL},
        {"a length that overflows", NIL, NIL "$99999999999999999999\r\n", false, NULL},
        {"nested too deep", NIL, NIL "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
         false, NULL},
        {"a number for counts", NIL, NIL "*2\r\n:1\r\n:2\r\n*1\r\n:1\r\n", false, NULL},
        {"control bytes", "-\a\033[2J\r\n", NULL, false, "[2J"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct redis_fake f = {.hello = cases[i].hello,
                               .answer = cases[i].answer,
                               .answer_len = cases[i].answer ? strlen(cases[i].answer) : 0,
                               .close = cases[i].close};
        struct store_value v[LENGTH(keys)];
        char text[300];
        redis_fake_start(&f);
        struct store *s = open_within(500, f.socket, NULL, NULL);
        /* the first may last as long as connecting does */
        for (int n = 0; n < 3; n++) {
            int rc = ask_within(s, v, n ? DEADLINE_MS : 800);
            if (rc >= 0)
                fail_msg("%s: answered %d", cases[i].name, rc);
            for (size_t k = 0; k < LENGTH(keys); k++)
                if (v[k].outcome >= 0)
                    fail_msg("%s: key %zu: %d", cases[i].name, k, v[k].outcome);
        }
        if (cases[i].state)
            assert_state(s, cases[i].state);
        store_state(s, text, sizeof text);
        for (const char *c = text; *c; c++)
            assert_true((unsigned char)*c >= 0x20);
        store_close(&s);
        redis_fake_stop(&f);
    }
}

static int server_up(void **state)
{
    static struct redis_server r;
    redis_server_init(&r);
    redis_server_start(&r, NULL);
    *state = &r;
    return 0;
}

static int server_down(void **state)
{
    redis_server_clear(*state);
    return 0;
}

static void what_needs_a_redis_server(void **state)
{
    (void)state;
    skip(); /* there is none on this host */
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, server_up, server_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_urls_are_refused),
        cmocka_unit_test(tcp_refused_is_away),
        cmocka_unit_test(a_server_that_is_none_is_survived),
        WITH_SERVER(layout_is_as_documented),
        WITH_SERVER(a_query_is_one_round_trip),
        WITH_SERVER(another_version_is_seen_at_once),
        WITH_SERVER(a_batch_goes_to_the_active_version),
        WITH_SERVER(foreign_data_is_a_failure_not_an_absence),
        WITH_SERVER(a_connection_that_was_closed_is_made_again),
        WITH_SERVER(a_server_that_is_away_is_no_error),
        WITH_SERVER(a_server_that_stops_is_noticed),
        WITH_SERVER(a_server_that_hangs_trips_the_breaker),
        WITH_SERVER(what_waits_for_a_hung_server_is_bounded),
        WITH_SERVER(a_store_closes_while_the_server_hangs),
        WITH_SERVER(traffic_goes_on_whatever_happens),
        WITH_SERVER(a_password_opens_what_is_closed),
    };
    const struct CMUnitTest without_server[] = {
        cmocka_unit_test(wrong_urls_are_refused),
        cmocka_unit_test(tcp_refused_is_away),
        cmocka_unit_test(a_server_that_is_none_is_survived),
        cmocka_unit_test(what_needs_a_redis_server),
    };
    if (!redis_server_installed())
        return cmocka_run_group_tests_name("store_redis", without_server, NULL, NULL);
    return cmocka_run_group_tests_name("store_redis", tests, NULL, NULL);
}
