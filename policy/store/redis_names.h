/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REDIS_NAMES_H
#define VOUCH_REDIS_NAMES_H

#include "sbuf.h"

/* How the model is laid out in Redis, and how commands are written.
 *
 *   vouch:active                              the version that look-ups use; absent: "1"
 *   vouch:previous                            the one that was active before; absent: none
 *   vouch:versions                            sorted set: versions that exist, in the order in which
 *                                             they were made; negative: one that is being removed
 *   vouch:<version>:{<bucket>}:<group>        hash: field -> value (value.h)
 *   vouch:<version>:watermarks                hash: writer -> watermark, 20 decimal digits
 *   vouch:<version>:stamp:{<bucket>}          8 random bytes: which change last touched the bucket
 *   vouch:<version>:turn                      the stamp of a change that all others wait for; expires
 *
 * The bucket is the lowest byte of the group's hash (span_fnv1a), in decimal; as the hash tag it
 * lets a cluster keep what belongs to one group together. Who writes to a bucket makes its stamp
 * anew in the same atomic step (redis_change.c). */

#define REDIS_ACTIVE        "vouch:active"
#define REDIS_PREVIOUS      "vouch:previous"
#define REDIS_VERSIONS      "vouch:versions"
#define REDIS_FIRST_VERSION "1" /* of a model that nobody has ever switched */
#define REDIS_BUCKETS       256
#define REDIS_WATERMARK     20 /* digits: in one width they compare as text */

/* The group of a key as redis_arg_group writes it; NULL if it is none. Borrowed from key. */
const char *redis_key_group(const char *key, const char *version);
/* RESP: a command is an array of so many bulk strings. */
void redis_command(struct sbuf *out, size_t arguments);
void redis_arg(struct sbuf *out, const char *s);
void redis_arg_bytes(struct sbuf *out, const void *p, size_t n);
void redis_arg_uint(struct sbuf *out, uint64_t value);
void redis_arg_minus(struct sbuf *out, uint64_t value); /* with a '-' before it */
/* The command that asks for the active version. */
void redis_get_active(struct sbuf *out);
unsigned redis_bucket(const char *group);
/* a key as an argument */
void redis_arg_group(struct sbuf *out, const char *version, const char *group);
void redis_arg_watermarks(struct sbuf *out, const char *version);
void redis_arg_stamp(struct sbuf *out, const char *version, unsigned bucket);
void redis_arg_turn(struct sbuf *out, const char *version);
/* SCAN's pattern for all of a version's groups, and for all that belongs to it */
void redis_arg_groups(struct sbuf *out, const char *version);
void redis_arg_all(struct sbuf *out, const char *version);

#endif
