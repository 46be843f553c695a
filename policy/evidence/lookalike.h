/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LOOKALIKE_H
#define VOUCH_LOOKALIKE_H

#include "guarded.h"

struct psl_ctx_st;

/* Domains that look like another one and are not it. */
enum lookalike {
    LOOKALIKE_NOT = 0,
    LOOKALIKE_GLYPHS,   /* the same to the eye: exampIe.org, еxample.org */
    LOOKALIKE_INSIDE,   /* stands whole in the other: example.org.evil.example, example-org.com */
    LOOKALIKE_SPELLING, /* one or two letters more, fewer, changed or swapped */
    LOOKALIKE_WORDS,    /* with words around it: login-example.net */
    LOOKALIKE_SUFFIX,   /* below another public suffix */
};
const char *lookalike_phrase(enum lookalike kind); /* "is spelt nearly like"; static */

/* domain: normalised, its Organizational Domain org (a pointer into it). like: of the operator's, who
 * does not have domain. psl as in domain.h. */
enum lookalike lookalike_of(const struct guarded *g, const char *domain, const char *org,
                            const struct guarded_domain *like, const struct psl_ctx_st *psl);
/* A well-known name in the label of org that its owner chose, or a well-known domain whole before it;
 * NULL if there is none. Names that are also words do not count. *kind_r: how. */
const struct guarded_name *lookalike_known(const struct guarded *g, const char *domain,
                                           const char *org, enum lookalike *kind_r);
/* Damerau-Levenshtein distance (neighbours swapped count once) if it is at most max, else max + 1.
 * Texts over LOOKALIKE_LABEL bytes are max + 1 apart. */
#define LOOKALIKE_LABEL 64
unsigned lookalike_distance(struct span a, struct span b, unsigned max);

#endif
