/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_DIR_H
#define VOUCH_JOURNAL_DIR_H

#include <stdbool.h>
#include <sys/types.h>
#include "sbuf.h"

/* A writer's directory: names of segments, and files written so that a crash leaves the old or the
 * new one. Failures return -1 and errno, as the system calls do. */

#define JOURNAL_NAME_MAX 40 /* "<20 digits>.index.tmp" and NUL */

/* 20 digits, then the extension: ".open", ".avro", ".index". */
void journal_name(char name_r[JOURNAL_NAME_MAX], uint64_t first, const char *extension);

struct journal_item {
    uint64_t first;
    bool open, sealed, index; /* which files there are of it */
};
struct journal_list {
    struct journal_item *items; /* sorted by first */
    size_t count;
};
/* What is in the directory. journal_list_clear frees it, also after a failure. */
int journal_list_read(int dir, struct journal_list *list_r);
void journal_list_clear(struct journal_list *list);

/* A directory's descriptor. */
int journal_dir_open(const char *path);
int journal_dir_sync(int dir);
/* As mkdirat, and disk_give; and that alone, for a directory just made. */
int journal_dir_make(int dir, const char *name, mode_t mode);
int journal_dir_inherit(int dir);
/* Bytes read: less than len only at the end of the file; -1. */
ssize_t journal_read_at(int fd, void *p, size_t len, uint64_t at);
/* Replaces the file name with text: a temporary file, fsync, rename, fsync of the directory; without
 * the two fsyncs when it need not be durable. */
int journal_file_put(int dir, const char *name, mode_t mode, bool durable, struct span text);
/* Appends the whole of the file to out (ENOMEM; EFBIG: longer than out may grow). */
int journal_file_get(int dir, const char *name, struct sbuf *out);

#endif
