/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RECORD_APPEND_H
#define VOUCH_RECORD_APPEND_H

#include "journal.h"
#include "record.h"

/* Appends a record, to be found by its id and its Message-ID. As journal_append; VOUCH_E_NOMEM and
 * VOUCH_E_RANGE also where it cannot be encoded. */
int record_append(struct journal *j, const struct record *r, uint64_t *number_r);

#endif
