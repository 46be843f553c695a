/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LABELLER_H
#define VOUCH_LABELLER_H

#include "journal.h"
#include "settings.h"

/* Labels that nobody gives by hand, drawn from a writer's own journal and written to it:
 *   reply     a local user answered a message, to its author or his organisation: it was good
 *   delivery  a message was delivered so long ago (labels.delivery_after) that a complaint would have
 *             come: it was good, weakly. Every later or stronger label takes the place of this one.
 *
 * Where it was last is kept in the journal's directory (file "labelled"). After a crash it may label a
 * message twice, which counts once (mark.h): so nothing here has to be atomic. */

struct labeller_options {
    const char *dir;         /* the tree in which answered messages are looked for */
    const char *path;        /* DIR/WRITER: whose decisions are read */
    struct journal *journal; /* of that writer: where labels go; borrowed */
    const char *sensor;
};
struct labeller;
/* NULL: one line in error_r. */
struct labeller *labeller_new(const struct labeller_options *options, char *error_r, size_t size);
void labeller_free(struct labeller **lp);
/* Labels what is due at now_us, a bounded number of records at a time. settings: those in force.
 * 1: there may be more to do at once; 0: not for now; VOUCH_E_IO, VOUCH_E_NOMEM, VOUCH_E_SYNTAX (part
 * of the journal could not be read and was passed over): labeller_error says more. */
int labeller_step(struct labeller *l, const struct settings *settings, int64_t now_us);
const char *labeller_error(const struct labeller *l);

#endif
