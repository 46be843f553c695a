/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DAEMON_H
#define VOUCH_DAEMON_H

#include "assess.h"
#include "log.h"
#include "turnstile.h"

/* What all sessions of one daemon share: the settings in force, what assess needs, the log. Safe to use from any thread. */

struct daemon;
struct keeper;
struct learning;
struct load;
struct metrics;
struct poke;
struct quarantine;
struct recorder;

/* settings: takes the caller's reference, also on failure. file: where a reload reads them from; NULL: there is none. log: borrowed.
 * NULL: out of memory. */
struct daemon *daemon_new(struct settings *settings, const char *file, struct log *log);
void daemon_free(struct daemon **dp);
/* Opens the model, DNS, the journal and the rest, and starts to learn. 0, or an exit status (sysexits.h) with one line in error_r. */
int daemon_open(struct daemon *d, char *error_r, size_t size);

/* Tells nobody any more how the daemon is (metrics.listen): it stops. */
void daemon_end_status(struct daemon *d);
/* Before the program ends: what was appended is on the disk, and nothing is learnt any more. */
void daemon_end(struct daemon *d);

/* the snapshot for a new message; the caller unrefs it */
struct settings *daemon_settings(struct daemon *d);
struct assess_context *daemon_context(struct daemon *d);
struct log *daemon_log(struct daemon *d);
struct metrics *daemon_metrics(struct daemon *d);
/* NULL: there is none */
struct recorder *daemon_recorder(struct daemon *d);
struct learning *daemon_learning(struct daemon *d);
/* Microseconds since the epoch. *refused_r: the file had mistakes when it was last read again. */
int64_t daemon_settings_time(struct daemon *d, bool *refused_r);
int64_t daemon_start_time(const struct daemon *d);

struct keeper *daemon_keeper(struct daemon *d);
/* NULL: it cannot be used now, or nothing may be stored. Borrowed until the daemon ends. */
struct quarantine *daemon_quarantine(struct daemon *d);

/* Reads the file again: a new snapshot for new messages. A file with mistakes changes nothing and has each of them logged. */
void daemon_reload(struct daemon *d);

/* After each message: when DNS servers fall silent, and when they answer again, the log says so. */
void daemon_note_dns(struct daemon *d);
/* After each message: whether the model answered. When that changes, the log says so, and why. */
void daemon_note_model(struct daemon *d, bool answered);

/* Called before a callback sleeps, so that the library's other sessions go on; arg is the daemon. */
void daemon_before_wait(void *arg);
/* poke: borrowed until the daemon ends; see poke.h */
void daemon_set_poke(struct daemon *d, struct poke *poke);

/* passed by what judges a message and keeps its record */
struct turnstile *daemon_judging(struct daemon *d);
/* How long the threads of DNS and of the journal have been at work without a pause; milliseconds. Takes no lock. */
void daemon_busy(struct daemon *d, int64_t *dns_ms_r, int64_t *journal_ms_r);
bool daemon_model_silent(struct daemon *d);
/* The watch (watch.h) says at each look what is stuck, for who asks: a literal, or NULL. Without another look for good_ms it is itself. */
void daemon_set_stuck(struct daemon *d, const char *stuck, int64_t good_ms);
const char *daemon_stuck(struct daemon *d);
/* what is under way */
struct load *daemon_load(struct daemon *d);
/* messages that are being judged, so that a stop can let them end */
unsigned daemon_messages(struct daemon *d);
/* How long a peer may take (milter.packet_timeout, milter.idle_timeout); a reload changes them for all. */
unsigned daemon_packet_timeout_ms(struct daemon *d);
unsigned daemon_idle_timeout_ms(struct daemon *d);

#endif
