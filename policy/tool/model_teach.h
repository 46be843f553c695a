/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TOOL_MODEL_TEACH_H
#define VOUCH_TOOL_MODEL_TEACH_H

#include "arena.h"
#include "learn.h"

/* Teaching one version of the model all journals of a tree: what vouch model build does between
 * choosing a version and activating it. */

#define TEACH_WRITERS_MAX 10000

struct teach_source {
    const char *path, *writer; /* as in struct journal_writer_info */
    uint64_t first, last;      /* records that were there in the beginning */
    uint64_t known;            /* up to this one the active version has learnt it */
    uint64_t learnt;           /* up to this one the new version has */
};
struct teach {
    struct arena *arena;
    struct teach_source *sources;
    size_t count, cap;
    uint64_t total, records; /* records that there are, and that were learnt */
    uint64_t unread;         /* places in journals that could not be read, or are not there */
    uint64_t erasures;       /* subjects to forget */
};

/* All of these: 0; on error they print it and return the exit status. */

/* Finds the journals in dir. Caller clears, also after an error. */
int teach_find(struct teach *t, const char *dir);
void teach_clear(struct teach *t);
/* First all erasures, from all journals, so that nobody who was to be forgotten is learnt at all. They
 * are written with a first watermark of writer. */
int teach_erasures(struct teach *t, struct store *s, const char *writer, uint64_t watermark);
/* Then every record of every journal, to where each ends by now; of what came since teach_find no more
 * than as much again. */
int teach_records(struct teach *t, const struct learn_options *options);
/* Whether the version says that it has come as far as was learnt. */
int teach_confirm(const struct teach *t, struct store *s);

#endif
