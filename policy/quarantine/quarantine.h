/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_QUARANTINE_H
#define VOUCH_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "errors.h"
#include "span.h"

/* Mail that vouch keeps itself (quarantine.method = "store"), one message a file:
 *
 *   DIR/YYYY-MM-DD/<id>.held   the envelope, the record of its decision, and the message as received, byte for byte; never
 *                              changed. With a key all of it is encrypted; damage and a cut show in any case: held_stream.h
 *   DIR/YYYY-MM-DD/<id>.log    what happened to it since, a line of JSON each, appended and synced under a lock: held_log.h.
 *                              With a key each line is encrypted: held_seal.h
 *   *.tmp                      what is being written, or was when it crashed
 *
 * The day is that of the id (UUIDv7, UTC), which is the record's. A file has its name only when all of it is on the disk. This room
 * knows neither the journal nor how mail is sent: the record is text to it. Several processes and threads may use a directory. */

struct quarantine;

struct quarantine_options {
    const char *dir; /* made if its parent exists; 0750 */
    const char *
        key_file; /* NULL: not encrypted. As journal.pseudonym_key: the first key writes, all read */
    uint64_t bytes; /* of all messages: beyond it nothing more is kept; 0: no limit */
    size_t
        memory_bytes; /* of a message that is taken in: what is beyond it waits in an unlinked file in dir */
};
/* Whether that key file could be used: there, with keys in it, and no business of all users of the host; NULL could. 0, or VOUCH_E_*
 * with one line in error_r, which says what and what to do. */
int quarantine_check_key(const char *path, char *error_r, size_t size);
/* NULL: one line in error_r, as above. */
struct quarantine *quarantine_open(const struct quarantine_options *options, char *error_r,
                                   size_t size);
void quarantine_close(struct quarantine **qp);

/* A message that is taken in, and may be kept at its end. Nothing is named on the disk before held_keep. */
struct held_writer;
/* NULL: out of memory. q: borrowed. */
struct held_writer *held_writer_new(struct quarantine *q);
void held_writer_free(struct held_writer **wp);
/* The message in wire form (CRLF), cut anywhere. What fails here is remembered, and said by held_keep. */
void held_add(struct held_writer *w, struct span bytes);

/* Bytes of memory that it holds. */
size_t held_writer_memory(const struct held_writer *w);

struct held_envelope {
    const char *sender;       /* as MAIL gave it, with its <> */
    const char *const *rcpts; /* as RCPT gave them: those for whom it is kept; at least one */
    size_t rcpt_count;
    const char *body; /* BODY= of MAIL: "7BIT", "8BITMIME", "BINARYMIME"; NULL: not said */
    bool utf8;        /* SMTPUTF8 */
};
/* Keeps the message: on the disk when it returns. id: the record's. record: JSON, one line. 0; VOUCH_E_IO, VOUCH_E_NOMEM,
 * VOUCH_E_RANGE (full), VOUCH_E_SYNTAX (a text is not UTF-8 or has lines): one line in error_r, and nothing is kept. */
int held_keep(struct held_writer *w, const char *id, const struct held_envelope *envelope,
              const char *record, char *error_r, size_t size);

/* One message that is kept. */
struct held;
/* id may be anything a user typed. NULL: one line in error_r, errno ENOENT where there is none of that id (EBADMSG: damaged; EACCES: no
 * key fits, or no right to read it; ENOMEM, EIO ...). */
struct held *held_open(struct quarantine *q, const char *id, char *error_r, size_t size);
void held_close(struct held **hp);
const struct held_envelope *held_envelope(const struct held *h);
const char *held_record(const struct held *h); /* JSON */
uint64_t held_size(const struct held *h);      /* of the message */
/* The message from its start on: bytes read, 0 at its end, VOUCH_E_IO, VOUCH_E_NOMEM or VOUCH_E_SYNTAX (damaged: what was read before is
 * right, and not all). held_rewind: from its start again. */
ptrdiff_t held_read(struct held *h, void *buffer_r, size_t size);
void held_rewind(struct held *h);

/* Calls each for every message, the oldest first; stops when it returns nonzero, and returns that. It may delete. VOUCH_E_IO: the
 * directory cannot be read; VOUCH_E_NOMEM. */
int quarantine_each(struct quarantine *q, int (*each)(void *arg, const char *id, uint64_t bytes),
                    void *arg);
/* Removes a message for good, with its log. 0; VOUCH_E_IO with errno: EBUSY where its log is open, the caller's own included; ENOENT. */
int quarantine_delete(struct quarantine *q, const char *id);
/* What a purge did, and what it left. */
struct quarantine_purged {
    unsigned removed;         /* messages */
    uint64_t messages, bytes; /* that are left */
    uint64_t released;        /* of those that are left: to one recipient at least */
    int64_t oldest_us;        /* when the oldest of them came; 0: there is none */
};
/* Removes what came before before_us, then the oldest while there is more than bytes (0: no limit); never one whose release is
 * under way. Sweeps up what crashes left. 0, VOUCH_E_IO or VOUCH_E_NOMEM: only removed is right then. */
int quarantine_purge(struct quarantine *q, int64_t before_us, uint64_t bytes,
                     struct quarantine_purged *purged_r);

#endif
