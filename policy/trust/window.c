/* SPDX-License-Identifier: BSD-2-Clause */
/* Windows (window.h), and their bytes:
 *
 *     VALUE_WINDOW | last | which slots there are | for each: messages, its two sets
 *
 * Numbers are varints (varint.h), sets as in distinct.c. Bit n of "which" is the slot that is n slots
 * older than the newest: first the 6 short ones, then the 24 long ones. In memory, slots stand in two
 * rings, the slot of a time always in the same place. */
#include "window.h"
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "distinct.h"
#include "errors.h"
#include "value.h"
#include "varint.h"

#define SHORT_SECONDS 600
#define LONG_SECONDS  3600
#define SHORT_SLOTS   6
#define LONG_SLOTS    24
#define SLOTS         (SHORT_SLOTS + LONG_SLOTS)
#define SLOT_MAX      (5 + WINDOW_SETS * DISTINCT_BYTES_MAX) /* bytes */
#define HEAD_MAX      (1 + 5 + 5)
#define TIME_MAX      UINT32_MAX

static_assert(HEAD_MAX + SLOTS * SLOT_MAX <= WINDOW_BYTES_MAX, "a window may be larger");

struct slot {
    uint32_t messages;
    struct distinct sets[WINDOW_SETS];
};

struct window {
    int64_t last;              /* seconds; 0: nothing was added */
    struct slot *slots[SLOTS]; /* owned; NULL: nothing there */
};

/* One of the two rings. */
struct ring {
    int64_t seconds; /* a slot lasts */
    int at, count;   /* its slots */
};

static const struct ring rings[WINDOW_SPANS] = {
    [WINDOW_HOUR] = {SHORT_SECONDS, 0, SHORT_SLOTS},
    [WINDOW_DAY] = {LONG_SECONDS, SHORT_SLOTS, LONG_SLOTS},
};

static int place(const struct ring *ring, int64_t number)
{
    return ring->at + (int)(number % ring->count);
}

/* The slot that is so many older than that of last. */
static int place_before(const struct ring *ring, int64_t last, int age)
{
    return place(ring, last / ring->seconds + ring->count - age);
}

struct window *window_new(void)
{
    return calloc(1, sizeof(struct window));
}

static void drop(struct window *w, int at)
{
    free(w->slots[at]);
    w->slots[at] = NULL;
}

void window_free(struct window **wp)
{
    if (!*wp)
        return;
    for (int i = 0; i < SLOTS; i++)
        drop(*wp, i);
    free(*wp);
    *wp = NULL;
}

/* Time goes on: what is now too old is dropped. */
static void advance(struct window *w, int64_t time)
{
    for (int span = 0; span < WINDOW_SPANS; span++) {
        const struct ring *ring = &rings[span];
        int64_t from = w->last / ring->seconds + 1, to = time / ring->seconds;
        if (from <= to - ring->count)
            from = to - ring->count + 1;
        for (int64_t number = from; number <= to; number++)
            drop(w, place(ring, number));
    }
    w->last = time;
}

static bool has(const struct window *w, const struct ring *ring, int64_t number)
{
    int64_t newest = w->last / ring->seconds;
    return number <= newest && number > newest - ring->count && w->slots[place(ring, number)];
}

/* Makes room for an addition at *time, which is clamped. slots_r: where it goes; NULL: it comes too
 * late for that. */
