/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_FORGET_NAMES_H
#define VOUCH_TOOL_FORGET_NAMES_H

#include "arena.h"
#include "erasure.h"
#include "settings.h"
#include "store.h"

/* Whom vouch forget is to forget: each subject under every name by which the model or the journal may
 * know it. */

#define FORGET_SUBJECTS_MAX 100 /* of one command */

struct forget_name {
    const char *text;           /* the subject as it was given */
    const char *subject;        /* as erasure_subject has it; an address's pseudonym */
    bool only_if_known;         /* must not be written down where the model does not know it */
    struct erasure_list *alone; /* with no other in it: its keys */
    uint64_t keys;              /* of the model that are its own */
};
struct forget_names {
    struct arena *arena;
    struct forget_name *list;
    size_t count, cap;
};

struct psl_ctx_st;

/* Understands all of them, before anything is done. 0; on error prints it and returns the exit status.
 * Caller clears in any case. */
int forget_names_parse(struct forget_names *names, const struct settings *s,
                       const struct psl_ctx_st *psl, char **texts, int count);
void forget_names_clear(struct forget_names *names);
/* Counts each name's keys in the model, and calls each (if not NULL) for every one. As
 * store_scan_bytes. */
int forget_names_count(struct forget_names *names, struct store *s,
                       void (*each)(void *, const struct forget_name *, const struct store_key *,
                                    struct span value),
                       void *arg);
/* A store_remove match of any of them; arg: the names. */
bool forget_names_match(void *arg, const struct store_key *key);

#endif
