/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LEARN_LESSON_H
#define VOUCH_LEARN_LESSON_H

#include "mark.h"
#include "record.h"
#include "store.h"

/* What one record teaches: which keys of the model, and what is added to each. Pure. It is read from
 * what was seen of the message and from what others say of it; nothing here reads trust, class,
 * action, policy, evidence items or flags, but that what was released from quarantine teaches by its label alone. */

/* A label that comes longer after its decision than this says nothing any more. */
#define LESSON_LABEL_DAYS 180
#define LESSON_LABELS_MAX 16 /* of one record; the rest is passed over */

/* One message in a subject's window, and the names it brings along. */
struct lesson_window {
    struct store_key key;
    const uint64_t *members[WINDOW_SETS]; /* digests */
    size_t member_count[WINDOW_SETS];
};

struct lesson {
    int64_t time;                    /* seconds: when the message came */
    const struct store_key *targets; /* whom good and bad are taught to */
    size_t target_count;
    bool seen;      /* the targets are seen once more */
    bool mark_seen; /* ... only if the message has no mark yet */
    struct lesson_window windows[2];
    size_t window_count;
    const struct mark *labels; /* what is said of the message, each as the mark it would be */
    size_t label_count;
    struct store_key mark_key;              /* where they compete */
    const struct store_key *correspondents; /* these get good_mass */
    size_t correspondent_count;
    double good_mass;
    const char *erased; /* the model must forget whom this names; then there is nothing else */
};

/* The lesson of r, in the arena. psl: NULL as in domain.h. 0 or VOUCH_E_NOMEM. */
int lesson_read(struct arena *arena, const struct settings *s, const struct psl_ctx_st *psl,
                const struct record *r, struct lesson *lesson_r);
/* The same where the message's identities are at hand (assess_identities). */
int lesson_read_known(struct arena *arena, const struct settings *s, const struct psl_ctx_st *psl,
                      const struct record *r, const struct identity *identities, size_t count,
                      struct lesson *lesson_r);

/* Of a record with message and evidence: who it is about, as its lesson and its look-up have it; what the model knows of
 * them, and what else settings say of the message, is the caller's to fill in. 0 or VOUCH_E_NOMEM. */
int lesson_input(struct arena *arena, const struct settings *s, const struct psl_ctx_st *psl,
                 const struct record *r, struct trust_input *in_r);

/* Marks stand in groups by the day of their message, so that old ones can be removed:
 * "mark:2026-01-02". time: seconds. */
#define LESSON_MARK_PREFIX "mark:"
#define LESSON_MARK_GROUP  (sizeof LESSON_MARK_PREFIX + 10)

#endif
