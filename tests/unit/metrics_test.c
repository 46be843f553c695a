/* SPDX-License-Identifier: BSD-2-Clause */
/* What is counted, and how it is told. Counting messages allocates nothing. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "metrics_text.h"
#include "nomem.h"

static atomic_bool no_memory;

bool nomem_fails(void)
{
    return no_memory;
}

/* One decision as metrics sees it. */
struct made {
    struct record r;
    struct decision d;
    struct evidence ev;
    struct policy policy;
};

static void make(struct made *m, enum trust_class c, enum action a, const char *policy)
{
    memset(m, 0, sizeof *m);
    m->policy.name = policy;
    m->d = (struct decision){.class = c, .action = a, .policy = policy ? &m->policy : NULL};
    m->r = (struct record){.decision = &m->d, .evidence = &m->ev, .judged = true};
    m->r.timing = (struct record_timing){-1, -1, -1, -1, -1, -1, -1};
}

static void count(struct metrics *m, enum trust_class c, enum action a, const char *policy)
{
    struct made made;
    make(&made, c, a, policy);
    no_memory = true;
    metrics_decision(m, &made.r);
    no_memory = false;
}

/* Settings with policies of these names. */
static void announce(struct metrics *m, const char *const *names, size_t count)
{
    struct policy *policies = calloc(count, sizeof *policies);
    assert_non_null(policies);
    for (size_t i = 0; i < count; i++)
        policies[i].name = names[i];
    metrics_policies(m, &(struct settings){.policies = policies, .policy_count = count});
    free(policies);
}

static struct sbuf text_of(const struct metrics *m, const struct gauges *g)
{
    struct sbuf text;
    sbuf_init(&text, METRICS_TEXT_MAX);
    metrics_text(m, g, &text);
    assert_false(text.failed);
    return text;
}

/* line: a whole one */
static void assert_line(const struct metrics *m, const char *line, bool there)
{
    const struct gauges g = {.process = {-1, -1, -1, -1, -1}};
    struct sbuf text = text_of(m, &g);
    struct span rest = sbuf_span(&text), l;
    bool found = false;
    while (span_split(&rest, '\n', &l))
        found = found || span_eq(l, span_of(line));
    if (found != there)
        fail_msg("%s: %s\n%s", there ? "absent" : "present", line, sbuf_str(&text));
    sbuf_clear(&text);
}

static void decisions(void **state)
{
    static const char *const first[] = {"finance", "lists"}, *const second[] = {"lists", "new"};
    struct metrics *m = metrics_new();
    (void)state;
    announce(m, first, 2);
    count(m, CLASS_TRUSTED, ACTION_ACCEPT, NULL);
    count(m, CLASS_TRUSTED, ACTION_ACCEPT, NULL);
    count(m, CLASS_UNTRUSTED, ACTION_REJECT, "finance");
    announce(m, second, 2); /* a reload drops a policy, and brings another */
    count(m, CLASS_UNTRUSTED, ACTION_REJECT, "finance");
    count(m, CLASS_SUSPICIOUS, ACTION_TAG, "new");
    count(m, CLASS_SUSPICIOUS, ACTION_TAG, "never announced");
    static const char *const there[] = {
        "vouch_decisions_total{class=\"trusted\",action=\"accept\",policy=\"\",direction="
        "\"inbound\"} 2",
        "vouch_decisions_total{class=\"untrusted\",action=\"reject\",policy=\"finance\","
        "direction=\"inbound\"} 2",
        "vouch_decisions_total{class=\"suspicious\",action=\"tag\",policy=\"new\",direction="
        "\"inbound\"} 1",
        "vouch_decisions_total{class=\"suspicious\",action=\"tag\",policy=\"(other)\",direction="
        "\"inbound\"} 1"};
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        assert_line(m, there[i], true);
    metrics_free(&m);
    assert_null(m);
}

