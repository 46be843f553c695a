/* SPDX-License-Identifier: BSD-2-Clause */
/* The filter of system calls, by libseccomp.
 *
 * What is not in the list fails with ENOSYS, as on a kernel that does not have it: a libc or library that is newer than this list
 * then falls back to what it did before, and mail goes on. (EPERM would be taken for an answer, and to end the process
 * for a call that nobody foresaw would stop the mail.) The calls of never[] have nothing to fall back on and no honest
 * caller: there the process ends, the MTA does what it does without a filter, and the kernel's log names the call. So it does of
 * the others, unless the host has that switched off.
 *
 * The list is that of Linux and of glibc and musl together, on any machine: names that a machine does not have are passed over. */
#include "config.h"
#include "sandbox.h"
#include <stdio.h>

#ifndef HAVE_SECCOMP

int sandbox_enter(char *error_r, size_t size)
{
    snprintf(error_r, size, "this vouch-milter was built without libseccomp");
    return -1;
}

#else

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const allowed[] = {
    /* memory */
    "brk", "madvise", "membarrier", "mincore", "mremap", "msync", "munmap",
    /* files */
    "_llseek", "access", "chmod", "close", "close_range", "copy_file_range", "creat", "dup", "dup2",
    "dup3", "faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fallocate", "fchmod",
    "fchmodat", "fchmodat2", "fcntl", "fcntl64", "fdatasync", "flock", "fstat", "fstat64",
    "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate", "ftruncate64", "getcwd", "getdents",
    "getdents64", "link", "linkat", "lseek", "lstat", "lstat64", "mkdir", "mkdirat", "newfstatat",
    "open", "openat", "openat2", "pipe", "pipe2", "pread64", "preadv", "preadv2", "pwrite64",
    "pwritev", "pwritev2", "read", "readlink", "readlinkat", "readv", "rename", "renameat",
    "renameat2", "rmdir", "sendfile", "sendfile64", "stat", "stat64", "statfs", "statfs64", "statx",
    "sync_file_range", "sync_file_range2", "truncate", "truncate64", "umask", "unlink", "unlinkat",
    "utimensat", "utimensat_time64", "write", "writev",
    /* sockets, and waiting */
    "_newselect", "accept", "accept4", "bind", "connect", "epoll_create", "epoll_create1",
    "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "getpeername",
    "getsockname", "getsockopt", "listen", "poll", "ppoll", "ppoll_time64", "pselect6",
    "pselect6_time64", "recv", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "select",
    "send", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socketcall", "socketpair",
    /* time */
    "clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64", "clock_nanosleep",
    "clock_nanosleep_time64", "gettimeofday", "nanosleep", "time", "timerfd_create",
    "timerfd_settime", "timerfd_settime64",
    /* threads and signals */
    "exit", "exit_group", "futex", "futex_time64", "futex_waitv", "get_robust_list", "getcpu",
    "getpid", "getppid", "gettid", "restart_syscall", "rseq", "rt_sigaction", "rt_sigpending",
    "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64",
    "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_yield", "set_robust_list",
    "set_thread_area", "set_tid_address", "sigaltstack", "sigreturn",
    /* what the process and its machine are */
    "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups",
    "getgroups32", "getrandom", "getresgid", "getresgid32", "getresuid", "getresuid32", "getrlimit",
    "getrusage", "getuid", "getuid32", "sysinfo", "ugetrlimit", "uname"};

static const char *const never[] = {"add_key",          "bpf",
                                    "chroot",           "delete_module",
                                    "execve",           "execveat",
                                    "finit_module",     "fsopen",
                                    "init_module",      "io_uring_setup",
                                    "kexec_load",       "kexec_file_load",
                                    "keyctl",           "mount",
                                    "move_mount",       "name_to_handle_at",
                                    "open_tree",        "open_by_handle_at",
                                    "perf_event_open",  "personality",
                                    "pidfd_getfd",      "pivot_root",
                                    "process_vm_readv", "process_vm_writev",
                                    "ptrace",           "reboot",
                                    "request_key",      "setns",
                                    "setuid",           "setuid32",
                                    "swapon",           "umount2",
                                    "unshare",          "userfaultfd"};

/* Calls that are allowed with certain arguments only: argument `index`, of which the bits of mask have that value. */
struct rule {
    const char *name;
    unsigned index;
    scmp_datum_t mask, value;
};
#define ALL ((scmp_datum_t)UINT32_MAX)

static int allow(scmp_filter_ctx filter, const char *name)
{
    int number = seccomp_syscall_resolve_name(name);
    return number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

static int allow_if(scmp_filter_ctx filter, const struct rule *r)
{
    int number = seccomp_syscall_resolve_name(r->name);
    const struct scmp_arg_cmp argument = SCMP_CMP(r->index, SCMP_CMP_MASKED_EQ, r->mask, r->value);
    return number == __NR_SCMP_ERROR
               ? 0
               : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &argument);
}

static int allow_some(scmp_filter_ctx filter)
{
    const struct rule rules[] = {
        /* a new thread, but no process; clone3 hides its flags: libc falls back to clone */
        {"clone", 0, CLONE_THREAD, CLONE_THREAD},
        /* memory is never writable and executable, nor made executable */
        {"mmap", 2, PROT_EXEC, 0},
        {"mmap", 2, PROT_WRITE, 0},
        {"mmap2", 2, PROT_EXEC, 0},
        {"mmap2", 2, PROT_WRITE, 0},
        {"mprotect", 2, PROT_EXEC, 0},
        {"socket", 0, ALL, AF_UNIX},
        {"socket", 0, ALL, AF_INET},
        {"socket", 0, ALL, AF_INET6},
        /* a signal to the process itself */
        {"kill", 0, ALL, (scmp_datum_t)getpid()},
        {"tgkill", 0, ALL, (scmp_datum_t)getpid()},
        /* to read a limit, not to set it */
        {"prlimit64", 2, ~(scmp_datum_t)0, 0},
        {"prctl", 0, ALL, PR_SET_NAME},
        {"prctl", 0, ALL, PR_GET_NAME},
        /* is it a terminal; how much is there to read */
        {"ioctl", 1, ALL, TCGETS},
        {"ioctl", 1, ALL, FIONREAD},
        {"ioctl", 1, ALL, FIONBIO},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof rules / sizeof *rules; i++)
        rc = allow_if(filter, &rules[i]);
    return rc;
}

static int fill(scmp_filter_ctx filter)
{
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);      /* Linux 4.14 */
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
    for (size_t i = 0; rc == 0 && i < sizeof allowed / sizeof *allowed; i++)
        rc = allow(filter, allowed[i]);
    for (size_t i = 0; rc == 0 && i < sizeof never / sizeof *never; i++) {
        int number = seccomp_syscall_resolve_name(never[i]);
        if (number != __NR_SCMP_ERROR)
            rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, number, 0);
    }
    return rc == 0 ? allow_some(filter) : rc;
}

int sandbox_enter(char *error_r, size_t size)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int rc = filter ? fill(filter) : -ENOMEM;
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    if (rc == 0)
        return 0;
    snprintf(error_r, size, "the kernel takes no filter of system calls: %s", strerror(-rc));
    return -1;
}

#endif
