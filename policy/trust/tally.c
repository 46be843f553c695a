/* SPDX-License-Identifier: BSD-2-Clause */
/* Exact decayed sums (tally.h), and their bytes:
 *
 *     VALUE_TALLY | half-life | era | good bad seen of era | the same of the one before | first |
 *     last - first
 *
 * all varints (varint.h), the sums signed. Three messages take some 25 bytes.
 *
 * What an addition adds must be the same number on every machine, for ever: so nothing of it is left
 * to the C library's exp2. The power of two comes from a table by integer arithmetic, and what
 * remains is one IEEE 754 multiplication and an exact scaling. */
#include "tally.h"
#include <assert.h>
#include <math.h>
#include "errors.h"
#include "value.h"
#include "varint.h"

#define SUM_MAX    ((INT64_C(1) << 62) - 1) /* two of them still fit */
#define SCALE_BITS 31                       /* of power_of_two's result */

/* round(2^31 * 2^(2^-i)), i = 1, 2, ... */
static const uint32_t roots[] = {
    0xb504f334, 0x9837f052, 0x8b95c1e4, 0x85aac368, 0x82cd8699, 0x8164d1f4, 0x80b1ed50, 0x8058d7d3,
    0x802c6437, 0x8016302f, 0x800b179d, 0x80058baf, 0x8002c5d0, 0x800162e6, 0x8000b173, 0x800058b9,
    0x80002c5d, 0x8000162e, 0x80000b17, 0x8000058c, 0x800002c6, 0x80000163, 0x800000b1, 0x80000059,
};
enum { ROOTS = sizeof roots / sizeof *roots };

/* 2^(SCALE_BITS + part / whole), part < whole; to about 2^-26 of it */
static uint32_t power_of_two(uint64_t part, uint64_t whole)
{
    uint64_t fraction = (part << ROOTS) / whole, power = UINT64_C(1) << SCALE_BITS;
    for (int i = 0; i < ROOTS; i++) { /* no branch: half of them would be guessed wrong */
        uint64_t more = power * roots[i] >> SCALE_BITS;
        power = fraction >> (ROOTS - 1 - i) & 1 ? more : power;
    }
    return (uint32_t)power;
}

static int64_t era_seconds(uint32_t half_life)
{
    return (int64_t)TALLY_ERA * half_life;
}

static int64_t time_clamp(int64_t t)
{
    return t < 1 ? 1 : t > TALLY_TIME_MAX ? TALLY_TIME_MAX : t;
}

/* What a message of that time weighs more than one at the start of its era: scale * 2^shift. */
struct weight {
    uint32_t scale;
    int shift;
};

static struct weight weight_at(int64_t time, uint32_t half_life)
{
    int64_t since = time % era_seconds(half_life);
    return (struct weight){power_of_two((uint64_t)(since % half_life), half_life),
                           (int)(since / half_life) + TALLY_FRACTION - SCALE_BITS};
}

static int64_t clamp(int64_t sum)
{
    return sum > SUM_MAX ? SUM_MAX : sum < -SUM_MAX ? -SUM_MAX : sum;
}

static void sum_add(int64_t *sum, double mass, struct weight w)
{
    double units = ldexp(mass * w.scale, w.shift);
    assert(!isnan(mass));
    int64_t exact = units >= (double)SUM_MAX ? SUM_MAX
                    : units <= -(double)SUM_MAX
                        ? -SUM_MAX
                        : llround(units); /* half away from 0: -mass's opposite */
    *sum = clamp(*sum + exact);
}

/* Makes an era the newer one, and forgets what lies too far before it. */
static void advance(struct tally *t, int64_t era)
{
    bool next = era == t->era + 1;
    t->good[1] = next ? t->good[0] : 0;
    t->bad[1] = next ? t->bad[0] : 0;
    t->seen[1] = next ? t->seen[0] : 0;
    t->good[0] = t->bad[0] = t->seen[0] = 0;
    t->era = era;
}

static void convert(struct tally *t, uint32_t half_life)
{
    struct counts c = tally_counts(t);
    struct tally r = tally_from_counts(&c, half_life);
    if (tally_is_empty(&r))
        r = (struct tally){.half_life = half_life, .era = c.last / era_seconds(half_life)};
    r.first = t->first;
    r.last = t->last;
    *t = r;
}

