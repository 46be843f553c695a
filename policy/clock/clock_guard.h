/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_CLOCK_GUARD_H
#define VOUCH_CLOCK_GUARD_H

#include <stdbool.h>
#include <stdint.h>

/* Whether to believe the wall clock: for what cannot be undone, such as removing what is old. A clock
 * that leaps ahead is doubted for an hour; one that was wrong has been set right by then, and a machine
 * that had slept for long has the right one. One that goes back is believed at once. */

#define CLOCK_GUARD_AHEAD_US INT64_C(86400000000) /* no leap yet: a day */
#define CLOCK_GUARD_DOUBT_US INT64_C(3600000000)

/* All zeros: believes the clock that it is shown first. */
struct clock_guard {
    int64_t wall_us, steady_us; /* believed last */
    int64_t doubt_us;           /* steady time since which it is doubted */
    bool begun, leaping, doubted;
};

/* Doubts the clock for its first hour too: it may not have been set yet. */
static inline void clock_guard_doubt(struct clock_guard *g, int64_t wall_us, int64_t steady_us)
{
    *g = (struct clock_guard){wall_us, steady_us, steady_us, true, false, true};
}

/* wall_us: since the epoch; steady_us: of a clock that nobody sets, and that goes on while the machine
 * sleeps. Whether wall_us is sure; *now_r: what is believed, which is not ahead of it unless it went
 * back. */
static inline bool clock_guard_sure(struct clock_guard *g, int64_t wall_us, int64_t steady_us,
                                    int64_t *now_r)
{
    int64_t expected = g->wall_us + (steady_us - g->steady_us);
    bool leaps = g->begun && wall_us > expected + CLOCK_GUARD_AHEAD_US;
    if (leaps && !g->leaping)
        g->doubt_us = steady_us;
    g->doubted = (leaps || g->doubted) && steady_us - g->doubt_us < CLOCK_GUARD_DOUBT_US;
    g->leaping = leaps && g->doubted;
    if (g->leaping) {
        *now_r = expected;
        return false;
    }
    g->wall_us = *now_r = wall_us;
    g->steady_us = steady_us;
    g->begun = true;
    return !g->doubted;
}

#endif
