/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_OBSERVED_H
#define VOUCH_OBSERVED_H

#include "settings.h"

/* What others than vouch say of a message while it comes in: traps, the operator's other filters,
 * recipients that do not exist. Nothing here sees what vouch thinks of it. Pure. */

#define OBSERVED_MAX 3 /* labels of one message: at most one of each of those sources */

/* The labels of m, which was scanned; none of outbound mail. They live in the arena and borrow from s.
 * 0 or VOUCH_E_NOMEM. */
int observed_labels(struct arena *arena, const struct settings *s, const struct message *m,
                    const struct label **labels_r, size_t *count_r);

/* A client tried recipients that do not exist (m->env.rejected), more of them than do. Not when the
 * sender is null: bounces, and sites that verify a sender, come from hosts that somebody else misled
 * with our addresses. */
bool observed_harvest(const struct message *m);

#endif
