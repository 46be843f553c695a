/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REJUDGE_H
#define VOUCH_REJUDGE_H

#include "record.h"
#include "store.h"

struct psl_ctx_st;

/* A decision of the journal judged again, by what a model knows now and by what these settings say of the
 * message: the sum as assess draws it up, from what the record keeps. What it does not keep (all that From
 * shows beside its author) is taken from the evidence that was recorded. record: with message and evidence.
 * The result lies in the arena. 0, VOUCH_E_NOMEM, or VOUCH_E_TEMP: the model cannot be asked. */
int rejudge(struct arena *arena, const struct settings *s, const struct psl_ctx_st *psl,
            struct store *store, const struct record *record, struct trust_result *trust_r);

#endif
