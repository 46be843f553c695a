/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ERASURE_H
#define VOUCH_ERASURE_H

#include "sbuf.h"
#include "span.h"

/* Whom the model must forget: subjects, each with the time up to which nothing may be known of it.
 * What comes later is learnt again. The list lives in the model, under one key, as one value: what
 * is taught to a key by a message of or before erasure_until is left out. A build has all erasures
 * in the list before it learns anything; a learner that then meets one which the list has already
 * (erasure_has) removes nothing: the keys hold only what came later.
 *
 * A subject is a mail address, a domain (with everything below it), or an IP address or network. A
 * key belongs to it wherever its name stands: as group, as field, or as the other side of a pair or a
 * relationship. What a key says of more than the subject stays: the organisation's history when an
 * address is forgotten, the /24's when a host is.
 *
 * A field too long for a key was cut (identity_shorten), and its last name may be illegible. An
 * address is then tried by the digest; where that is not possible (an author that is cut hides the
 * recipient as well; a domain stands at the end of a name) the key counts as the subject's: better one
 * odd key too many than a name that was not forgotten. Marks are kept by message, and belong to
 * nobody. */

/* Where a model keeps its list. */
#define ERASURE_GROUP "erasures"
#define ERASURE_FIELD "*"

#define ERASURE_MAX         10000 /* subjects of one list: above, a new build has to replace it */
#define ERASURE_SUBJECT_MAX 512   /* bytes of one; mail addresses have 254 (RFC 5321 s4.5.3.1.3) */
#define ERASURE_NONE        INT64_MIN

struct erasure {
    char *subject; /* as erasure_subject has it */
    int64_t time;  /* seconds */
};
struct erasure_list;

/* The one form of a subject. 0; VOUCH_E_SYNTAX: it is none of the three; VOUCH_E_RANGE: a network
 * with host bits set, or text over ERASURE_SUBJECT_MAX; VOUCH_E_NOMEM. */
int erasure_subject(struct span text, char subject_r[ERASURE_SUBJECT_MAX + 1]);

/* An empty list. NULL: out of memory. */
struct erasure_list *erasure_list_new(void);
void erasure_list_free(struct erasure_list **lp);
/* Of one subject the latest time holds, so the order does not matter. 0; as erasure_subject; VOUCH_E_LIMIT:
 * the list is full. */
int erasure_add(struct erasure_list *l, struct span subject, int64_t time);
/* Whether the list has that subject already, with that time or a later one. */
bool erasure_has(const struct erasure_list *l, struct span subject, int64_t time);
/* All, in order of their bytes; borrowed until the list changes. */
const struct erasure *erasure_items(const struct erasure_list *l, size_t *count_r);
/* Up to which time (inclusive) this key of the model is to know nothing: ERASURE_NONE if it belongs
 * to no subject of the list. */
int64_t erasure_until(const struct erasure_list *l, const char *group, const char *field);

/* Byte 0 is VALUE_ERASURE (value.h). Appends to out; out->failed says if it did not fit. */
#define ERASURE_BYTES_MAX (1 + ERASURE_MAX * (8 + 2 + ERASURE_SUBJECT_MAX))
void erasure_encode(const struct erasure_list *l, struct sbuf *out);
/* 0, VOUCH_E_SYNTAX or VOUCH_E_NOMEM. */
int erasure_decode(const void *bytes, size_t len, struct erasure_list **l_r);

#endif
