/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail that is kept: what comes out is what went in, whatever its size and whether it is encrypted; ids, limits and expiry; the log. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "held_log.h"
#include "quarantine_fixture.h"

static void round_trip(void **state)
{
    struct held_fixture *f = *state;
    static const size_t sizes[] = {0, 1, 100, 65535, 65536, 65537, 131072, 1000000};
    for (int key = 0; key < 2; key++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            char id[HELD_ID_TEXT];
            f->options.key_file = key ? f->key_file : NULL;
            struct quarantine *q = held_fixture_open(f);
            held_fixture_id(id, (unsigned)(i + 10 * (unsigned)key));
            held_fixture_keep(q, id, sizes[i]);
            held_fixture_check(q, id, sizes[i]);
            quarantine_close(&q);
        }
}

static void the_log(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], error[400];
    size_t count;
    struct quarantine *q = held_fixture_open(f);
    held_fixture_id(id, 1);
    held_fixture_keep(q, id, 10);
    const char *one[] = {"<b@example.com>"};
    struct held_line line = {.event = HELD_BEGAN, .time_us = 5, .who = "root", .mark = "m"};
    struct held_log *l = held_log_open(q, id, 0, error, sizeof error);
    assert_non_null(l);
    assert_null(held_log_open(q, id, 0, error, sizeof error));
    assert_int_equal(errno, EBUSY);
    assert_int_equal(held_log_state(l, "<a@example.com>"), HELD_WAITS);
    assert_int_equal(held_log_add(l, &line), 0);
    assert_int_equal(held_log_state(l, "<a@example.com>"), HELD_DOUBT);
    line = (struct held_line){.event = HELD_RELEASED,
                              .time_us = 6,
                              .who = "root",
                              .rcpts = one,
                              .rcpt_count = 1,
                              .why = "bad \xff byte"};
    assert_int_equal(held_log_add(l, &line), 0);
    line.event = HELD_FAILED;
    line.rcpts = NULL;
    line.rcpt_count = 0;
    assert_int_equal(held_log_add(l, &line), 0);
    struct held_log *r = held_log_read(q, id, error, sizeof error);
    assert_non_null(r);
    assert_true(held_log_busy(r));
    held_log_close(&r);
    held_log_close(&l);
    r = held_log_read(q, id, error, sizeof error);
    assert_false(held_log_busy(r));
    const struct held_line *lines = held_log_lines(r, &count);
    assert_int_equal(count, 3);
    assert_string_equal(lines[0].mark, "m");
    assert_string_equal(lines[1].why, "bad \xef\xbf\xbd byte");
    assert_int_equal(held_log_state(r, "<a@example.com>"), HELD_WAITS);
    assert_int_equal(held_log_state(r, "<b@example.com>"), HELD_GONE);
    held_log_close(&r);
    quarantine_close(&q);
}

/* Whatever somebody types, nothing outside is touched. */
static void ids(void **state)
{
    static const char *const wrong[] = {
        "",
        ".",
        "..",
        "/etc/passwd",
        "../key",
        "../../../../etc/passwd",
        "019b76da-a800-7000-8000-00000000000",
        "019b76da-a800-7000-8000-0000000000011",
        "019B76DA-A800-7000-8000-000000000001",
        "019b76da-a800-4000-8000-000000000001",
        "019b76da-a800-7000-c000-000000000001",
        "019b76da-a800-7000-8000-00000000000/",
        "019b76da-a800-7000-8000-000000000001/../../key",
        "019b76da_a800_7000_8000_000000000001",
    };
    struct held_fixture *f = *state;
    char error[400];
    struct quarantine *q = held_fixture_open(f);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (held_id_ok(wrong[i]))
            fail_msg("%s", wrong[i]);
        assert_null(held_open(q, wrong[i], error, sizeof error));
        assert_int_equal(errno, ENOENT);
        assert_non_null(strstr(error, "is not a message's id"));
        assert_null(held_log_open(q, wrong[i], 0, error, sizeof error));
        assert_int_equal(errno, ENOENT);
        assert_null(held_log_read(q, wrong[i], error, sizeof error));
        assert_int_equal(errno, ENOENT);
        assert_int_equal(quarantine_delete(q, wrong[i]), VOUCH_E_IO);
        assert_int_equal(errno, ENOENT);
        assert_int_equal(held_fixture_try(q, wrong[i], 1, error, sizeof error), VOUCH_E_SYNTAX);
    }
    char id[HELD_ID_TEXT];
    held_fixture_id(id, 1); /* one that could be */
    assert_null(held_open(q, id, error, sizeof error));
    assert_int_equal(errno, ENOENT);
    assert_null(held_log_open(q, id, 0, error, sizeof error));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(held_fixture_files(f, ""), 0);
    assert_int_equal(access(f->key_file, F_OK), 0);
    quarantine_close(&q);
}

