/* SPDX-License-Identifier: BSD-2-Clause */
/* What the model knows of one subject: its byte codec and its arithmetic. Every store keeps these
 * bytes and every writer adds with counts_add, so that the same journal gives the same model in
 * every backend.
 *
 * Version 1, big-endian:  0 version | 1 good | 6 bad | 11 seen | 16 first | 20 last
 * A mass is the upper 40 bits of an IEEE 754 double, rounded to nearest: 29 significant bits, so
 * that a busy subject updated every second still halves in half a year (32-bit floats would round
 * each of those steps away). */
#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "counts.h"
#include "errors.h"

enum { AT_VERSION = 0, AT_GOOD = 1, AT_BAD = 6, AT_SEEN = 11, AT_FIRST = 16, AT_LAST = 20 };
enum { MASS_BYTES = 5, TIME_BYTES = 4, DROPPED_BITS = 64 - 8 * MASS_BYTES };

#define COUNTS_VERSION 1

static void put_uint(uint8_t *p, uint64_t value, int bytes)
{
    for (int i = bytes; i-- > 0; value >>= 8)
        p[i] = (uint8_t)value;
}

static uint64_t get_uint(const uint8_t *p, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

static void put_mass(uint8_t *p, double mass)
{
    uint64_t bits = 0;
    assert(mass >= 0 && isfinite(mass));
    /* half of what is dropped is added first: a carry runs into the exponent, as it should */
    if (mass > 0) {
        mass = fmin(mass, COUNTS_MASS_MAX);
        memcpy(&bits, &mass, sizeof bits);
        bits = (bits + (UINT64_C(1) << (DROPPED_BITS - 1))) >> DROPPED_BITS;
    }
    put_uint(p, bits, MASS_BYTES);
}

static int get_mass(const uint8_t *p, double *mass_r)
{
    uint64_t bits = get_uint(p, MASS_BYTES) << DROPPED_BITS;
    double mass;
    memcpy(&mass, &bits, sizeof mass);
    if (!isfinite(mass) || signbit(mass) || mass > COUNTS_MASS_MAX)
        return VOUCH_E_SYNTAX;
    *mass_r = mass;
    return 0;
}

static uint64_t time_clamp(int64_t t)
{
    return t < 0 ? 0 : t > UINT32_MAX ? UINT32_MAX : (uint64_t)t;
}

void counts_encode(const struct counts *c, uint8_t bytes_r[COUNTS_BYTES])
{
    bytes_r[AT_VERSION] = COUNTS_VERSION;
    put_mass(bytes_r + AT_GOOD, c->good);
    put_mass(bytes_r + AT_BAD, c->bad);
    put_mass(bytes_r + AT_SEEN, c->seen);
    put_uint(bytes_r + AT_FIRST, time_clamp(c->first), TIME_BYTES);
    put_uint(bytes_r + AT_LAST, time_clamp(c->last), TIME_BYTES);
}

int counts_decode(const void *bytes, size_t len, struct counts *c_r)
{
    const uint8_t *p = bytes;
    struct counts c;
    if (len != COUNTS_BYTES || p[AT_VERSION] != COUNTS_VERSION)
        return VOUCH_E_SYNTAX;
    if (get_mass(p + AT_GOOD, &c.good) || get_mass(p + AT_BAD, &c.bad) ||
        get_mass(p + AT_SEEN, &c.seen))
        return VOUCH_E_SYNTAX;
    c.first = (int64_t)get_uint(p + AT_FIRST, TIME_BYTES);
    c.last = (int64_t)get_uint(p + AT_LAST, TIME_BYTES);
    *c_r = c;
    return 0;
}

/* what is left of 1 after so many seconds */
static double decay(int64_t seconds, double half_life)
{
    assert(half_life > 0);
    return exp2(-(double)seconds / half_life);
}

struct counts counts_at(const struct counts *c, int64_t now, double half_life)
{
    struct counts r = *c;
    if (now > c->last) {
        double left = decay(now - c->last, half_life);
        r.good *= left;
        r.bad *= left;
        r.seen *= left;
        r.last = now;
    }
    return r;
}

/* the sum, kept finite so that it can be encoded */
static double mass_add(double a, double b)
{
    return fmin(a + b, COUNTS_MASS_MAX);
}

void counts_add(struct counts *c, int64_t now, double half_life, double good, double bad,
                double seen)
{
    bool empty = c->last == 0 && c->first == 0;
    if (empty || now < c->first)
        c->first = now;
    if (empty)
        c->last = now;
    *c = counts_at(c, now, half_life);
    /* what comes late has already decayed as long as what was there */
    double left = now < c->last ? decay(c->last - now, half_life) : 1;
    c->good = mass_add(c->good, good * left);
    c->bad = mass_add(c->bad, bad * left);
    c->seen = mass_add(c->seen, seen * left);
}
