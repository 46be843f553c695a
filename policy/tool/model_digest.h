/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_MODEL_DIGEST_H
#define VOUCH_TOOL_MODEL_DIGEST_H

#include "store.h"

/* One number for the whole of a model, whatever order it is read in: the sum, modulo 2^256, of the
 * SHA-256 of each key and value. Two models with the same counts have the same digest. */

#define MODEL_DIGEST_TEXT 65 /* hexadecimal digits and NUL */

struct model_digest;
/* may_repeat: the scan may show a key more than once (Redis); then each is remembered, in 16 to 32
 * bytes. NULL: out of memory. */
struct model_digest *model_digest_new(bool may_repeat);
void model_digest_free(struct model_digest **dp);
/* 1: taken; 0: it was taken before; VOUCH_E_NOMEM. counts: it is part of the digest; else it is only
 * looked at for having been seen. */
int model_digest_add(struct model_digest *d, const struct store_key *key, struct span value,
                     bool counts);
const char *model_digest_text(const struct model_digest *d, char text_r[MODEL_DIGEST_TEXT]);

#endif
