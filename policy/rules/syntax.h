/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SYNTAX_H
#define VOUCH_SYNTAX_H

#include "mistakes.h"

#define SYNTAX_MAX_DEPTH    8   /* nested groups and lists; vouch.conf needs 4 */
#define SYNTAX_MAX_SETTINGS 100 /* keys of one group; the largest has some 30 */

/* Reports what libconfig could not read, or would read as something else than was meant, and
 * blanks those settings in text (len bytes and a NUL), so that libconfig reads all the others. */
void syntax_check(char *text, size_t len, struct mistakes *mistakes);

#endif
