/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection to Redis that many threads share: the thread that keeps it up and reads the answers.
 * Attempts to connect are spaced by a growing, jittered delay.
 *
 * hiredis is used for its reply parser only: its own connections have no deadline, raise SIGPIPE
 * and forget their timeouts when they reconnect. */
#include "config.h"
#include <errno.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "clock.h"
#include "redis_link_private.h"

#define REPLY_MAX  ((size_t)64 << 20) /* bytes of one reply; ours have some thousand */
#define STALL_MS   10000              /* no byte for so long with a question out: it is dead */
#define READ_BYTES 16384

static int64_t jittered(struct redis_link *l, int64_t ms)
{
    l->jitter ^= l->jitter << 13; /* xorshift32: only so that not all clients come at once */
    l->jitter ^= l->jitter >> 17;
    l->jitter ^= l->jitter << 5;
    return ms / 2 + (int64_t)(l->jitter % (uint32_t)(ms / 2 + 1));
}

static void set_reason(struct redis_link *l, const char *why)
{
    snprintf(l->reason, sizeof l->reason, "%s", why);
    for (char *p = l->reason; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' ';
}

void redis_conn_close(struct redis_link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    if (l->reader)
        redisReaderFree(l->reader);
    l->reader = NULL;
    l->writing = NULL;
    l->write_error = 0;
    l->state = LINK_IDLE;
    link_end_all(l, &l->sent);
}

/* The server is away: nobody waits, and the next attempt comes later. */
static void go_away(struct redis_link *l)
{
    int64_t now = clock_ms();
    if (!l->away)
        l->since_ms = now;
    l->away = true;
    l->try_ms = now + jittered(l, l->backoff_ms);
    l->backoff_ms =
        l->backoff_ms * 2 < LINK_BACKOFF_MAX_MS ? l->backoff_ms * 2 : LINK_BACKOFF_MAX_MS;
    link_end_all(l, &l->waiting);
}

/* This connection, or the attempt at one, is over. One that worked is tried again at once, and what
 * is not yet sent waits for that; otherwise the next address is tried, and then comes a pause. */
static void drop(struct redis_link *l, const char *why)
{
    bool again = l->proven && !l->tripped;
    set_reason(l, why);
    redis_conn_close(l);
    l->proven = l->tripped = false;
    l->unanswered = 0;
    if (again) {
        l->next_address = NULL;
        l->backoff_ms = LINK_BACKOFF_MIN_MS;
        l->try_ms = clock_ms();
    } else if (!l->next_address) {
        go_away(l);
    }
}

static void drop_errno(struct redis_link *l, int error)
{
    drop(l, strerror(error));
}

static void greet(struct redis_link *l)
{
    l->state = LINK_HELLO;
    l->reader = redisReaderCreate();
    if (!l->reader) {
        drop(l, "out of memory");
        return;
    }
    l->greeting.out = l->hello;
    l->greeting.got = 0;
    l->greeting.written = 0;
    link_push(&l->sent, &l->greeting);
    l->writing = &l->greeting;
    link_flush(l);
}

static void connect_to(struct redis_link *l, int family, const struct sockaddr *sa, socklen_t len)
{
    int on = 1;
    l->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0) {
        drop_errno(l, errno);
        return;
    }
    if (family != AF_UNIX) {
        setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(l->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    l->deadline_ms = clock_ms() + l->options.connect_timeout_ms;
    l->state = LINK_CONNECTING;
    if (connect(l->fd, sa, len) == 0)
        greet(l);
    else if (errno != EINPROGRESS)
        drop_errno(l, errno);
}

static void connect_unix(struct redis_link *l)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    snprintf(sun.sun_path, sizeof sun.sun_path, "%s", l->options.address.path);
    connect_to(l, AF_UNIX, (const struct sockaddr *)&sun, sizeof sun);
}

/* The name may take its time: without the lock. */
static int find_addresses(struct redis_link *l)
{
    const struct redis_address *a = &l->options.address;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    pthread_mutex_unlock(&l->lock);
    int rc = getaddrinfo(a->host, a->port, &hints, &found);
    pthread_mutex_lock(&l->lock);
    if (l->addresses)
        freeaddrinfo(l->addresses);
    l->addresses = l->next_address = rc == 0 ? found : NULL;
    return rc;
}

static void connect_tcp(struct redis_link *l)
{
    if (!l->next_address) {
        int rc = find_addresses(l);
        if (rc != 0) {
            drop(l, gai_strerror(rc));
            return;
        }
    }
    const struct addrinfo *ai = l->next_address;
    l->next_address = ai->ai_next;
    connect_to(l, ai->ai_family, ai->ai_addr, ai->ai_addrlen);
}

static void connected(struct redis_link *l)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error)
        drop_errno(l, error);
    else
        greet(l);
}

static void go_up(struct redis_link *l)
{
    l->state = LINK_UP;
    l->away = false;
    l->next_address = NULL;
    l->since_ms = l->read_ms = clock_ms();
    link_flush(l);
}

