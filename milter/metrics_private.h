/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_METRICS_PRIVATE_H
#define VOUCH_METRICS_PRIVATE_H

#include <stdatomic.h>
#include "metrics.h"

/* Between metrics.c, which counts, and metrics_text.c, which tells. */

typedef _Atomic uint64_t metrics_count;

struct policy_counts {
    struct policy_counts *next;
    metrics_count n[CLASS_COUNT][ACTION_COUNT][DIRECTION_ANY];
    char name[]; /* "": the file's own settings */
};
#define METRICS_OTHER   "(other)" /* which no policy can be called */
#define METRICS_BUCKETS 64        /* of names; a site has a few policies */

enum stage {
    STAGE_DNS,
    STAGE_SPF,
    STAGE_DKIM,
    STAGE_DMARC,
    STAGE_STORE,
    STAGE_RULES,
    STAGE_TOTAL,
    STAGE_COUNT
};
/* Upper bounds of a histogram's buckets, microseconds: from what a cached answer takes to the longest budget that makes sense. */
#define STAGE_BOUNDS                                                                               \
    {                                                                                              \
        50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, \
            2500000, 5000000, 10000000                                                             \
    }
#define STAGE_BOUND_COUNT 17

struct stage_counts {
    metrics_count n[STAGE_BOUND_COUNT + 1]; /* the last: longer than all bounds */
    metrics_count sum_us;
};

enum check { CHECK_SPF, CHECK_DKIM, CHECK_DMARC, CHECK_IPREV, CHECK_COUNT };

struct metrics {
    metrics_count n[METRIC_COUNT];
    struct policy_counts *_Atomic policies[METRICS_BUCKETS];
    struct policy_counts *own, *other; /* in the list, too */
    unsigned policy_count;
    struct stage_counts stages[STAGE_COUNT];
    metrics_count checks[CHECK_COUNT][AUTH_RESULT_COUNT];
};

#endif