/* What cannot be written down is refused, rather than changed. */
static void envelopes(void **state)
{
    static const struct {
        const char *sender, *rcpt, *record;
        bool taken;
    } table[] = {
        {"<>", "<a@example.com>", "{}", true},
        {"", "<gr\xc3\xbc\xc3\x9f@example.com>", "{}", true},
        {"<a@example.com> x", " spaces ", "{\"a\": \"b c\"}", true},
        {"<\xff@example.com>", "<a@example.com>", "{}", false},
        {"<>", "<a\xc3@example.com>", "{}", false},
        {"<>", "<a@example.com>\nrcpt <b@example.com>", "{}", false},
        {"<>", "<a@example.com>", "{\n}", false},
        {"<>", NULL, "{}", false},
    };
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], error[400];
    struct quarantine *q = held_fixture_open(f);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct held_envelope e = {.sender = table[i].sender,
                                        .rcpts = &table[i].rcpt,
                                        .rcpt_count = table[i].rcpt ? 1 : 0,
                                        .utf8 = true};
        struct held_writer *w = held_writer_new(q);
        held_fixture_id(id, (unsigned)i);
        int rc = held_keep(w, id, &e, table[i].record, error, sizeof error);
        held_writer_free(&w);
        assert_int_equal(rc, table[i].taken ? 0 : VOUCH_E_SYNTAX);
        struct held *h = held_open(q, id, error, sizeof error);
        assert_int_equal(h != NULL, table[i].taken);
        if (h) {
            assert_string_equal(held_envelope(h)->sender, table[i].sender);
            assert_string_equal(held_envelope(h)->rcpts[0], table[i].rcpt);
            assert_null(held_envelope(h)->body);
            assert_true(held_envelope(h)->utf8);
            assert_string_equal(held_record(h), table[i].record);
        }
        held_close(&h);
    }
    quarantine_close(&q);
}

static void an_id_is_kept_once(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], error[400];
    struct quarantine *q = held_fixture_open(f);
    held_fixture_id(id, 1);
    held_fixture_keep(q, id, 100);
    assert_int_equal(held_fixture_try(q, id, 200, error, sizeof error), VOUCH_E_IO);
    assert_non_null(strstr(error, "File exists"));
    held_fixture_check(q, id, 100);
    assert_int_equal(held_fixture_files(f, ".tmp"), 0);
    quarantine_close(&q);
}

static void a_full_one_takes_no_more(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], error[400];
    f->options.bytes = 25000;
    struct quarantine *q = held_fixture_open(f);
    for (unsigned n = 1; n <= 2; n++) {
        held_fixture_id(id, n);
        held_fixture_keep(q, id, 10000);
    }
    held_fixture_id(id, 3);
    assert_int_equal(held_fixture_try(q, id, 10000, error, sizeof error), VOUCH_E_RANGE);
    assert_non_null(strstr(error, "is full: it may hold 25000 bytes"));
    held_fixture_keep(q, id, 1000);
    quarantine_close(&q);
    q = held_fixture_open(f); /* another process counts first */
    held_fixture_id(id, 4);
    assert_int_equal(held_fixture_try(q, id, 10000, error, sizeof error), VOUCH_E_RANGE);
    held_fixture_id(id, 1);
    assert_int_equal(quarantine_delete(q, id), 0);
    assert_int_equal(quarantine_delete(q, id), VOUCH_E_IO);
    assert_int_equal(errno, ENOENT);
    held_fixture_id(id, 4);
    held_fixture_keep(q, id, 10000);
    quarantine_close(&q);
}

