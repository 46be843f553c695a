/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_EXPLAIN_H
#define VOUCH_TOOL_EXPLAIN_H

#include <stdio.h>
#include "record.h"

/* A decision record for a person: what was seen, the sum, the class, who decided, and what would
 * have changed it. */
void explain_write(FILE *out, const char *name, const struct record *r, const struct settings *s);

#endif
