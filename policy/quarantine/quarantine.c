/* SPDX-License-Identifier: BSD-2-Clause */
/* The quarantine as a directory: opened, counted, walked. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "held_dir.h"
#include "held_keys.h"
#include "quarantine_private.h"

#define RECOUNT_MS   1000 /* a full quarantine is not counted anew for each message */
#define LOCK_POLL_MS 20

static int open_all(struct quarantine *q, const struct quarantine_options *o, char *error_r,
                    size_t size)
{
    if (!(q->path = strdup(o->dir)) || (o->key_file && !(q->keys = calloc(1, sizeof *q->keys)))) {
        snprintf(error_r, size, "%s", vouch_strerror(VOUCH_E_NOMEM));
        return -1;
    }
    if (o->key_file && sodium_init() < 0) {
        snprintf(error_r, size, "libsodium has no randomness");
        return -1;
    }
    if (o->key_file && held_keys_read(o->key_file, q->keys, error_r, size) != 0)
        return -1;
    q->dir = held_dir_open(AT_FDCWD, o->dir, true);
    if (q->dir < 0)
        snprintf(error_r, size, "cannot use the quarantine directory %s: %s%s", o->dir,
                 strerror(errno),
                 errno == EACCES ? " (it belongs to the user that vouch-milter runs as)" : "");
    return q->dir < 0 ? -1 : 0;
}

struct quarantine *quarantine_open(const struct quarantine_options *options, char *error_r,
                                   size_t size)
{
    struct quarantine *q = calloc(1, sizeof *q);
    if (!q) {
        snprintf(error_r, size, "%s", vouch_strerror(VOUCH_E_NOMEM));
        return NULL;
    }
    pthread_mutex_init(&q->lock, NULL);
    q->dir = -1;
    q->bytes = options->bytes;
    q->memory_bytes = options->memory_bytes;
    if (open_all(q, options, error_r, size) != 0)
        quarantine_close(&q);
    return q;
}

void quarantine_close(struct quarantine **qp)
{
    struct quarantine *q = *qp;
    *qp = NULL;
    if (!q)
        return;
    if (q->dir >= 0)
        close(q->dir);
    if (q->keys)
        explicit_bzero(q->keys, sizeof *q->keys);
    free(q->keys);
    free(q->path);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

int quarantine_day(const struct quarantine *q, const char *id, bool make)
{
    char day[HELD_DAY_TEXT];
    held_day(day, id);
    return held_dir_open(q->dir, day, make);
}

/* The lock on the log holds, and log and message are still there. */
static bool is_there(int day, const char *id, int log)
{
    char name[HELD_NAME_MAX];
    struct stat st;
    held_name(name, id, ".held");
    return fstat(log, &st) == 0 && st.st_nlink > 0 && faccessat(day, name, F_OK, 0) == 0;
}

int quarantine_lock(int day, const char *id, unsigned wait_ms)
{
    char name[HELD_NAME_MAX], log_name[HELD_NAME_MAX];
    int64_t deadline = clock_ms() + wait_ms;
    held_name(name, id, ".held");
    held_name(log_name, id, ".log");
    for (;;) {
        if (faccessat(day, name, F_OK, 0) != 0)
            return -1;
        int fd = held_file_open(day, log_name, O_RDWR | O_CREAT | O_APPEND);
        if (fd < 0)
            return -1;
        int rc = flock(fd, LOCK_EX | LOCK_NB), error = errno;
        if (rc == 0 && is_there(day, id, fd))
            return fd;
        if (rc == 0) /* it was deleted meanwhile; ours would be left over */
            unlinkat(day, log_name, 0);
        close(fd);
        errno = error == EWOULDBLOCK ? EBUSY : error;
        if (rc != 0 && (errno != EBUSY || clock_ms() >= deadline))
            return -1;
        if (rc != 0)
            nanosleep(&(struct timespec){.tv_nsec = LOCK_POLL_MS * 1000000}, NULL);
    }
}

/* Calls each for the messages of a day. */
static int walk_day(struct quarantine *q, const char *day,
                    int (*each)(void *arg, const char *id, uint64_t bytes), void *arg)
{
    char **names;
    size_t count;
    struct stat st;
    int rc = 0, dir = held_dir_open(q->dir, day, false);
    if (dir < 0)
        return errno == ENOENT ? 0 : VOUCH_E_IO;
    if (held_list(dir, held_is_message, &names, &count) != 0) {
        rc = errno == ENOMEM ? VOUCH_E_NOMEM : VOUCH_E_IO;
    } else {
        for (size_t i = 0; rc == 0 && i < count; i++) {
            bool there = fstatat(dir, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0;
            names[i][HELD_ID_TEXT - 1] = '\0';
            rc = there ? each(arg, names[i], (uint64_t)st.st_size) : 0;
        }
        held_list_free(&names, count);
    }
    int error = errno;
    close(dir);
    errno = error;
    return rc;
}

int quarantine_each(struct quarantine *q, int (*each)(void *arg, const char *id, uint64_t bytes),
                    void *arg)
{
    char **days;
    size_t count;
    int rc = 0;
    if (held_list(q->dir, held_is_day, &days, &count) != 0)
        return errno == ENOMEM ? VOUCH_E_NOMEM : VOUCH_E_IO;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = walk_day(q, days[i], each, arg);
    held_list_free(&days, count);
    return rc;
}

static int add_bytes(void *sum, const char *id, uint64_t bytes)
{
    (void)id;
    *(uint64_t *)sum += bytes;
    return 0;
}

/* Others add and remove too. The lock is held. */
static void recount(struct quarantine *q)
{
    uint64_t sum = 0;
    if (q->counted_ms && clock_ms() - q->counted_ms < RECOUNT_MS)
        return;
    if (quarantine_each(q, add_bytes, &sum) == 0)
        q->kept = sum;
    q->counted_ms = clock_ms();
}

bool quarantine_reserve(struct quarantine *q, uint64_t bytes)
{
    bool fits = true;
    pthread_mutex_lock(&q->lock);
    if (q->bytes) {
        if (!q->counted_ms || q->kept + bytes > q->bytes)
            recount(q);
        fits = q->kept + bytes <= q->bytes;
    }
    if (fits)
        q->kept += bytes;
    pthread_mutex_unlock(&q->lock);
    return fits;
}

void quarantine_unreserve(struct quarantine *q, uint64_t bytes)
{
    pthread_mutex_lock(&q->lock);
    q->kept -= bytes < q->kept ? bytes : q->kept;
    pthread_mutex_unlock(&q->lock);
}
