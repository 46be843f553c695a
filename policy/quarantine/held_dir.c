/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and files in the quarantine's directory. A temporary file is locked (flock) by who writes it, and the lock goes with
 * him, however he ends: so a leftover is known without asking how old it is. */
#include "config.h"
#include "held_dir.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "ascii.h"
#include "disk.h"

#define DIR_MODE  0750
#define FILE_MODE 0640
#define TEMP      ".tmp"

bool held_id_ok(const char *id)
{
    for (int i = 0; i < HELD_ID_TEXT - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool lower = id[i] == ascii_lower(id[i]);
        if (dash ? id[i] != '-' : ascii_hex(id[i]) < 0 || !lower)
            return false;
    }
    return id[14] == '7' && strchr("89ab", id[19]) && id[HELD_ID_TEXT - 1] == '\0';
}

int64_t held_id_us(const char *id)
{
    int64_t ms = 0;
    for (int i = 0; i < 13; i++) /* RFC 9562 s5.7: 48 bits of milliseconds */
        if (id[i] != '-')
            ms = ms << 4 | ascii_hex(id[i]);
    return ms * 1000;
}

void held_day(char day_r[HELD_DAY_TEXT], const char *id)
{
    time_t seconds = (time_t)(held_id_us(id) / 1000000);
    struct tm tm = {0};
    gmtime_r(&seconds, &tm);
    if (tm.tm_year > 9999 - 1900) /* 48 bits reach the year 10889 */
        tm = (struct tm){.tm_year = 9999 - 1900, .tm_mon = 11, .tm_mday = 31};
    strftime(day_r, HELD_DAY_TEXT, "%Y-%m-%d", &tm);
}

void held_name(char name_r[HELD_NAME_MAX], const char *id, const char *extension)
{
    snprintf(name_r, HELD_NAME_MAX, "%s%s", id, extension);
}

/* A directory that was just made: its owner, and on the disk. */
static int settle(int fd)
{
    int above = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0)
        return -1;
    if (disk_give(above, fd) != 0 || fsync(above) != 0)
        return disk_close_failed(above);
    close(above);
    return 0;
}

int held_dir_open(int above, const char *path, bool make)
{
    bool made = make && mkdirat(above, path, DIR_MODE) == 0;
    if (make && !made && errno != EEXIST)
        return -1;
    int fd = openat(above, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && made && settle(fd) != 0)
        return disk_close_failed(fd);
    return fd;
}

int held_file_open(int dir, const char *name, int flags)
{
    return disk_file_open(dir, name, flags | O_NONBLOCK, FILE_MODE); /* for what is no file */
}

/* The file is locked by us and still has its name, or was swept away in between. */
static bool still_there(int fd)
{
    struct stat st;
    return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0;
}

int held_temp_make(int dir, char name_r[HELD_NAME_MAX])
{
    for (int tries = 0; tries < 10; tries++) {
        uint64_t random = 0;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return -1;
        snprintf(name_r, HELD_NAME_MAX, "%016" PRIx64 TEMP, random);
        int fd = held_file_open(dir, name_r, O_RDWR | O_CREAT | O_EXCL);
        if (fd < 0 && errno != EEXIST)
            return -1;
        if (fd >= 0 && still_there(fd))
            return fd;
        if (fd >= 0)
            close(fd);
    }
    errno = EEXIST;
    return -1;
}

void held_temp_sweep(int dir, const char *name)
{
    int fd = held_is_temp(name) ? held_file_open(dir, name, O_RDONLY) : -1;
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(dir, name, 0);
    close(fd);
}

bool held_is_day(const char *name)
{
    static const char shape[] = "0000-00-00";
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (shape[i] == '-' ? name[i] != '-' : !ascii_is_digit(name[i]))
            return false;
    return name[sizeof shape - 1] == '\0';
}

static bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

bool held_is_message(const char *name)
{
    char id[HELD_ID_TEXT];
    snprintf(id, sizeof id, "%s", name);
    return held_id_ok(id) && strcmp(name + HELD_ID_TEXT - 1, ".held") == 0;
}

bool held_is_temp(const char *name)
{
    return ends_in(name, TEMP);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_add(char ***names, size_t *count, const char *name)
{
    if ((*count & (*count - 1)) == 0) { /* room for a power of two, and full */
        char **more = realloc(*names, (*count ? *count * 2 : 1) * sizeof *more);
        if (!more)
            return -1;
        *names = more;
    }
    char *copy = strdup(name);
    if (!copy)
        return -1;
    (*names)[(*count)++] = copy;
    return 0;
}

int held_list(int dir, bool (*accept)(const char *name), char ***names_r, size_t *count_r)
{
    *names_r = NULL;
    *count_r = 0;
    /* a description of its own: its position is nobody else's */
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d)
        return fd < 0 ? -1 : disk_close_failed(fd);
    struct dirent *e;
    int error = 0;
    while (!error && (errno = 0, e = readdir(d)))
        if (accept(e->d_name) && list_add(names_r, count_r, e->d_name) != 0)
            error = ENOMEM;
    error = error ? error : errno;
    closedir(d);
    if (error) {
        held_list_free(names_r, *count_r);
        errno = error;
        return -1;
    }
    if (*count_r)
        qsort(*names_r, *count_r, sizeof **names_r, by_name);
    return 0;
}

void held_list_free(char ***namesp, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((*namesp)[i]);
    free(*namesp);
    *namesp = NULL;
}
