/* SPDX-License-Identifier: BSD-2-Clause */
/* One key of a batch: decode, add, encode. */
#include "learn_slot.h"
#include <assert.h>
#include <string.h>
#include "arena.h"
#include "errors.h"

void learn_slot_begin(struct learn_slot *slot, struct span now, int64_t until)
{
    if (slot->kind == SLOT_WINDOW)
        window_free(&slot->value.window);
    slot->kind = SLOT_RAW;
    slot->now = now;
    slot->until = until;
}

void learn_slot_add(struct learn_slot *slot, uint32_t half_life, int64_t time, double good,
                    double bad, double seen)
{
    if (time <= slot->until)
        return;
    if (slot->kind == SLOT_RAW && tally_decode(slot->now.p, slot->now.len, &slot->value.tally) != 0)
        slot->value.tally = (struct tally){0};
    assert(slot->kind == SLOT_RAW || slot->kind == SLOT_TALLY);
    slot->kind = SLOT_TALLY;
    tally_add(&slot->value.tally, half_life, time, good, bad, seen);
}

int learn_slot_window(struct learn_slot *slot, int64_t time, struct window **window_r)
{
    *window_r = NULL;
    if (time <= slot->until)
        return 0;
    if (slot->kind == SLOT_RAW) {
        struct window *w = NULL;
        int rc = slot->now.len ? window_decode(slot->now.p, slot->now.len, &w) : VOUCH_E_SYNTAX;
        if (rc == VOUCH_E_NOMEM || (rc != 0 && !(w = window_new())))
            return VOUCH_E_NOMEM;
        slot->value.window = w;
        slot->kind = SLOT_WINDOW;
    }
    assert(slot->kind == SLOT_WINDOW);
    *window_r = slot->value.window;
    return 0;
}

bool learn_slot_mark(const struct learn_slot *slot, struct mark *mark_r)
{
    if (slot->kind == SLOT_RAW)
        return mark_decode(slot->now.p, slot->now.len, mark_r) == 0;
    assert(slot->kind == SLOT_MARK);
    *mark_r = slot->value.mark;
    return true;
}

void learn_slot_set_mark(struct learn_slot *slot, const struct mark *mark)
{
    slot->kind = SLOT_MARK;
    slot->value.mark = *mark;
}

static int keep(struct arena *arena, const uint8_t *bytes, size_t len, struct span *new_r)
{
    void *copy = arena_alloc(arena, len ? len : 1);
    if (!copy)
        return VOUCH_E_NOMEM;
    memcpy(copy, bytes, len);
    *new_r = span_make(copy, len);
    return 0;
}

int learn_slot_end(struct learn_slot *slot, struct arena *arena, struct span *new_r)
{
    uint8_t bytes[WINDOW_BYTES_MAX];
    static_assert(sizeof bytes >= TALLY_BYTES_MAX && sizeof bytes >= MARK_BYTES_MAX,
                  "room for every kind");
    switch (slot->kind) {
    case SLOT_TALLY:
        return keep(arena, bytes, tally_encode(&slot->value.tally, bytes), new_r);
    case SLOT_WINDOW:
        return keep(arena, bytes, window_encode(slot->value.window, bytes, sizeof bytes), new_r);
    case SLOT_MARK:
        return keep(arena, bytes, mark_encode(&slot->value.mark, bytes), new_r);
    case SLOT_RAW:
        break;
    }
    return 0;
}
