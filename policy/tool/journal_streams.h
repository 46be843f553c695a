/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_JOURNAL_STREAMS_H
#define VOUCH_TOOL_JOURNAL_STREAMS_H

#include "record.h"

/* The journals of a tree read as one, in order of time as far as each journal is. */
struct journal_streams;

struct journal_streams_options {
    const char *dir;
    char *const *writers; /* names of those to read; count 0: all */
    size_t writer_count;
    int64_t since_us; /* what is older may be passed over; INT64_MIN: nothing is */
    uint64_t last;    /* of each journal so many records at least, from its end; 0: all */
};
/* NULL: an error was printed, *status_r is the exit status. */
struct journal_streams *journal_streams_open(const struct journal_streams_options *options,
                                             int *status_r);
void journal_streams_close(struct journal_streams **sp);
/* The next record, valid until the next call, and its datum; NULL: none for now. Damage is told on standard error, and
 * passed over. */
const struct record *journal_streams_next(struct journal_streams *s, struct span *datum_r);
/* Looks for journals that are new. */
void journal_streams_refresh(struct journal_streams *s);
/* EX_OK, or the exit status that damage deserves. */
int journal_streams_status(const struct journal_streams *s);

#endif
