/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REDIS_PACK_H
#define VOUCH_REDIS_PACK_H

#include "sbuf.h"

/* MessagePack (msgpack.org), as far as our scripts need it: Redis' cmsgpack reads it in one go. */

void redis_pack_list(struct sbuf *out, size_t items); /* so many follow */
void redis_pack(struct sbuf *out, struct span string);
void redis_pack_int(struct sbuf *out, int32_t value);
/* the key of a group (redis_names.h) as a string */
void redis_pack_group(struct sbuf *out, const char *version, const char *group);

#endif
