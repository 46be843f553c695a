/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_HOME_H
#define VOUCH_JOURNAL_HOME_H

#include "errors.h"
#include "journal_dir.h"

/* Where a writer writes: DIR/WRITER, held by its lock; whose it is; and from which number on it may
 * number records in this boot of the machine. */

#define JOURNAL_WRITER_MAX 64                        /* letters of a writer's name */
#define JOURNAL_WRITER_ID  (JOURNAL_WRITER_MAX + 38) /* "WRITER@<uuid>" and NUL */

struct journal_home {
    int dir, lock; /* -1: not held */
    char writer[JOURNAL_WRITER_ID];
};

/* false: it is not made of letters, digits, '.', '_' and '-', begins with '.', or is too long. */
bool journal_home_name_ok(const char *writer);
/* Makes the directory (0750) and what is in it where it is missing, and takes the lock, for which it
 * waits at most wait_ms. 0; VOUCH_E_IO: cannot be used now; VOUCH_E_CONFIG: must not be used (another
 * process writes there, or it is another writer's): one line in error_r. */
int journal_home_enter(struct journal_home *home_r, const char *tree, const char *writer,
                       unsigned wait_ms, char *error_r, size_t size);
void journal_home_leave(struct journal_home *home);

/* Which number is next. last: the highest one known from the segments. When the machine was booted
 * since this was last called, every number up to last, and a good many above it, may have been given
 * to records that never came to the disk. *floor_r: no number below it may be given any more; it stands
 * on the disk before this returns. *left_r: the last number when the journal was last closed, 0 if
 * that is not known: above last, records have disappeared since. 0 or VOUCH_E_IO with one line in
 * error_r. */
int journal_home_floor(const struct journal_home *home, uint64_t last, uint64_t *floor_r,
                       uint64_t *left_r, char *error_r, size_t size);
/* Notes the last number, when the journal is closed. */
void journal_home_left(const struct journal_home *home, uint64_t last);
/* What was noted, for who only reads; 0: nothing. */
uint64_t journal_home_last_left(int dir);

/* The content of the file "writer" in dir, without its line end. 0; VOUCH_E_SYNTAX: it is none;
 * VOUCH_E_IO with errno. */
int journal_home_writer(int dir, char writer_r[JOURNAL_WRITER_ID]);

#endif
