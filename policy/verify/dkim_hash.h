/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DKIM_HASH_H
#define VOUCH_DKIM_HASH_H

#include <openssl/evp.h>
#include "span.h"

#define DKIM_HASH_BASE64 45 /* SHA-256 in base64, with NUL */

/* SHA-256 of a body in one of the canonical forms (RFC 6376 s3.4.3 simple, s3.4.4 relaxed) as it
 * streams by in wire form. Zero it. */
struct dkim_hash {
    EVP_MD_CTX *sha256; /* NULL: not begun */
    bool relaxed;
    bool failed;    /* out of memory: equals nothing */
    bool any;       /* a line was not empty */
    bool space;     /* white space that counts when something follows in the line */
    bool cr;        /* the last byte was one */
    uint64_t empty; /* line ends that count when another line follows that is not empty */
    size_t held;
    char out[256];                 /* not yet hashed */
    char base64[DKIM_HASH_BASE64]; /* the hash; "" before the end */
};

/* 0 or VOUCH_E_NOMEM. */
int dkim_hash_begin(struct dkim_hash *h, bool relaxed);
/* More of it, cut anywhere. */
void dkim_hash_add(struct dkim_hash *h, struct span chunk);
/* After the last of it: whether this is its hash, in base64 without white space. */
bool dkim_hash_equals(struct dkim_hash *h, const char *base64);
void dkim_hash_clear(struct dkim_hash *h);

#endif
