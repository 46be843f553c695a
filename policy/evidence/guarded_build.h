/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_GUARDED_BUILD_H
#define VOUCH_GUARDED_BUILD_H

#include "guarded.h"

/* The list while it is made: private to guarded.c and guarded_read.c. Those that add return 0,
 * VOUCH_E_NOMEM, VOUCH_E_LIMIT, or VOUCH_E_SYNTAX where there is no letter in text. */
struct guarded_build {
    struct arena *arena;
    struct guarded *guarded;
};
int guarded_add_word(struct guarded_build *b, struct span text);
int guarded_add_free(struct guarded_build *b, struct span text);
/* like: all but what comes of the text */
int guarded_add_name(struct guarded_build *b, struct span text, const struct guarded_name *like);
/* The file of well-known names: guarded_new's errors. */
int guarded_read(struct guarded_build *b, struct span text, int *line_r);

#endif
