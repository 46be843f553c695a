/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_MODEL_DUMP_H
#define VOUCH_MODEL_DUMP_H

#include "store.h"

/* Every value of a model as text, "group field hex" a line, ordered: equal models have equal text.
 * without: a group to leave out; NULL: none. From malloc; NULL: the store cannot be read. */
char *model_dump(struct store *s, const char *without);
/* The bytes of one value, from malloc; an absent span: there is none. */
struct span model_value(struct store *s, const struct store_key *key);

#endif
