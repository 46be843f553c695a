/* SPDX-License-Identifier: BSD-2-Clause */
/* Each case runs in a child, which enters the sandbox and does what its name says. */
#include "config.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "sandbox.h"

#ifndef HAVE_SECCOMP

static void it_says_that_there_is_none(void **state)
{
    char error[200] = "";
    (void)state;
    assert_int_equal(sandbox_enter(error, sizeof error), -1);
    assert_non_null(strstr(error, "built without libseccomp"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_says_that_there_is_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

#include <fcntl.h>
#include <netdb.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <syslog.h>
#include <time.h>

/* what a child found; or, as 100 + N, the signal N that it died of */
enum { DONE = 0, FAILED = 1, NO_SUCH_CALL = 2, NO_SANDBOX = 3, KILLED = 100 + SIGSYS };

static int outcome(long rc)
{
    return rc >= 0 ? DONE : errno == ENOSYS ? NO_SUCH_CALL : FAILED;
}

static int run_a_program(void)
{
    char *argv[] = {(char[]){"true"}, NULL};
    return outcome(execve("/bin/true", argv, argv + 1));
}

static int run_by_descriptor(void)
{
    char *argv[] = {(char[]){"true"}, NULL};
    return outcome(fexecve(open("/bin/true", O_RDONLY), argv, argv + 1));
}

static int trace(void)
{
    return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int mount_over(void)
{
    return outcome(mount("none", "/tmp", "tmpfs", 0, NULL));
}

static int become_root(void)
{
    return outcome(setuid(0));
}

static int start_a_process(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return outcome(child);
}

static int kill_another(void)
{
    return outcome(kill(getppid(), 0));
}

static int raise_a_limit(void)
{
    struct rlimit none = {0, 0};
    return outcome(setrlimit(RLIMIT_CORE, &none));
}

static int make_code(void)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return outcome(page == MAP_FAILED ? -1 : 0);
}

static int turn_data_into_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int read_packets(void)
{
    return outcome(socket(AF_PACKET, SOCK_RAW, 0));
}

static int set_the_clock(void)
{
    struct timespec t = {.tv_sec = 1};
    return outcome(clock_settime(CLOCK_REALTIME, &t));
}

static int a_call_nobody_knows(void)
{
    return outcome(syscall(SYS_swapoff, ""));
}

static void *nothing(void *arg)
{
    return arg;
}

static int start_a_thread(void)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, nothing, NULL);
    return rc == 0 && pthread_join(thread, NULL) == 0 ? DONE : FAILED;
}

static int use_a_file(void)
{
    char name[] = "/tmp/vouch-sandbox.XXXXXX", other[sizeof name + 2];
    int fd = mkstemp(name);
    snprintf(other, sizeof other, "%s.x", name);
    bool ok = fd >= 0 && write(fd, "x", 1) == 1 && fdatasync(fd) == 0 && ftruncate(fd, 0) == 0 &&
              fchmod(fd, 0400) == 0 && rename(name, other) == 0 && unlink(other) == 0;
    return ok ? DONE : FAILED;
}

static int use_the_network(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo("localhost", "25", &hints, &found) != 0)
        return FAILED;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    freeaddrinfo(found);
    return outcome(fd);
}

static int log_a_line(void)
{
    openlog("sandbox_test", LOG_PID, LOG_MAIL);
    syslog(LOG_DEBUG, "sandbox_test: nothing to see here"); /* which opens its socket now */
    return DONE;
}

static int end_oneself(void)
{
    return outcome(kill(getpid(), 0));
}

static int in_sandbox(int (*act)(void))
{
    char error[200];
    return sandbox_enter(error, sizeof error) == 0 ? act() : NO_SANDBOX;
}

static int in_child(int (*act)(void), int (*how)(int (*)(void)))
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(how(act));
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 100 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void what_is_refused(void **state)
{
    static const struct {
        const char *name;
        int (*act)(void);
        int expected;
    } table[] = {
        {"execve", run_a_program, KILLED},
        {"execveat", run_by_descriptor, KILLED},
        {"ptrace", trace, KILLED},
        {"mount", mount_over, KILLED},
        {"setuid", become_root, KILLED},
        {"fork", start_a_process, NO_SUCH_CALL},
        {"kill another", kill_another, NO_SUCH_CALL},
        {"setrlimit", raise_a_limit, NO_SUCH_CALL},
        {"memory writable and executable", make_code, NO_SUCH_CALL},
        {"data made code", turn_data_into_code, NO_SUCH_CALL},
        {"AF_PACKET", read_packets, NO_SUCH_CALL},
        {"clock_settime", set_the_clock, NO_SUCH_CALL},
        {"swapoff", a_call_nobody_knows, NO_SUCH_CALL},
        {"a thread", start_a_thread, DONE},
        {"a file", use_a_file, DONE},
        {"getaddrinfo, socket", use_the_network, DONE},
        {"syslog", log_a_line, DONE},
        {"kill oneself", end_oneself, DONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        print_message("# %s\n", table[i].name);
        assert_int_equal(in_child(table[i].act, in_sandbox), table[i].expected);
    }
}

static void *enter(void *arg)
{
    char error[200];
    *(int *)arg = sandbox_enter(error, sizeof error);
    return NULL;
}

/* entered by another thread than the one that acts, and that was there before */
static int beside_sandbox(int (*act)(void))
{
    pthread_t thread;
    int rc = -1;
    if (pthread_create(&thread, NULL, enter, &rc) != 0 || pthread_join(thread, NULL) != 0 || rc)
        return NO_SANDBOX;
    return act();
}

static void it_holds_for_all_threads(void **state)
{
    (void)state;
    assert_int_equal(in_child(run_a_program, beside_sandbox), KILLED);
    assert_int_equal(in_child(read_packets, beside_sandbox), NO_SUCH_CALL);
    assert_int_equal(in_child(start_a_thread, beside_sandbox), DONE);
}

/* A host whose kernel or container has no such filter cannot show what it does. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(it_holds_for_all_threads),
    };
    if (in_child(end_oneself, in_sandbox) == NO_SANDBOX) {
        puts("1..0 # SKIP this kernel takes no filter of system calls");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
