/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "journal_fixture.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "record_avro.h"

#define PATIENCE_MS 20000

static void report(void *arg, bool trouble, const char *text)
{
    struct fixture *f = arg;
    pthread_mutex_lock(&f->lock);
    size_t len = strlen(f->told);
    snprintf(f->told + len, sizeof f->told - len, "%s%s\n", trouble ? "! " : "", text);
    pthread_mutex_unlock(&f->lock);
}

int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    /* hundreds of syncs: where they cost nothing, if there is such a place */
    snprintf(f->dir, sizeof f->dir, "%s/vouch-journal-XXXXXX",
             access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->tree, sizeof f->tree, "%s/journal", f->dir);
    snprintf(f->path, sizeof f->path, "%s/mx1", f->tree);
    pthread_mutex_init(&f->lock, NULL);
    f->options = (struct journal_options){.dir = f->tree,
                                          .writer = "mx1",
                                          .interval_ms = 20,
                                          .segment_bytes = 1u << 20,
                                          .memory_bytes = 1u << 20,
                                          .must = true,
                                          .report = report,
                                          .report_arg = f};
    *state = f;
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int teardown(void **state)
{
    struct fixture *f = *state;
    nftw(f->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    pthread_mutex_destroy(&f->lock);
    free(f);
    return 0;
}

struct journal *open_or_fail(struct fixture *f, const struct journal_options *options)
{
    char error[500];
    struct journal *j = journal_open(options ? options : &f->options, error, sizeof error);
    if (!j)
        fail_msg("%s", error);
    return j;
}

void record_names(uint64_t n, char id_r[RECORD_ID_TEXT], char message_id_r[64])
{
    const uint8_t random[10] = {0};
    record_id(id_r, (int64_t)n * 1000000, random);
    snprintf(message_id_r, 64, "%" PRIu64 "@example.org", n);
}

/* A label that n alone decides, of up to 400 bytes; its message has the message-id of record same. */
static size_t datum_of(uint64_t n, uint64_t same, char datum_r[1024])
{
    char other[64], message_id[64], sensor[400];
    struct sbuf b;
    struct message m = {.message_id = message_id, .client_hop = -1};
    struct evidence ev = {.dkim_count = 0};
    struct label label = {.source = LABEL_PERSON};
    struct record r = {.kind = RECORD_LABEL,
                       .time_us = (int64_t)n * 1000000,
                       .sensor = sensor,
                       .subject = "mid:0",
                       .labels = &label,
                       .label_count = 1,
                       .message = &m,
                       .evidence = &ev};
    size_t len = (size_t)snprintf(sensor, sizeof sensor, "record-%" PRIu64 "-", n);
    for (uint64_t i = 0; i < n * 37 % 300; i++)
        sensor[len++] = (char)('a' + (n + i) % 26);
    sensor[len] = '\0';
    record_names(same, other, message_id);
    record_names(n, r.id, other);
    m.arena = arena_new(1 << 20);
    sbuf_init(&b, 1024);
    assert_int_equal(record_encode(&b, &r), 0);
    len = b.len;
    memcpy(datum_r, b.p, len);
    sbuf_clear(&b);
    arena_free(&m.arena);
    return len;
}

uint64_t append_same(struct journal *j, uint64_t n, uint64_t same)
{
    char datum[1024], id[64], message_id[64], other[64];
    uint64_t number;
    size_t len = datum_of(n, same, datum);
    record_names(n, id, other);
    record_names(same, other, message_id);
    int rc = journal_append(j, span_make(datum, len), span_of(id), span_of(message_id),
                            (int64_t)n * 1000000, &number);
    assert_true(rc == 0 || rc == VOUCH_E_IO);
    return number;
}

uint64_t append_one(struct journal *j, uint64_t n)
{
    return append_same(j, n, n);
}

void append_many(struct journal *j, uint64_t first, uint64_t last)
{
    for (uint64_t n = first; n <= last; n++)
        assert_int_equal(append_one(j, n), n);
}

/* Its sensor says which it is. */
void assert_entry(const struct journal_entry *e, uint64_t n)
{
    char part[64];
    int len = snprintf(part, sizeof part, "record-%" PRIu64 "-", n);
    if (!memmem(e->datum.p, e->datum.len, part, (size_t)len))
        fail_msg("number %" PRIu64 " is not record %" PRIu64 ": %.*s", e->number, n,
                 SPAN_ARGS(e->datum));
}

uint64_t read_all(struct fixture *f, uint64_t after, uint64_t n)
{
    char error[400];
    struct journal_entry e;
    struct journal_reader *r = journal_reader_open(f->path, after, error, sizeof error);
    uint64_t count = 0, number = after;
    int rc;
    if (!r)
        fail_msg("%s", error);
    while ((rc = journal_reader_next(r, &e)) == 1) {
        if (e.number > number + 1 && count > 0) /* a gap */
            n = e.number - count;
        number = e.number;
        assert_entry(&e, n + count);
        count++;
    }
    if (rc != 0)
        fail_msg("%s", journal_reader_error(r));
    journal_reader_close(&r);
    return count;
}

/* Forgets all that was told when it is there. */
static bool was_told(struct fixture *f, const char *part)
{
    pthread_mutex_lock(&f->lock);
    bool there = strstr(f->told, part) != NULL;
    if (there)
        f->told[0] = '\0';
    pthread_mutex_unlock(&f->lock);
    return there;
}

void wait_files(struct fixture *f, const char *ending, unsigned n)
{
    int64_t deadline = clock_ms() + PATIENCE_MS;
    while (count_files(f, ending) != n) {
        if (clock_ms() > deadline)
            fail_msg("%u files *%s, not %u", count_files(f, ending), ending, n);
        nap();
    }
}

void wait_sealed(struct fixture *f)
{
    int64_t deadline = clock_ms() + PATIENCE_MS;
    while (count_files(f, ".open") > 1) {
        if (clock_ms() > deadline)
            fail_msg("%u segments are still open", count_files(f, ".open"));
        nap();
    }
}

void shell(struct fixture *f, const char *command)
{
    char all[1400];
    snprintf(all, sizeof all, "cd %s && { %s; }", f->tree, command);
    if (system(all) != 0)
        fail_msg("%s", command);
}

void as_if_killed(struct fixture *f)
{
    shell(f, "sed -i 's/ [0-9]*$/ 0/' mx1/boot");
}

void chmod_file(struct fixture *f, const char *name, mode_t mode)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    assert_int_equal(chmod(path, mode), 0);
}

