/* SPDX-License-Identifier: BSD-2-Clause */
/* Admission: what is one too many, who is given up, and that all that was taken is given back. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "load.h"
#include "log.h"
#include "metrics_text.h"
#include "repeats.h"

#define MIB ((size_t)1 << 20)

struct fixture {
    FILE *file; /* in place of standard error */
    int saved;
    struct log *log;
    struct metrics *metrics;
    struct load *load;
    char text[16384];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->file = tmpfile();
    f->saved = dup(STDERR_FILENO);
    dup2(fileno(f->file), STDERR_FILENO);
    unsetenv("JOURNAL_STREAM");
    f->log = log_new(true, LOG_LEVEL_INFO);
    f->metrics = metrics_new();
    f->load = load_new(f->log, f->metrics);
    assert_non_null(f->load);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unsigned messages = load_messages(f->load);
    size_t held = load_held(f->load);
    load_free(&f->load);
    load_free(&f->load);
    metrics_free(&f->metrics);
    log_free(&f->log);
    dup2(f->saved, STDERR_FILENO);
    close(f->saved);
    fclose(f->file);
    free(f);
    return messages == 0 && held == 0 ? 0 : -1; /* in each of the tests */
}

static unsigned lines_with(struct fixture *f, const char *word)
{
    unsigned count = 0;
    fflush(stderr);
    ssize_t n = pread(fileno(f->file), f->text, sizeof f->text - 1, 0);
    assert_true(n >= 0);
    f->text[n] = '\0';
    for (const char *p = f->text; (p = strstr(p, word)); p++)
        count++;
    return count;
}

static bool is_counted(struct fixture *f, unsigned overloaded)
{
    const struct gauges g = {0};
    char line[100];
    struct sbuf text;
    sbuf_init(&text, METRICS_TEXT_MAX);
    metrics_text(f->metrics, &g, &text);
    snprintf(line, sizeof line, "\nvouch_messages_overloaded_total %u\n", overloaded);
    bool found = strstr(sbuf_str(&text), line);
    sbuf_clear(&text);
    return found;
}

static const struct settings roomy = {
    .max_connections = 1000, .max_messages = 1000, .max_memory = 1000 * MIB};

static void one_too_many(void **state)
{
    static const struct {
        const char *name;
        unsigned max_messages, max_connections;
        uint64_t max_memory;
        unsigned messages, connections; /* that are there before it */
        size_t held;                    /* by them together */
        bool passes;
    } table[] = {
        {"the first", 1, 1, 1, 0, 1, 0, true},
        {"the last of all messages", 3, 9, 1, 2, 3, 0, true},
        {"one message too many", 3, 9, 1, 3, 4, 0, false},
        {"the last of all connections", 9, 3, 1, 0, 3, 0, true},
        {"one connection too many", 9, 3, 1, 0, 4, 0, false},
        {"memory is full", 9, 9, MIB, 1, 1, MIB, true},
        {"memory is more than full", 9, 9, MIB, 1, 1, MIB + 1, false},
        {"no message at all", 0, 9, MIB, 0, 1, 0, false},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct settings s = {.max_messages = table[i].max_messages,
                                   .max_connections = table[i].max_connections,
                                   .max_memory = table[i].max_memory};
        size_t held = 0;
        print_message("# %s\n", table[i].name);
        for (unsigned n = 0; n < table[i].connections; n++)
            load_session_began(f->load);
        for (unsigned n = 0; n < table[i].messages; n++)
            assert_true(load_message_began(f->load, &roomy));
        assert_true(load_memory(f->load, &roomy, &held, table[i].held));
        assert_int_equal(load_message_began(f->load, &s), table[i].passes);
        assert_int_equal(load_messages(f->load), table[i].messages + table[i].passes);
        for (unsigned n = 0; n < table[i].messages + table[i].passes; n++)
            load_message_ended(f->load);
        for (unsigned n = 0; n < table[i].connections; n++)
            load_session_ended(f->load);
        assert_true(load_memory(f->load, &s, &held, 0));
        assert_int_equal(load_messages(f->load), 0);
        assert_int_equal(load_held(f->load), 0);
    }
}

/* A refused message is not counted: it takes nobody's place. */
static void the_next_passes_when_one_has_ended(void **state)
{
    static const struct settings s = {
        .max_messages = 2, .max_connections = 9, .max_memory = MIB, .on_overload = ACTION_ACCEPT};
    struct fixture *f = *state;
    assert_true(load_message_began(f->load, &s));
    assert_true(load_message_began(f->load, &s));
    for (int i = 0; i < 100; i++)
        assert_false(load_message_began(f->load, &s));
    load_message_ended(f->load);
    assert_true(load_message_began(f->load, &s));
    assert_false(load_message_began(f->load, &s));
    load_message_ended(f->load);
    load_message_ended(f->load);
    assert_true(is_counted(f, 101));
    assert_int_equal(lines_with(f, "overload: a message is accepted unjudged"), REPEATS_BURST);
}

