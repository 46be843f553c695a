/* SPDX-License-Identifier: BSD-2-Clause */
/* A writer that is killed at any moment, while it appends from several threads, syncs, seals and
 * removes: every record that it acknowledged is there once, under its number, and no number that
 * anybody saw ever becomes another record's. VOUCH_CRASH_ROUNDS: how often. */
#include "config.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <cmocka.h>
#include "clock.h"
#include "journal_fixture.h"
#include "rounds.h"

#define ROUNDS      60
#define START_MS    30000 /* of a writer, on a loaded machine */
#define THREADS     3
#define NUMBERS_MAX 4000000u
#define ENOUGH      100000u /* records: with some tens of thousands of segments all is slow */

struct ack {
    uint64_t number, record;
};
struct appender {
    struct journal *j;
    uint64_t from; /* names its records */
    int to;        /* acks go here */
};

static void *append_on(void *arg)
{
    struct appender *a = arg;
    for (uint64_t n = a->from;; n++) {
        struct ack ack = {append_one(a->j, n), n};
        if (write(a->to, &ack, sizeof ack) != (ssize_t)sizeof ack)
            return NULL;
    }
}

/* The process that is killed. */
static void child(struct fixture *f, const struct journal_options *o, unsigned round, int to)
{
    char error[400];
    struct appender appenders[THREADS];
    pthread_t threads[THREADS];
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* if the test fails */
#endif
    struct journal *j = journal_open(o, error, sizeof error);
    (void)f;
    if (!j)
        _exit(1);
    for (unsigned i = 0; i < THREADS; i++) {
        appenders[i] = (struct appender){j, ((uint64_t)round * THREADS + i) * 1000000 + 1, to};
        if (pthread_create(&threads[i], NULL, append_on, &appenders[i]) != 0)
            _exit(1);
    }
    pause();
    _exit(1);
}

struct witness {
    uint64_t *record_of; /* by number; 0: not seen yet */
    uint64_t last;       /* highest number seen */
    uint64_t acked;
};

static void see(struct witness *w, uint64_t number, uint64_t record)
{
    assert_true(number > 0 && number < NUMBERS_MAX);
    if (w->record_of[number] != 0 && w->record_of[number] != record)
        fail_msg("number %" PRIu64 " was record %" PRIu64 ", and is %" PRIu64, number,
                 w->record_of[number], record);
    w->record_of[number] = record;
    w->last = number > w->last ? number : w->last;
}

static uint64_t record_in(struct span datum)
{
    const char *p = memmem(datum.p, datum.len, "record-", 7);
    assert_non_null(p);
    return strtoull(p + 7, NULL, 10);
}

/* Reads what is there now, while it grows. */
static void look(struct witness *w, struct journal_reader *r)
{
    struct journal_entry e;
    for (int i = 0; i < 50 && journal_reader_next(r, &e) == 1; i++)
        see(w, e.number, record_in(e.datum));
}

static void take_acks(struct witness *w, int from, int64_t until_ms, struct journal_reader *r)
{
    struct ack acks[256];
    for (;;) {
        int64_t left = until_ms - clock_ms();
        struct pollfd p = {from, POLLIN, 0};
        if (left <= 0 || poll(&p, 1, (int)left) <= 0)
            return;
        ssize_t n = read(from, acks, sizeof acks);
        if (n <= 0)
            return;
        assert_int_equal(n % (ssize_t)sizeof *acks, 0);
        for (size_t i = 0; i < (size_t)n / sizeof *acks; i++) {
            assert_true(acks[i].number > 0);
            see(w, acks[i].number, acks[i].record);
            w->acked++;
        }
        look(w, r);
    }
}

static void one_round(struct fixture *f, const struct journal_options *o, struct witness *w,
                      unsigned round, int64_t life_ms)
{
    char error[400];
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(f, o, round, ends[1]);
    }
    close(ends[1]);
    for (int64_t end = clock_ms() + START_MS; access(f->path, F_OK) != 0; nap())
        assert_true(clock_ms() < end);
    if (round % 2) { /* what a busy host does in so short a life may be nothing */
        struct pollfd first = {ends[0], POLLIN, 0};
        assert_int_equal(poll(&first, 1, START_MS), 1);
    }
    struct journal_reader *r = journal_reader_open(f->path, w->last, error, sizeof error);
    assert_non_null(r);
    take_acks(w, ends[0], clock_ms() + life_ms, r);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    take_acks(w, ends[0], clock_ms() + 1000, r); /* to the pipe's end */
    look(w, r);
    journal_reader_close(&r);
    close(ends[0]);
}

static void count_wrong(void *arg, const struct journal_finding *finding)
{
    (void)arg;
    if (finding->wrong)
        print_error("%s %s\n", finding->file, finding->text);
}

/* All that was seen is there, in order, once. */
static void check_all(struct fixture *f, struct witness *w)
{
    char error[400];
    struct journal_entry e;
    uint64_t number = 0, records;
    int rc;
    struct journal_reader *r = journal_reader_open(f->path, 0, error, sizeof error);
    while ((rc = journal_reader_next(r, &e)) == 1) {
        assert_int_equal(e.number, ++number);
        see(w, e.number, record_in(e.datum));
    }
    if (rc != 0)
        fail_msg("%s", journal_reader_error(r));
    assert_int_equal(number, w->last);
    journal_reader_close(&r);
    struct journal *j = open_or_fail(f, NULL); /* repairs the last torn tail */
    journal_close(&j);
    assert_int_equal(journal_verify(f->path, count_wrong, NULL, &records, error, sizeof error), 0);
    assert_int_equal(records, w->last);
}

static void killed(void **state, enum journal_sync sync)
{
    struct fixture *f = *state;
    const char *wanted = getenv("VOUCH_CRASH_ROUNDS");
    unsigned n = wanted ? (unsigned)strtoul(wanted, NULL, 10) : rounds(ROUNDS);
    unsigned seed = (unsigned)clock_ms();
    struct witness w = {.record_of = calloc(NUMBERS_MAX, sizeof *w.record_of)};
    struct journal_options o = f->options;
    assert_non_null(w.record_of);
    print_message("# seed %u\n", seed);
    o.sync = sync;
    o.interval_ms = 2;
    o.report = NULL;
    for (unsigned i = 0; i < n && w.last < ENOUGH; i++) {
        o.segment_bytes = 2000 + (uint64_t)(rand_r(&seed) % 30000);
        one_round(f, &o, &w, i + 1, 1 + rand_r(&seed) % 25);
    }
    assert_true(w.acked >= n / 2 || w.last >= ENOUGH);
    check_all(f, &w);
    print_message("# %" PRIu64 " records acknowledged, %" PRIu64 " written\n", w.acked, w.last);
    free(w.record_of);
}

static void killed_with_interval(void **state)
{
    killed(state, JOURNAL_INTERVAL);
}

static void killed_with_always(void **state)
{
    killed(state, JOURNAL_ALWAYS);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {T(killed_with_interval), T(killed_with_always)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
