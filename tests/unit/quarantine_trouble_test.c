/* SPDX-License-Identifier: BSD-2-Clause */
/* A quarantine in trouble: killed or refused at each system call that changes something, and out of memory at each allocation. A
 * message is there whole or not at all, and what was said to be kept is. */
#include "config.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif
#include <cmocka.h>
#include "held_log.h"
#include "nomem.h"
#include "quarantine_fixture.h"

#define STEPS_MAX 300
#define CRASHED   7
#define SIZE      200000 /* a message that waits partly in a file */

/* What happens at the n-th call. */
static struct {
    int left;  /* calls until then; 0: nothing */
    int error; /* 0: the process ends there */
} strike;
static int allocations_left = -1; /* negative: never out of memory */

bool nomem_fails(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

static bool struck(void)
{
    if (strike.left == 0 || --strike.left > 0)
        return false;
    if (!strike.error)
        _exit(CRASHED);
    errno = strike.error;
    return true;
}

#define WRAP(name, params, args)                                                                   \
    int __real_##name params;                                                                      \
    int __wrap_##name params;                                                                      \
    int __wrap_##name params                                                                       \
    {                                                                                              \
        return struck() ? -1 : __real_##name args;                                                 \
    }
/* NOLINTBEGIN: the linker's names */
WRAP(fsync, (int fd), (fd))
WRAP(fdatasync, (int fd), (fd))
WRAP(flock, (int fd, int how), (fd, how))
WRAP(ftruncate, (int fd, off_t size), (fd, size))
WRAP(mkdirat, (int dir, const char *name, mode_t mode), (dir, name, mode))
WRAP(unlinkat, (int dir, const char *name, int flags), (dir, name, flags))
WRAP(linkat, (int from, const char *a, int to, const char *b, int flags), (from, a, to, b, flags))
ssize_t __real_write(int fd, const void *p, size_t len);
ssize_t __wrap_write(int fd, const void *p, size_t len);
ssize_t __wrap_write(int fd, const void *p, size_t len)
{
    if (!struck())
        return __real_write(fd, p, len);
    if (strike.error != ENOSPC || len < 2)
        return -1;
    strike.left = 1; /* there was room for half of it */
    return __real_write(fd, p, len / 2);
}
/* NOLINTEND */

/* What a process is in the middle of. */
typedef int act(struct held_fixture *f, const char *id);

static int keep(struct held_fixture *f, const char *id)
{
    char error[400];
    struct quarantine *q = quarantine_open(&f->options, error, sizeof error);
    int rc = q ? held_fixture_try(q, id, SIZE, error, sizeof error) : VOUCH_E_IO;
    quarantine_close(&q);
    return rc;
}

static int note(struct held_fixture *f, const char *id)
{
    char error[400];
    const struct held_line line = {.event = HELD_RELEASED, .time_us = 1, .who = "root"};
    struct quarantine *q = quarantine_open(&f->options, error, sizeof error);
    struct held_log *l = q ? held_log_open(q, id, 0, error, sizeof error) : NULL;
    int rc = l ? held_log_add(l, &line) : VOUCH_E_IO;
    held_log_close(&l);
    quarantine_close(&q);
    return rc;
}

static int delete (struct held_fixture *f, const char *id)
{
    char error[400];
    struct quarantine *q = quarantine_open(&f->options, error, sizeof error);
    int rc = q ? quarantine_delete(q, id) : VOUCH_E_IO;
    quarantine_close(&q);
    return rc;
}

/* The process that does it and ends at its n-th step. true: it came to its end. */
static bool crash_at(struct held_fixture *f, act *what, const char *id, int n)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        strike.left = n;
        _exit(what(f, id) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) != CRASHED)
        assert_int_equal(WEXITSTATUS(status), 0);
    return WEXITSTATUS(status) == 0;
}

/* Whether it is there; whole, if it is. */
static bool is_kept(struct held_fixture *f, const char *id)
{
    char error[400];
    struct quarantine *q = held_fixture_open(f);
    struct held *h = held_open(q, id, error, sizeof error);
    bool there = h;
    if (!h)
        assert_int_equal(errno, ENOENT);
    held_close(&h);
    if (there)
        held_fixture_check(q, id, SIZE);
    quarantine_close(&q);
    return there;
}

