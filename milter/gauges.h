/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_GAUGES_H
#define VOUCH_GAUGES_H

#include "journal.h"
#include "learn.h"
#include "process_usage.h"
#include "quarantine.h"
#include "resolver.h"

/* How the daemon is at one moment: what is asked when somebody wants to know, not counted on the way. */
struct gauges {
    unsigned messages;       /* under way */
    uint64_t held, held_max; /* bytes that they hold, and may (limits.memory) */
    bool stuck;              /* something is: daemon_stuck */
    bool reload_refused;     /* the last one: what is in force is older than the file */
    int64_t start_us;        /* since the epoch */
    int64_t settings_us;     /* since the epoch: when those that are in force were read */
    enum store_breaker breaker;
    char store[300]; /* one phrase for a person */
    struct resolver_state dns;
    bool has_journal;
    struct journal_state journal;
    bool lag_known;
    struct learn_lag lag;
    bool quarantine_known;
    struct quarantine_purged quarantine; /* as of a minute ago at most; removed: since the start */
    int64_t quarantine_age_s;            /* of the oldest message; 0: there is none */
    struct process_usage process;
};

struct daemon;
void gauges_read(struct daemon *d, struct gauges *g_r);

#endif
