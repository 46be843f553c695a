/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_NOMEM_H
#define VOUCH_NOMEM_H

#include <stdbool.h>

/* Memory that is out when the test says so: in a program linked with nomem.c and $(NOMEM_WRAP),
 * every malloc, calloc, realloc and strdup of its own code asks this first. The test defines it. */
bool nomem_fails(void);

#endif
