/* SPDX-License-Identifier: BSD-2-Clause */
/* What the watchdog is told by: the turnstile, the ping, and what they come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include "busy.h"
#include "notify.h"
#include "ping.h"
#include "self.h"
#include "turnstile.h"
#include "watch.h"

static void who_stays_in_the_turnstile_is_seen(void **state)
{
    struct turnstile t = {0};
    (void)state;
    assert_true(turnstile_turn(&t));
    for (int i = 0; i < 5; i++) { /* traffic that passes, always somebody in it */
        unsigned a = turnstile_enter(&t);
        assert_true(turnstile_turn(&t));
        unsigned b = turnstile_enter(&t);
        turnstile_leave(&t, a);
        assert_true(turnstile_turn(&t));
        turnstile_leave(&t, b);
    }
    unsigned stuck = turnstile_enter(&t);
    assert_true(turnstile_turn(&t)); /* it came in this round */
    for (int i = 0; i < 3; i++) {
        assert_false(turnstile_turn(&t));
        turnstile_leave(&t, turnstile_enter(&t)); /* others pass beside it */
    }
    turnstile_leave(&t, stuck);
    assert_true(turnstile_turn(&t));
}

static void what_is_stuck(void **state)
{
    static const struct {
        struct watch_facts facts;
        const char *stuck;
    } table[] = {
        {{0}, NULL},
        {{.pool_ms = 1000, .dns_ms = 1000, .journal_ms = 1000}, NULL},
        {{.pool_ms = 1001}, "milter library"},
        {{.dns_ms = 1001}, "DNS thread"},
        {{.journal_ms = 1001}, "journal's thread"},
        {{.message = true}, "a message"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *stuck = watch_stuck(&table[i].facts, 1000);
        print_message("# %s\n", table[i].stuck ? table[i].stuck : "-");
        assert_true(table[i].stuck ? stuck && strstr(stuck, table[i].stuck) : !stuck);
    }
}

static void busy_counts_from_its_begin(void **state)
{
    struct busy b = {0};
    (void)state;
    assert_int_equal(busy_ms(&b), 0);
    busy_begin(&b);
    b.since_ms -= 5000;
    assert_in_range(busy_ms(&b), 5000, 5000 + 60000);
    busy_end(&b);
    assert_int_equal(busy_ms(&b), 0);
}

static void expect(int fd, size_t n, char command)
{
    unsigned char bytes[64];
    assert_int_equal(recv(fd, bytes, n, MSG_WAITALL), n);
    assert_int_equal(bytes[4], command);
}

static void a_ping_wants_an_answer(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char dir[] = "/tmp/vouch-ping.XXXXXX", answer[SELF_GREETING_REPLY + SELF_HELO_REPLY] = {0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s", dir);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 5), 0);
    struct ping *p = ping_new(listener);
    assert_non_null(p);

    assert_int_equal(ping_unanswered_ms(p, 1000), 0); /* connects and asks */
    int fd = accept(listener, NULL, NULL);
    expect(fd, 17, 'O');
    expect(fd, 10, 'H');
    assert_int_equal(send(fd, answer, SELF_GREETING_REPLY, 0), SELF_GREETING_REPLY);
    assert_int_equal(ping_unanswered_ms(p, 1500), 500); /* greeted, but not answered */
    assert_int_equal(send(fd, answer, SELF_HELO_REPLY, 0), SELF_HELO_REPLY);
    assert_int_equal(ping_unanswered_ms(p, 2000), 0);
    expect(fd, 10, 'H'); /* which asked again */
    assert_int_equal(send(fd, answer, SELF_HELO_REPLY, 0), SELF_HELO_REPLY);
    assert_int_equal(ping_unanswered_ms(p, 3000), 0);

    close(fd); /* the question of 3000 goes on by another connection */
    assert_int_equal(ping_unanswered_ms(p, 4000), 1000);
    fd = accept(listener, NULL, NULL);
    expect(fd, 17, 'O');
    assert_int_equal(ping_unanswered_ms(p, 5000), 2000);
    close(fd);
    close(listener);
    assert_int_equal(ping_unanswered_ms(p, 6000), 3000);
    assert_int_equal(ping_unanswered_ms(p, 7000), 4000); /* nobody listens */
    ping_free(&p);
    unlink(address.sun_path);
    rmdir(dir);
}

static void whom_the_watchdog_is_meant_for(void **state)
{
    char pid[32];
    (void)state;
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    const struct {
        const char *usec, *pid;
        int64_t expected;
    } table[] = {
        {NULL, NULL, 0},
        {"60000000", NULL, 60000000},
        {"60000000", pid, 60000000},
        {"5", "1", 0},
        {"", NULL, 0},
        {"-5", NULL, 0},
        {"5s", NULL, 0},
        {"5", "x", 0},
        {"99999999999999999999", NULL, 0},
        {NULL, pid, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        if (table[i].usec)
            setenv("WATCHDOG_USEC", table[i].usec, 1);
        if (table[i].pid)
            setenv("WATCHDOG_PID", table[i].pid, 1);
        print_message("# %zu\n", i);
        assert_int_equal(notify_watchdog_us(), table[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_stays_in_the_turnstile_is_seen),
        cmocka_unit_test(what_is_stuck),
        cmocka_unit_test(busy_counts_from_its_begin),
        cmocka_unit_test(a_ping_wants_an_answer),
        cmocka_unit_test(whom_the_watchdog_is_meant_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
