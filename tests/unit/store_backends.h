/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_STORE_BACKENDS_H
#define VOUCH_STORE_BACKENDS_H

#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "clock.h"
#include "store.h"

/* Behaviour that every backend which keeps something must show: a program has tables of it, and each
 * case is run against each backend, with an empty store of its own. */

#define T0        1700000000
#define DAY       86400
#define HALF_LIFE (30.0 * DAY)
#define LENGTH(a) (sizeof(a) / sizeof *(a))

struct store_fixture {
    char url[128];
    char dir[64];
    struct store *s;
};
struct store_case {
    const char *name;
    void (*run)(struct store_fixture *f);
    bool again; /* opens the same model again: nothing for a store that keeps nothing */
};

/* Runs the cases against all backends, and others as they are. What main returns. */
int store_backends_run(const char *name, const struct store_case *cases, size_t count,
                       const struct CMUnitTest *others, size_t other_count);

/* version: NULL for the active one. All fail the test if they cannot do it. */
struct store *store_open_version(const char *url, const char *version);
struct store *store_open_read_only(const char *url);
void store_find(struct store *s, const struct store_key *keys, size_t count,
                struct store_value *values_r);
struct store_value store_find_one(struct store *s, const char *group, const char *field);
void assert_counts(const struct counts *got, const struct counts *want);

#endif
