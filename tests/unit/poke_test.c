/* SPDX-License-Identifier: BSD-2-Clause */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "log.h"
#include "poke.h"

#define GREETING_BYTES 17
#define HELO_BYTES     10

/* A listener on the wildcard address: the poke must come by the loopback. */
static int listen_anywhere(int family)
{
    struct sockaddr_storage any = {.ss_family = (sa_family_t)family};
    int fd = socket(family, SOCK_STREAM, 0);
    socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&any, len) == 0 && listen(fd, 5) == 0)
        return fd;
    close(fd);
    return -1;
}

static void expect(int fd, size_t n, char command)
{
    unsigned char bytes[64];
    assert_int_equal(recv(fd, bytes, n, MSG_WAITALL), n);
    assert_int_equal(bytes[3], n - 4);
    assert_int_equal(bytes[4], command);
}

static void pokes_over(int family)
{
    int listener = listen_anywhere(family);
    if (listener < 0)
        skip();
    struct log *log = log_new(false, 0);
    struct poke *p = poke_new(listener, log);
    assert_non_null(p);

    poke_wake(p); /* connects */
    int fd = accept(listener, NULL, NULL);
    expect(fd, GREETING_BYTES, 'O');
    expect(fd, HELO_BYTES, 'H');
    assert_int_equal(send(fd, "an answer to negotiation", 24, 0), 24);
    poke_wake(p); /* same connection */
    expect(fd, HELO_BYTES, 'H');

    close(fd); /* the library closed an idle session */
    poke_wake(p);
    fd = accept(listener, NULL, NULL);
    expect(fd, GREETING_BYTES, 'O');
    expect(fd, HELO_BYTES, 'H');

    close(fd);
    close(listener); /* nobody is there: nothing happens, however often */
    poke_wake(p);
    poke_wake(p);
    poke_free(&p);
    assert_null(p);
    log_free(&log);
}

static void over_ipv4(void **state)
{
    (void)state;
    pokes_over(AF_INET);
}

static void over_ipv6(void **state)
{
    (void)state;
    pokes_over(AF_INET6);
}

static void never_blocks(void **state)
{
    (void)state;
    int listener = listen_anywhere(AF_INET);
    struct log *log = log_new(false, 0);
    struct poke *p = poke_new(listener, log);
    for (int i = 0; i < 1000; i++) /* nobody reads */
        poke_wake(p);
    poke_free(&p);
    poke_free(&p);
    close(listener);
    log_free(&log);
}

static void needs_a_socket(void **state)
{
    (void)state;
    struct log *log = log_new(false, 0);
    assert_null(poke_new(-1, log));
    log_free(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_ipv4),
        cmocka_unit_test(over_ipv6),
        cmocka_unit_test(never_blocks),
        cmocka_unit_test(needs_a_socket),
    };
    return cmocka_run_group_tests_name("poke", tests, NULL, NULL);
}