struct seen {
    unsigned count;
    uint64_t bytes;
    char first[HELD_ID_TEXT], last[HELD_ID_TEXT];
};

static int see(void *arg, const char *id, uint64_t bytes)
{
    struct seen *seen = arg;
    if (seen->count++ == 0)
        snprintf(seen->first, sizeof seen->first, "%s", id);
    assert_true(strcmp(seen->last, id) < 0);
    snprintf(seen->last, sizeof seen->last, "%s", id);
    seen->bytes += bytes;
    return seen->count == 100 ? 5 : 0;
}

static struct seen look(struct quarantine *q)
{
    struct seen seen = {0};
    assert_int_equal(quarantine_each(q, see, &seen), 0);
    return seen;
}

#define DAY_MS 86400000u

static void what_expires(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], error[400];
    struct quarantine_purged purged;
    struct quarantine *q = held_fixture_open(f);
    for (unsigned n = 0; n < 10; n++) { /* one each day; written in another order */
        held_fixture_id(id, (n * 7 % 10) * DAY_MS);
        held_fixture_keep(q, id, 1000);
    }
    assert_int_equal(look(q).count, 10);
    assert_int_equal(quarantine_purge(q, INT64_MIN, 0, &purged), 0);
    assert_int_equal(purged.removed, 0);
    held_fixture_id(id, 2 * DAY_MS);
    assert_int_equal(quarantine_purge(q, held_id_us(id), 0, &purged), 0); /* that day stays */
    assert_int_equal(purged.removed, 2);
    struct seen seen = look(q);
    assert_int_equal(seen.count, 8);
    assert_int_equal(purged.messages, 8);
    assert_int_equal(purged.bytes, seen.bytes);
    assert_int_equal(purged.oldest_us, held_id_us(id));
    assert_string_equal(seen.first, id);
    struct held_log *l = held_log_open(q, id, 0, error, sizeof error); /* under release */
    assert_int_equal(quarantine_delete(q, id), VOUCH_E_IO);
    assert_int_equal(errno, EBUSY);
    assert_int_equal(quarantine_purge(q, INT64_MIN, seen.bytes / 2, &purged), 0);
    assert_int_equal(purged.removed, 4);
    seen = look(q);
    assert_string_equal(seen.first, id);
    assert_int_equal(purged.messages, 4);
    assert_int_equal(purged.bytes, seen.bytes);
    assert_int_equal(purged.oldest_us, held_id_us(id)); /* too old for long, and there */
    held_fixture_check(q, id, 1000);
    held_log_close(&l);
    assert_int_equal(quarantine_purge(q, INT64_MAX, 0, &purged), 0);
    assert_int_equal(purged.removed, 4);
    assert_int_equal(look(q).count, 0);
    assert_int_equal(purged.messages + purged.bytes, 0);
    assert_int_equal(purged.oldest_us, 0);
    assert_int_equal(held_fixture_files(f, ""), 0);
    char day[300];
    snprintf(day, sizeof day, "%s/2026-01-03", f->dir);
    assert_int_equal(access(day, F_OK), -1);
    quarantine_close(&q);
}

