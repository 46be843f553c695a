/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_MODEL_CHECK_H
#define VOUCH_TOOL_MODEL_CHECK_H

#include "progress.h"
#include "store.h"

/* Reads every value of a version and decodes it: for vouch model verify, and for build. */

enum model_kind {
    MODEL_TALLY,
    MODEL_WINDOW,
    MODEL_MARK,
    MODEL_ERASURE,
    MODEL_POSITION,
    MODEL_WEIGHTS,
    MODEL_KIND_COUNT
};

struct model_check {
    /* Called for a value that is damaged, or not where it belongs; NULL: nobody wants to know. */
    void (*damaged)(void *arg, const struct store_key *key, const char *why);
    void *arg;
    bool may_repeat; /* as in model_digest_new */
    uint64_t keys, wrong, kinds[MODEL_KIND_COUNT];
    char digest[65];
};

/* 0, or an error of store_scan_bytes; with what is found in c. progress: started, or NULL. */
int model_check(struct store *s, struct model_check *c, struct progress *progress);

/* What value holds, or why it is damaged (static). Names as in "tally". */
const char *model_value_check(const struct store_key *key, struct span value,
                              enum model_kind *kind_r);
const char *model_kind_name(enum model_kind kind);

#endif