static void policies_are_bounded(void **state)
{
    static char names[METRICS_POLICIES + 5][16];
    const char *list[METRICS_POLICIES + 5];
    struct metrics *m = metrics_new();
    (void)state;
    for (size_t i = 0; i < METRICS_POLICIES + 5; i++) {
        snprintf(names[i], sizeof names[i], "p%zu", i);
        list[i] = names[i];
    }
    announce(m, list, METRICS_POLICIES + 5);
    for (size_t i = 0; i < METRICS_POLICIES + 5; i++)
        count(m, CLASS_TRUSTED, ACTION_ACCEPT, names[i]);
    assert_line(m,
                "vouch_decisions_total{class=\"trusted\",action=\"accept\",policy=\"(other)\","
                "direction=\"inbound\"} 5",
                true);
    metrics_free(&m);
}

static void without_memory(void **state)
{
    static const char *const names[] = {"finance"};
    struct policy policy = {.name = names[0]};
    const struct settings s = {.policies = &policy, .policy_count = 1};
    (void)state;
    struct metrics *m = metrics_new();
    no_memory = true;
    assert_null(metrics_new());
    metrics_policies(m, &s);
    no_memory = false;
    count(m, CLASS_TRUSTED, ACTION_ACCEPT, "finance");
    metrics_policies(m, &s);
    count(m, CLASS_TRUSTED, ACTION_ACCEPT, "finance");
    assert_line(m,
                "vouch_decisions_total{class=\"trusted\",action=\"accept\",policy=\"(other)\","
                "direction=\"inbound\"} 1",
                true);
    assert_line(m,
                "vouch_decisions_total{class=\"trusted\",action=\"accept\",policy=\"finance\","
                "direction=\"inbound\"} 1",
                true);
    metrics_free(&m);
}

/* A bucket holds what is not above its bound, and all below. */
static void histograms(void **state)
{
    static const int64_t times[] = {0, 50, 51, 1000, 10000000, 10000001};
    static const struct {
        const char *le;
        int count;
    } buckets[] = {{"5e-05", 2}, {"0.0001", 3}, {"0.00025", 3}, {"0.001", 4},
                   {"5", 4},     {"10", 5},     {"+Inf", 6}};
    char line[200];
    struct made made;
    struct metrics *m = metrics_new();
    (void)state;
    make(&made, CLASS_TRUSTED, ACTION_ACCEPT, NULL);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        made.r.timing.total = times[i];
        metrics_decision(m, &made.r);
    }
    for (size_t i = 0; i < sizeof buckets / sizeof *buckets; i++) {
        snprintf(line, sizeof line, "vouch_stage_seconds_bucket{stage=\"total\",le=\"%s\"} %d",
                 buckets[i].le, buckets[i].count);
        assert_line(m, line, true);
    }
    assert_line(m, "vouch_stage_seconds_count{stage=\"total\"} 6", true);
    assert_line(m, "vouch_stage_seconds_sum{stage=\"total\"} 20.001102", true);
    assert_line(m, "vouch_stage_seconds_count{stage=\"dkim\"} 0", true); /* -1: not applicable */
    metrics_free(&m);
}

static void what_went_wrong(void **state)
{
    struct made made;
    struct metrics *m = metrics_new();
    struct dkim_result signatures[] = {{.result = AUTH_PASS}, {.result = AUTH_TEMPERROR}};
    (void)state;
    make(&made, CLASS_SUSPICIOUS, ACTION_ACCEPT, NULL);
    made.r.judged = false;
    made.r.flags = FLAG_DNS_TIMEOUT | FLAG_MODEL_UNAVAILABLE;
    made.ev = (struct evidence){.dkim = signatures, .dkim_count = 2};
    made.ev.spf.result = AUTH_TEMPERROR;
    metrics_decision(m, &made.r);
    metrics_add(m, METRIC_OVERLOADED);
    metrics_add(m, METRIC_CONNECTIONS);
    metrics_add(m, METRIC_CONNECTIONS);
    metrics_add(m, METRIC_CONNECTIONS_ENDED);
    metrics_add(NULL, METRIC_OVERLOADED);
    metrics_decision(NULL, &made.r);
    static const char *const there[] = {
        "vouch_messages_unjudged_total 1",
        "vouch_messages_overloaded_total 1",
        "vouch_messages_dns_late_total 1",
        "vouch_store_errors_total 1",
        "vouch_connections_total 2",
        "vouch_connections_open 1",
        "vouch_checks_total{check=\"spf\",result=\"temperror\"} 1",
        "vouch_checks_total{check=\"dkim\",result=\"pass\"} 1",
        "vouch_checks_total{check=\"dkim\",result=\"temperror\"} 1",
    };
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        assert_line(m, there[i], true);
    assert_line(m, "process_open_fds -1", false);
    assert_line(m, "vouch_quarantine_messages 0", false); /* there is none */
    metrics_free(&m);
}

