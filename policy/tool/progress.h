/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_PROGRESS_H
#define VOUCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A progress bar on one line of a terminal; nothing at all where out is none. */
struct progress {
    FILE *out;
    const char *label; /* "checking" */
    const char *unit;  /* of items: "keys" */
    uint64_t total;    /* of done; 0: not known, no bar and no time left */
    int64_t began_ms, drawn_ms;
    bool on;
};

void progress_start(struct progress *p, FILE *out, const char *label, const char *unit,
                    uint64_t total);
/* Says how far it is; draws a few times a second only, so it may be called for every item. */
void progress_set(struct progress *p, uint64_t done, uint64_t items);
/* Removes the line. */
void progress_end(struct progress *p);

/* The line as it stands after so many milliseconds, at most columns - 1 long. Returns line_r. */
const char *progress_line(const struct progress *p, uint64_t done, uint64_t items, int64_t ms,
                          unsigned columns, char *line_r, size_t size);

#endif
