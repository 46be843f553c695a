/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LEARN_WEIGHTS_H
#define VOUCH_LEARN_WEIGHTS_H

#include "params.h"
#include "store.h"

/* A model's fitted weights: from the next look-up on they are what messages are judged by, but for
 * those that vouch.conf sets (settings_trust). Errors as store_change's. */
int learn_weights(struct store *s, const struct trust_fit *fit);
/* LOOKUP_FOUND, LOOKUP_ABSENT (it has none), or LOOKUP_FAILED: it cannot be asked, or they cannot be read. What the fit
 * says nothing of is as in fit_r->params, which the caller fills. */
int learn_weights_of(struct store *s, struct trust_fit *fit_r);

#endif
