/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SKELETON_H
#define VOUCH_SKELETON_H

#include "span.h"

#define SKELETON_INPUT 400 /* bytes of a text that are looked at; a mail program shows fewer */
#define SKELETON_MAX   512 /* bytes of a skeleton; what is longer is cut */
#define SKELETON_WORDS 24  /* words of one that are known apart */

/* What a text looks like to a reader: texts that look alike have one skeleton. Words in lower case,
 * without accents, one blank between them. */
struct skeleton {
    char text[SKELETON_MAX + 1];
    size_t len;
    size_t word_count;
    struct span words[SKELETON_WORDS]; /* in text */
};

/* text: UTF-8, as a reader is shown it. */
void skeleton_make(struct span text, struct skeleton *out_r);
/* The same of one label of a normalised domain; its A-label is decoded first (RFC 5891). */
void skeleton_label(struct span label, struct skeleton *out_r);
/* The words from..from+count without the blanks between them: a part of *out_r's text is not enough
 * for that, so it is copied to joined_r, which has room for SKELETON_MAX. */
struct span skeleton_join(const struct skeleton *s, size_t from, size_t count, char *joined_r);

#endif
