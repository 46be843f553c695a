/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_READER_H
#define VOUCH_JOURNAL_READER_H

#include <stdbool.h>
#include "arena.h"
#include "errors.h"
#include "span.h"

/* Reading journals (journal.h), also while they are written and while segments are sealed or removed.
 * Data come out in our own schema, whatever schema their segment was written with. */

/* The writers in a tree. Calls each in order of name; ends early when each returns non-zero, and
 * returns that. dir_name: "WRITER"; writer: "WRITER@<uuid>". 0; VOUCH_E_IO with one line in error_r. */
struct journal_writer_info {
    const char *path; /* DIR/WRITER */
    const char *writer;
    uint64_t first, last; /* numbers of the records that are there; 0, 0: none */
    int64_t last_time_us; /* of the last record; 0: none */
    uint64_t bytes, segments;
};
int journal_writers(const char *dir, int (*each)(void *, const struct journal_writer_info *),
                    void *arg, char *error_r, size_t size);

struct journal_entry {
    uint64_t number;
    struct span datum; /* until the next call */
};
struct journal_reader;
/* Reads path (DIR/WRITER) from the first record whose number is above after on. NULL: one line in
 * error_r. */
struct journal_reader *journal_reader_open(const char *path, uint64_t after, char *error_r,
                                           size_t size);
void journal_reader_close(struct journal_reader **rp);
/* 1: an entry; 0: no more for now (ask again later); negative: VOUCH_E_SYNTAX (a segment is damaged or
 * foreign), VOUCH_E_IO, VOUCH_E_NOMEM; journal_reader_error says which file and what to do, and the
 * reader goes on behind the damage when asked again. */
int journal_reader_next(struct journal_reader *r, struct journal_entry *entry_r);
const char *journal_reader_error(const struct journal_reader *r);
/* Records after number that are there, as far as is known without reading them; a gap that a crash
 * left is not counted. */
uint64_t journal_count_after(const char *path, uint64_t number);
/* The first number that is still there; a reader that was further back has lost something. 0: none. */
uint64_t journal_first(const char *path);
/* The first record at or after a time, as far as the manifest tells: reading after the number
 * returned misses none of them. */
uint64_t journal_before_time(const char *path, int64_t time_us);

/* Finds the newest record with that id, or (id absent) the newest with that message-id, not older than
 * oldest_us, in any writer's journal of the tree. kind_ok: NULL, or decides whether it will do. The
 * datum is copied into the arena. 1 found, 0 absent, negative: as journal_reader_next. */
int journal_find(const char *dir, struct span id, struct span message_id, int64_t oldest_us,
                 bool (*will_do)(void *, struct span datum), void *arg, struct arena *arena,
                 struct span *datum_r, char *error_r, size_t size);

/* Checks every segment against the manifest, the chain of the manifest, CRCs, numbering and schema.
 * Calls tell for each finding. Returns the number of things that are wrong, or VOUCH_E_IO with one
 * line in error_r. */
struct journal_finding {
    bool wrong; /* false: a remark, such as a gap that a crash left and the manifest declares */
    const char *file, *text;
};
int journal_verify(const char *path, void (*tell)(void *, const struct journal_finding *),
                   void *arg, uint64_t *records_r, char *error_r, size_t size);

#endif
