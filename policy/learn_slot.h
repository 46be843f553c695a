/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LEARN_SLOT_H
#define VOUCH_LEARN_SLOT_H

#include "erasure.h"
#include "mark.h"
#include "store.h"
#include "tally.h"

/* One key of a batch and what it holds while lessons are added: decoded when first needed, from the
 * bytes that the model keeps. A value that cannot be decoded counts as none. */

enum slot_kind { SLOT_RAW, SLOT_TALLY, SLOT_WINDOW, SLOT_MARK };

struct learn_slot {
    struct store_key key;
    uint32_t hash;
    enum slot_kind kind; /* SLOT_RAW: nothing was decoded, the value stays as it is */
    struct span now;
    int64_t until; /* nothing up to this time (seconds) is known of it: erasure.h */
    union {
        struct tally tally;
        struct window *window; /* owned */
        struct mark mark;
    } value;
};

/* Forgets what was decoded; now: the bytes kept. */
void learn_slot_begin(struct learn_slot *slot, struct span now, int64_t until);
/* Adds masses; what was erased stays out. */
void learn_slot_add(struct learn_slot *slot, uint32_t half_life, int64_t time, double good,
                    double bad, double seen);
/* The window, decoded. 0 with NULL in *window_r: what is to be added is erased. 0 or VOUCH_E_NOMEM. */
int learn_slot_window(struct learn_slot *slot, int64_t time, struct window **window_r);
/* The mark; false if there is none. */
bool learn_slot_mark(const struct learn_slot *slot, struct mark *mark_r);
void learn_slot_set_mark(struct learn_slot *slot, const struct mark *mark);
/* The new value, in the arena. 0 or VOUCH_E_NOMEM. */
struct arena;
int learn_slot_end(struct learn_slot *slot, struct arena *arena, struct span *new_r);

#endif
