/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_DATUM_H
#define VOUCH_JOURNAL_DATUM_H

#include "record_avro.h"

/* The data of one segment, whatever its schema, as data of ours. */
struct journal_datum {
    struct record_resolver *resolver; /* NULL: they are ours */
    struct sbuf resolved;
};

/* 0; VOUCH_E_SYNTAX: the schema is foreign, one line in error_r says how. */
int journal_datum_init(struct journal_datum *d, struct span schema, char *error_r, size_t size);
void journal_datum_clear(struct journal_datum *d);
/* Takes the first datum off *rest: valid until the next call, and no longer than rest's bytes. 0,
 * VOUCH_E_SYNTAX, VOUCH_E_NOMEM. */
int journal_datum_take(struct journal_datum *d, struct span *rest, struct span *datum_r);

#endif