static void take_greeting(struct redis_link *l, redisReply *reply)
{
    char why[sizeof l->reason];
    const char *text = l->options.on_hello(l->options.arg, l->greeting.got++, reply);
    if (text)
        snprintf(why, sizeof why, "%s", text);
    freeReplyObject(reply);
    if (text) {
        drop(l, why);
    } else if (l->greeting.got == l->options.hello_replies) {
        link_pop(&l->sent);
        go_up(l);
    }
}

static void take_reply(struct redis_link *l, redisReply *reply)
{
    struct redis_exchange *x = l->sent.head;
    if (!x || (x == l->writing && x->got + 1 == x->replies)) {
        freeReplyObject(reply);
        drop(l, "the server answered what was not asked");
        return;
    }
    if (x == &l->greeting) {
        take_greeting(l, reply);
        return;
    }
    unsigned index = x->got++;
    if (x->dropped || !x->on_reply(x, index, reply))
        freeReplyObject(reply);
    if (x->got < x->replies)
        return;
    link_pop(&l->sent);
    if (!x->dropped && x->on_end && x->on_end(x)) {
        x->got = 0;
        link_push(&l->waiting, x);
        link_flush(l);
        return;
    }
    if (!x->dropped) {
        l->unanswered = 0;
        l->proven = true;
        l->backoff_ms = LINK_BACKOFF_MIN_MS;
    }
    link_end(l, x, LOOKUP_FOUND);
}

static void take_replies(struct redis_link *l)
{
    void *reply = NULL;
    while (l->reader && redisReaderGetReply(l->reader, &reply) == REDIS_OK && reply)
        take_reply(l, reply);
    if (l->reader && l->reader->err)
        drop(l, l->reader->errstr);
    else if (l->reader && l->reader->len - l->reader->pos > REPLY_MAX)
        drop(l, "the server's answer is too long");
}

static void read_socket(struct redis_link *l)
{
    char bytes[READ_BYTES];
    ssize_t n;
    do {
        n = recv(l->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n == 0) {
            drop(l, "the server closed the connection");
            return;
        }
        if (n < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
                drop_errno(l, errno);
            return;
        }
        l->read_ms = clock_ms();
        if (redisReaderFeed(l->reader, bytes, (size_t)n) != REDIS_OK) {
            drop(l, "out of memory");
            return;
        }
        take_replies(l);
    } while (n == (ssize_t)sizeof bytes && l->reader);
}

/* When the oldest question has been out for too long; only with one out. */
static int64_t stall_ms(const struct redis_link *l)
{
    int64_t from = l->sent.head->sent_ms;
    return (from > l->read_ms ? from : l->read_ms) + STALL_MS;
}

/* What is due by the clock, or was left to the thread by others. */
static void look(struct redis_link *l)
{
    int64_t now = clock_ms();
    if (l->state == LINK_UP && l->tripped)
        drop(l, "questions stay unanswered");
    else if (l->state != LINK_IDLE && l->write_error)
        drop_errno(l, l->write_error);
    else if ((l->state == LINK_CONNECTING || l->state == LINK_HELLO) && now >= l->deadline_ms)
        drop(l, l->state == LINK_HELLO ? "connected, but no answer" : "connecting takes too long");
    else if (l->state == LINK_UP && l->sent.head && now >= stall_ms(l)) {
        l->tripped = true; /* it hangs: nobody waits for the next attempt either */
        drop(l, "no answer");
    }
    if (l->state == LINK_IDLE && now >= l->try_ms) {
        if (*l->options.address.host)
            connect_tcp(l);
        else
            connect_unix(l);
    }
}

/* milliseconds until look() has something to do */
static int next_look(const struct redis_link *l)
{
    int64_t now = clock_ms(), at = now + STALL_MS; /* others send without a word to us */
    if (l->state == LINK_IDLE)
        at = l->try_ms;
    else if (l->state != LINK_UP)
        at = l->deadline_ms;
    else if (l->sent.head)
        at = stall_ms(l);
    at -= now;
    return at < 0 ? 0 : at < STALL_MS ? (int)at : STALL_MS;
}

static void drain_wake(struct redis_link *l)
{
    char bytes[16];
    l->woken = false;
    while (read(l->wake[0], bytes, sizeof bytes) > 0)
        continue;
}

static void handle(struct redis_link *l, short events)
{
    if (l->state == LINK_CONNECTING && events)
        connected(l);
    else if (l->state >= LINK_HELLO && (events & (POLLIN | POLLERR | POLLHUP)))
        read_socket(l);
    if (l->state >= LINK_HELLO && (events & POLLOUT))
        link_flush(l);
}

void *redis_conn_run(void *arg)
{
    struct redis_link *l = arg;
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        look(l);
        struct pollfd p[2] = {{.fd = l->wake[0], .events = POLLIN},
                              {.fd = l->fd, .events = POLLIN}};
        if (l->state == LINK_CONNECTING)
            p[1].events = POLLOUT;
        else if (l->writing)
            p[1].events |= POLLOUT;
        int timeout = next_look(l);
        pthread_mutex_unlock(&l->lock);
        int n = poll(p, 2, timeout);
        pthread_mutex_lock(&l->lock);
        if (n > 0 && p[0].revents)
            drain_wake(l);
        if (n > 0 && p[1].revents && l->fd >= 0)
            handle(l, p[1].revents);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}
