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
 *   vouch:<version>:state                     hash:
 *       w:<writer>                            its watermark, 20 decimal digits
 *       s:<bucket>                            8 random bytes: which change last touched the bucket
 *       open, values                          the stamp of a change that is not settled yet, and all
 *                                             that it writes
 *   vouch:<version>:turn                      the stamp of a change that all others wait for; expires
 *
 * The bucket is the lowest byte of the group's hash (span_fnv1a), in decimal; as the hash tag it
 * lets a cluster keep what belongs to one group together. redis_change.c says how a change is made. */

#define REDIS_ACTIVE        "vouch:active"
#define REDIS_PREVIOUS      "vouch:previous"
#define REDIS_VERSIONS      "vouch:versions"
#define REDIS_FIRST_VERSION "1" /* of a model that nobody has ever switched */
#define REDIS_BUCKETS       256
#define REDIS_PREFIX        SPAN_LIT("vouch:")
#define REDIS_BUCKET_TEXT   8 /* bytes */
#define REDIS_OPEN          "open"
#define REDIS_WRITER        "w:"
#define REDIS_WATERMARK     20 /* digits: in one width they compare as text */

/* The group of a key as redis_arg_group writes it; NULL if it is none. Borrowed from key. */
const char *redis_key_group(const char *key, const char *version);
/* RESP: a command is an array of so many bulk strings. */
void redis_command(struct sbuf *out, size_t arguments);
void redis_arg(struct sbuf *out, const char *s);
void redis_arg_bytes(struct sbuf *out, const void *p, size_t n);
void redis_arg_uint(struct sbuf *out, uint64_t value);
/* The command that asks for the active version. */
void redis_get_active(struct sbuf *out);
unsigned redis_bucket(const char *group);
/* ":{<bucket>}:", in text */
struct span redis_bucket_text(const char *group, char text[REDIS_BUCKET_TEXT]);
/* fields of the state as arguments */
void redis_arg_writer(struct sbuf *out, const char *writer);
void redis_arg_stamp(struct sbuf *out, unsigned bucket);
/* a key as an argument */
void redis_arg_group(struct sbuf *out, const char *version, const char *group);
void redis_arg_state(struct sbuf *out, const char *version);
void redis_arg_turn(struct sbuf *out, const char *version);
/* SCAN's pattern for all of a version's groups, and for all that belongs to it */
void redis_arg_groups(struct sbuf *out, const char *version);
void redis_arg_all(struct sbuf *out, const char *version);

#endif
