/* SPDX-License-Identifier: BSD-2-Clause */
/* Admission. Limits are those of the settings that a message began with. Several messages that begin at once may pass a limit on
 * memory together: each grows by itself, and is then given up if it holds more than the average. Those that hold less never are, so
 * what others hold does not end them. */
#include "load.h"
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "process.h"
#include "settings.h"

#define TRIM_BYTES    (2u << 20) /* held at a time, from which on freed memory is worth giving back */
#define TRIM_EVERY_MS 10000

struct load {
    struct log *log;
    struct metrics *metrics;
    atomic_uint sessions, messages;
    atomic_size_t memory, peak; /* peak: since freed memory was last given back */
    atomic_llong trimmed_ms;
};

struct load *load_new(struct log *log, struct metrics *metrics)
{
    struct load *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->log = log;
    l->metrics = metrics;
    return l;
}

void load_free(struct load **lp)
{
    free(*lp);
    *lp = NULL;
}

void load_session_began(struct load *l)
{
    atomic_fetch_add(&l->sessions, 1);
}

void load_session_ended(struct load *l)
{
    atomic_fetch_sub(&l->sessions, 1);
}

unsigned load_messages(struct load *l)
{
    return atomic_load(&l->messages);
}

size_t load_held(struct load *l)
{
    return atomic_load(&l->memory);
}

/* One message is beyond a limit. */
static void refuse(struct load *l, const struct settings *s)
{
    metrics_add(l->metrics, METRIC_OVERLOADED);
    log_often(l->log, LOG_LEVEL_WARNING,
              "overload: a message is %s unjudged (on_overload); under way: %u messages of %u "
              "(limits.messages), with %zu KiB of %" PRIu64 " (limits.memory), %u connections "
              "of %u (limits.connections)",
              s->on_overload == ACTION_ACCEPT ? "accepted" : "deferred", atomic_load(&l->messages),
              s->max_messages, atomic_load(&l->memory) >> 10, s->max_memory >> 10,
              atomic_load(&l->sessions), s->max_connections);
}

bool load_message_began(struct load *l, const struct settings *s)
{
    unsigned before = atomic_fetch_add(&l->messages, 1);
    if (before < s->max_messages && atomic_load(&l->memory) <= s->max_memory &&
        atomic_load(&l->sessions) <= s->max_connections)
        return true;
    refuse(l, s);
    atomic_fetch_sub(&l->messages, 1);
    return false;
}

/* malloc keeps what it once had. After many or large messages, when none is under way, it is given back. */
static void trim(struct load *l)
{
    long long trimmed = atomic_load(&l->trimmed_ms), now = clock_ms();
    if (atomic_load(&l->peak) < TRIM_BYTES || now - trimmed < TRIM_EVERY_MS ||
        !atomic_compare_exchange_strong(&l->trimmed_ms, &trimmed, now))
        return;
    atomic_store(&l->peak, 0);
    process_trim_memory();
}

void load_message_ended(struct load *l)
{
    if (atomic_fetch_sub(&l->messages, 1) == 1)
        trim(l);
}

bool load_memory(struct load *l, const struct settings *s, size_t *held_before, size_t held)
{
    size_t before = *held_before;
    if (held == before)
        return true;
    *held_before = held;
    size_t all = atomic_fetch_add(&l->memory, held - before) + held - before;
    if (all > atomic_load(&l->peak))
        atomic_store(&l->peak, all); /* another's may be lost: it is no exact number */
    if (held < before || all <= s->max_memory || held <= all / (atomic_load(&l->messages) + 1))
        return true;
    refuse(l, s);
    return false;
}
