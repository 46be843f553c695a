/* SPDX-License-Identifier: BSD-2-Clause */
/* A proxy that counts round trips. */
#include "config.h"
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include "redis_proxy.h"

static struct sockaddr_un address(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    return a;
}

/* Passes on what there is to read; 0: the end. */
static ssize_t pass(int from, int to)
{
    char bytes[65536];
    ssize_t n = read(from, bytes, sizeof bytes);
    for (ssize_t at = 0, sent; at < n; at += sent)
        if ((sent = send(to, bytes + at, (size_t)(n - at), MSG_NOSIGNAL)) <= 0)
            return 0;
    return n;
}

static void serve(struct redis_proxy *p, int client)
{
    struct sockaddr_un a = address(p->server);
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    int server_spoke = 1;
    struct pollfd f[3] = {{.fd = client, .events = POLLIN},
                          {.fd = server, .events = POLLIN},
                          {.fd = p->stop[0], .events = POLLIN}};
    int up = connect(server, (const struct sockaddr *)&a, sizeof a) == 0;
    while (up && poll(f, 3, -1) > 0 && !f[2].revents) {
        if (f[1].revents) { /* first: what it says now answers what was asked before */
            server_spoke = 1;
            up = pass(server, client) > 0;
        } else if (f[0].revents) {
            if (server_spoke)
                atomic_fetch_add(&p->trips, 1);
            server_spoke = 0;
            up = pass(client, server) > 0;
        }
    }
    close(server);
    close(client);
}

static void *run(void *arg)
{
    struct redis_proxy *p = arg;
    struct pollfd f[2] = {{.fd = p->listener, .events = POLLIN},
                          {.fd = p->stop[0], .events = POLLIN}};
    while (poll(f, 2, -1) > 0 && !f[1].revents) {
        int client = accept(p->listener, NULL, NULL);
        if (client >= 0)
            serve(p, client);
    }
    return NULL;
}

void redis_proxy_start(struct redis_proxy *p, const char *dir, const char *server_socket)
{
    snprintf(p->socket, sizeof p->socket, "%s/proxy.sock", dir);
    snprintf(p->server, sizeof p->server, "%s", server_socket);
    struct sockaddr_un a = address(p->socket);
    atomic_init(&p->trips, 0);
    assert_int_equal(pipe(p->stop), 0);
    p->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(p->listener, (const struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(p->listener, 8), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
}

unsigned redis_proxy_trips(struct redis_proxy *p)
{
    return atomic_load(&p->trips);
}

void redis_proxy_stop(struct redis_proxy *p)
{
    assert_int_equal(write(p->stop[1], "", 1), 1);
    pthread_join(p->thread, NULL);
    close(p->listener);
    close(p->stop[0]);
    close(p->stop[1]);
    unlink(p->socket);
}
