/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_MANIFEST_H
#define VOUCH_JOURNAL_MANIFEST_H

#include <stdbool.h>
#include "journal_home.h"

/* A journal's manifest: text, a line for each thing that was done.
 *
 *   vouch-journal 1 WRITER@<uuid>
 *   sealed FIRST LAST PREVIOUS FIRST_US LAST_US BYTES SHA256 CHAIN
 *   removed FIRST LAST AT_US CHAIN
 *
 * FIRST to LAST are the segment's numbers; PREVIOUS, the last number before it: when it is less than
 * FIRST - 1, the numbers between were skipped after a crash. FIRST_US and LAST_US are the earliest
 * and latest time in it, AT_US when retention removed it: microseconds since the epoch. BYTES and
 * SHA256 are the file's. CHAIN is the SHA-256 of the line before, so that no line can be changed,
 * taken out or put elsewhere without every later one telling. */

#define MANIFEST_HASH 32
#define MANIFEST_LINE 400 /* longest line */

struct manifest_entry {
    uint64_t first, last, previous;
    int64_t first_us, last_us;
    uint64_t bytes;
    uint8_t sha256[MANIFEST_HASH];
    bool removed;
};
struct manifest {
    char writer[JOURNAL_WRITER_ID];
    struct manifest_entry *entries; /* in the order of the file */
    size_t count;
    uint64_t last;              /* the highest number of all */
    uint8_t tip[MANIFEST_HASH]; /* of the last line: the next one's CHAIN */
    uint64_t size;              /* bytes of whole lines */
    uint64_t torn;              /* bytes after them: a line that a crash cut off */
};

/* What a manifest's text says. Calls wrong (NULL: nobody) for each line that cannot be right, and
 * takes the rest. 0; VOUCH_E_SYNTAX: its first line is not that of a manifest; VOUCH_E_NOMEM.
 * manifest_clear frees it, also after a failure. */
int manifest_parse(struct span text, struct manifest *m_r,
                   void (*wrong)(void *, size_t line, const char *text), void *arg);
void manifest_clear(struct manifest *m);
/* Of the file in dir; VOUCH_E_IO with errno (ENOENT: there is none). */
int manifest_read(int dir, struct manifest *m_r, void (*wrong)(void *, size_t, const char *),
                  void *arg);
/* Makes the file, with its first line. 0 or -1 with errno. */
int manifest_create(int dir, const char *writer, struct manifest *m_r);
/* Cuts off what a crash left. */
int manifest_mend(int dir, struct manifest *m);
/* Writes that the segments were sealed, all or none of them, and takes them up. 0 or -1 with errno,
 * with the file as before. */
int manifest_seal(int dir, struct manifest *m, const struct manifest_entry *entries, size_t count);
/* Writes that the entry's segment was removed at now_us. */
int manifest_remove(int dir, struct manifest *m, size_t entry, int64_t now_us);
/* The entry of a segment; NULL: there is none. */
struct manifest_entry *manifest_find(const struct manifest *m, uint64_t first);

#endif
