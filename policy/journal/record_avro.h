/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RECORD_AVRO_H
#define VOUCH_RECORD_AVRO_H

#include "record.h"
#include "sbuf.h"

/* Records in Avro's binary encoding (Avro 1.11 specification), by the schema in
 * policy/journal/vouch-record.avsc. Evolution: fields are only added, at the end of their record,
 * with a default, or no longer filled; never renamed, retyped or reused. So an older vouch reads
 * newer journals (it skips what it does not know) and a newer one reads older ones (defaults). */

/* The schema's text, as it stands in the tree, NUL-terminated. Static. */
extern const char record_schema[];
extern const size_t record_schema_len;

/* Appends one datum. Strings that are no UTF-8 are made so. 0, VOUCH_E_NOMEM, or VOUCH_E_RANGE: over
 * RECORD_BYTES_MAX (then lists were cut as far as they may be, and it still is). */
#define RECORD_BYTES_MAX (1u << 20)
int record_encode(struct sbuf *out, const struct record *r);
/* One datum of our own schema. Everything the record points to lives in the arena, message and
 * evidence included; they are such that identity_list and trust_teaches say of them what they said
 * of the original. 0, VOUCH_E_SYNTAX (not one whole datum), VOUCH_E_NOMEM. */
int record_decode(struct arena *arena, struct span datum, const struct record **record_r);

/* The same as JSON, as record_json writes it, but straight from what is written: words of a later
 * version stand as they are, and what an older one did not know is null. NULL: out of memory, or not one
 * whole datum. */
char *record_datum_json(struct span datum);

/* Turns data of another schema (an older or newer vouch's) into data of ours. */
struct record_resolver;
/* schema: the writer's, as its file has it. NULL: one line in error_r that says what is foreign about
 * it. NULL with error_r empty: it is ours, nothing has to be resolved. */
struct record_resolver *record_resolver_new(struct span schema, char *error_r, size_t size);
void record_resolver_free(struct record_resolver **rp);
/* Reads one datum off the front of *data, appends it to out in our schema. 0, VOUCH_E_SYNTAX,
 * VOUCH_E_NOMEM. */
int record_resolve(struct record_resolver *r, struct span *data, struct sbuf *out);
/* Length of the first datum of our own schema in data; 0: it is not whole, or none. */
size_t record_datum_length(struct span data);

#endif
