/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SPF_MACRO_H
#define VOUCH_SPF_MACRO_H

#include <time.h>
#include "ipaddr.h"

/* Macro strings (RFC 7208 s7): their grammar and their expansion. Pure. */

enum spf_macro_place {
    SPF_MACRO_RECORD,     /* in a record: no space, no %{c} %{r} %{t} */
    SPF_MACRO_EXPLANATION /* in what exp= points to (s6.2) */
};

/* s: follows macro-string (s7.1); the empty string does. */
bool spf_macro_valid(struct span s, enum spf_macro_place place);
/* s: follows domain-spec (s7.1). */
bool spf_macro_is_domain_spec(struct span s);
/* s: valid, and has a macro of that letter (given in lower case). */
bool spf_macro_uses(struct span s, char letter);

/* What the letters stand for (s7.2). Strings are borrowed; NULL is "unknown". */
struct spf_macro_values {
    struct ipaddr ip;          /* i, c, v */
    const char *sender;        /* s */
    const char *local;         /* l */
    const char *sender_domain; /* o */
    const char *domain;        /* d: the current domain */
    const char *client;        /* p: the client's validated name */
    const char *helo;          /* h */
    const char *receiver;      /* r */
    time_t now;                /* t */
};

/* Expands s, which must be valid, into text_r (size bytes, never 0), NUL-terminated. Its length;
 * size if there is more than fits. */
size_t spf_macro_expand(struct span s, const struct spf_macro_values *values, char *text_r,
                        size_t size);

#endif