static void state_of_things(void **state)
{
    const struct gauges g = {
        .messages = 3,
        .stuck = true,
        .held = 30,
        .held_max = 31,
        .reload_refused = true,
        .settings_us = 1500000,
        .breaker = STORE_BREAKER_OPEN,
        .has_journal = true,
        .journal = {.last = 9007199254740991, .in_memory = 4, .lost = 5, .failing = true},
        .lag_known = true,
        .lag = {.records = 6, .seconds = 7},
        .quarantine_known = true,
        .quarantine = {.removed = 20, .messages = 21, .bytes = 22, .released = 23},
        .quarantine_age_s = 24,
        .process = {.resident_bytes = 8, .open_files = 9, .threads = 10, .cpu_seconds = 0.5},
    };
    static const char *const there[] = {
        "\nvouch_messages_in_flight 3\n",
        "\nvouch_config_last_reload_successful 0\n",
        "\nvouch_config_last_reload_success_timestamp_seconds 1.5\n",
        "\nvouch_store_breaker{state=\"closed\"} 0\n",
        "\nvouch_store_breaker{state=\"open\"} 1\n",
        "\nvouch_journal_last_record 9007199254740991\n",
        "\nvouch_journal_in_memory_records 4\n",
        "\nvouch_journal_lost_records_total 5\n",
        "\nvouch_journal_failing 1\n",
        "\nvouch_learner_lag_records 6\n",
        "\nvouch_learner_lag_seconds 7\n",
        "\nvouch_stuck 1\n",
        "\nvouch_messages_in_flight_bytes 30\n",
        "\nvouch_messages_in_flight_max_bytes 31\n",
        "\nvouch_quarantine_expired_total 20\n",
        "\nvouch_quarantine_messages 21\n",
        "\nvouch_quarantine_bytes 22\n",
        "\nvouch_quarantine_released_messages 23\n",
        "\nvouch_quarantine_oldest_seconds 24\n",
        "\nprocess_resident_memory_bytes 8\n",
        "\nprocess_threads 10\n",
        "\nprocess_cpu_seconds_total 0.5\n",
    };
    (void)state;
    struct metrics *m = metrics_new();
    struct sbuf text = text_of(m, &g);
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        if (!strstr(sbuf_str(&text), there[i]))
            fail_msg("absent: %s", there[i]);
    sbuf_clear(&text);
    metrics_free(&m);
}

#define THREADS 4
#define ROUNDS  5000

static void *hammer(void *arg)
{
    struct metrics *m = arg;
    struct made made;
    make(&made, CLASS_TRUSTED, ACTION_ACCEPT, "late");
    made.r.timing.total = 1000;
    for (int i = 0; i < ROUNDS; i++) {
        metrics_add(m, METRIC_MESSAGES);
        metrics_decision(m, &made.r);
    }
    return NULL;
}

/* Many count, one reads, one reloads: nothing is lost, whoever is announced when. */
static void from_many_threads(void **state)
{
    static const char *const names[] = {"late"};
    pthread_t threads[THREADS];
    char line[100];
    const struct gauges g = {.messages = 0};
    struct metrics *m = metrics_new();
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, m), 0);
    announce(m, names, 1);
    for (int i = 0; i < 50; i++) {
        struct sbuf text = text_of(m, &g);
        sbuf_clear(&text);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    snprintf(line, sizeof line, "vouch_messages_total %d", THREADS * ROUNDS);
    assert_line(m, line, true);
    snprintf(line, sizeof line, "vouch_stage_seconds_sum{stage=\"total\"} %d",
             THREADS * ROUNDS / 1000);
    assert_line(m, line, true);
    metrics_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions),         cmocka_unit_test(policies_are_bounded),
        cmocka_unit_test(without_memory),    cmocka_unit_test(histograms),
        cmocka_unit_test(what_went_wrong),   cmocka_unit_test(state_of_things),
        cmocka_unit_test(from_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
