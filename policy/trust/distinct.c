/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets that are only counted (distinct.h). Their bytes:
 *
 *     count | members, 4 bytes each, big-endian, ascending
 *     DISTINCT_EXACT + 1 | 256 registers of five bits, most significant first
 *
 * A register is chosen by a member's first 8 bits and holds the largest rank met: the place of the
 * first 1 among the other 24, or 25 if there is none. The estimate is Ertl's ("New cardinality
 * estimation algorithms for HyperLogLog sketches", 2017, algorithm 6), which needs no correction by
 * tables and no switch between ranges. */
#include "distinct.h"
#include <math.h>
#include <string.h>

#define IS_SKETCH     (DISTINCT_EXACT + 1)
#define INDEX_BITS    8
#define RANK_MAX      25
#define REGISTER_BITS 5
#define GROUP         8                  /* registers that fill whole bytes together */
#define ALPHA         0.7213475204444817 /* 1 / (2 ln 2) */

static unsigned index_of(uint32_t member)
{
    return member >> (32 - INDEX_BITS);
}

static uint8_t rank_of(uint32_t member)
{
    uint8_t rank = 1;
    for (uint32_t bit = UINT32_C(1) << (31 - INDEX_BITS); bit && !(member & bit); bit >>= 1)
        rank++;
    return rank;
}

/* GROUP registers are REGISTER_BITS bytes. */
static uint64_t group_get(const uint8_t *p)
{
    uint32_t low = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
    return (uint64_t)p[0] << 32 | low;
}

static void group_put(uint8_t *p, uint64_t bits)
{
    for (int i = REGISTER_BITS; i-- > 0; bits >>= 8)
        p[i] = (uint8_t)bits;
}

static unsigned group_shift(unsigned index)
{
    return (GROUP - 1 - index % GROUP) * REGISTER_BITS;
}

static void sketch_add(uint8_t sketch[DISTINCT_SKETCH], uint32_t member)
{
    unsigned index = index_of(member), shift = group_shift(index);
    uint8_t *group = sketch + index / GROUP * REGISTER_BITS;
    uint64_t bits = group_get(group), rank = rank_of(member), mask = (1u << REGISTER_BITS) - 1;
    if ((bits >> shift & mask) < rank)
        group_put(group, (bits & ~(mask << shift)) | rank << shift);
}

/* The place of member among those that ascend, or where it would stand. */
static size_t find(const uint32_t *members, size_t count, uint32_t member)
{
    size_t from = 0;
    while (count > 0) {
        size_t half = count / 2;
        bool above = members[from + half] < member;
        from = above ? from + half + 1 : from;
        count = above ? count - half - 1 : half;
    }
    return from;
}

/* Keeps them ascending; returns how many there are then. */
static size_t insert(uint32_t *members, size_t count, uint32_t member)
{
    size_t at = find(members, count, member);
    if (at < count && members[at] == member)
        return count;
    memmove(members + at + 1, members + at, (count - at) * sizeof *members);
    members[at] = member;
    return count + 1;
}

static void become_sketch(struct distinct *d)
{
    uint32_t members[DISTINCT_EXACT];
    memcpy(members, d->of.members, sizeof members);
    memset(d->of.sketch, 0, sizeof d->of.sketch);
    for (int i = 0; i < DISTINCT_EXACT; i++)
        sketch_add(d->of.sketch, members[i]);
    d->count = IS_SKETCH;
}

void distinct_add(struct distinct *d, uint64_t hash)
{
    uint32_t member = (uint32_t)(hash >> 32);
    if (d->count < DISTINCT_EXACT) {
        d->count = (uint8_t)insert(d->of.members, d->count, member);
        return;
    }
    if (d->count == DISTINCT_EXACT) {
        size_t at = find(d->of.members, d->count, member);
        if (at < DISTINCT_EXACT && d->of.members[at] == member)
            return;
        become_sketch(d);
    }
    sketch_add(d->of.sketch, member);
}

uint8_t *distinct_put(uint8_t *p, const struct distinct *d)
{
    *p++ = d->count;
    if (d->count > DISTINCT_EXACT) {
        memcpy(p, d->of.sketch, sizeof d->of.sketch);
        return p + sizeof d->of.sketch;
    }
    for (size_t i = 0; i < d->count; i++) {
        for (int shift = 24; shift >= 0; shift -= 8)
            *p++ = (uint8_t)(d->of.members[i] >> shift);
    }
    return p;
}

/* No register is above RANK_MAX: that would be 26, 27, 30 or 31, or 11x1x and 111xx in bits; all
 * of a group are looked at together. */
