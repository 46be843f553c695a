/* SPDX-License-Identifier: BSD-2-Clause */
/* One LMDB environment and several processes: they activate versions under each other's eyes, are
 * killed while they write and while they read, and meet a disk that is full. */
#include "config.h"
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <cmocka.h>
#include "clock.h"
#include "store.h"

#define T0      1700000000
#define CHILD_S 120 /* a process that the test killed or waited for long before */

struct fixture {
    char dir[64], url[80];
};

static const struct store_key keys[] = {{"dom:example.org", "*"}, {"ip:192.0.2.0/24", "*"}};

static struct store *try_open(const char *url, bool read_only, char *error_r, size_t size)
{
    const struct store_options o = {.half_life = 86400, .read_only = read_only};
    *error_r = '\0';
    return store_open(url, &o, error_r, size);
}

static struct store *open_or_fail(const char *url, bool read_only)
{
    char error[512];
    struct store *s = try_open(url, read_only, error, sizeof error);
    if (!s)
        fail_msg("%s", error);
    return s;
}

static double seen(struct store *s, size_t key)
{
    struct store_value v;
    struct store_query *q = store_ask(s, &keys[key], 1);
    assert_int_equal(store_wait(&q, 0, &v), LOOKUP_FOUND);
    return v.outcome == LOOKUP_FOUND ? v.counts.seen : 0;
}

static int apply(struct store *s, uint64_t watermark)
{
    const struct store_update u[] = {{keys[0], T0, 1, 0, 1}, {keys[1], T0, 0, 0, 1}};
    return store_apply(s, u, 2, "mx1", watermark);
}

/* A process that ends with the test, however that ends, and never makes it wait for ever. */
static pid_t begin_process(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(CHILD_S);
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    }
    return pid;
}

/* Applies batch after batch until killed. Only async-signal-safe endings: this is a forked
 * child. */
static void write_for_ever(const char *url)
{
    char error[512];
    struct store *s = try_open(url, false, error, sizeof error);
    uint64_t mark = 0;
    if (!s)
        _exit(1);
    store_watermark(s, "mx1", &mark);
    while (apply(s, ++mark) == 0)
        continue;
    _exit(2);
}

/* A reader sees whole batches while another process writes, and after it was killed. */
static void a_killed_writer_leaves_whole_batches(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_or_fail(f->url, false);
    store_close(&s);
    double before = 0;
    for (int round = 0; round < 8; round++) {
        uint64_t mark = 0;
        int status;
        pid_t pid = begin_process();
        if (pid == 0)
            write_for_ever(f->url);
        s = open_or_fail(f->url, round % 2);
        while (seen(s, 0) <= before + 5) {
            assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
            nanosleep(&(struct timespec){.tv_nsec = 1000000L * (round + 1)}, NULL);
        }
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        before = seen(s, 0);
        assert_true(seen(s, 1) == before);
        assert_int_equal(store_watermark(s, "mx1", &mark), LOOKUP_FOUND);
        assert_true((double)mark == before);
        if (round % 2 == 0) { /* this one can write on at once */
            assert_int_equal(apply(s, mark + 1), 0);
            before++;
        }
        store_close(&s);
    }
}

/* --- versions that others activate ---------------------------------------------------------- */

enum { KEYS = 500, FOLLOWERS = 3 };

static struct store_key numbered[KEYS];
static char numbers[KEYS][8];

static void make_keys(void)
{
    for (size_t i = 0; i < KEYS; i++) {
        snprintf(numbers[i], sizeof numbers[i], "%zu", i);
        numbered[i] = (struct store_key){"dom:example.org", numbers[i]};
    }
}

/* Sets every key to a number, and the watermark. */
static int set_all(struct store *s, uint64_t number)
{
    static struct store_update u[KEYS];
    for (size_t i = 0; i < KEYS; i++)
        u[i] = (struct store_update){numbered[i], T0, 0, 0, 2}; /* two steps a version */
    return store_apply(s, u, KEYS, "mx1", number);
}

