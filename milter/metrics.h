/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_METRICS_H
#define VOUCH_METRICS_H

#include "record.h"

/* What the daemon counts, and how Prometheus reads it (text exposition format 0.0.4). Counting is a few relaxed atomic additions,
 * without lock or memory; gauges are asked when somebody reads. Safe to use from any thread. */

enum metric {
    METRIC_CONNECTIONS,     /* of MTAs, since start */
    METRIC_MESSAGES,        /* begun */
    METRIC_ABORTED,         /* that did not come to their end */
    METRIC_UNJUDGED,        /* on_failure decided */
    METRIC_OVERLOADED,      /* on_overload decided */
    METRIC_DNS_LATE,        /* DNS was not there in time */
    METRIC_STORE_LATE,      /* the model was not there in time */
    METRIC_TIMEOUTS,        /* connections closed because the peer was silent or slow */
    METRIC_EDITS_REFUSED,   /* the MTA did not take an edit */
    METRIC_RELOADS,         /* settings read again and in force */
    METRIC_RELOADS_REFUSED, /* settings with mistakes */
    METRIC_COUNT
};

struct metrics;
struct metrics *metrics_new(void);
void metrics_free(struct metrics **mp);
/* m may be NULL in all that count: nothing is. */
void metrics_add(struct metrics *m, enum metric which);
/* A message that was judged: class, action, policy and the stages' times go into counters and histograms. */
void metrics_decision(struct metrics *m, const struct record *r);

#endif
