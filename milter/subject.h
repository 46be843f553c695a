/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SUBJECT_H
#define VOUCH_SUBJECT_H

#include "sbuf.h"

#define SUBJECT_MAX_BYTES 65536 /* a longer field is left as it is */

/* Subject's value with prefix before it: appended to out, without leading space. value: as in struct field; what is encoded in
 * it stays as it is. false: the prefix stands there already, or out failed. */
bool subject_tag(struct sbuf *out, const char *prefix, struct span value);

#endif
