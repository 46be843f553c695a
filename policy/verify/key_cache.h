/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_KEY_CACHE_H
#define VOUCH_KEY_CACHE_H

/* Public keys that libopendkim had parsed before; any thread may use it at any time. */
struct key_cache;

/* NULL: out of memory. */
struct key_cache *key_cache_new(void);
/* No thread may be using it. */
void key_cache_free(struct key_cache **cp);
/* From here on d2i_PUBKEY_bio() in this thread has its keys from c, or, if c is NULL, parses them as
 * libcrypto's does. Borrows c. */
void key_cache_use(struct key_cache *c);

#endif