/* What all keys have: 0 nothing, -1 not all the same, -2 the look-up failed. */
static double all_have(struct store *s)
{
    struct store_value v[KEYS];
    struct store_query *q = store_ask(s, numbered, KEYS);
    if (!q || store_wait(&q, 0, v) != LOOKUP_FOUND)
        return -2;
    for (size_t i = 1; i < KEYS; i++)
        if (v[i].outcome != v[0].outcome || v[i].counts.seen != v[0].counts.seen)
            return -1;
    return v[0].counts.seen;
}

/* Version a has even numbers, b odd ones: each in turn is brought two on and activated, until this
 * process is killed. */
static void switch_for_ever(const char *url)
{
    char error[512];
    static const char *const names[] = {"a", "b"};
    struct store *s[2];
    uint64_t mark[2] = {0, 1};
    for (int i = 0; i < 2; i++) {
        const struct store_options o = {.half_life = 86400, .version = names[i]};
        s[i] = store_open(url, &o, error, sizeof error);
        if (!s[i])
            _exit(1);
        store_watermark(s[i], "mx1", &mark[i]);
    }
    for (int i = mark[1] > mark[0] ? 0 : 1;; i = !i) {
        mark[i] += 2;
        if (set_all(s[i], mark[i]) != 0 || store_activate(s[i], names[i]) != 0)
            _exit(2);
    }
}

struct follower {
    pthread_t thread;
    struct store *s;
    atomic_bool *over;
    atomic_ulong rounds;
    const char *wrong; /* NULL: all was well */
};

static void *follow(void *arg)
{
    struct follower *f = arg;
    double last = 0;
    while (!atomic_load(f->over) && !f->wrong) {
        double now = all_have(f->s);
        if (now == -2)
            f->wrong = "a look-up failed";
        else if (now == -1)
            f->wrong = "a mixture was seen";
        else if (now < last)
            f->wrong = "the model went back";
        last = now;
        atomic_fetch_add(&f->rounds, 1);
    }
    return NULL;
}

/* Follows for as long as somebody may be killed: until the model has come so far. */
static void follow_until(struct store *s, pid_t pid, double far)
{
    struct follower f[FOLLOWERS];
    atomic_bool over = false;
    int status;
    for (int i = 0; i < FOLLOWERS; i++) {
        f[i] = (struct follower){.s = s, .over = &over};
        assert_int_equal(pthread_create(&f[i].thread, NULL, follow, &f[i]), 0);
    }
    for (int64_t end = clock_ms() + 60000; all_have(s) < far && clock_ms() < end;)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    bool alive = waitpid(pid, &status, WNOHANG) == 0;
    if (alive) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
    }
    atomic_store(&over, true);
    for (int i = 0; i < FOLLOWERS; i++)
        pthread_join(f[i].thread, NULL);
    for (int i = 0; i < FOLLOWERS; i++)
        if (f[i].wrong)
            fail_msg("%s", f[i].wrong);
    assert_true(alive);
    assert_true(all_have(s) >= far);
}

/* What the two versions hold is what their watermarks say. */
static void assert_whole(const char *url)
{
    static const char *const names[] = {"a", "b"};
    char error[512];
    for (int i = 0; i < 2; i++) {
        const struct store_options o = {.half_life = 86400, .version = names[i]};
        struct store *s = store_open(url, &o, error, sizeof error);
        uint64_t mark = 0;
        assert_non_null(s);
        assert_int_equal(store_watermark(s, "mx1", &mark), LOOKUP_FOUND);
        assert_true(all_have(s) == (double)(mark - (uint64_t)i));
        store_close(&s);
    }
}

static void look_ups_follow_what_another_process_activates(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_or_fail(f->url, false);
    double far = 0;
    store_close(&s);
    make_keys();
    for (int round = 0; round < 5; round++) {
        pid_t pid = begin_process();
        if (pid == 0)
            switch_for_ever(f->url);
        s = open_or_fail(f->url, round % 2);
        far = all_have(s) + 8;
        follow_until(s, pid, far);
        store_close(&s);
        assert_whole(f->url);
    }
}

