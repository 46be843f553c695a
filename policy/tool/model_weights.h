/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_MODEL_WEIGHTS_H
#define VOUCH_TOOL_MODEL_WEIGHTS_H

#include <jansson.h>
#include <stdbool.h>
#include "params.h"
#include "store.h"

/* What is told of a version's fitted weights. */

/* Reads them. *fit_r: the shipped ones where there are none. 1, 0 (it has none); negative: printed. */
int model_weights_read(struct store *s, struct trust_fit *fit_r);
/* "fitted 2026-01-02T03:04:05Z to 3000 messages, log loss 0.0716 before and 0.0171 after" */
#define MODEL_WEIGHTS_TEXT 200
const char *model_weights_text(const struct trust_fit *fit, char text_r[MODEL_WEIGHTS_TEXT]);
/* The same as an object: time, rows, log_loss_before, log_loss_after. fit NULL: JSON's null. NULL: out of
 * memory. */
json_t *model_weights_json(const struct trust_fit *fit);

#endif
