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

#define CLIENTS 4 /* at a time */

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

/* A client and its own connection to the server. */
struct pair {
    int client, server; /* client < 0: free */
    int server_spoke;
};

static void take_client(struct redis_proxy *p, struct pair *pair)
{
    struct sockaddr_un a = address(p->server);
    pair->client = accept(p->listener, NULL, NULL);
    pair->server = socket(AF_UNIX, SOCK_STREAM, 0);
    pair->server_spoke = 1;
    /* a server that is away shows in the first read */
    (void)!connect(pair->server, (const struct sockaddr *)&a, sizeof a);
}

static void drop(struct pair *pair)
{
    close(pair->server);
    close(pair->client);
    pair->client = -1;
}

static void serve(struct redis_proxy *p, struct pair *pair, short from_client, short from_server)
{
    int up = 1;
    if (from_server) { /* first: what it says now answers what was asked before */
        pair->server_spoke = 1;
        up = pass(pair->server, pair->client) > 0;
    } else if (from_client) {
        if (pair->server_spoke)
            atomic_fetch_add(&p->trips, 1);
        pair->server_spoke = 0;
        up = pass(pair->client, pair->server) > 0;
    }
    if (!up)
        drop(pair);
}

static void *run(void *arg)
{
    struct redis_proxy *p = arg;
    struct pair pairs[CLIENTS];
    struct pollfd f[2 + 2 * CLIENTS] = {{.fd = p->stop[0], .events = POLLIN}, {.events = POLLIN}};
    for (int i = 0; i < CLIENTS; i++)
        pairs[i] = (struct pair){-1, -1, 0};
    do {
        struct pair *unused = NULL;
        for (int i = 0; i < CLIENTS; i++) {
            struct pair *pair = &pairs[i];
            if (pair->client < 0)
                unused = pair;
            f[2 + 2 * i] = (struct pollfd){.fd = pair->client, .events = POLLIN};
            f[3 + 2 * i] =
                (struct pollfd){.fd = pair->client < 0 ? -1 : pair->server, .events = POLLIN};
        }
        f[1].fd = unused ? p->listener : -1;
        if (poll(f, 2 + 2 * CLIENTS, -1) <= 0)
            continue;
        for (int i = 0; i < CLIENTS; i++)
            if (pairs[i].client >= 0)
                serve(p, &pairs[i], f[2 + 2 * i].revents, f[3 + 2 * i].revents);
        if (unused && f[1].revents)
            take_client(p, unused);
    } while (!f[0].revents);
    for (int i = 0; i < CLIENTS; i++)
        if (pairs[i].client >= 0)
            drop(&pairs[i]);
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
