/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_AUTHRES_H
#define VOUCH_AUTHRES_H

#include "evidence.h"
#include "message.h"

/* Authentication-Results (RFC 8601): ours written, others' recognised. */

/* The field's value, folded with "\n\t", without the name: "mx.example.com;\n\tspf=pass
 * smtp.mailfrom=example.org;...". Every value taken from the message is quoted or left out so that
 * it cannot break out of its place. NULL: out of memory. */
char *authres_format(struct arena *arena, const char *authserv_id, const struct message *m,
                     const struct evidence *ev);
/* True if value claims to be written by authserv_id: compared without case, after comments and
 * quoting are resolved, with or without a version (RFC 8601 s2.2, s5). A field so malformed that
 * its authserv-id cannot be told is not ours. */
bool authres_claims(struct span value, const char *authserv_id);

#endif