static void what_the_log_says(void **state)
{
    static const struct settings s = {.max_messages = 0,
                                      .max_connections = 9,
                                      .max_memory = 7 << 10,
                                      .on_overload = ACTION_TEMPFAIL};
    struct fixture *f = *state;
    size_t held = 0;
    load_session_began(f->load);
    assert_true(load_memory(f->load, &roomy, &held, 5 << 10));
    assert_false(load_message_began(f->load, &s));
    load_memory(f->load, &s, &held, 0);
    load_session_ended(f->load);
    assert_int_equal(lines_with(f, "overload: a message is deferred unjudged (on_overload); under "
                                   "way: 1 messages of 0 (limits.messages), with 5 KiB of 7 "
                                   "(limits.memory), 1 connections of 9 (limits.connections)"),
                     1);
}

/* What grows beyond the limit ends only those that hold more than the average. */
static void the_greedy_is_given_up(void **state)
{
    static const struct settings s = {
        .max_messages = 9, .max_connections = 9, .max_memory = 10 * MIB};
    struct fixture *f = *state;
    size_t small = 0, large = 0, other = 0;
    for (int i = 0; i < 3; i++)
        assert_true(load_message_began(f->load, &s));
    assert_true(load_memory(f->load, &s, &small, MIB));
    assert_true(load_memory(f->load, &s, &large, 5 * MIB));
    assert_true(load_memory(f->load, &s, &other, 4 * MIB)); /* exactly all */
    assert_int_equal(load_held(f->load), 10 * MIB);
    assert_true(load_memory(f->load, &s, &small, MIB + 1)); /* all is too much, and it is small */
    assert_true(load_memory(f->load, &s, &large, 5 * MIB)); /* does not grow */
    assert_true(is_counted(f, 0));
    assert_false(load_memory(f->load, &s, &large, 5 * MIB + 1));
    assert_true(is_counted(f, 1));
    assert_int_equal(large, 5 * MIB + 1); /* until it lets go of it: */
    assert_true(load_memory(f->load, &s, &large, 0));
    assert_true(load_memory(f->load, &s, &other, 5 * MIB));
    assert_true(load_memory(f->load, &s, &other, 20 * MIB - 1) == false);
    assert_true(load_memory(f->load, &s, &other, 11 * MIB)); /* shrinks: no reason to end it */
    assert_true(load_memory(f->load, &s, &other, 0));
    assert_true(load_memory(f->load, &s, &small, 0));
    assert_true(load_memory(f->load, &s, &small, 0));
    for (int i = 0; i < 3; i++)
        load_message_ended(f->load);
}

static void alone_beyond_the_limit(void **state)
{
    static const struct settings s = {.max_messages = 9, .max_connections = 9, .max_memory = MIB};
    struct fixture *f = *state;
    size_t held = 0;
    assert_true(load_message_began(f->load, &s));
    assert_false(load_memory(f->load, &s, &held, SIZE_MAX / 2)); /* as much as can be asked */
    assert_true(load_memory(f->load, &s, &held, 0));
    load_message_ended(f->load);
}

#define THREADS 8
#define ROUNDS  5000
#define AT_ONCE 3

struct worker {
    struct load *load;
    atomic_uint *under_way;
    unsigned passed;
    bool too_many;
};

static const struct settings tight = {
    .max_messages = AT_ONCE, .max_connections = THREADS, .max_memory = THREADS * 4096};

static void *come_and_go(void *arg)
{
    struct worker *w = arg;
    for (int i = 0; i < ROUNDS; i++) {
        size_t held = 0;
        load_session_began(w->load);
        if (load_message_began(w->load, &tight)) {
            w->passed++;
            w->too_many |= atomic_fetch_add(w->under_way, 1) >= AT_ONCE;
            for (size_t n = 1; n < 20 && load_memory(w->load, &tight, &held, n * 1000); n++)
                ;
            load_memory(w->load, &tight, &held, 0);
            atomic_fetch_sub(w->under_way, 1);
            load_message_ended(w->load);
        }
        load_session_ended(w->load);
    }
    return NULL;
}

/* Never more at a time than may be, and nothing stays: teardown looks. */
static void from_many_threads(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    atomic_uint under_way = 0;
    unsigned passed = 0;
    log_set_level(f->log, LOG_LEVEL_ERROR);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.load = f->load, .under_way = &under_way};
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_false(workers[i].too_many);
        passed += workers[i].passed;
    }
    assert_true(passed > 0);
    const struct settings one = {.max_messages = 1, .max_connections = 0, .max_memory = 0};
    assert_true(load_message_began(f->load, &one)); /* all limits at what is there now: none */
    load_message_ended(f->load);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(the_next_passes_when_one_has_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_log_says, setup, teardown),
        cmocka_unit_test_setup_teardown(the_greedy_is_given_up, setup, teardown),
        cmocka_unit_test_setup_teardown(alone_beyond_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(from_many_threads, setup, teardown),
    };
    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
