/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TAGLIST_H
#define VOUCH_TAGLIST_H

#include "span.h"

struct arena;

#define TAGLIST_MAX 64 /* tags in one list; DKIM and its extensions define fewer than 30 */

struct tag {
    struct span name;
    struct span value; /* trimmed; inner white space kept; empty, never absent */
};

struct taglist {
    struct tag tags[TAGLIST_MAX];
    size_t count;
    bool duplicates; /* a name stands twice, in any case of its letters */
};

/* A tag list as in DKIM-Signature fields and key records (RFC 6376 s3.2). Spans borrow from text.
 * 0, VOUCH_E_SYNTAX, or VOUCH_E_LIMIT (more than TAGLIST_MAX tags). */
int taglist_parse(struct span text, struct taglist *list_r);
/* The first tag of that name, without regard to case; SPAN_NONE if there is none. */
struct span taglist_get(const struct taglist *list, const char *name);
/* The value without white space, as tags that are folded anywhere (b=, h=, p=) mean it. NULL: out
 * of memory. */
char *taglist_squeeze(struct arena *arena, struct span value);
/* word, without regard to case, is one of the items of a colon-separated value */
bool taglist_lists(struct span value, const char *word);

#endif
