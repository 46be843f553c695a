/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that come back from quarantine, and those that only say so. */
#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "held_log.h"
#include "held_return.h"
#include "nomem.h"
#include "quarantine_fixture.h"

#define MARK "00112233445566778899aabbccddeeff"
#define ID   "019b76da-a801-7000-8000-000000000001"
#define TRACE                                                                                      \
    "Received: from a (a [192.0.2.1])\r\n\tby h (vouch quarantine, release " MARK ")\r\n\tid " ID  \
    "; d\r\n"
#define OTHERS "Received: x\r\nX-Authentication-Warning: x\r\nDKIM-Signature: x\r\n y\r\n"
#define BARE   "received: (vouch quarantine, release " MARK ") id " ID ";\n"
#define NOW_US INT64_C(1767225600000000)
#define HOUR   (HELD_RETURN_S * INT64_C(1000000))

static size_t fail_at, allocations; /* 0: none fails */

bool nomem_fails(void)
{
    return ++allocations == fail_at;
}

static void claims(void **state)
{
    static const struct {
        const char *name, *top;
        size_t length; /* 0: none */
    } cases[] = {
        {"as it is written", TRACE "From: a\r\n\r\n", sizeof TRACE - 1},
        {"below other traces", OTHERS TRACE "From: a\r\n", sizeof OTHERS TRACE - 1},
        {"on one line", BARE, sizeof BARE - 1},
        {"below what a reader is shown", "Subject: a\r\n" TRACE, 0},
        {"in the body", "\r\n" TRACE, 0},
        {"in another field", "X-Received: (vouch quarantine, release " MARK ")\r\n\tid " ID ";\r\n",
         0},
        {"no mark", "Received: (vouch quarantine, release )\r\n\tid " ID ";\r\n", 0},
        {"half a mark", "Received: (vouch quarantine, release 0011)\r\n\tid " ID ";\r\n", 0},
        {"a mark of no digits",
         "Received: (vouch quarantine, release 00112233445566778899aabbccddee/.)\r\n\tid " ID
         ";\r\n",
         0},
        {"a longer mark", "Received: (vouch quarantine, release " MARK "0)\r\n\tid " ID ";\r\n", 0},
        {"no id", "Received: (vouch quarantine, release " MARK ")\r\n", 0},
        {"a path for an id",
         "Received: (vouch quarantine, release " MARK
         ")\r\n\tid ../../../../../../../../../../etc/passwd\r\n",
         0},
        {"cut", "Received: (vouch quarantine, release " MARK ")\r\n\tid 019b76da", 0},
        {"nothing", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct held_claim c;
        bool found = held_claim_parse(span_of(cases[i].top), &c);
        if (found != (cases[i].length > 0) || (found && c.length != cases[i].length))
            fail_msg("%s: %d, %zu", cases[i].name, found, found ? c.length : 0);
        if (found) {
            assert_string_equal(c.mark, MARK);
            assert_string_equal(c.id, ID);
        }
    }
}

static const char *const both[] = {"<a@example.com>", "<b@example.com>", "<c@example.com>"};

static void begin_release(struct quarantine *q, size_t rcpts)
{
    char error[400];
    const struct held_line line = {.event = HELD_BEGAN,
                                   .time_us = NOW_US,
                                   .who = "carol",
                                   .rcpts = rcpts ? both : NULL,
                                   .rcpt_count = rcpts,
                                   .mark = MARK};
    struct held_log *l = held_log_open(q, ID, 0, error, sizeof error);
    assert_non_null(l);
    assert_int_equal(held_log_add(l, &line), 0);
    held_log_close(&l);
}

struct coming {
    const char *name, *top, *sender;
    size_t first, count; /* of its recipients, of both */
    int64_t after_us;    /* the release began */
    int change;          /* this much longer; 0, 1, -1 */
    bool returns;
};

static bool comes(struct quarantine *q, size_t size, const struct coming *c,
                  struct held_return *return_r)
{
    const struct held_envelope e = {
        .sender = c->sender, .rcpts = both + c->first, .rcpt_count = c->count};
    struct held_writer *w = held_writer_new(q);
    if (!w)
        return false;
    held_add(w, span_of(c->top));
    for (size_t at = 0; at < size + (size_t)c->change; at++) {
        char byte = held_fixture_byte(at);
        held_add(w, span_make(&byte, 1));
    }
    bool returns = held_returns(q, w, &e, NOW_US + c->after_us, return_r);
    held_writer_free(&w);
    return returns;
}

#define S "<s@example.org>"
static const struct coming all[] = {
    {"the message", TRACE, S, 0, 2, 0, 0, true},
    {"to one of them", TRACE, S, 1, 1, HOUR - 1, 0, true},
    {"without <>", TRACE, "s@example.org", 0, 2, 1, 0, true},
    {"the clock went back", TRACE, S, 0, 2, -1, 0, true},
    {"too late", TRACE, S, 0, 2, HOUR, 0, false},
    {"far too early", TRACE, S, 0, 2, -HOUR, 0, false},
    {"to another one, too", TRACE, S, 0, 3, 0, 0, false},
    {"to another one", TRACE, S, 2, 1, 0, 0, false},
    {"from another one", TRACE, "<t@example.org>", 0, 2, 0, 0, false},
    {"a byte more", TRACE, S, 0, 2, 0, 1, false},
    {"a byte less", TRACE, S, 0, 2, 0, -1, false},
    {"other bytes", TRACE "\r\n", S, 0, 2, 0, -2, false},
    {"another mark",
     "Received: (vouch quarantine, release 10112233445566778899aabbccddeeff)\r\n\tid " ID ";\r\n",
     S, 0, 2, 0, 0, false},
    {"another message",
     "Received: (vouch quarantine, release " MARK
     ")\r\n\tid 019b76da-a802-7000-8000-000000000002;\r\n",
     S, 0, 2, 0, 0, false},
    {"no claim", "", S, 0, 2, 0, 0, false},
};

static void returns(void **state)
{
    struct held_fixture *f = *state;
    struct held_return r;
    static const size_t sizes[] = {10, HELD_FIXTURE_MEMORY + 3, 3 * HELD_FIXTURE_MEMORY};
    for (size_t k = 0; k < 2 * sizeof sizes / sizeof *sizes; k++) {
        size_t size = sizes[k / 2];
        f->options.key_file = k % 2 ? f->key_file : NULL;
        struct quarantine *q = held_fixture_open(f);
        held_fixture_keep(q, ID, size);
        if (comes(q, size, &all[0], &r))
            fail_msg("%zu: not released", size);
        begin_release(q, 2);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            if (comes(q, size, &all[i], &r) != all[i].returns)
                fail_msg("%zu, %s", size, all[i].name);
        assert_true(comes(q, size, &all[0], &r));
        assert_string_equal(r.id, ID);
        assert_string_equal(r.who, "carol");
        assert_int_equal(quarantine_delete(q, ID), 0);
        assert_false(comes(q, size, &all[0], &r));
        quarantine_close(&q);
    }
}

static void to_all(void **state)
{
    struct held_fixture *f = *state;
    struct held_return r;
    struct quarantine *q = held_fixture_open(f);
    held_fixture_keep(q, ID, 10);
    begin_release(q, 0);
    assert_true(comes(q, 10, &all[0], &r));
    quarantine_close(&q);
}

static void damaged(void **state)
{
    struct held_fixture *f = *state;
    char path[300];
    struct held_return r;
    struct quarantine *q = held_fixture_open(f);
    held_fixture_keep(q, ID, 10);
    begin_release(q, 2);
    held_fixture_path(f, ID, ".log", path, sizeof path);
    held_fixture_write(path, "no line\n");
    assert_false(comes(q, 10, &all[0], &r));
    held_fixture_write(path, "");
    begin_release(q, 2);
    assert_true(comes(q, 10, &all[0], &r));
    held_fixture_path(f, ID, ".held", path, sizeof path);
    held_fixture_write(path, "no message\n");
    assert_false(comes(q, 10, &all[0], &r));
    quarantine_close(&q);
}

static void no_memory(void **state)
{
    struct held_fixture *f = *state;
    struct held_return r;
    struct quarantine *q = held_fixture_open(f);
    held_fixture_keep(q, ID, 10);
    begin_release(q, 2);
    bool found = false;
    size_t tries = 0;
    for (fail_at = 1; !found && fail_at < 1000; fail_at++, tries++) {
        allocations = 0;
        found = comes(q, 10, &all[0], &r);
    }
    fail_at = 0;
    assert_true(found);
    assert_true(tries > 5);
    quarantine_close(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims),
        cmocka_unit_test_setup_teardown(returns, held_fixture_setup, held_fixture_teardown),
        cmocka_unit_test_setup_teardown(to_all, held_fixture_setup, held_fixture_teardown),
        cmocka_unit_test_setup_teardown(damaged, held_fixture_setup, held_fixture_teardown),
        cmocka_unit_test_setup_teardown(no_memory, held_fixture_setup, held_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
