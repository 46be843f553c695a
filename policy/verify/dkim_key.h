/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DKIM_KEY_H
#define VOUCH_DKIM_KEY_H

#include "dkim_signature.h"

struct dns_answer;

#define DKIM_MAX_KEY_RECORD 8192 /* bytes of a key record read */
#define DKIM_MAX_KEY_TEXT   1000 /* longest p=: libopendkim takes 1024 bytes of key record */

/* Takes the key for sig out of what DNS answered (RFC 6376 s3.6.1, s6.1.2). *record_r is the record
 * that libopendkim is given in place of the published one: key type and key, nothing else; NULL if
 * there is none, and then sig is judged. 0 or VOUCH_E_NOMEM. */
int dkim_key_choose(struct arena *arena, const struct dns_answer *answer,
                    struct dkim_signature *sig, const char **record_r);

#endif
