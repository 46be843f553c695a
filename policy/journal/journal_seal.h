/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_SEAL_H
#define VOUCH_JOURNAL_SEAL_H

#include "journal_manifest.h"

/* Makes a sealed segment of an open one that takes no more records.
 *
 * <first>.avro.tmp is written, synced and renamed to <first>.avro; the index likewise; then the line
 * goes to the manifest; then <first>.open goes. Whatever a crash leaves of this, <first>.open is
 * either still the truth (no line in the manifest) and is sealed again, or is done with (journal_attach.c).
 * Where damage has taken numbers out of the middle of a segment, what is before and what is behind
 * becomes a sealed segment each. */

/* first..last: what the open segment holds. 0; -1 with errno, and one line in error_r: nothing has
 * changed but for files that the next try overwrites. ENODATA: it does not hold all that. */
int journal_seal(int dir, struct manifest *m, uint64_t first, uint64_t last, char *error_r,
                 size_t size);
/* Fills in the rest of e, whose segment file is there, from the file: its records, bytes, SHA-256, and
 * times as far as they can be told. 0; VOUCH_E_SYNTAX, VOUCH_E_IO: one line in error_r. */
int journal_seal_measure(int dir, struct manifest_entry *e, char *error_r, size_t size);
/* Its bytes and SHA-256 alone. */
int journal_seal_hash(int dir, struct manifest_entry *e, char *error_r, size_t size);

#endif
