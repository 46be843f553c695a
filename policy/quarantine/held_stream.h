/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HELD_STREAM_H
#define VOUCH_HELD_STREAM_H

#include <sodium.h>
#include <stdbool.h>
#include "errors.h"
#include "pseudonym.h"

/* A file of blocks, in which damage, a cut, and blocks out of their place show:
 *
 *   "vouch-held-1 <key>\n"  key: the id of the key, "----" if not encrypted
 *   [24 bytes]              the header of crypto_secretstream, if encrypted
 *   blocks                  length (4 bytes, the highest bit: the last one), bytes, check (16 or 17 bytes)
 *
 * Encrypted blocks are those of crypto_secretstream_xchacha20poly1305; the check of others is of BLAKE2b over all
 * before: it shows damage, not forgery. */

#define HELD_BLOCK     65536     /* bytes of a message in a block */
#define HELD_BLOCK_MAX (1 << 24) /* of any: the first holds a whole record */

struct held_out {
    int fd;
    bool encrypted;
    uint8_t chain[32]; /* BLAKE2b of what is written */
    crypto_secretstream_xchacha20poly1305_state state;
};
/* key: NULL: not encrypted. Both: 0, VOUCH_E_NOMEM, VOUCH_E_IO (errno). */
int held_out_begin(struct held_out *o, int fd, const struct pseudonym_key *key);
int held_out_block(struct held_out *o, const void *p, size_t len, bool last);

/* Where reading stands; a copy of it goes on from there. */
struct held_in {
    int fd;
    bool encrypted, ended;
    uint64_t at;
    uint8_t chain[32];
    crypto_secretstream_xchacha20poly1305_state state;
};
/* 0; VOUCH_E_IO (errno); VOUCH_E_SYNTAX: no such file, or damaged; VOUCH_E_CONFIG: encrypted, and none of the keys (NULL: none) is
 * the one whose id is in key_id_r. */
int held_in_begin(struct held_in *in, int fd, const struct pseudonym_keys *keys,
                  char key_id_r[PSEUDONYM_ID_TEXT]);
/* The next block, at most max bytes, from malloc: the caller's, with a NUL after it. in->ended: it was the last one. 0, VOUCH_E_NOMEM,
 * VOUCH_E_IO, VOUCH_E_SYNTAX. */
int held_in_block(struct held_in *in, size_t max, char **bytes_r, size_t *len_r);

#endif
