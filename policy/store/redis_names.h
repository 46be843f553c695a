/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REDIS_NAMES_H
#define VOUCH_REDIS_NAMES_H

#include "sbuf.h"

/* How the model is laid out in Redis, and how commands are written.
 *
 *   vouch:active                              the version that look-ups use; absent: "1"
 *   vouch:<version>:{<bucket>}:<group>        hash: field -> counts (counts.h)
 *   vouch:<version>:watermarks                hash: writer -> watermark, 20 decimal digits
 *
 * The bucket is the lowest byte of the group's hash (span_fnv1a), in decimal; as the hash tag it
 * lets a cluster keep what belongs to one group together. */

#define REDIS_ACTIVE      "vouch:active"
#define REDIS_VERSION_MAX 32 /* letters, digits, '.', '_', '-': nothing SCAN's patterns know */

/* Whether vouch:active may say so. */
bool redis_version_valid(const char *version);
/* The group of a key as redis_arg_group writes it; NULL if it is none. Borrowed from key. */
const char *redis_key_group(const char *key, const char *version);
/* RESP: a command is an array of so many bulk strings. */
void redis_command(struct sbuf *out, size_t arguments);
void redis_arg(struct sbuf *out, const char *s);
void redis_arg_bytes(struct sbuf *out, const void *p, size_t n);
void redis_arg_uint(struct sbuf *out, uint64_t value);
/* The command that asks for the active version. */
void redis_get_active(struct sbuf *out);
/* a key as an argument */
void redis_arg_group(struct sbuf *out, const char *version, const char *group);
void redis_arg_watermarks(struct sbuf *out, const char *version);
/* SCAN's pattern for all of a version's groups */
void redis_arg_pattern(struct sbuf *out, const char *version);

#endif
