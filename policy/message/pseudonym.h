/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_PSEUDONYM_H
#define VOUCH_PSEUDONYM_H

#include "span.h"

/* Pseudonyms of mail addresses, for a site that wants no names in its journal and model: the
 * local-part is replaced by a keyed hash (HMAC-SHA-256) of the address, the domain stays. Who has the
 * key finds a known address again; nobody can read one out. */

#define PSEUDONYM_KEY_BYTES 32
#define PSEUDONYM_ID_TEXT   5 /* four letters and NUL */
#define PSEUDONYM_MAX_KEYS  32
#define PSEUDONYM_TEXT      30 /* id, "~" or "=", 24 letters, NUL */

struct pseudonym_key {
    uint8_t bytes[PSEUDONYM_KEY_BYTES];
    char id[PSEUDONYM_ID_TEXT]; /* derived from the key: every pseudonym begins with it */
};
/* The first one makes new pseudonyms; those after it were in use before, and find what was written
 * then. */
struct pseudonym_keys {
    struct pseudonym_key list[PSEUDONYM_MAX_KEYS];
    size_t count;
};

/* A key file: a key of 64 hexadecimal digits on each line, the current one first; empty lines and
 * those that begin with "#" are passed over. 0, or VOUCH_E_SYNTAX with the line in *line_r (0: there is
 * no key), or VOUCH_E_LIMIT (too many). */
int pseudonym_keys_parse(struct span text, struct pseudonym_keys *keys_r, int *line_r);
/* The local-part that stands for local@domain. local: in lower case; domain: normalised. single_use: it
 * is written with "=" instead of "~", so that it still counts as an address made for one message. */
void pseudonym_local(const struct pseudonym_key *key, struct span local, const char *domain,
                     bool single_use, char text_r[PSEUDONYM_TEXT]);

#endif
