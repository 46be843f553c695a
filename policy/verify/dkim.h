/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DKIM_VERIFY_H
#define VOUCH_DKIM_VERIFY_H

#include "evidence.h"
#include "span.h"

struct arena;
struct dns_batch;

/* DKIM (RFC 6376, 8301, 8463) by libopendkim; its keys come through our resolver, and what is known
 * to hurt it is kept from it.
 *
 * pass, fail, temperror and permerror are as the RFCs say. policy: verified or not, we do not
 * accept it (text appended after l=, a tag twice, expired, signed in the future, over one of our
 * limits). */

#define DKIM_MIN_RSA_BITS 1024    /* RFC 8301 s3.2 */
#define DKIM_MAX_WORD     1048576 /* bytes of body without CRLF: libopendkim keeps them in memory */

struct dkim_verifier; /* libopendkim's handle and keys it had parsed: shared by all threads */
struct dkim_check;    /* one message */

/* NULL: libopendkim cannot be used; why in error_r. */
struct dkim_verifier *dkim_verifier_new(char *error_r, size_t size);
void dkim_verifier_free(struct dkim_verifier **vp);

/* max_signatures: further ones are skipped and counted. now: the time that x= and t= are judged at,
 * seconds since the epoch; any time, not only the present. NULL: out of memory. verifier, arena and
 * dns are borrowed. */
struct dkim_check *dkim_check_new(struct dkim_verifier *verifier, struct arena *arena,
                                  struct dns_batch *dns, unsigned max_signatures, int64_t now);
void dkim_check_free(struct dkim_check **cp);
/* bytes that it holds now beside the arena; NULL: none */
size_t dkim_check_memory(const struct dkim_check *c);
/* The header's fields, in order, as they came (value after the colon, leading space and folding
 * kept, folds with LF or CRLF). A DKIM-Signature's key is asked for at once. 0 or VOUCH_E_NOMEM. */
int dkim_check_field(struct dkim_check *c, struct span name, struct span value);
/* Fields were left out (the message is over a limit): no signature can be judged, all are
 * policy. */
void dkim_check_header_cut(struct dkim_check *c);
/* No field comes any more. 0 or VOUCH_E_NOMEM. */
int dkim_check_eoh(struct dkim_check *c);
/* The body in wire form: lines end in CRLF (a message at rest is converted by whoever reads it).
 * Chunks may be cut anywhere. true: no signature needs more of the body. */
bool dkim_check_body(struct dkim_check *c, struct span chunk);
/* There is no time for more: what is not judged yet is temperror. */
void dkim_check_give_up(struct dkim_check *c);
/* d= of each DKIM-Signature field so far that was not skipped, in order, normalised, NULL where
 * there is none. In the arena. */
const char *const *dkim_check_domains(const struct dkim_check *c, size_t *count_r);
/* Waits for keys, judges each signature on its own. body_complete: false if the body was cut by a
 * limit, not because dkim_check_body returned true: results that need the rest are "policy".
 * Results, one for each signature looked at, live in the arena. 0 or VOUCH_E_NOMEM. */
int dkim_check_finish(struct dkim_check *c, bool body_complete, struct dkim_result **results_r,
                      size_t *count_r, size_t *skipped_r);

#endif
