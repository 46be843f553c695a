/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_H
#define VOUCH_JOURNAL_H

#include <stdbool.h>
#include "errors.h"
#include "span.h"

/* The journal: an append-only log of records, one directory a writer under one directory tree.
 *
 *   DIR/WRITER/writer          the writer's name: "WRITER@<uuid>", by which models know how far they are
 *   DIR/WRITER/lock            locked by who writes
 *   DIR/WRITER/boot            the boot of the machine that last wrote here, and what it may number
 *   DIR/WRITER/<first>.open    the segment that grows: journal_frame.h
 *   DIR/WRITER/<first>.avro    sealed: an Avro object container file, read-only
 *   DIR/WRITER/<first>.index   of a sealed segment: journal_index.h; without it, finding takes longer
 *   DIR/WRITER/manifest        a line for each sealed segment: SHA-256, chained
 *
 * Records of a writer are numbered from 1; <first> is the first number in a segment, in 20 digits.
 * Data are those of record_avro.h, but nothing that writes looks into them.
 *
 * A number is never used for two records: models tell by it what they have learnt. A killed process
 * leaves all that it wrote to the kernel, and numbering goes on. When the machine crashed, records
 * that somebody has already read may be gone with the kernel's memory: numbering then goes on at the
 * next multiple of 2^20 (journal_home_floor), and the manifest tells of the gap. A record that is kept
 * in memory has no number yet.
 *
 * A record that journal_append took has reached the kernel (journal.sync = interval) or the disk
 * (always) when it returns: a killed process loses none. When the disk fails or is full, the last
 * records are kept in bounded memory and written when it is well again; what does not fit is counted
 * as lost, and said loudly. */

enum journal_sync { JOURNAL_INTERVAL, JOURNAL_ALWAYS };

struct journal_options {
    const char *dir;    /* the tree; made if its parent exists */
    const char *writer; /* a name of letters, digits, '.', '_', '-' */
    enum journal_sync sync;
    unsigned interval_ms;   /* between two fdatasyncs */
    uint64_t segment_bytes; /* a segment is sealed at this size (before compression) ... */
    unsigned segment_age_s; /* ... or this long after its first record; 0: not by age */
    uint64_t memory_bytes;  /* records kept while the disk fails */
    unsigned keep_age_s;    /* sealed segments older than this are removed; 0: never */
    uint64_t keep_bytes;    /* of sealed segments; 0: no limit */
    unsigned lock_wait_ms;  /* for another process that writes here */
    bool nobody_learns;     /* retention need not wait for journal_learnt */
    bool must; /* fail where the directory cannot be used, rather than keep in memory */
    /* Called from any thread. trouble: something is wrong; else: it is well again, or a remark. */
    void (*report)(void *arg, bool trouble, const char *text);
    void *report_arg;
};

struct journal;
/* Recovers what a crash left (a torn tail is cut off), and starts the thread that syncs, seals and
 * removes. NULL: one line in error_r that says what and what to do; with must false, only for memory,
 * for a writer whose lock is held, and for a name or a manifest that is wrong. */
struct journal *journal_open(const struct journal_options *options, char *error_r, size_t size);
/* Syncs and closes; the open segment stays open. */
void journal_close(struct journal **jp);
/* Any thread. 0, or VOUCH_E_IO: kept in memory only, for now. VOUCH_E_NOMEM, VOUCH_E_RANGE (too
 * large): not kept. number_r may be NULL; 0 is put there when the record has no number yet. */
int journal_append(struct journal *j, struct span datum, struct span id, struct span message_id,
                   int64_t time_us, uint64_t *number_r);
/* Syncs now. 0 or VOUCH_E_IO. */
int journal_flush(struct journal *j);
/* "WRITER@<uuid>"; lives as long as j. NULL: not known yet (the directory cannot be used). */
const char *journal_writer(struct journal *j);
/* Up to this number records need not be kept for a learner. Retention removes only segments whose
 * every record is below it, and none before this was called, unless nobody_learns. */
void journal_learnt(struct journal *j, uint64_t number);
/* What the daemon and `vouch stats` show. */
struct journal_state {
    uint64_t last;      /* number of the last record */
    uint64_t in_memory; /* records that are not on the disk */
    uint64_t lost;      /* since open */
    bool failing;
    char trouble[200]; /* "" if none */
};
void journal_state(struct journal *j, struct journal_state *state_r);
/* How long the syncing thread has been at one sync or one repair; milliseconds, 0: it waits. Takes no lock. */
int64_t journal_busy_ms(const struct journal *j);

#endif