/* --- a reader that is killed ---------------------------------------------------------------- */

static int tell_and_wait(void *arg, const struct store_key *key, const struct counts *c)
{
    (void)key, (void)c;
    if (write(*(int *)arg, "x", 1) != 1)
        _exit(3);
    for (;;)
        pause();
}

static off_t size_of(const struct fixture *f)
{
    char path[160];
    struct stat st;
    snprintf(path, sizeof path, "%s/data.mdb", f->dir);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* What it was looking at is given free, while others have the model open. */
static void a_killed_reader_is_forgotten(void **state)
{
    struct fixture *f = *state;
    int pipes[2], status;
    char byte, error[512];
    struct store *s = open_or_fail(f->url, false);
    make_keys();
    assert_int_equal(set_all(s, 1), 0);
    store_close(&s);
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = begin_process();
    if (pid == 0) {
        s = try_open(f->url, true, error, sizeof error);
        if (s)
            store_scan(s, tell_and_wait, &pipes[1]);
        _exit(1);
    }
    close(pipes[1]);
    s = open_or_fail(f->url, false);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    for (uint64_t i = 2; i < 20; i++)
        assert_int_equal(set_all(s, i), 0);
    off_t before = size_of(f);
    for (uint64_t i = 20; i < 100; i++)
        assert_int_equal(set_all(s, i), 0);
    assert_true(size_of(f) - before < 500000); /* each rewrites some 40000 */
    store_close(&s);
    close(pipes[0]);
}

/* --- a full disk ---------------------------------------------------------------------------- */

/* A file that may not grow stands in for a full disk. */
static void a_full_disk_applies_nothing(void **state)
{
    struct fixture *f = *state;
    static struct store_update u[20000];
    static char names[20000][24];
    int status;
    for (size_t i = 0; i < 20000; i++) {
        snprintf(names[i], sizeof names[i], "dom:d%zu.example", i);
        u[i] = (struct store_update){{names[i], "*"}, T0, 1, 0, 1};
    }
    pid_t pid = begin_process(); /* the limit is for good */
    if (pid == 0) {
        char error[512], text[200];
        struct store *s = try_open(f->url, false, error, sizeof error);
        if (!s || apply(s, 1) != 0)
            _exit(10);
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){200000, 200000});
        if (store_apply(s, u, 20000, "mx1", 2) != VOUCH_E_IO)
            _exit(11);
        store_state(s, text, sizeof text);
        if (!strstr(text, "last failure"))
            _exit(12);
        struct store_query *q = store_ask(s, keys, 1); /* the rest still works */
        struct store_value v;
        if (!q || store_wait(&q, 0, &v) != LOOKUP_FOUND || v.counts.seen != 1)
            _exit(13);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    uint64_t mark = 0;
    struct store *s = open_or_fail(f->url, false);
    assert_int_equal(store_watermark(s, "mx1", &mark), LOOKUP_FOUND);
    assert_int_equal(mark, 1);
    assert_true(seen(s, 0) == 1);
    assert_int_equal(apply(s, 2), 0);
    store_close(&s);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int setup(void **state)
{
    static struct fixture f;
    snprintf(f.dir, sizeof f.dir, "/tmp/vouch-lmdb-XXXXXX");
    if (!mkdtemp(f.dir))
        return -1;
    snprintf(f.url, sizeof f.url, "lmdb:%s", f.dir);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    return nftw(((struct fixture *)*state)->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define IN_DIRECTORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(a_killed_writer_leaves_whole_batches),
        IN_DIRECTORY(look_ups_follow_what_another_process_activates),
        IN_DIRECTORY(a_killed_reader_is_forgotten),
        IN_DIRECTORY(a_full_disk_applies_nothing),
    };
    return cmocka_run_group_tests_name("store_lmdb_process", tests, NULL, NULL);
}
