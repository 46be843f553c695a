/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks all parts of the daemon. None of it waits for a network or a disk. */
#include "gauges.h"
#include "clock.h"
#include "daemon.h"
#include "keeper.h"
#include "learning.h"
#include "load.h"
#include "recorder.h"
#include "store.h"

static void read_quarantine(struct daemon *d, struct gauges *g)
{
    g->quarantine_known = keeper_totals(daemon_keeper(d), &g->quarantine);
    int64_t since_us = g->quarantine.oldest_us, now_us = clock_wall_us();
    g->quarantine_age_s = since_us && since_us < now_us ? (now_us - since_us) / 1000000 : 0;
}

void gauges_read(struct daemon *d, struct gauges *g_r)
{
    struct assess_context *context = daemon_context(d);
    struct journal *journal = recorder_journal(daemon_recorder(d));
    *g_r = (struct gauges){.messages = daemon_messages(d), .has_journal = journal != NULL};
    struct settings *settings = daemon_settings(d);
    g_r->stuck = daemon_stuck(d);
    g_r->held = load_held(daemon_load(d));
    g_r->held_max = settings->max_memory;
    settings_unref(&settings);
    g_r->start_us = daemon_start_time(d);
    g_r->settings_us = daemon_settings_time(d, &g_r->reload_refused);
    g_r->breaker = store_breaker(assess_context_store(context));
    store_state(assess_context_store(context), g_r->store, sizeof g_r->store);
    resolver_state(assess_context_resolver(context), &g_r->dns);
    if (journal)
        journal_state(journal, &g_r->journal);
    g_r->lag_known = learning_lag(daemon_learning(d), &g_r->lag);
    read_quarantine(d, g_r);
    process_usage(&g_r->process);
}
