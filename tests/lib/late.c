/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds tests, and code, that hold only as long as nothing comes late: a library for LD_PRELOAD
 * (make check-late) that has threads begin late, and one in so many of the calls that others wait
 * for done late, at random, in the programs below $VOUCH_BUILDDIR and no others.
 *
 *   LATE_THREAD   ms; a new thread begins after up to this long
 *   LATE_CALL     ms; a call takes up to this much longer, before it or after it
 *   LATE_ONE_IN   how many calls there are to one that comes late (16); of mutexes, of which there
 *                 are so many, a hundred times as many
 *
 * It sleeps, so it costs no CPU and many tests may run at once, and it does so without libc, so that it goes with sanitizers;
 * sandbox.c allows it clock_nanosleep. A test that sets LD_PRELOAD itself (libfaketime) is without it. Where a
 * deadline is shorter than the delays, a test may rightly fail: the delays are to be chosen below it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STARTS       4096 /* threads that may be about to begin at once */
#define MUTEX_SELDOM 100
#define PATH_BYTES   4096

static struct {
    uint32_t thread_ms, call_ms, one_in, seed;
    atomic_uint_fast32_t drawn, started;
} late;

static struct start {
    void *(*run)(void *);
    void *arg;
} starts[STARTS];

static uint32_t number(const char *name, uint32_t unset)
{
    const char *s = getenv(name);
    return s ? (uint32_t)strtoul(s, NULL, 10) : unset;
}

static bool is_meant(void)
{
    char path[PATH_BYTES];
    const char *below = getenv("VOUCH_BUILDDIR");
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    return below && n > (ssize_t)strlen(below) && memcmp(path, below, strlen(below)) == 0;
}

__attribute__((constructor)) static void late_begin(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    late.seed = (uint32_t)now.tv_nsec;
    if (is_meant()) {
        late.one_in = number("LATE_ONE_IN", 16);
        late.thread_ms = number("LATE_THREAD", 0);
        late.call_ms = number("LATE_CALL", 0);
    }
}

/* MurmurHash3's finalizer over a counter; forked processes differ */
static uint32_t draw(void)
{
    uint32_t x = late.seed + (uint32_t)getpid() * 0x85ebca77U;
    x += (uint32_t)atomic_fetch_add(&late.drawn, 1) * 0x9e3779b9U;
    x = (x ^ x >> 16) * 0x85ebca6bU;
    x = (x ^ x >> 13) * 0xc2b2ae35U;
    return x ^ x >> 16;
}

static void nap(uint32_t most_ms)
{
    uint64_t us = (uint64_t)draw() * most_ms * 1000 >> 32;
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000 * 1000)};
    int saved = errno;
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL);
    errno = saved;
}

static void perhaps(uint32_t seldom)
{
    if (late.call_ms != 0 && draw() % (late.one_in * seldom) == 0)
        nap(late.call_ms);
}

static void *begin_late(void *arg)
{
    struct start s = *(struct start *)arg;
    nap(late.thread_ms);
    return s.run(s.arg);
}

typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    create *next = (create *)dlsym(RTLD_NEXT, "pthread_create");
    if (late.thread_ms == 0)
        return next(t, attr, run, arg);
    struct start *s = &starts[atomic_fetch_add(&late.started, 1) % STARTS];
    *s = (struct start){run, arg};
    int rc = next(t, attr, begin_late, s);
    if (draw() % 4 == 0) /* now and then it is who began it that is late */
        nap(late.thread_ms);
    return rc;
}

/* Whether it is late before or after it is done is all one to who waits, but not to who looks. */
#define LATE(type, name, params, args, seldom, version)                                            \
    type name params                                                                               \
    {                                                                                              \
        static type(*_Atomic found) params;                                                        \
        type(*next) params = found;                                                                \
        if (!next) {                                                                               \
            next = (type(*) params)(version[0] ? dlvsym(RTLD_NEXT, #name, version)                 \
                                               : dlsym(RTLD_NEXT, #name));                         \
            found = next;                                                                          \
        }                                                                                          \
        perhaps(seldom);                                                                           \
        type done = next args;                                                                     \
        perhaps(seldom);                                                                           \
        return done;                                                                               \
    }

/* glibc has two of these on some machines; programs use the newer */
#ifdef __x86_64__
#define COND "GLIBC_2.3.2"
#else
#define COND ""
#endif

LATE(int, pthread_cond_signal, (pthread_cond_t * c), (c), 1, COND)
LATE(int, pthread_cond_broadcast, (pthread_cond_t * c), (c), 1, COND)
LATE(int, pthread_mutex_lock, (pthread_mutex_t * m), (m), MUTEX_SELDOM, "")
LATE(int, pthread_mutex_unlock, (pthread_mutex_t * m), (m), MUTEX_SELDOM, "")
LATE(int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), 1, "")
LATE(int, accept, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n), 1, "")
LATE(int, accept4, (int fd, struct sockaddr *a, socklen_t *n, int f), (fd, a, n, f), 1, "")
LATE(ssize_t, send, (int fd, const void *p, size_t n, int f), (fd, p, n, f), 1, "")
LATE(ssize_t, recv, (int fd, void *p, size_t n, int f), (fd, p, n, f), 1, "")
LATE(ssize_t, sendmsg, (int fd, const struct msghdr *m, int f), (fd, m, f), 1, "")
LATE(ssize_t, recvmsg, (int fd, struct msghdr *m, int f), (fd, m, f), 1, "")
LATE(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), 1, "")
LATE(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n), 1, "")
LATE(int, poll, (struct pollfd * p, nfds_t n, int ms), (p, n, ms), 1, "")
LATE(int, ppoll, (struct pollfd * p, nfds_t n, const struct timespec *t, const sigset_t *m),
     (p, n, t, m), 1, "")
LATE(ssize_t, readv, (int fd, const struct iovec *v, int n), (fd, v, n), 1, "")
LATE(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), 1, "")
LATE(int, fsync, (int fd), (fd), 1, "")
LATE(int, fdatasync, (int fd), (fd), 1, "")
LATE(int, rename, (const char *a, const char *b), (a, b), 1, "")
LATE(int, unlink, (const char *a), (a), 1, "")
LATE(int, close, (int fd), (fd), 1, "")
LATE(int, kill, (pid_t p, int s), (p, s), 1, "")
LATE(pid_t, waitpid, (pid_t p, int *s, int o), (p, s, o), 1, "")
