/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_RECORDER_H
#define VOUCH_RECORDER_H

#include "log.h"
#include "record.h"

/* The daemon's journal: records go into it, and what happens to it into the log. Safe to use from any
 * thread. */

struct recorder;
struct journal;

/* Opens the journal where the settings say; host: names its writer unless they do. A directory that
 * cannot be used now is no error: the log has it, and records are kept in memory. log: borrowed. 0; or an
 * exit status (sysexits.h) with one line in error_r. *recorder_r is NULL where there is no journal. */
int recorder_open(const struct settings *settings, const char *host, struct log *log,
                  struct recorder **recorder_r, char *error_r, size_t size);
void recorder_close(struct recorder **rp);
/* Appends a record. What cannot be kept is said in the log; it is no reason to hold a message up. r may
 * be NULL: no journal. */
void recorder_keep(struct recorder *r, const struct record *record);
/* What was appended is on the disk when it returns, if the disk is well. r may be NULL. */
void recorder_flush(struct recorder *r);
/* Borrowed; NULL if r is. */
struct journal *recorder_journal(struct recorder *r);
/* Both settings put the journal into the same place and treat it alike. */
bool recorder_same(const struct settings *a, const struct settings *b);

#endif
