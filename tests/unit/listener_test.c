/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include "errors.h"
#include "listener.h"

struct place {
    char dir[64], path[96], spec[128];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    snprintf(p->dir, sizeof p->dir, "/tmp/vouch-listener.XXXXXX");
    if (!p || !mkdtemp(p->dir))
        return -1;
    snprintf(p->path, sizeof p->path, "%s/sock", p->dir);
    snprintf(p->spec, sizeof p->spec, "unix:%s", p->path);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    unlink(p->path);
    rmdir(p->dir);
    free(p);
    return 0;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int rc = connect(fd, (struct sockaddr *)&address, sizeof address);
    close(fd);
    return rc;
}

static void specs(void **state)
{
    (void)state;
    char longest[200];
    memset(longest, 'x', sizeof longest - 1);
    memcpy(longest, "unix:/", 6);
    longest[sizeof longest - 1] = '\0';
    const struct {
        const char *spec, *says; /* says NULL: good */
    } cases[] = {
        {"unix:/run/vouch/vouch.sock", NULL},
        {"local:/run/vouch/vouch.sock", NULL},
        {"inet:8891", NULL},
        {"inet:8891@127.0.0.1", NULL},
        {"inet:8891@[127.0.0.1]", NULL},
        {"inet6:8891@::1", NULL},
        {"inet6:8891@[::1]", NULL},
        {"unix:vouch.sock", "absolute path"},
        {longest, "longer than"},
        {"inet:0@127.0.0.1", "expected unix:/PATH"},
        {"inet:65536@127.0.0.1", "expected unix:/PATH"},
        {"inet:smtp@127.0.0.1", "expected unix:/PATH"},
        {"inet:", "expected unix:/PATH"},
        {"inet:8891@::1", "is not an IPv4 address"},
        {"inet6:8891@127.0.0.1", "is not an IPv6 address"},
        {"tcp:8891", "expected unix:/PATH"},
        {"/run/vouch.sock", "expected unix:/PATH"},
        {"", "expected unix:/PATH"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char error[512] = "";
        int rc = listener_check(cases[i].spec, error, sizeof error);
        if (cases[i].says ? rc != VOUCH_E_CONFIG || !strstr(error, cases[i].says) : rc != 0)
            fail_msg("'%s': %d, '%s'", cases[i].spec, rc, error);
    }
}

static void explains_what_an_error_means(void **state)
{
    static const struct {
        const char *spec;
        int error;
        const char *part;
    } cases[] = {
        {"unix:/run/absent/sock", ENOENT, "there is no directory /run/absent: make it, for user '"},
        {"unix:/run/other/sock", EACCES, "' may not make a socket in /run/other: "},
        {"local:/run/other/sock", EACCES, "' may not make a socket in /run/other: "},
        {"unix:/var/spool/x/sock", EROFS, "/var/spool/x is read-only for this process: "},
        {"unix:/run/full/sock", ENOSPC, "No space left"},
        {"inet:25@127.0.0.1", EACCES, "below 1024"},
        {"inet:8891@127.0.0.1", EADDRINUSE, "something else listens there"},
        {"inet6:8891@2001:db8::1", EADDRNOTAVAIL, "this host has no such address"},
        {"inet:8891", EMFILE, "Too many open files"},
        {"inet:8891", 0, "syslog"},
    };
    char text[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        listener_explain(cases[i].spec, cases[i].error, text, sizeof text);
        if (!strstr(text, cases[i].part))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].spec, text, cases[i].part);
    }
}

static void clears_only_what_nobody_serves(void **state)
{
    const struct place *p = *state;
    char error[512] = "";
    assert_int_equal(listener_clear("inet:8891", error, sizeof error), 0);
    assert_int_equal(listener_clear(p->spec, error, sizeof error), 0); /* nothing there */

    int fd = listen_at(p->path);
    assert_int_equal(listener_clear(p->spec, error, sizeof error), VOUCH_E_IO);
    assert_non_null(strstr(error, "another process listens there"));
    assert_int_equal(access(p->path, F_OK), 0);
    close(fd); /* left behind, as after a crash */
    assert_int_equal(listener_clear(p->spec, error, sizeof error), 0);
    assert_int_not_equal(access(p->path, F_OK), 0);

    fclose(fopen(p->path, "w"));
    assert_int_equal(listener_clear(p->spec, error, sizeof error), VOUCH_E_IO);
    assert_non_null(strstr(error, "is not a socket"));
    assert_int_equal(access(p->path, F_OK), 0);
}

static void finds_and_closes_a_listener(void **state)
{
    const struct place *p = *state;
    struct listener_set before;
    int other = listen_at(p->path);
    listener_scan(&before);
    assert_int_equal(listener_find(&before), -1);
    unlink(p->path);
    int fd = listen_at(p->path);
    assert_int_equal(listener_find(&before), fd);
    close(other);
    assert_int_equal(connect_to(p->path), 0);
    listener_close(fd);
    assert_int_equal(connect_to(p->path), -1);
    assert_int_equal(accept(fd, NULL, NULL), -1); /* never ready, never blocks */
    close(fd);
}

static void answers_are_sent_at_once(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof in, size = sizeof(int);
    int on = 0, fd = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(fd, 1), 0);
    listener_no_delay(fd);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&in, len), 0);
    int taken = accept(fd, NULL, NULL);
    assert_int_equal(getsockopt(taken, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    assert_true(on);
    close(taken);
    close(client);
    close(fd);
    listener_no_delay(-1); /* which none was found for */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specs),
        cmocka_unit_test(explains_what_an_error_means),
        cmocka_unit_test_setup_teardown(clears_only_what_nobody_serves, make_place, remove_place),
        cmocka_unit_test(answers_are_sent_at_once),
        cmocka_unit_test_setup_teardown(finds_and_closes_a_listener, make_place, remove_place),
    };
    return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
