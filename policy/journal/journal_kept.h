/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_KEPT_H
#define VOUCH_JOURNAL_KEPT_H

#include "journal_frame.h"

/* Records that wait in memory for a disk, oldest first, up to a maximum of bytes. */
struct kept_record {
    struct kept_record *next;
    struct frame frame; /* its datum: in the same allocation */
};
struct kept {
    struct kept_record *head, **tail;
    uint64_t count, bytes, max, lost;
};

void kept_init(struct kept *k, uint64_t max);
/* Copies the record; drops and counts the oldest ones that it takes the room of. 0, VOUCH_E_NOMEM;
 * VOUCH_E_RANGE: larger than the maximum. */
int kept_add(struct kept *k, const struct frame *f);
/* The oldest is done with. */
void kept_shift(struct kept *k);
void kept_clear(struct kept *k);

#endif