/* Nothing is left over but messages and logs of messages. */
static void sweep(struct held_fixture *f)
{
    struct quarantine_purged purged;
    struct quarantine *q = held_fixture_open(f);
    assert_int_equal(quarantine_purge(q, 0, 0, &purged), 0);
    assert_int_equal(purged.removed, 0);
    quarantine_close(&q);
    assert_int_equal(held_fixture_files(f, ".tmp"), 0);
    assert_true(held_fixture_files(f, ".log") <= held_fixture_files(f, ".held"));
}

static void keep_crashes(struct held_fixture *f)
{
    bool done = false;
    for (int n = 1; !done; n++) {
        char id[HELD_ID_TEXT];
        held_fixture_id(id, (unsigned)n);
        assert_true(n < STEPS_MAX);
        done = crash_at(f, keep, id, n);
        bool there = is_kept(f, id);
        if (done)
            assert_true(there);
        sweep(f);
        assert_int_equal(is_kept(f, id), there);
        if (!there)
            assert_int_equal(keep(f, id), 0); /* the MTA tries again */
    }
}

static void a_crash_while_it_is_kept(void **state)
{
    struct held_fixture *f = *state;
    keep_crashes(f);
}

static void a_crash_while_it_is_kept_encrypted(void **state)
{
    struct held_fixture *f = *state;
    f->options.key_file = f->key_file;
    keep_crashes(f);
}

static enum held_state state_of(struct held_fixture *f, const char *id)
{
    char error[400];
    struct quarantine *q = held_fixture_open(f);
    struct held_log *l = held_log_open(q, id, 0, error, sizeof error);
    if (!l)
        fail_msg("%s", error);
    enum held_state state = held_log_state(l, "<a@example.com>");
    held_log_close(&l);
    quarantine_close(&q);
    return state;
}

static void a_crash_while_it_is_noted(void **state)
{
    struct held_fixture *f = *state;
    bool done = false;
    for (int n = 1; !done; n++) {
        char id[HELD_ID_TEXT];
        held_fixture_id(id, (unsigned)n);
        assert_true(n < STEPS_MAX);
        assert_int_equal(keep(f, id), 0);
        done = crash_at(f, note, id, n);
        if (done)
            assert_int_equal(state_of(f, id), HELD_GONE);
        else if (state_of(f, id) == HELD_WAITS)
            assert_int_equal(note(f, id), 0);
        assert_int_equal(state_of(f, id), HELD_GONE);
    }
}

static void a_crash_while_it_is_deleted(void **state)
{
    struct held_fixture *f = *state;
    bool done = false;
    for (int n = 1; !done; n++) {
        char id[HELD_ID_TEXT];
        held_fixture_id(id, (unsigned)n);
        assert_true(n < STEPS_MAX);
        assert_int_equal(keep(f, id), 0);
        assert_int_equal(note(f, id), 0);
        done = crash_at(f, delete, id, n);
        bool there = is_kept(f, id);
        assert_false(done && there);
        sweep(f);
        if (there)
            assert_int_equal(delete (f, id), 0);
    }
}

/* Each call fails once: what then says 0 is true, and what does not has done nothing. */
static void refused_at(struct held_fixture *f, int error)
{
    for (int n = 1;; n++) {
        char id[HELD_ID_TEXT];
        held_fixture_id(id, (unsigned)n);
        assert_true(n < STEPS_MAX);
        strike.error = error;
        strike.left = n;
        int rc = keep(f, id);
        bool reached = strike.left == 0;
        strike.left = 0;
        assert_int_equal(is_kept(f, id), rc == 0);
        sweep(f);
        if (!reached)
            return;
    }
}

static void what_is_refused(void **state)
{
    struct held_fixture *f = *state;
    refused_at(f, EIO);
}

