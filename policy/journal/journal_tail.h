/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_TAIL_H
#define VOUCH_JOURNAL_TAIL_H

#include <stdbool.h>
#include "journal_frame.h"

/* Reads an open segment while its writer appends to it, or after it did. */
struct journal_tail;

/* Of <first>.open in dir. NULL with errno (ENODATA: its head is not whole yet; EBADMSG: it is
 * damaged). */
struct journal_tail *journal_tail_open(int dir, uint64_t first);
void journal_tail_close(struct journal_tail **tp);
/* Valid until it is closed. */
const struct frame_head *journal_tail_head(const struct journal_tail *t);
/* The next frame; its datum until the next call. 1; 0: no whole one follows (yet); VOUCH_E_IO. */
int journal_tail_next(struct journal_tail *t, struct frame *frame_r);
/* Where what is not read begins in the file. */
uint64_t journal_tail_at(const struct journal_tail *t);
/* Reads on from there, where a frame begins. */
void journal_tail_seek(struct journal_tail *t, uint64_t at);
/* Bytes there that are not read. */
uint64_t journal_tail_left(const struct journal_tail *t);
/* When nothing is appended any more and bytes are left: passes over them to the next whole frame.
 * Bytes passed over; 0: there was nothing. *at_r: where they begin. Negative: VOUCH_E_IO. */
int64_t journal_tail_pass(struct journal_tail *t, uint64_t *at_r);
/* The last whole frame that is there now, without its datum, read from the end. 1; 0: none;
 * VOUCH_E_IO. */
int journal_tail_last(struct journal_tail *t, struct frame *frame_r);
/* false: the file has been removed. */
bool journal_tail_linked(const struct journal_tail *t);

#endif
