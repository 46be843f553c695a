/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_APPLY_H
#define VOUCH_APPLY_H

#include "assess.h"
#include "log.h"
#include "metrics.h"
#include "mta.h"

/* A decision, carried out at the end of a message. */
struct apply {
    const struct record *record;
    const struct settings *settings;
    struct metrics *metrics; /* borrowed; NULL: none */
    /* As RCPT gave them, in the order of the decision's; NULL for one in a form by which the MTA may not find it again:
     * it cannot be taken out. */
    const char *const *rcpts;
    size_t rcpt_count;
    bool rcpts_lost; /* there were more than were kept */
    const struct assess_forged *forged;
    size_t forged_count;
    bool forged_lost; /* there were more than can be removed: such a message is refused */
    /* Stores the message for some of them, as RCPT gave them: 0 once it is safe; else one line in error_r. NULL: nothing is to
     * be stored. */
    int (*store)(void *arg, const char *const *rcpts, size_t count, char *error_r, size_t size);
    void *store_arg;
    const char *authres, *header; /* values of the fields to add; NULL: out of memory */
};

/* Edits the message and its envelope and returns what the MTA is to do with it. What this MTA cannot do is logged and
 * replaced by the nearest thing it can: hold for redirect and store, otherwise what on_failure says. */
enum mta_answer apply(const struct apply *a, const struct mta *mta, struct log *log);

/* A message that could not be judged: what on_failure says. a: of it only settings and forged are used. why: for the log; name: the
 * message's. */
enum mta_answer apply_on_failure(const struct apply *a, const struct mta *mta, const char *why,
                                 const char *name, struct log *log);

/* A message that is not judged because too much is under way: what on_overload says, and a field that tells it. a: as above. */
enum mta_answer apply_overload(const struct apply *a, const struct mta *mta, struct log *log);
/* Whether that is to be deferred. */
bool apply_defers_overload(const struct settings *s);

#endif
