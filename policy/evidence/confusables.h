/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_CONFUSABLES_H
#define VOUCH_CONFUSABLES_H

#include <stdint.h>

#define CONFUSABLE_MAX 15 /* bytes of UTF-8 that one character becomes */

/* What c looks like, in small letters and decomposed, in UTF-8 (Unicode TR39 s4; a capital is what its small letter is). c: a
 * character that compatibility decomposition (NFKD) leaves alone. NULL: only like itself. */
const char *confusable_to(uint32_t c);

#endif
