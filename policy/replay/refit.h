/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_REFIT_H
#define VOUCH_REFIT_H

#include "settings.h"

struct store;

/* Weights fitted anew at the end of each day, as a site's nightly "vouch model build --fit" would: to all
 * labels known by then, from the settings' own weights on, and kept in the model. So that a long stream
 * costs no more than some fifty fits to all of it, a day is left out until there are REFIT_ROWS new
 * labels, and one for fifty there were. */

#define REFIT_ROWS 50
#define REFIT_KIND 30 /* ... of good ones, and of bad ones, before the first */

struct refit;
/* Borrows store and settings. NULL: out of memory. */
struct refit *refit_new(struct store *store, const struct settings *settings);
void refit_free(struct refit **rp);
/* A label that is known from due on, of a message of that time (both seconds), and what its evidence
 * said. In order of due. 0 or VOUCH_E_NOMEM. */
int refit_add(struct refit *r, const double x[TW_COUNT], bool good, int64_t time, int64_t due);
/* It is now: if a day (UTC) has ended, the model has the weights of its end when this returns. 0 or
 * VOUCH_E_*. */
int refit_advance(struct refit *r, int64_t now);

#endif