static void a_disk_that_fills(void **state)
{
    struct held_fixture *f = *state;
    f->options.key_file = f->key_file;
    refused_at(f, ENOSPC);
}

static void a_log_that_cannot_be_written(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT];
    held_fixture_id(id, 1);
    assert_int_equal(keep(f, id), 0);
    for (int n = 1, rc = -1; rc != 0; n++) {
        assert_true(n < STEPS_MAX);
        strike.error = n % 2 ? EIO : ENOSPC;
        strike.left = (n + 1) / 2;
        rc = note(f, id);
        strike.left = 0;
        assert_int_equal(state_of(f, id), rc == 0 ? HELD_GONE : HELD_WAITS);
    }
}

static void out_of_memory(void **state)
{
    struct held_fixture *f = *state;
    char error[400];
    f->options.key_file = f->key_file;
    for (int n = 0, done = 0; !done; n++) {
        char id[HELD_ID_TEXT];
        held_fixture_id(id, (unsigned)n + 1);
        assert_true(n < STEPS_MAX);
        allocations_left = n;
        int rc = keep(f, id);
        done = allocations_left >= 0;
        allocations_left = -1;
        assert_int_equal(is_kept(f, id), rc == 0);
        assert_true(rc == 0 || !done);
    }
    for (int n = 0, done = 0; !done; n++) { /* reading and noting */
        char id[HELD_ID_TEXT], part[1000];
        ptrdiff_t got = 0;
        held_fixture_id(id, 1000 + (unsigned)n);
        assert_int_equal(keep(f, id), 0);
        struct quarantine *q = held_fixture_open(f);
        allocations_left = n;
        struct held *h = held_open(q, id, error, sizeof error);
        while (h && (got = held_read(h, part, sizeof part)) > 0)
            ;
        int rc = h ? note(f, id) : VOUCH_E_NOMEM;
        done = allocations_left >= 0;
        allocations_left = -1;
        assert_true(got == 0 || got == VOUCH_E_NOMEM);
        assert_true(done ? h && got == 0 && rc == 0 : true);
        held_close(&h);
        quarantine_close(&q);
        assert_int_equal(state_of(f, id), rc == 0 ? HELD_GONE : HELD_WAITS);
    }
}

/* A disk that is really full. */
static void a_full_disk(void **state)
{
#ifdef __linux__
    struct held_fixture *f = *state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        char id[HELD_ID_TEXT], error[400];
        if (mkdir(f->dir, 0750) != 0 || unshare(CLONE_NEWNS) != 0 ||
            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("tmpfs", f->dir, "tmpfs", 0, "size=1M") != 0)
            _exit(77);
        struct quarantine *q = quarantine_open(&f->options, error, sizeof error);
        unsigned kept = 0;
        held_fixture_id(id, 1);
        while (q && kept < 100 && held_fixture_try(q, id, SIZE, error, sizeof error) == 0)
            held_fixture_id(id, ++kept + 1);
        bool said = strstr(error, "No space left on device");
        for (unsigned n = 1; n <= kept; n++) {
            held_fixture_id(id, n);
            held_fixture_check(q, id, SIZE);
        }
        held_fixture_id(id, 1);
        int rc = quarantine_delete(q, id);
        held_fixture_id(id, 200);
        bool again = rc == 0 && held_fixture_try(q, id, SIZE, error, sizeof error) == 0;
        bool clean = held_fixture_files(f, ".tmp") == 0;
        quarantine_close(&q);
        _exit(kept >= 2 && kept < 6 && said && again && clean ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("# nothing may be mounted here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
#else
    (void)state;
    skip();
#endif
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, held_fixture_setup, held_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_crash_while_it_is_kept),
        TEST(a_crash_while_it_is_kept_encrypted),
        TEST(a_crash_while_it_is_noted),
        TEST(a_crash_while_it_is_deleted),
        TEST(what_is_refused),
        TEST(a_disk_that_fills),
        TEST(a_log_that_cannot_be_written),
        TEST(out_of_memory),
        TEST(a_full_disk),
    };
    return cmocka_run_group_tests_name("quarantine in trouble", tests, NULL, NULL);
}