static int begin(struct window *w, int64_t *time, struct slot *slots_r[WINDOW_SPANS])
{
    struct slot *fresh[WINDOW_SPANS] = {NULL};
    bool in_time[WINDOW_SPANS];
    *time = *time < 1 ? 1 : *time > TIME_MAX ? TIME_MAX : *time;
    int64_t last = *time > w->last ? *time : w->last;
    for (int span = 0; span < WINDOW_SPANS; span++) {
        const struct ring *ring = &rings[span];
        int64_t number = *time / ring->seconds;
        in_time[span] = number > last / ring->seconds - ring->count;
        if (!in_time[span] || has(w, ring, number))
            continue;
        fresh[span] = calloc(1, sizeof *fresh[span]);
        if (!fresh[span]) {
            free(fresh[0]); /* the other one, or NULL */
            return VOUCH_E_NOMEM;
        }
    }
    if (last > w->last)
        advance(w, last);
    for (int span = 0; span < WINDOW_SPANS; span++) {
        int at = place(&rings[span], *time / rings[span].seconds);
        if (fresh[span])
            w->slots[at] = fresh[span];
        slots_r[span] = in_time[span] ? w->slots[at] : NULL;
    }
    return 0;
}

static uint32_t sum_of(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

int window_add_message(struct window *w, int64_t time)
{
    struct slot *slots[WINDOW_SPANS];
    int rc = begin(w, &time, slots);
    for (int span = 0; rc == 0 && span < WINDOW_SPANS; span++)
        if (slots[span])
            slots[span]->messages = sum_of(slots[span]->messages, 1);
    return rc;
}

int window_add_member(struct window *w, int64_t time, enum window_set set, uint64_t member)
{
    struct slot *slots[WINDOW_SPANS];
    int rc = begin(w, &time, slots);
    for (int span = 0; rc == 0 && span < WINDOW_SPANS; span++)
        if (slots[span])
            distinct_add(&slots[span]->sets[set], member);
    return rc;
}

/* Of which ring a bit of the mask speaks, and of how old a slot. */
static const struct ring *ring_of(int bit, int *age_r)
{
    const struct ring *ring = &rings[bit < SHORT_SLOTS ? WINDOW_HOUR : WINDOW_DAY];
    *age_r = bit - ring->at;
    return ring;
}

static struct slot *slot_at(const struct window *w, int bit)
{
    int age;
    const struct ring *ring = ring_of(bit, &age);
    return w->slots[place_before(ring, w->last, age)];
}

static uint8_t *slot_put(uint8_t *p, const struct slot *slot)
{
    p = varint_put(p, slot->messages);
    for (int set = 0; set < WINDOW_SETS; set++)
        p = distinct_put(p, &slot->sets[set]);
    return p;
}

size_t window_encode(const struct window *w, uint8_t *bytes_r, size_t size)
{
    uint8_t *p = bytes_r, bytes[SLOT_MAX];
    uint32_t mask = 0;
    if (!w->last || size < HEAD_MAX)
        return 0;
    for (int bit = 0; bit < SLOTS; bit++)
        mask |= slot_at(w, bit) ? UINT32_C(1) << bit : 0;
    *p++ = VALUE_WINDOW;
    p = varint_put(p, (uint64_t)w->last);
    p = varint_put(p, mask);
    for (int bit = 0; bit < SLOTS; bit++) {
        const struct slot *slot = slot_at(w, bit);
        if (!slot)
            continue;
        size_t len = (size_t)(slot_put(bytes, slot) - bytes);
        if (len > size - (size_t)(p - bytes_r))
            return 0;
        memcpy(p, bytes, len);
        p += len;
    }
    return (size_t)(p - bytes_r);
}

/* A window's bytes while they are read. */
struct reading {
    struct varint_reader r;
    int64_t last;
    uint32_t mask;
};

static int read_head(struct reading *in, const void *bytes, size_t len)
{
    const uint32_t newest = 1u | 1u << SHORT_SLOTS; /* last lies in them */
    in->r = (struct varint_reader){bytes, (const uint8_t *)bytes + len, false};
    if (varint_get(&in->r) != VALUE_WINDOW)
        return VOUCH_E_SYNTAX;
    in->last = (int64_t)varint_get_max(&in->r, TIME_MAX);
    in->mask = (uint32_t)varint_get_max(&in->r, (UINT32_C(1) << SLOTS) - 1);
    return in->r.bad || !in->last || (in->mask & newest) != newest ? VOUCH_E_SYNTAX : 0;
}

/* A slot of which nothing is known would not have been written. */
static void read_slot(struct reading *in, struct slot *slot_r)
{
    bool empty = true;
    slot_r->messages = (uint32_t)varint_get_max(&in->r, UINT32_MAX);
    for (int set = 0; set < WINDOW_SETS; set++) {
        distinct_get(&in->r, &slot_r->sets[set]);
        empty = empty && !slot_r->sets[set].count;
    }
    in->r.bad |= empty && !slot_r->messages;
}

static bool is_whole(const struct reading *in)
{
    return !in->r.bad && in->r.p == in->r.end;
}

static int read_slots(struct window *w, struct reading *in)
{
    w->last = in->last;
    for (int bit = 0; bit < SLOTS && !in->r.bad; bit++) {
        int age;
        const struct ring *ring = ring_of(bit, &age);
        if (!(in->mask >> bit & 1))
            continue;
        struct slot *slot = calloc(1, sizeof *slot);
        if (!slot)
            return VOUCH_E_NOMEM;
        w->slots[place_before(ring, w->last, age)] = slot;
        read_slot(in, slot);
    }
    return is_whole(in) ? 0 : VOUCH_E_SYNTAX;
}

int window_decode(const void *bytes, size_t len, struct window **w_r)
{
    struct reading in;
    int rc = read_head(&in, bytes, len);
    if (rc != 0)
        return rc;
    struct window *w = window_new();
    if (!w)
        return VOUCH_E_NOMEM;
    rc = read_slots(w, &in);
    if (rc == 0)
        *w_r = w;
    else
        window_free(&w);
    return rc;
}

/* What all slots of both spans say together. */
struct totals {
    uint32_t messages[WINDOW_SPANS];
    struct distinct_union all[WINDOW_SETS][WINDOW_SPANS];
};

static void totals_init(struct totals *t)
{
    for (int span = 0; span < WINDOW_SPANS; span++) {
        t->messages[span] = 0;
        for (int set = 0; set < WINDOW_SETS; set++)
            distinct_union_init(&t->all[set][span]);
    }
}

static void totals_add(struct totals *t, enum window_span span, const struct slot *slot)
{
    t->messages[span] = sum_of(t->messages[span], slot->messages);
    for (int set = 0; set < WINDOW_SETS; set++)
        distinct_unite(&t->all[set][span], &slot->sets[set]);
}

int window_sum(const void *bytes, size_t len, struct window_sum *s_r)
{
    struct totals t;
    struct reading in;
    if (read_head(&in, bytes, len) != 0)
        return VOUCH_E_SYNTAX;
    totals_init(&t);
    for (int bit = 0; bit < SLOTS && !in.r.bad; bit++) {
        struct slot slot;
        if (!(in.mask >> bit & 1))
            continue;
        read_slot(&in, &slot);
        totals_add(&t, bit < SHORT_SLOTS ? WINDOW_HOUR : WINDOW_DAY, &slot);
    }
    if (!is_whole(&in))
        return VOUCH_E_SYNTAX;
    s_r->last = in.last;
    for (int span = 0; span < WINDOW_SPANS; span++) {
        s_r->messages[span] = t.messages[span];
        for (int set = 0; set < WINDOW_SETS; set++)
            s_r->distinct[set][span] = distinct_union_count(&t.all[set][span]);
    }
    return 0;
}

struct window_sum window_sum_at(const struct window_sum *s, int64_t now)
{
    struct window_sum r = *s;
    for (int span = 0; span < WINDOW_SPANS; span++) {
        if (now < s->last + rings[span].seconds * rings[span].count)
            continue;
        r.messages[span] = 0;
        for (int set = 0; set < WINDOW_SETS; set++)
            r.distinct[set][span] = 0;
    }
    return r;
}