static bool sketch_is_sound(const uint8_t sketch[DISTINCT_SKETCH])
{
    const uint64_t lowest = UINT64_C(0x0842108421); /* bit of each register */
    uint64_t bad = 0;
    for (unsigned at = 0; at < DISTINCT_SKETCH; at += REGISTER_BITS) {
        uint64_t bits = group_get(sketch + at);
        bad |= bits >> 4 & bits >> 3 & (bits >> 2 | bits >> 1) & lowest;
    }
    return !bad;
}

static bool members_get(const uint8_t *p, struct distinct *d)
{
    for (size_t i = 0; i < d->count; i++, p += 4) {
        uint32_t member = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        if (i && member <= d->of.members[i - 1])
            return false;
        d->of.members[i] = member;
    }
    return true;
}

void distinct_get(struct varint_reader *r, struct distinct *d_r)
{
    bool sound = false;
    d_r->count = (uint8_t)varint_get_max(r, IS_SKETCH);
    size_t len = d_r->count == IS_SKETCH ? DISTINCT_SKETCH : d_r->count * (size_t)4;
    if (!r->bad && (size_t)(r->end - r->p) >= len) {
        if (d_r->count == IS_SKETCH) {
            memcpy(d_r->of.sketch, r->p, len);
            sound = sketch_is_sound(r->p);
        } else {
            sound = members_get(r->p, d_r);
        }
    }
    if (sound) {
        r->p += len;
    } else {
        r->bad = true;
        d_r->count = 0;
    }
}

void distinct_union_init(struct distinct_union *u)
{
    u->sketch = false;
    u->count = 0;
}

static void registers_add(struct distinct_union *u, const uint32_t *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t *reg = &u->registers[index_of(members[i])], rank = rank_of(members[i]);
        *reg = *reg < rank ? rank : *reg;
    }
}

/* From now on only registers are kept. */
static void become_registers(struct distinct_union *u)
{
    if (u->sketch)
        return;
    memset(u->registers, 0, sizeof u->registers);
    registers_add(u, u->members, u->count);
    u->sketch = true;
}

static void unite_sketch(struct distinct_union *u, const uint8_t sketch[DISTINCT_SKETCH])
{
    uint8_t ranks[DISTINCT_REGISTERS];
    become_registers(u);
    for (unsigned i = 0; i < DISTINCT_REGISTERS; i += GROUP) {
        uint64_t bits = group_get(sketch + i / GROUP * REGISTER_BITS);
        for (unsigned k = GROUP; k-- > 0; bits >>= REGISTER_BITS)
            ranks[i + k] = bits & ((1u << REGISTER_BITS) - 1);
    }
    for (unsigned i = 0; i < DISTINCT_REGISTERS; i++)
        u->registers[i] = u->registers[i] < ranks[i] ? ranks[i] : u->registers[i];
}

static void unite_members(struct distinct_union *u, const struct distinct *d)
{
    for (size_t i = 0; i < d->count; i++)
        u->count = insert(u->members, u->count, d->of.members[i]);
}

void distinct_unite(struct distinct_union *u, const struct distinct *d)
{
    if (d->count > DISTINCT_EXACT)
        unite_sketch(u, d->of.sketch);
    else if (u->sketch)
        registers_add(u, d->of.members, d->count);
    else
        unite_members(u, d);
    if (!u->sketch && u->count > DISTINCT_UNITED_EXACT)
        become_registers(u);
}

/* x + sum of x^(2^k) * 2^(k-1): what registers that nothing chose stand for. Infinite for 1. */
static double sigma(double x)
{
    double z = x, before = -1;
    if (x == 1)
        return INFINITY;
    for (double y = 1; z != before; y += y) {
        x *= x;
        before = z;
        z += x * y;
    }
    return z;
}

/* the same for registers that are full */
static double tau(double x)
{
    double z = 1 - x, before = -1;
    if (x == 0 || x == 1)
        return 0;
    for (double y = 1; z != before;) {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    }
    return z / 3;
}

static double estimate(const uint8_t registers[DISTINCT_REGISTERS])
{
    const double m = DISTINCT_REGISTERS;
    unsigned histogram[RANK_MAX + 1] = {0};
    for (int i = 0; i < DISTINCT_REGISTERS; i++)
        histogram[registers[i]]++;
    double z = m * tau(1 - histogram[RANK_MAX] / m);
    for (int k = RANK_MAX - 1; k >= 1; k--)
        z = 0.5 * (z + histogram[k]);
    z += m * sigma(histogram[0] / m);
    return ALPHA * m * m / z;
}

uint32_t distinct_union_count(const struct distinct_union *u)
{
    if (!u->sketch)
        return (uint32_t)u->count;
    double n = estimate(u->registers);
    return n < UINT32_MAX ? (uint32_t)lround(n) : UINT32_MAX;
}