/* The others go. */
static void one_cannot_be_removed(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], log[400];
    struct quarantine_purged purged;
    struct quarantine *q = held_fixture_open(f);
    for (unsigned n = 3; n-- > 0;) {
        held_fixture_id(id, n);
        held_fixture_keep(q, id, 1000);
    }
    held_fixture_path(f, id, ".log", log, sizeof log); /* the oldest's is none */
    assert_int_equal(mkdir(log, 0700), 0);
    assert_int_equal(quarantine_purge(q, INT64_MAX, 0, &purged), VOUCH_E_IO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(purged.removed, 2);
    assert_int_equal(purged.messages, 1);
    assert_int_equal(rmdir(log), 0);
    assert_int_equal(mkfifo(log, 0600), 0); /* nobody waits for what is never written */
    assert_int_equal(quarantine_purge(q, INT64_MIN, 0, &purged), 0);
    assert_int_equal(unlink(log), 0);
    assert_int_equal(quarantine_purge(q, INT64_MAX, 0, &purged), 0);
    assert_int_equal(purged.removed, 1);
    quarantine_close(&q);
}

/* What was released counts once, however often and to whomever; what failed or is under way does not. */
static void released_are_counted(void **state)
{
    static const struct {
        enum held_event events[3];
        size_t count;
    } table[] = {
        {{0}, 0},
        {{HELD_BEGAN}, 1},
        {{HELD_BEGAN, HELD_FAILED}, 2},
        {{HELD_BEGAN, HELD_RELEASED, HELD_LEARNT}, 3},
        {{HELD_RELEASED, HELD_BEGAN, HELD_FAILED}, 3},
        {{HELD_RELEASED, HELD_RELEASED, HELD_UNDONE}, 3},
    };
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], error[400];
    struct quarantine_purged purged;
    struct quarantine *q = held_fixture_open(f);
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        held_fixture_id(id, i);
        held_fixture_keep(q, id, 10);
        for (size_t k = 0; k < table[i].count; k++) {
            const struct held_line line = {
                .event = table[i].events[k], .time_us = 1, .who = "test"};
            struct held_log *l = held_log_open(q, id, 0, error, sizeof error);
            assert_int_equal(held_log_add(l, &line), 0);
            held_log_close(&l);
        }
    }
    assert_int_equal(quarantine_purge(q, INT64_MIN, 0, &purged), 0);
    assert_int_equal(purged.messages, sizeof table / sizeof *table);
    assert_int_equal(purged.released, 3);
    quarantine_close(&q);
}

/* Leftovers of others go, what somebody is writing stays. */
static void leftovers(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], path[400], name[HELD_NAME_MAX];
    struct quarantine_purged purged;
    struct quarantine *q = held_fixture_open(f);
    held_fixture_id(id, 1);
    held_fixture_keep(q, id, 10);
    held_fixture_path(f, "0123456789abcdef", ".tmp", path, sizeof path);
    held_fixture_write(path, "half");
    held_fixture_id(id, 2);
    held_fixture_path(f, id, ".log", path, sizeof path);
    held_fixture_write(path, "");
    snprintf(path, sizeof path, "%s/2026-01-01", f->dir);
    int dir = held_dir_open(AT_FDCWD, path, false), fd = held_temp_make(dir, name);
    assert_true(fd >= 0);
    assert_int_equal(quarantine_purge(q, INT64_MIN, 0, &purged), 0);
    assert_int_equal(held_fixture_files(f, ".log"), 0);
    assert_int_equal(held_fixture_files(f, ".tmp"), 1);
    close(fd);
    assert_int_equal(quarantine_purge(q, INT64_MIN, 0, &purged), 0);
    assert_int_equal(held_fixture_files(f, ".tmp"), 0);
    assert_int_equal(held_fixture_files(f, ".held"), 1);
    close(dir);
    quarantine_close(&q);
}

#define PROCESSES 4
#define EACH      40

/* One of several that keep, delete and purge at once. */
static void worker(const struct held_fixture *f, unsigned which)
{
    char id[HELD_ID_TEXT];
    struct quarantine_purged purged;
    struct quarantine *q = held_fixture_open(f);
    for (unsigned n = 0; n < EACH; n++) {
        held_fixture_id(id, (which * EACH + n) * (DAY_MS / 8));
        held_fixture_keep(q, id, 3000);
        if (n % 2 && quarantine_delete(q, id) != 0)
            _exit(2);
        if (quarantine_purge(q, INT64_MIN, 0, &purged) != 0 || purged.removed)
            _exit(3);
    }
    quarantine_close(&q);
    _exit(0);
}

