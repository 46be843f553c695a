/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_PATTERN_H
#define VOUCH_PATTERN_H

#include "domain.h"

struct arena;

/* Patterns of addresses as vouch.conf has them, kept in one form so that they compare as strings:
 *   "user@example.com"  that address; the local-part without regard to ASCII case
 *   "example.com"       every address of that domain
 *   ".example.com"      of that domain and all below it
 *   "<>"                the null sender
 *   "*"                 everything */
struct pattern_list {
    const char **patterns;
    size_t count;
};

#define PATTERN_MAX_LOCAL 320 /* bytes of a local-part; RFC 5321 s4.5.3.1.1 asks for 64 */
#define PATTERN_MAX_ADDRESS                                                                        \
    (2 * PATTERN_MAX_LOCAL + 3 + DOMAIN_MAX) /* every byte quoted, and "" @ */

/* Brings text into that form. domain_only: an address, "*" and "<>" are mistakes. Returns NULL and
 * *pattern_r in the arena, or what is wrong with text: a phrase that follows it in a sentence
 * (static, or in the arena). *pattern_r is NULL after "out of memory". */
const char *pattern_parse(struct arena *arena, struct span text, bool domain_only,
                          const char **pattern_r);

/* An address made ready to be compared with many patterns. */
struct pattern_subject {
    bool null_sender;
    char domain[DOMAIN_MAX + 1];           /* "" if it has none */
    char address[PATTERN_MAX_ADDRESS + 1]; /* "" if it cannot equal any pattern */
};
/* Fills *subject_r. address: local@domain as envelope and author have it, or a domain alone (a HELO
 * name); "" is the null sender; NULL is no address at all, which only "*" matches. */
void pattern_subject(const char *address, struct pattern_subject *subject_r);
/* An empty list matches nothing. */
bool pattern_list_matches(const struct pattern_list *list, const struct pattern_subject *subject);
/* The same for one address, as pattern_subject takes it. */
bool pattern_list_match(const struct pattern_list *list, const char *address);
/* True if whatever list b matches, a matches too. */
bool pattern_list_covers(const struct pattern_list *a, const struct pattern_list *b);

#endif
