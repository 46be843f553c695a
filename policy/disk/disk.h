/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_DISK_H
#define VOUCH_DISK_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files in a directory that is the daemon's, also where root makes them. Beside the clock, out of the pure rooms' reach. All return
 * -1 with errno where they fail. */

/* Root's new file, or directory, becomes the directory owner's. 0 or -1. */
static inline int disk_give(int dir, int fd)
{
    struct stat st;
    if (geteuid() != 0)
        return 0;
    if (fstat(dir, &st) != 0)
        return -1;
    return st.st_uid == 0 ? 0 : fchown(fd, st.st_uid, st.st_gid);
}

/* Closes, and leaves errno alone. -1. */
static inline int disk_close_failed(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Never through a symbolic link. flags: of openat; with O_CREAT as disk_give. */
static inline int disk_file_open(int dir, const char *name, int flags, mode_t mode)
{
    int fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
    return fd >= 0 && flags & O_CREAT && disk_give(dir, fd) != 0 ? disk_close_failed(fd) : fd;
}

/* Whole, or -1: then part of it may be there. */
static inline int disk_write_all(int fd, const void *p, size_t len)
{
    const char *at = p;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            return -1;
        }
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

#endif