void tally_add(struct tally *t, uint32_t half_life, int64_t time, double good, double bad,
               double seen)
{
    assert(half_life > 0);
    if (good == 0 && bad == 0 && seen == 0)
        return;
    time = time_clamp(time);
    int64_t era = time / era_seconds(half_life);
    if (!t->half_life)
        *t = (struct tally){.half_life = half_life, .era = era};
    else if (t->half_life != half_life)
        convert(t, half_life);
    if (seen != 0) {
        t->first = t->first && t->first < time ? t->first : time;
        t->last = t->last > time ? t->last : time;
    }
    if (era > t->era)
        advance(t, era);
    if (era < t->era - 1)
        return;
    int at = (int)(t->era - era);
    struct weight w = weight_at(time, half_life);
    sum_add(&t->good[at], good, w);
    sum_add(&t->bad[at], bad, w);
    sum_add(&t->seen[at], seen, w);
}

/* Both eras' sums in messages of weight w. What was added with w reads as it was. */
static double mass_of(const int64_t sums[2], struct weight w)
{
    double sum = (double)sums[0] + ldexp((double)sums[1], -TALLY_ERA);
    return sum > 0 ? ldexp(sum / w.scale, -w.shift) : 0;
}

struct counts tally_counts(const struct tally *t)
{
    if (!t->half_life)
        return (struct counts){0};
    int64_t start = t->era * era_seconds(t->half_life);
    int64_t last = t->last > start ? t->last : start;
    struct weight w = weight_at(last, t->half_life);
    return (struct counts){mass_of(t->good, w), mass_of(t->bad, w), mass_of(t->seen, w),
                           t->last ? t->first : last, last};
}

struct tally tally_from_counts(const struct counts *c, uint32_t half_life)
{
    struct tally t = {0};
    tally_add(&t, half_life, c->last, c->good, c->bad, c->seen);
    if (t.half_life) {
        t.last = time_clamp(c->last);
        t.first = time_clamp(c->first);
        if (t.first > t.last)
            t.first = t.last;
    }
    return t;
}

bool tally_is_empty(const struct tally *t)
{
    return !t->half_life;
}

size_t tally_encode(const struct tally *t, uint8_t bytes_r[TALLY_BYTES_MAX])
{
    uint8_t *p = bytes_r;
    if (tally_is_empty(t))
        return 0;
    *p++ = VALUE_TALLY;
    p = varint_put(p, t->half_life);
    p = varint_put(p, (uint64_t)t->era);
    for (int i = 0; i < 2; i++) {
        p = varint_put_signed(p, t->good[i]);
        p = varint_put_signed(p, t->bad[i]);
        p = varint_put_signed(p, t->seen[i]);
    }
    p = varint_put(p, (uint64_t)t->first);
    p = varint_put(p, (uint64_t)(t->last - t->first));
    return (size_t)(p - bytes_r);
}

static int64_t get_sum(struct varint_reader *r)
{
    int64_t sum = varint_get_signed(r);
    if (clamp(sum) != sum)
        r->bad = true;
    return sum;
}

int tally_decode(const void *bytes, size_t len, struct tally *t_r)
{
    struct tally t = {0};
    struct varint_reader r = {bytes, (const uint8_t *)bytes + len, false};
    if (varint_get(&r) != VALUE_TALLY)
        return VOUCH_E_SYNTAX;
    t.half_life = (uint32_t)varint_get_max(&r, UINT32_MAX);
    if (!t.half_life)
        return VOUCH_E_SYNTAX;
    t.era = (int64_t)varint_get_max(&r, (uint64_t)(TALLY_TIME_MAX / era_seconds(t.half_life)));
    for (int i = 0; i < 2; i++) {
        t.good[i] = get_sum(&r);
        t.bad[i] = get_sum(&r);
        t.seen[i] = get_sum(&r);
    }
    t.first = (int64_t)varint_get_max(&r, TALLY_TIME_MAX);
    t.last = t.first + (int64_t)varint_get_max(&r, (uint64_t)(TALLY_TIME_MAX - t.first));
    if (r.bad || r.p != r.end || (t.last && !t.first) || t.last / era_seconds(t.half_life) > t.era)
        return VOUCH_E_SYNTAX;
    *t_r = t;
    return 0;
}