static void wait_for(pid_t *children)
{
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

static void several_processes(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT];
    pid_t children[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++)
        if ((children[i] = fork()) == 0)
            worker(f, i);
    wait_for(children);
    struct quarantine *q = held_fixture_open(f);
    for (unsigned n = 0; n < PROCESSES * EACH; n += 2) {
        held_fixture_id(id, n * (DAY_MS / 8));
        held_fixture_check(q, id, 3000);
    }
    assert_int_equal(held_fixture_files(f, ".held"), PROCESSES * EACH / 2);
    assert_int_equal(held_fixture_files(f, ".tmp"), 0);
    assert_int_equal(held_fixture_files(f, ".log"), 0);
    quarantine_close(&q);
}

/* Takes what waits, once; its exit status: how many it took. */
static void releaser(const struct held_fixture *f, int done)
{
    char id[HELD_ID_TEXT], error[400];
    struct held_line line = {.event = HELD_BEGAN, .time_us = 1, .who = "somebody"};
    struct quarantine *q = held_fixture_open(f);
    for (unsigned n = 1; n <= EACH; n++) {
        held_fixture_id(id, n);
        struct held_log *l = held_log_open(q, id, 60000, error, sizeof error);
        if (!l)
            _exit(2);
        if (held_log_state(l, "<a@example.com>") == HELD_WAITS) {
            line.event = HELD_BEGAN;
            if (held_log_add(l, &line) != 0 || write(done, &n, 1) != 1)
                _exit(3);
            line.event = HELD_RELEASED;
            if (held_log_add(l, &line) != 0)
                _exit(4);
        }
        held_log_close(&l);
    }
    quarantine_close(&q);
    _exit(0);
}

static void several_release_once(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], taken[PROCESSES * EACH];
    int ends[2];
    pid_t children[PROCESSES];
    struct quarantine *q = held_fixture_open(f);
    for (unsigned n = 1; n <= EACH; n++) {
        held_fixture_id(id, n);
        held_fixture_keep(q, id, 10);
    }
    assert_int_equal(pipe(ends), 0);
    for (unsigned i = 0; i < PROCESSES; i++)
        if ((children[i] = fork()) == 0)
            releaser(f, ends[1]);
    wait_for(children);
    assert_int_equal(read(ends[0], taken, sizeof taken), EACH);
    close(ends[0]);
    close(ends[1]);
    quarantine_close(&q);
}

static void permissions(void **state)
{
    struct held_fixture *f = *state;
    char id[HELD_ID_TEXT], path[400], error[400];
    struct stat st;
    struct quarantine *q = held_fixture_open(f);
    held_fixture_id(id, 1);
    held_fixture_keep(q, id, 10);
    struct held_log *l = held_log_open(q, id, 0, error, sizeof error);
    held_log_close(&l);
    assert_int_equal(stat(f->dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    held_fixture_path(f, id, ".held", path, sizeof path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    held_fixture_path(f, id, ".log", path, sizeof path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    quarantine_close(&q);
    snprintf(path, sizeof path, "%s/none/q", f->top);
    f->options.dir = path;
    assert_null(quarantine_open(&f->options, error, sizeof error));
    assert_non_null(strstr(error, "/none/q: No such file or directory"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, held_fixture_setup, held_fixture_teardown)

int main(void)
{
    umask(022);
    const struct CMUnitTest tests[] = {
        TEST(round_trip),
        TEST(the_log),
        TEST(ids),
        TEST(envelopes),
        TEST(an_id_is_kept_once),
        TEST(a_full_one_takes_no_more),
        TEST(what_expires),
        TEST(one_cannot_be_removed),
        TEST(released_are_counted),
        TEST(leftovers),
        TEST(several_processes),
        TEST(several_release_once),
        TEST(permissions),
    };
    return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
