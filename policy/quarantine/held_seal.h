/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HELD_SEAL_H
#define VOUCH_HELD_SEAL_H

#include "pseudonym.h"
#include "sbuf.h"

/* A line of a held message's log, encrypted: "<id of the key> <base64 of nonce and ciphertext>", by XChaCha20-Poly1305. It is bound to
 * the message's id: under another one it does not open. */

/* Appends text as such a line, with its end. 0, VOUCH_E_NOMEM. */
int held_seal(const struct pseudonym_key *key, const char *id, struct span text, struct sbuf *out);
/* Appends what is in a line (without its end). 0, VOUCH_E_NOMEM; VOUCH_E_SYNTAX: no such line, damaged, or another message's;
 * VOUCH_E_CONFIG: none of the keys (NULL: none) is the one. */
int held_unseal(const struct pseudonym_keys *keys, const char *id, struct span line,
                struct sbuf *out);

#endif
