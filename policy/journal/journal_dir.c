/* SPDX-License-Identifier: BSD-2-Clause */
/* Files in a writer's directory. */
#include "config.h"
#include "journal_dir.h"
#include "disk.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS 20 /* of UINT64_MAX */

void journal_name(char name_r[JOURNAL_NAME_MAX], uint64_t first, const char *extension)
{
    snprintf(name_r, JOURNAL_NAME_MAX, "%020" PRIu64 "%s", first, extension);
}

/* Adds a file; those of one segment are merged later. */
static int list_add(struct journal_list *list, uint64_t first, const char *extension)
{
    if ((list->count & (list->count - 1)) == 0) { /* room for a power of two, and full */
        size_t room = list->count ? list->count * 2 : 1;
        struct journal_item *items = realloc(list->items, room * sizeof *items);
        if (!items)
            return -1;
        list->items = items;
    }
    list->items[list->count++] = (struct journal_item){.first = first,
                                                       .open = strcmp(extension, ".open") == 0,
                                                       .sealed = strcmp(extension, ".avro") == 0,
                                                       .index = strcmp(extension, ".index") == 0};
    return 0;
}

/* One item for each segment of a sorted list. */
static void merge(struct journal_list *list)
{
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct journal_item *item = &list->items[i];
        struct journal_item *same = n > 0 ? &list->items[n - 1] : NULL;
        if (same && same->first == item->first) {
            same->open |= item->open;
            same->sealed |= item->sealed;
            same->index |= item->index;
        } else {
            list->items[n++] = *item;
        }
    }
    list->count = n;
}

static int by_first(const void *a, const void *b)
{
    uint64_t x = ((const struct journal_item *)a)->first,
             y = ((const struct journal_item *)b)->first;
    return (x > y) - (x < y);
}

static bool is_segment(const char *name, uint64_t *first_r)
{
    const char *dot = strchr(name, '.');
    return dot && dot - name == DIGITS &&
           span_uint(span_make(name, DIGITS), UINT64_MAX, first_r) == 0 && *first_r > 0 &&
           (strcmp(dot, ".open") == 0 || strcmp(dot, ".avro") == 0 || strcmp(dot, ".index") == 0);
}

int journal_list_read(int dir, struct journal_list *list_r)
{
    *list_r = (struct journal_list){0};
    /* a description of its own: its position is nobody else's */
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    int rc = 0, error = 0;
    while (rc == 0) {
        uint64_t first;
        errno = 0;
        struct dirent *e = readdir(d);
        error = errno;
        if (!e)
            break;
        if (is_segment(e->d_name, &first) &&
            (rc = list_add(list_r, first, e->d_name + DIGITS)) != 0)
            error = ENOMEM;
    }
    closedir(d);
    if (list_r->count)
        qsort(list_r->items, list_r->count, sizeof *list_r->items, by_first);
    merge(list_r);
    errno = error;
    return error ? -1 : rc;
}

void journal_list_clear(struct journal_list *list)
{
    free(list->items);
    *list = (struct journal_list){0};
}

int journal_dir_open(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int journal_dir_sync(int dir)
{
    return fsync(dir);
}

int journal_dir_inherit(int dir)
{
    int above = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0)
        return -1;
    int rc = disk_give(above, dir), error = errno;
    close(above);
    errno = error;
    return rc;
}

int journal_dir_make(int dir, const char *name, mode_t mode)
{
    if (mkdirat(dir, name, mode) != 0)
        return -1;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    int rc = disk_give(dir, fd), error = errno;
    close(fd);
    errno = error;
    return rc;
}

ssize_t journal_read_at(int fd, void *p, size_t len, uint64_t at)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = pread(fd, (char *)p + got, len - got, (off_t)(at + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

int journal_file_put(int dir, const char *name, mode_t mode, bool durable, struct span text)
{
    char tmp[JOURNAL_NAME_MAX];
    snprintf(tmp, sizeof tmp, "%s.tmp", name);
    int fd = disk_file_open(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC, mode);
    if (fd < 0)
        return -1;
    int rc = disk_write_all(fd, text.p, text.len);
    if (rc == 0 && durable)
        rc = fsync(fd);
    int error = errno;
    if (close(fd) != 0 && rc == 0) {
        rc = -1;
        error = errno;
    }
    if (rc == 0) {
        rc = renameat(dir, tmp, dir, name);
        error = errno;
    }
    if (rc == 0)
        return durable ? journal_dir_sync(dir) : 0;
    unlinkat(dir, tmp, 0);
    errno = error;
    return -1;
}

int journal_file_get(int dir, const char *name, struct sbuf *out)
{
    char chunk[4096];
    ssize_t n;
    bool fits = true;
    int fd = disk_file_open(dir, name, O_RDONLY, 0);
    if (fd < 0)
        return -1;
    for (uint64_t at = 0;
         (n = journal_read_at(fd, chunk, sizeof chunk, at)) > 0 && fits && !out->failed;
         at += (uint64_t)n) {
        fits = (size_t)n <= out->max - out->len;
        if (fits)
            sbuf_add(out, chunk, (size_t)n);
    }
    int error = n < 0 ? errno : !fits ? EFBIG : ENOMEM;
    close(fd);
    errno = error;
    return n < 0 || !fits || out->failed ? -1 : 0;
}
