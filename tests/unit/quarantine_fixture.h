/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_QUARANTINE_FIXTURE_H
#define VOUCH_QUARANTINE_FIXTURE_H

#include "held_dir.h"
#include "quarantine.h"

#define HELD_FIXTURE_MEMORY 100000 /* of a message, quarantine_options */

/* A quarantine in a directory of its own. What fails fails the test. */
struct held_fixture {
    char top[200], dir[220], key_file[220];
    struct quarantine_options options;
};
int held_fixture_setup(void **state);
int held_fixture_teardown(void **state);
struct quarantine *held_fixture_open(const struct held_fixture *f);
void held_fixture_write(const char *path, const char *text);
/* The id of the n-th message, on 2026-01-01. */
void held_fixture_id(char id_r[HELD_ID_TEXT], unsigned n);
/* Of each message, whatever its size. */
char held_fixture_byte(size_t i);
/* A message of that size for a@ and b@example.com. try: as held_keep. */
int held_fixture_try(struct quarantine *q, const char *id, size_t size, char *error_r, size_t n);
void held_fixture_keep(struct quarantine *q, const char *id, size_t size);
/* It is there, whole. */
void held_fixture_check(struct quarantine *q, const char *id, size_t size);
/* "<dir>/2026-01-01/<id><extension>" */
void held_fixture_path(const struct held_fixture *f, const char *id, const char *extension,
                       char *path_r, size_t size);
/* How many files there are anywhere in it whose name ends so. */
unsigned held_fixture_files(const struct held_fixture *f, const char *end);

#endif
