/* SPDX-License-Identifier: BSD-2-Clause */
/* Background, identity, pid file. Nothing here follows a path that the unprivileged user could have turned: the socket is made
 * under that user's own identity, and the pid file is opened without following links. */
#include "config.h" /* pthread_setattr_default_np */
#include "process.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#ifdef __linux__
#include <linux/capability.h>
#include <sys/syscall.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <openssl/crypto.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* The process that was started: ends when the daemon is ready or has ended. */
static _Noreturn void wait_for(pid_t child, int fd)
{
    char ready;
    ssize_t n;
    int status;
    do
        n = read(fd, &ready, 1);
    while (n < 0 && errno == EINTR);
    if (n == 1)
        _exit(EX_OK);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            _exit(EX_OSERR);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE);
}

int process_background(int *fd_r, char *error_r, size_t size)
{
    int fds[2];
    if (pipe(fds) != 0) {
        snprintf(error_r, size, "cannot make a pipe: %s", strerror(errno));
        return EX_OSERR;
    }
    pid_t child = fork();
    if (child < 0) {
        snprintf(error_r, size, "cannot fork: %s", strerror(errno));
        return EX_OSERR;
    }
    if (child > 0) {
        close(fds[1]);
        wait_for(child, fds[0]);
    }
    close(fds[0]);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    setsid();
    if (chdir("/") != 0)
        return EX_OSERR;
    *fd_r = fds[1];
    return 0;
}

void process_ready(int fd)
{
    if (fd < 0)
        return;
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; null >= 0 && i <= 2; i++)
        dup2(null, i);
    if (null > 2)
        close(null);
    ssize_t n = write(fd, "r", 1);
    (void)n; /* whoever waited is gone: nobody is left to be told */
    close(fd);
}

int process_identify(const char *user, const char *socket_group, struct process_identity *id_r,
                     char *error_r, size_t size)
{
    *id_r = (struct process_identity){.uid = geteuid(), .gid = getegid(), .socket_gid = (gid_t)-1};
    if (user) {
        const struct passwd *pw = getpwnam(user);
        if (!pw) {
            snprintf(error_r, size, "user '%s' (milter.user) does not exist", user);
            return EX_NOUSER;
        }
        if (geteuid() != 0 && geteuid() != pw->pw_uid) {
            snprintf(error_r, size, "only root can start vouch-milter as user '%s'", user);
            return EX_NOPERM;
        }
        id_r->uid = pw->pw_uid;
        id_r->gid = pw->pw_gid;
        id_r->user = geteuid() == 0 ? user : NULL;
    }
    const struct group *gr = socket_group ? getgrnam(socket_group) : NULL;
    if (socket_group && !gr) {
        snprintf(error_r, size, "group '%s' (milter.socket_group) does not exist", socket_group);
        return EX_NOUSER;
    }
    if (gr)
        id_r->socket_gid = gr->gr_gid;
    return 0;
}

static int refused(const char *what, char *error_r, size_t size)
{
    snprintf(error_r, size, "%s: %s", what, strerror(errno));
    return EX_OSERR;
}

int process_assume(const struct process_identity *id, char *error_r, size_t size)
{
    if (geteuid() != 0)
        return 0;
    gid_t gid = id->socket_gid == (gid_t)-1 ? id->gid : id->socket_gid;
    if ((id->user && initgroups(id->user, id->gid) != 0) || setegid(gid) != 0 ||
        seteuid(id->uid) != 0)
        return refused("cannot assume the daemon's identity", error_r, size);
    return 0;
}

int process_resume(const struct process_identity *id, char *error_r, size_t size)
{
    if (getuid() != 0)
        return 0;
    if (seteuid(0) != 0 || setegid(id->gid) != 0)
        return refused("cannot resume root's identity", error_r, size);
    return 0;
}

/* What it was started with, by whoever meant it well: nothing here needs any. A service manager's filter may refuse the second call,
 * but then there are none. */
static int drop_capabilities(char *error_r, size_t size)
{
#ifdef __linux__
    struct __user_cap_header_struct self = {_LINUX_CAPABILITY_VERSION_3, 0};
    static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
    struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &self, held) == 0 && memcmp(held, none, sizeof none) == 0)
        return 0;
    if (syscall(SYS_capset, &self, none) != 0)
        return refused("cannot give up capabilities", error_r, size);
#endif
    return 0;
}

int process_drop(const struct process_identity *id, char *error_r, size_t size)
{
    if (!id->user)
        return geteuid() == 0 ? 0 : drop_capabilities(error_r, size);
    if (initgroups(id->user, id->gid) != 0 || setgid(id->gid) != 0 || setuid(id->uid) != 0)
        return refused("cannot give up root's rights", error_r, size);
    if (id->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0)) {
        snprintf(error_r, size, "root's rights could be taken back: not going on");
        return EX_SOFTWARE;
    }
    return id->uid != 0 ? drop_capabilities(error_r, size) : 0;
}

int process_pid_file(const char *path, int *fd_r, char *error_r, size_t size)
{
    struct stat st;
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd < 0 || fstat(fd, &st) != 0) {
        snprintf(error_r, size, "pid file %s: %s", path, strerror(errno));
        goto fail;
    }
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
        snprintf(error_r, size, "pid file %s: is not a plain file", path);
        goto fail;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t got = pread(fd, text, sizeof text - 1, 0);
        text[got > 0 ? got : 0] = '\0';
        snprintf(error_r, size, "pid file %s: another vouch-milter runs, process %ld", path,
                 strtol(text, NULL, 10));
        close(fd);
        return EX_TEMPFAIL;
    }
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        snprintf(error_r, size, "pid file %s: %s", path, strerror(errno));
        goto fail;
    }
    *fd_r = fd;
    return 0;
fail:
    if (fd >= 0)
        close(fd);
    return EX_CANTCREAT;
}

void process_pid_file_clear(int fd)
{
    if (fd >= 0 && ftruncate(fd, 0) != 0)
        close(fd); /* the lock tells as much */
}

/* The deepest stack seen with hostile messages is 24 KiB (tests/milter/hostile.bats prints it); address sanitizers take
 * several times that, and keep the system's 8 MiB. Each arena of malloc's is kept as it once grew; more than the
 * processors that run are of no use, and messages spend little of their time in malloc. */
#define STACK_BYTES   (512u << 10)
#define MALLOC_ARENAS 4

void process_bound_memory(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    pthread_attr_t attributes;
    mallopt(M_ARENA_MAX, MALLOC_ARENAS);
    if (pthread_attr_init(&attributes) != 0)
        return;
    if (pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0)
        (void)pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
#endif
}

void process_trim_memory(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void process_raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files); /* the soft limit does, if it must */
}
