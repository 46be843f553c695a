/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MARK_H
#define VOUCH_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The label that holds for one message. Of all labels given to it, whoever gave them and in whatever
 * order they are learnt, the one of the highest rank holds, among equals the latest: so one message
 * counts once, and good after bad takes the bad back. */

#define MARK_BYTES_MAX 64

struct mark {
    uint8_t rank;    /* of the label's source: see label.h */
    uint8_t source;  /* enum label_source */
    int8_t verdict;  /* 1 good, -1 bad, 0 none (taken back) */
    int64_t time_us; /* of the label */
    uint8_t id[16];  /* of the label's record: decides between labels of one microsecond */
    int64_t at;      /* seconds: when its masses were added, the message's time */
    uint32_t mass;   /* that were added, in 2^-16 of a message */
};

/* whether a takes the place of b */
bool mark_beats(const struct mark *a, const struct mark *b);
/* Byte 0 is VALUE_MARK. Returns the length. */
size_t mark_encode(const struct mark *m, uint8_t bytes_r[MARK_BYTES_MAX]);
/* 0 or VOUCH_E_SYNTAX. */
int mark_decode(const void *bytes, size_t len, struct mark *m_r);

#endif
