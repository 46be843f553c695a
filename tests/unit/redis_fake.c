/* SPDX-License-Identifier: BSD-2-Clause */
/* A server that is none. */
#include "config.h"
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include "redis_fake.h"

#define CLIENTS 200 /* in all */

/* Something to read from fd; false: the end of the test. */
static bool wait_for(struct redis_fake *f, int fd)
{
    struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = f->stop[0], .events = POLLIN}};
    return poll(p, 2, -1) > 0 && !p[1].revents;
}

static bool hear(struct redis_fake *f, int fd)
{
    char bytes[65536];
    return wait_for(f, fd) && read(fd, bytes, sizeof bytes) > 0;
}

static void serve(struct redis_fake *f, int fd)
{
    if (!hear(f, fd))
        return;
    if (f->hello)
        send(fd, f->hello, strlen(f->hello), MSG_NOSIGNAL);
    if (!hear(f, fd))
        return;
    do {
        if (f->answer)
            send(fd, f->answer, f->answer_len, MSG_NOSIGNAL);
    } while (f->again && hear(f, fd));
    while (!f->close && hear(f, fd))
        continue;
}

struct client {
    pthread_t thread;
    struct redis_fake *fake;
    int fd;
};

static void *run_client(void *arg)
{
    struct client *c = arg;
    serve(c->fake, c->fd);
    close(c->fd);
    return NULL;
}

static void *run(void *arg)
{
    struct redis_fake *f = arg;
    struct client clients[CLIENTS];
    int n = 0;
    while (n < CLIENTS && wait_for(f, f->listener)) {
        int fd = accept(f->listener, NULL, NULL);
        clients[n] = (struct client){.fake = f, .fd = fd};
        if (fd >= 0 && pthread_create(&clients[n].thread, NULL, run_client, &clients[n]) == 0)
            n++;
    }
    while (n > 0)
        pthread_join(clients[--n].thread, NULL);
    return NULL;
}

void redis_fake_start(struct redis_fake *f)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(f->dir, sizeof f->dir, "/tmp/vouch-fake-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->socket, sizeof f->socket, "%s/fake.sock", f->dir);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", f->socket);
    assert_int_equal(pipe(f->stop), 0);
    f->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(f->listener, (const struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(f->listener, 8), 0);
    assert_int_equal(pthread_create(&f->thread, NULL, run, f), 0);
}

void redis_fake_stop(struct redis_fake *f)
{
    assert_int_equal(write(f->stop[1], "", 1), 1);
    pthread_join(f->thread, NULL);
    close(f->listener);
    close(f->stop[0]);
    close(f->stop[1]);
    unlink(f->socket);
    rmdir(f->dir);
}
