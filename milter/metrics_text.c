/* SPDX-License-Identifier: BSD-2-Clause */
/* Prometheus' text exposition format 0.0.4. A family is its HELP and TYPE, and then its samples. No label's value needs to be
 * escaped: all are words of ours, but for policies' names, which are letters, digits, '_', '-' and '.'. */
#include "config.h"
#include "metrics_text.h"
#include <inttypes.h>
#include "metrics_private.h"

static uint64_t count(const metrics_count *n)
{
    return atomic_load_explicit(n, memory_order_relaxed);
}

static void family(struct sbuf *out, const char *name, const char *type, const char *help)
{
    sbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void counter(struct sbuf *out, const char *name, const char *help, uint64_t value)
{
    family(out, name, "counter", help);
    sbuf_addf(out, "%s %" PRIu64 "\n", name, value);
}

static void gauge(struct sbuf *out, const char *name, const char *help, double value)
{
    family(out, name, "gauge", help);
    sbuf_addf(out, "%s %.16g\n", name, value);
}

/* -1: not known */
static void gauge_known(struct sbuf *out, const char *name, const char *help, int64_t value)
{
    if (value >= 0)
        gauge(out, name, help, (double)value);
}

static void labelled(struct sbuf *out, const char *name, const char *label, const char *value,
                     uint64_t n)
{
    sbuf_addf(out, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, n);
}

static void add_events(const struct metrics *m, struct sbuf *out)
{
    static const struct {
        enum metric which;
        const char *name, *help;
    } rows[] = {
        {METRIC_CONNECTIONS, "vouch_connections_total", "Connections of MTAs."},
        {METRIC_TIMEOUTS, "vouch_connection_timeouts_total",
         "Connections closed because the peer was silent or slow."},
        {METRIC_MESSAGES, "vouch_messages_total", "Messages begun."},
        {METRIC_ABORTED, "vouch_messages_aborted_total",
         "Messages that did not come to their end."},
        {METRIC_UNJUDGED, "vouch_messages_unjudged_total",
         "Messages that could not be judged: on_failure decided."},
        {METRIC_OVERLOADED, "vouch_messages_overloaded_total",
         "Messages that were too many at a time: on_overload decided."},
        {METRIC_EDITS_REFUSED, "vouch_messages_edits_refused_total",
         "Messages with which the MTA did not do what was decided."},
        {METRIC_STORED, "vouch_quarantine_stored_total", "Messages that the quarantine took."},
        {METRIC_STORES_FAILED, "vouch_quarantine_failures_total",
         "Messages that the quarantine should have taken, and could not: they are held instead."},
        {METRIC_DNS_LATE, "vouch_messages_dns_late_total",
         "Messages judged without some answer of DNS, which was not there in time."},
        {METRIC_STORE_LATE, "vouch_store_errors_total",
         "Messages judged without the model, which did not answer, or not in time."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        counter(out, rows[i].name, rows[i].help, count(&m->n[rows[i].which]));
    /* ended first: one that begins meanwhile must not make it negative */
    uint64_t ended = count(&m->n[METRIC_CONNECTIONS_ENDED]);
    gauge(out, "vouch_connections_open", "Connections of MTAs that are open.",
          (double)(count(&m->n[METRIC_CONNECTIONS]) - ended));
}

/* Those that have happened: a policy could have 36. */
static void add_policy(const struct policy_counts *p, const char *name, struct sbuf *out)
{
    for (int c = 0; c < CLASS_COUNT; c++)
        for (int a = 0; a < ACTION_COUNT; a++)
            for (int d = 0; d < DIRECTION_ANY; d++) {
                uint64_t n = count(&p->n[c][a][d]);
                if (n)
                    sbuf_addf(out,
                              "%s{class=\"%s\",action=\"%s\",policy=\"%s\",direction=\"%s\"} "
                              "%" PRIu64 "\n",
                              name, trust_class_name((enum trust_class)c),
                              action_name((enum action)a), p->name,
                              direction_name((enum direction)d), n);
            }
}

static void add_decisions(const struct metrics *m, struct sbuf *out)
{
    static const char name[] = "vouch_decisions_total";
    family(out, name, "counter", "Messages that were decided upon.");
    for (size_t i = 0; i < METRICS_BUCKETS; i++)
        for (const struct policy_counts *p = atomic_load(&m->policies[i]); p; p = p->next)
            add_policy(p, name, out);
}

static void add_checks(const struct metrics *m, struct sbuf *out)
{
    static const char *const words[CHECK_COUNT] = {"spf", "dkim", "dmarc", "iprev"};
    static const char name[] = "vouch_checks_total";
    family(out, name, "counter", "Results of what was verified; of DKIM, those of all signatures.");
    for (int c = 0; c < CHECK_COUNT; c++)
        for (int r = AUTH_UNKNOWN + 1; r < AUTH_RESULT_COUNT; r++) {
            uint64_t n = count(&m->checks[c][r]);
            if (n)
                sbuf_addf(out, "%s{check=\"%s\",result=\"%s\"} %" PRIu64 "\n", name, words[c],
                          auth_result_name((enum auth_result)r), n);
        }
}

static void add_stage(const struct stage_counts *s, const char *word, struct sbuf *out)
{
    static const int64_t bounds[STAGE_BOUND_COUNT] = STAGE_BOUNDS;
    double sum = (double)count(&s->sum_us) / 1e6;
    uint64_t n = 0;
    for (size_t i = 0; i < STAGE_BOUND_COUNT; i++) {
        n += count(&s->n[i]);
        sbuf_addf(out, "vouch_stage_seconds_bucket{stage=\"%s\",le=\"%g\"} %" PRIu64 "\n", word,
                  (double)bounds[i] / 1e6, n);
    }
    n += count(&s->n[STAGE_BOUND_COUNT]);
    sbuf_addf(out, "vouch_stage_seconds_bucket{stage=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", word, n);
    sbuf_addf(out, "vouch_stage_seconds_sum{stage=\"%s\"} %.16g\n", word, sum);
    sbuf_addf(out, "vouch_stage_seconds_count{stage=\"%s\"} %" PRIu64 "\n", word, n);
}

static void add_stages(const struct metrics *m, struct sbuf *out)
{
    static const char *const words[STAGE_COUNT] = {"dns",   "spf",   "dkim", "dmarc",
                                                   "store", "rules", "total"};
    family(out, "vouch_stage_seconds", "histogram",
           "Time from the end of a message to its decision, and where it went.");
    for (int i = 0; i < STAGE_COUNT; i++)
        add_stage(&m->stages[i], words[i], out);
}

static void add_dns(const struct resolver_state *dns, struct sbuf *out)
{
    static const char *const words[DNS_TROUBLE_COUNT] = {"servfail", "refused", "bogus", "busy"};
    counter(out, "vouch_dns_questions_total", "DNS questions, those answered by the cache too.",
            dns->questions);
    family(out, "vouch_dns_errors_total", "counter", "DNS questions without a proper answer.");
    for (int i = 0; i < DNS_TROUBLE_COUNT; i++)
        labelled(out, "vouch_dns_errors_total", "reason", words[i], dns->troubles[i]);
    gauge(out, "vouch_dns_questions_under_way", "DNS questions that wait for an answer.",
          dns->under_way);
}

static void add_breaker(enum store_breaker now, struct sbuf *out)
{
    static const char *const words[] = {"closed", "half_open", "open"};
    family(out, "vouch_store_breaker", "gauge",
           "1 for the state that holds: closed: the model is asked; open: it is away, and is not.");
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        labelled(out, "vouch_store_breaker", "state", words[i], i == (unsigned)now);
}

static void add_journal(const struct journal_state *j, struct sbuf *out)
{
    gauge(out, "vouch_journal_last_record", "Number of the journal's last record.",
          (double)j->last);
    gauge(out, "vouch_journal_in_memory_records", "Records that are not on the disk.",
          (double)j->in_memory);
    counter(out, "vouch_journal_lost_records_total", "Records that were lost.", j->lost);
    gauge(out, "vouch_journal_failing", "1: the journal cannot be written.", j->failing);
}

static void add_lag(const struct learn_lag *lag, struct sbuf *out)
{
    gauge(out, "vouch_learner_lag_records",
          "Records of the journals that the model has not learnt.", (double)lag->records);
    gauge(out, "vouch_learner_lag_seconds", "Age of the oldest of them.", (double)lag->seconds);
}

static void add_quarantine(const struct quarantine_purged *q, int64_t age_s, struct sbuf *out)
{
    gauge(out, "vouch_quarantine_messages",
          "Messages in the quarantine, as of a minute ago at most.", (double)q->messages);
    gauge(out, "vouch_quarantine_released_messages",
          "Those of them that were released, to one recipient at least.", (double)q->released);
    gauge(out, "vouch_quarantine_bytes", "What they take.", (double)q->bytes);
    gauge(out, "vouch_quarantine_oldest_seconds", "Age of the oldest of them.", (double)age_s);
    counter(out, "vouch_quarantine_expired_total",
            "Messages removed from the quarantine: too old, or too much.", q->removed);
}

static void add_settings(const struct metrics *m, const struct gauges *g, struct sbuf *out)
{
    family(out, "vouch_reloads_total", "counter", "Times that the settings were read again.");
    labelled(out, "vouch_reloads_total", "result", "success", count(&m->n[METRIC_RELOADS]));
    labelled(out, "vouch_reloads_total", "result", "failure", count(&m->n[METRIC_RELOADS_REFUSED]));
    gauge(out, "vouch_config_last_reload_successful",
          "0: the file had mistakes when it was last read; what is in force is older.",
          !g->reload_refused);
    gauge(out, "vouch_config_last_reload_success_timestamp_seconds",
          "When the settings in force were read.", (double)g->settings_us / 1e6);
}

static void add_process(const struct gauges *g, struct sbuf *out)
{
    const struct process_usage *u = &g->process;
    gauge_known(out, "process_resident_memory_bytes", "Resident memory size in bytes.",
                u->resident_bytes);
    gauge_known(out, "process_open_fds", "Number of open file descriptors.", u->open_files);
    gauge_known(out, "process_max_fds", "Maximum number of open file descriptors.", u->max_files);
    gauge_known(out, "process_threads", "Number of threads.", u->threads);
    family(out, "process_cpu_seconds_total", "counter", "Total user and system CPU time spent.");
    sbuf_addf(out, "process_cpu_seconds_total %.16g\n", u->cpu_seconds);
    gauge(out, "process_start_time_seconds", "When the process started.",
          (double)g->start_us / 1e6);
    family(out, "vouch_build_info", "gauge", "1, with the version.");
    sbuf_adds(out, "vouch_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
}

void metrics_text(const struct metrics *m, const struct gauges *g, struct sbuf *out)
{
    add_events(m, out);
    gauge(out, "vouch_messages_in_flight", "Messages under way.", g->messages);
    gauge(out, "vouch_messages_in_flight_bytes", "Memory that they hold.", (double)g->held);
    gauge(out, "vouch_messages_in_flight_max_bytes", "Memory that they may hold: limits.memory.",
          (double)g->held_max);
    add_decisions(m, out);
    add_checks(m, out);
    add_stages(m, out);
    add_dns(&g->dns, out);
    add_breaker(g->breaker, out);
    if (g->has_journal)
        add_journal(&g->journal, out);
    if (g->lag_known)
        add_lag(&g->lag, out);
    if (g->quarantine_known)
        add_quarantine(&g->quarantine, g->quarantine_age_s, out);
    add_settings(m, g, out);
    gauge(out, "vouch_stuck", "1: a thread has come to a standstill; /healthz says which.",
          g->stuck);
    add_process(g, out);
}
