/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_JOURNAL_FIXTURE_H
#define VOUCH_JOURNAL_FIXTURE_H

#include <pthread.h>
#include <sys/stat.h>
#include "journal.h"
#include "journal_reader.h"
#include "record.h"

/* A journal in a directory of its own, what it reported, and records that can be told apart. */
struct fixture {
    char dir[64], path[256]; /* the tree's parent; DIR/mx1 */
    char tree[80];
    struct journal_options options;
    pthread_mutex_t lock;
    char told[4096]; /* what was reported, and not asked for yet */
};

int setup(void **state);
int teardown(void **state);
/* options NULL: the fixture's */
struct journal *open_or_fail(struct fixture *f, const struct journal_options *options);

/* Record n's id, and its message-id. */
void record_names(uint64_t n, char id_r[RECORD_ID_TEXT], char message_id_r[64]);
/* Appends record n with the message-id of another. */
uint64_t append_same(struct journal *j, uint64_t n, uint64_t same);
/* Appends record n; its number, or 0 when it is only kept. */
uint64_t append_one(struct journal *j, uint64_t n);
/* Appends first to last, which get these numbers. */
void append_many(struct journal *j, uint64_t first, uint64_t last);
/* It is record n. */
void assert_entry(const struct journal_entry *e, uint64_t n);
/* Reads all after `after`; the first of them is record n (of that number if there is no gap), and the
 * rest follow it by one. Their count. */
uint64_t read_all(struct fixture *f, uint64_t after, uint64_t n);

void assert_told(struct fixture *f, const char *part);
void wait_told(struct fixture *f, const char *part);
void assert_quiet(struct fixture *f);
void nap(void); /* 5 ms */
void wait_well(struct journal *j);

/* Files in DIR/mx1 ("": itself). */
void write_file(struct fixture *f, const char *name, const char *text);
void remove_file(struct fixture *f, const char *name);
void cut_file(struct fixture *f, const char *name, off_t size);
void flip_byte(struct fixture *f, const char *name, off_t at);
void chmod_file(struct fixture *f, const char *name, mode_t mode);
off_t file_size(struct fixture *f, const char *name);
mode_t mode_of(struct fixture *f, const char *name);
/* Files whose name ends so. */
unsigned count_files(struct fixture *f, const char *ending);
/* The journal that was closed was not: its last number is not noted. */
void as_if_killed(struct fixture *f);
/* Until there are n of them. */
void wait_files(struct fixture *f, const char *ending, unsigned n);
/* Until full segments are sealed: one is left open, or none where the last record filled it. */
void wait_sealed(struct fixture *f);
/* Runs the command in the tree. */
void shell(struct fixture *f, const char *command);

#endif
