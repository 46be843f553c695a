/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_CORPUS_H
#define VOUCH_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Labelled messages in order of time: where each lies, and what it is. The messages themselves stay on
 * disk until they are read. */

struct corpus_item {
    const char *path;        /* the file it stands in */
    uint64_t offset, length; /* bytes of it; length 0: the whole file */
    bool good;
    int64_t
        time; /* seconds since the epoch, of the topmost Received field with a date, else Date's */
};

struct corpus;
/* An empty one. NULL: out of memory. */
struct corpus *corpus_new(void);
void corpus_free(struct corpus **cp);
/* A TREC index (2005 to 2007): lines of "spam|ham PATH", PATH relative to the index. Also "good|bad".
 * 0, or an error with one line (file:line where there is one) in error_r. */
int corpus_add_index(struct corpus *c, const char *path, char *error_r, size_t size);
/* A message, an mbox, a Maildir, or a directory (with all below it) of these; all good or all bad. */
int corpus_add_path(struct corpus *c, const char *path, bool good, char *error_r, size_t size);
/* Puts all in order of time; those of equal time stay as they were added. Items without any time are
 * counted in *untimed_r and left out. */
int corpus_order(struct corpus *c, size_t *untimed_r);
const struct corpus_item *corpus_items(const struct corpus *c, size_t *count_r);

#endif
