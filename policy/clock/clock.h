/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_CLOCK_H
#define VOUCH_CLOCK_H

#include <stdint.h>
#include <time.h>

/* The clocks. No pure floor has this room in its -I list: there the time is an argument. */

/* of the given clock, in microseconds */
static inline int64_t clock_read(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* For deadlines, and for how long something takes: runs on whatever is done to the date.
 * Microseconds. */
static inline int64_t clock_us(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

/* The same in milliseconds. */
static inline int64_t clock_ms(void)
{
    return clock_us() / 1000;
}

/* For a clock_guard: as clock_us, and goes on while the machine sleeps. Microseconds. */
static inline int64_t clock_steady_us(void)
{
#ifdef CLOCK_BOOTTIME
    return clock_read(CLOCK_BOOTTIME);
#else
    return clock_us();
#endif
}

/* Microseconds since the epoch. */
static inline int64_t clock_wall_us(void)
{
    return clock_read(CLOCK_REALTIME);
}

#endif
