/* SPDX-License-Identifier: BSD-2-Clause */
/* How often a test repeats what is left to chance. */
#ifndef ROUNDS_H
#define ROUNDS_H
#include <stdlib.h>

/* n, but a fifth of that under sanitizers: they are slow, and what they look for shows early. */
static inline unsigned rounds(unsigned n)
{
    const char *sanitized = getenv("VOUCH_SANITIZED");
    return sanitized && *sanitized ? (n + 4) / 5 : n;
}

#endif
