/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HELD_HEAD_H
#define VOUCH_HELD_HEAD_H

#include "quarantine.h"
#include "sbuf.h"

/* The first block of a held file: lines "word value". id, sender, rcpt (one each), body, utf8, size, record; a reader passes over
 * words that it does not know. */
struct held_head {
    const char *id;
    struct held_envelope envelope;
    uint64_t size; /* of the message */
    const char *record;
    const char **rcpts; /* the envelope's, from malloc: freed by held_head_clear */
};

/* false: a text holds what no line can (a line's end, or bytes that are not UTF-8), or there is no recipient. */
bool held_head_write(const struct held_head *h, struct sbuf *out);
/* text: changed, and then borrowed; a NUL stands behind it. 0, VOUCH_E_SYNTAX, VOUCH_E_NOMEM: nothing to clear. */
int held_head_parse(char *text, size_t len, struct held_head *h_r);
void held_head_clear(struct held_head *h);

#endif
