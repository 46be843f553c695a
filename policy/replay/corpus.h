/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_CORPUS_H
#define VOUCH_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "span.h"

/* Labelled messages in order of time: where each lies, and what it is. Small ones are kept in memory, up to
 * CORPUS_KEPT_BYTES of them; the others are read when their turn comes. */
#define CORPUS_KEPT_BYTES ((size_t)512 << 20)

struct corpus_item {
    const char *path; /* the file it stands in */
    /* Bytes of it; length 0: to its end. A "From " line before the header is not part of it. */
    uint64_t offset, length;
    unsigned number; /* among the messages of an mbox, from 1; 0: the file is one message */
    bool good;
    bool unlearnt; /* judged only: it teaches nothing */
    size_t added; /* place in the order in which they were added, from 0 */
    /* seconds since the epoch, of the topmost Received field with a date, else Date's; -1: none */
    int64_t time;
    struct span kept; /* the message; absent: on disk only */
};
#define CORPUS_ITEM_BYTES (256u << 20) /* of one message, or one mbox */

struct corpus;
/* An empty one. NULL: out of memory. */
struct corpus *corpus_new(void);
void corpus_free(struct corpus **cp);
/* A TREC index (2005 to 2007): lines of "spam|ham PATH", PATH relative to the index. Also "good|bad",
 * and "?" behind any of them ("spam? PATH") for a message that is judged and not learnt;
 * empty lines and those that begin with "#" say nothing. Each file is one message. 0, or VOUCH_E_IO,
 * VOUCH_E_SYNTAX or VOUCH_E_NOMEM with one line (file:line where there is one) in error_r. */
int corpus_add_index(struct corpus *c, const char *path, char *error_r, size_t size);
/* A message, an mbox, a Maildir, or a directory (with all below it but hidden files) of these; all good
 * or all bad. Directories are read in order of names. As above. */
int corpus_add_path(struct corpus *c, const char *path, bool good, char *error_r, size_t size);
/* Puts all in order of time; those of equal time stay as they were added. Items without any time are
 * counted in *untimed_r and left out. */
void corpus_order(struct corpus *c, size_t *untimed_r);
const struct corpus_item *corpus_items(const struct corpus *c, size_t *count_r);
/* Borrows the bytes of an item, until the next call. 0, or as above. */
int corpus_read(struct corpus *c, const struct corpus_item *item, struct span *text_r,
                char *error_r, size_t size);

#endif
