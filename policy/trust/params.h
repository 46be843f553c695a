/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_PARAMS_H
#define VOUCH_PARAMS_H

#include "sbuf.h"
#include "trust.h"

/* Fitted weights as a model keeps them, under one key that every look-up asks for with the rest: so
 * weights and counts are always of one version, and a switch of versions switches both in one step. By
 * name, so that an older and a newer program read each other's. */

#define PARAMS_GROUP     "trust"
#define PARAMS_FIELD     "weights"
#define PARAMS_BYTES_MAX 8192

/* What was fitted, and from what. */
struct trust_fit {
    struct trust_params
        params;    /* half_life and prior are not part of it: a model's counts have theirs */
    int64_t time;  /* seconds: when */
    uint64_t rows; /* messages with labels it was fitted to */
    double log_loss_before, log_loss_after; /* on the rows held out */
};

/* Its numbers, 0 to PARAMS_NUMBERS - 1, and their names; "@time" and the like say what was fitted. */
#define PARAMS_NUMBERS (TW_COUNT + 6)
double params_number(const struct trust_fit *fit, int i, const char **name_r);
/* Sets one by its name; an unknown one is passed over. false: it is out of vouch.conf's range. */
bool params_take(struct trust_fit *fit, const char *name, double number);

/* Byte 0 is VALUE_WEIGHTS (value.h). out->failed says if it did not fit. */
void params_encode(const struct trust_fit *fit, struct sbuf *out);
/* Unknown names are passed over; what is missing is as in fit_r->params, which the caller fills. 0 or
 * VOUCH_E_SYNTAX (also for numbers that are not finite or out of vouch.conf's range). */
int params_decode(const void *bytes, size_t len, struct trust_fit *fit_r);

#endif
