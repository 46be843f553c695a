/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_METRICS_H
#define VOUCH_METRICS_H

#include "record.h"

/* What the daemon counts, for Prometheus (metrics_text.h). Counting is a few relaxed atomic additions, without lock or memory.
 * Safe to use from any thread. */

enum metric {
    METRIC_CONNECTIONS, /* of MTAs, that tell of a client; a probe does not */
    METRIC_CONNECTIONS_ENDED,
    METRIC_MESSAGES,      /* begun */
    METRIC_ABORTED,       /* that did not come to their end */
    METRIC_UNJUDGED,      /* on_failure decided; metrics_decision counts those that have a record */
    METRIC_OVERLOADED,    /* on_overload decided */
    METRIC_DNS_LATE,      /* DNS was not there in time; counted by metrics_decision */
    METRIC_STORE_LATE,    /* judged without the model; counted by metrics_decision */
    METRIC_TIMEOUTS,      /* connections closed because the peer was silent or slow */
    METRIC_EDITS_REFUSED, /* the MTA did not take an edit, or cannot */
    METRIC_STORED,        /* messages that the quarantine took */
    METRIC_STORES_FAILED, /* messages that it should have taken */
    METRIC_RELOADS,       /* settings read again and in force */
    METRIC_RELOADS_REFUSED, /* settings with mistakes */
    METRIC_COUNT
};

struct metrics;
/* NULL: out of memory */
struct metrics *metrics_new(void);
void metrics_free(struct metrics **mp);
/* Makes room for the policies of settings that are to come into force: messages allocate nothing. A policy that is gone keeps its
 * count, METRICS_POLICIES of them; what more there are, or out of memory, are counted together as "(other)". One caller at a time. */
#define METRICS_POLICIES 2000 /* twice what one file may have */
void metrics_policies(struct metrics *m, const struct settings *s);
/* m may be NULL in these two: nothing is counted. */
void metrics_add(struct metrics *m, enum metric which);
/* A message that was judged: class, action, policy, what was verified and the stages' times. */
void metrics_decision(struct metrics *m, const struct record *r);

#endif
