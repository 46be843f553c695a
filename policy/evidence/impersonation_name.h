/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_IMPERSONATION_NAME_H
#define VOUCH_IMPERSONATION_NAME_H

#include "guarded.h"

/* How a guarded name stands in a text that a reader is shown. */
enum name_match {
    NAME_ABSENT = 0,
    NAME_WHOLE,    /* all its words, and at most titles beside them */
    NAME_MORE,     /* all its words, in any order, and one or two more: middle names */
    NAME_INITIALS, /* its last word, and initials for others: "A. Liddell" */
    NAME_PART      /* well-known names: among other words */
};

struct name_found {
    const struct guarded_name *name;
    enum name_match match;
};
/* The names of g in text; at most max, of one name the best match. Returns how many. */
size_t impersonation_names(const struct guarded *g, struct span text, struct name_found *found_r,
                           size_t max);

#endif
