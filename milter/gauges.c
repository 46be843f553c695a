/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks all parts of the daemon. None of it waits for a network or a disk. */
#include "gauges.h"
#include "daemon.h"
#include "learning.h"
#include "recorder.h"
#include "store.h"

void gauges_read(struct daemon *d, struct gauges *g_r)
{
    struct assess_context *context = daemon_context(d);
    struct journal *journal = recorder_journal(daemon_recorder(d));
    *g_r = (struct gauges){.messages = daemon_messages(d), .has_journal = journal != NULL};
    g_r->start_us = daemon_start_time(d);
    g_r->settings_us = daemon_settings_time(d, &g_r->reload_refused);
    g_r->breaker = store_breaker(assess_context_store(context));
    store_state(assess_context_store(context), g_r->store, sizeof g_r->store);
    resolver_state(assess_context_resolver(context), &g_r->dns);
    if (journal)
        journal_state(journal, &g_r->journal);
    g_r->lag_known = learning_lag(daemon_learning(d), &g_r->lag);
    process_usage(&g_r->process);
}
