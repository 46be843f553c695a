/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_SEGMENT_H
#define VOUCH_JOURNAL_SEGMENT_H

#include <stdbool.h>
#include "journal_dir.h"
#include "journal_frame.h"

/* An open segment as its writer has it: the file, and what is whole in it. One user at a time, but for
 * segment_sync. Failures return -1 and errno. */
struct segment {
    struct segment *next;
    int fd;
    uint64_t first, last; /* numbers; last is first - 1 while it is empty */
    uint64_t previous;    /* as in frame_head */
    uint64_t salt;
    uint64_t head;    /* bytes before the first frame */
    uint64_t size;    /* bytes that are whole: the file may be longer after a failure */
    uint64_t synced;  /* bytes that are on the disk */
    uint64_t unread;  /* bytes before this were not looked at when it was taken up */
    int64_t first_us; /* time of its first record */
    int64_t born_ms;  /* clock_ms() of its first record here */
    bool torn;        /* the file may be longer than size: cut before writing */
    bool named;       /* its name is on the disk */
    bool full;        /* takes no more: to be sealed */
};

/* Makes <first>.open in dir. previous: number of the last record before. */
struct segment *segment_new(int dir, uint64_t first, uint64_t previous, struct span writer,
                            struct span schema, int64_t now_us);
/* Takes up what is in <first>.open: cuts off what is not whole. Reads only what a crash can have torn,
 * however large the segment is: what the disk had before the last frame came is left to
 * segment_inspect. *cut_r: bytes cut off; *lost_r: damaged bytes before the last whole frame, which
 * only a failing disk leaves; the segment is then full. NULL with errno; ENODATA: it holds no record; EBADMSG: its head is damaged, so
 * that nothing in it can be known. */
struct segment *segment_recover(int dir, uint64_t first, struct span schema, uint64_t *cut_r,
                                uint64_t *lost_r);
/* Damaged bytes before `until`, where a frame begins. Negative: it cannot be read. */
int64_t segment_inspect(int dir, uint64_t first, uint64_t until);
void segment_free(struct segment **sp);
/* Appends the record: its number is last + 1. */
int segment_append(struct segment *s, struct frame *f);
/* Cuts off what a failed append left. */
int segment_cut(struct segment *s);
/* Writes what is not known to be on the disk a second time, after a sync failed: the kernel may have
 * dropped it. */
int segment_rewrite(struct segment *s);
/* Syncs the file, and the directory if its name is not there yet. May run while records are appended;
 * the caller notes what was synced. */
int segment_sync(const struct segment *s, int dir);

#endif