void assert_told(struct fixture *f, const char *part)
{
    if (!was_told(f, part))
        fail_msg("\"%s\" does not say \"%s\"", f->told, part);
}

void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

void wait_told(struct fixture *f, const char *part)
{
    int64_t deadline = clock_ms() + PATIENCE_MS;
    while (!was_told(f, part)) {
        if (clock_ms() > deadline)
            fail_msg("\"%s\" does not say \"%s\"", f->told, part);
        nap();
    }
}

void assert_quiet(struct fixture *f)
{
    assert_string_equal(f->told, "");
}

void wait_well(struct journal *j)
{
    int64_t deadline = clock_ms() + PATIENCE_MS;
    struct journal_state st;
    for (journal_state(j, &st); st.failing || st.in_memory > 0; journal_state(j, &st)) {
        if (clock_ms() > deadline)
            fail_msg("still failing: %s", st.trouble);
        nap();
    }
}

static void file_path(struct fixture *f, const char *name, char path_r[512])
{
    snprintf(path_r, 512, "%s/%s", f->path, name);
}

void write_file(struct fixture *f, const char *name, const char *text)
{
    char path[512];
    file_path(f, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

void remove_file(struct fixture *f, const char *name)
{
    char path[512];
    file_path(f, name, path);
    assert_int_equal(unlink(path), 0);
}

void cut_file(struct fixture *f, const char *name, off_t size)
{
    char path[512];
    file_path(f, name, path);
    assert_int_equal(truncate(path, size), 0);
}

void flip_byte(struct fixture *f, const char *name, off_t at)
{
    char path[512];
    uint8_t byte;
    file_path(f, name, path);
    assert_int_equal(chmod(path, 0600), 0);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

off_t file_size(struct fixture *f, const char *name)
{
    char path[512];
    struct stat st;
    file_path(f, name, path);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

mode_t mode_of(struct fixture *f, const char *name)
{
    char path[512];
    struct stat st;
    file_path(f, name, path);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

unsigned count_files(struct fixture *f, const char *ending)
{
    unsigned n = 0;
    DIR *d = opendir(f->path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        size_t len = strlen(e->d_name), end = strlen(ending);
        n += len >= end && strcmp(e->d_name + len - end, ending) == 0;
    }
    closedir(d);
    return n;
}
