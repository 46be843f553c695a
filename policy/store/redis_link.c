/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection to Redis that many threads share.
 *
 * Whoever asks writes its commands to the socket itself (nothing else is on its way to the server
 * then); the link's thread connects, reads answers, writes what the socket did not take at once,
 * and reconnects. Answers come in the order of the questions, so exchanges stand in two queues:
 * `waiting` to be written, and `sent`.
 *
 * Nobody waits here longer than its own deadline. When the server cannot be reached, or leaves
 * TRIP_AFTER questions in a row unanswered, the link is `away`: exchanges fail at once until a new
 * connection has answered its hello; attempts are spaced by a growing, jittered delay.
 *
 * hiredis is used for its reply parser only: its own connections have no deadline, raise SIGPIPE
 * and forget their timeouts when they reconnect. */
#include "config.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "errors.h"
#include "redis_link.h"

#define QUEUE_MAX      1024               /* exchanges on their way; 8 KiB each would be 8 MiB */
#define REPLY_MAX      ((size_t)64 << 20) /* bytes of one reply; ours have some thousand */
#define TRIP_AFTER     5                  /* questions unanswered in a row */
#define PATIENCE_MS    20                 /* a wait given up sooner says nothing of the server */
#define STALL_MS       10000              /* no byte for so long with a question out: it is dead */
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000
#define READ_BYTES     16384

enum state { IDLE, CONNECTING, HELLO, UP };

struct queue {
    struct redis_exchange *head, **tail;
};

struct redis_link {
    pthread_t thread;
    pthread_mutex_t lock; /* all below */
    pthread_condattr_t monotonic;
    struct redis_link_options options;
    struct sbuf hello;
    struct redis_exchange greeting; /* hello as an exchange; never freed */

    enum state state;
    bool stop;
    bool away;   /* the last attempt failed: nobody is kept waiting */
    bool proven; /* this connection has answered in time */
    bool tripped;
    int fd;
    int wake[2]; /* a pipe: somebody wants the thread to look */
    bool woken;
    redisReader *reader;
    struct queue waiting, sent;
    struct redis_exchange *writing; /* the last of sent, not all of it written; or NULL */
    unsigned count;                 /* exchanges in both queues */
    unsigned unanswered;            /* in a row */

    struct addrinfo *addresses, *next_address;
    int64_t try_ms;      /* IDLE: when to connect */
    int64_t deadline_ms; /* CONNECTING, HELLO: when to give up */
    int64_t read_ms;     /* UP: when the last byte came */
    int64_t since_ms;    /* of this state of things */
    int64_t backoff_ms;
    uint32_t jitter;
    int write_error; /* errno of a writer; the thread takes care of it */
    char reason[160];
};

int64_t redis_link_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- queues --------------------------------------------------------------------------------- */

static void queue_init(struct queue *q)
{
    q->head = NULL;
    q->tail = &q->head;
}

static void push(struct queue *q, struct redis_exchange *x)
{
    x->next = NULL;
    *q->tail = x;
    q->tail = &x->next;
}

static struct redis_exchange *pop(struct queue *q)
{
    struct redis_exchange *x = q->head;
    if (x) {
        q->head = x->next;
        if (!q->head)
            q->tail = &q->head;
    }
    return x;
}

static void unref(struct redis_exchange *x)
{
    if (--x->refs > 0)
        return;
    pthread_cond_destroy(&x->ended);
    x->free(x);
}

static void end(struct redis_link *l, struct redis_exchange *x, enum lookup_outcome outcome)
{
    if (x == &l->greeting)
        return;
    l->count--;
    if (!x->dropped) {
        x->outcome = outcome;
        x->done = true;
        pthread_cond_signal(&x->ended);
    }
    unref(x);
}

static void end_all(struct redis_link *l, struct queue *q)
{
    struct redis_exchange *x;
    while ((x = pop(q)))
        end(l, x, LOOKUP_FAILED);
}

/* --- writing -------------------------------------------------------------------------------- */

static void wake(struct redis_link *l)
{
    if (!l->woken && write(l->wake[1], "", 1) == 1)
        l->woken = true;
}

/* The exchange to write from; NULL: there is nothing to write. */
static struct redis_exchange *to_write(struct redis_link *l)
{
    while (!l->writing && l->state == UP && l->waiting.head) {
        struct redis_exchange *x = pop(&l->waiting);
        if (x->dropped) {
            end(l, x, LOOKUP_FAILED);
            continue;
        }
        x->written = 0;
        x->sent_ms = redis_link_now();
        push(&l->sent, x);
        l->writing = x;
    }
    return l->writing;
}

/* Writes as much as the socket takes. */
static void flush(struct redis_link *l)
{
    struct redis_exchange *x;
    while (!l->write_error && (x = to_write(l))) {
        ssize_t n = send(l->fd, x->out.p + x->written, x->out.len - x->written,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0) {
            l->write_error = errno;
            return;
        }
        x->written += (size_t)n;
        if (x->written == x->out.len)
            l->writing = NULL;
    }
}

/* --- the connection's life ------------------------------------------------------------------ */

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

static void close_socket(struct redis_link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    if (l->reader)
        redisReaderFree(l->reader);
    l->reader = NULL;
    l->writing = NULL;
    l->write_error = 0;
    l->state = IDLE;
    end_all(l, &l->sent);
}

/* The server is away: nobody waits, and the next attempt comes later. */
static void go_away(struct redis_link *l)
{
    int64_t now = redis_link_now();
    if (!l->away)
        l->since_ms = now;
    l->away = true;
    l->try_ms = now + jittered(l, l->backoff_ms);
    l->backoff_ms = l->backoff_ms * 2 < BACKOFF_MAX_MS ? l->backoff_ms * 2 : BACKOFF_MAX_MS;
    end_all(l, &l->waiting);
}

/* This connection, or the attempt at one, is over. One that worked is tried again at once, and what
 * is not yet sent waits for that; otherwise the next address is tried, and then comes a pause. */
static void drop(struct redis_link *l, const char *why)
{
    bool again = l->proven && !l->tripped;
    set_reason(l, why);
    close_socket(l);
    l->proven = l->tripped = false;
    l->unanswered = 0;
    if (again) {
        l->next_address = NULL;
        l->backoff_ms = BACKOFF_MIN_MS;
        l->try_ms = redis_link_now();
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
    l->state = HELLO;
    l->reader = redisReaderCreate();
    if (!l->reader) {
        drop(l, "out of memory");
        return;
    }
    l->greeting.out = l->hello;
    l->greeting.got = 0;
    l->greeting.written = 0;
    push(&l->sent, &l->greeting);
    l->writing = &l->greeting;
    flush(l);
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
    l->deadline_ms = redis_link_now() + l->options.connect_timeout_ms;
    l->state = CONNECTING;
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
    l->state = UP;
    l->away = false;
    l->next_address = NULL;
    l->since_ms = l->read_ms = redis_link_now();
    flush(l);
}

/* --- reading -------------------------------------------------------------------------------- */

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
        pop(&l->sent);
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
    pop(&l->sent);
    if (!x->dropped && x->on_end && x->on_end(x)) {
        x->got = 0;
        push(&l->waiting, x);
        flush(l);
        return;
    }
    if (!x->dropped) {
        l->unanswered = 0;
        l->proven = true;
        l->backoff_ms = BACKOFF_MIN_MS;
    }
    end(l, x, LOOKUP_FOUND);
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
        l->read_ms = redis_link_now();
        if (redisReaderFeed(l->reader, bytes, (size_t)n) != REDIS_OK) {
            drop(l, "out of memory");
            return;
        }
        take_replies(l);
    } while (n == (ssize_t)sizeof bytes && l->reader);
}

/* --- the thread ----------------------------------------------------------------------------- */

/* When the oldest question has been out for too long; only with one out. */
static int64_t stall_ms(const struct redis_link *l)
{
    int64_t from = l->sent.head->sent_ms;
    return (from > l->read_ms ? from : l->read_ms) + STALL_MS;
}

/* What is due by the clock, or was left to the thread by others. */
static void look(struct redis_link *l)
{
    int64_t now = redis_link_now();
    if (l->state == UP && l->tripped)
        drop(l, "questions stay unanswered");
    else if (l->state != IDLE && l->write_error)
        drop_errno(l, l->write_error);
    else if ((l->state == CONNECTING || l->state == HELLO) && now >= l->deadline_ms)
        drop(l, l->state == HELLO ? "connected, but no answer" : "connecting takes too long");
    else if (l->state == UP && l->sent.head && now >= stall_ms(l))
        drop(l, "no answer");
    if (l->state == IDLE && now >= l->try_ms) {
        if (*l->options.address.host)
            connect_tcp(l);
        else
            connect_unix(l);
    }
}

/* milliseconds until look() has something to do */
static int next_look(const struct redis_link *l)
{
    int64_t now = redis_link_now(), at = now + STALL_MS; /* others send without a word to us */
    if (l->state == IDLE)
        at = l->try_ms;
    else if (l->state != UP)
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

static void serve(struct redis_link *l, short events)
{
    if (l->state == CONNECTING && events)
        connected(l);
    else if (l->state >= HELLO && (events & (POLLIN | POLLERR | POLLHUP)))
        read_socket(l);
    if (l->state >= HELLO && (events & POLLOUT))
        flush(l);
}

static void *run(void *arg)
{
    struct redis_link *l = arg;
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        look(l);
        struct pollfd p[2] = {{.fd = l->wake[0], .events = POLLIN},
                              {.fd = l->fd, .events = POLLIN}};
        if (l->state == CONNECTING)
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
            serve(l, p[1].revents);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* Signals are for the program's own threads. */
static int start(struct redis_link *l)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&l->thread, NULL, run, l);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

static void destroy(struct redis_link *l)
{
    close_socket(l);
    end_all(l, &l->waiting);
    if (l->addresses)
        freeaddrinfo(l->addresses);
    if (l->wake[0] >= 0) {
        close(l->wake[0]);
        close(l->wake[1]);
    }
    if (l->hello.p)
        explicit_bzero(l->hello.p, l->hello.len); /* has the password */
    sbuf_clear(&l->hello);
    pthread_condattr_destroy(&l->monotonic);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

struct redis_link *redis_link_new(const struct redis_link_options *options)
{
    struct redis_link *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->options = *options;
    l->options.hello = SPAN_NONE;
    sbuf_init(&l->hello, options->hello.len + 1);
    sbuf_addspan(&l->hello, options->hello);
    l->fd = l->wake[0] = l->wake[1] = -1;
    l->backoff_ms = BACKOFF_MIN_MS;
    l->since_ms = redis_link_now();
    l->jitter = (uint32_t)((uintptr_t)l >> 4 ^ (uintptr_t)l->since_ms ^ (uintptr_t)getpid()) | 1;
    snprintf(l->reason, sizeof l->reason, "not yet connected");
    queue_init(&l->waiting);
    queue_init(&l->sent);
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&l->monotonic);
    pthread_condattr_setclock(&l->monotonic, CLOCK_MONOTONIC);
    if (l->hello.failed || pipe2(l->wake, O_NONBLOCK | O_CLOEXEC) != 0 || start(l) != 0) {
        destroy(l);
        return NULL;
    }
    return l;
}

void redis_link_free(struct redis_link **lp)
{
    struct redis_link *l = *lp;
    *lp = NULL;
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    wake(l);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    destroy(l);
}

/* --- for the askers ------------------------------------------------------------------------- */

int redis_link_submit(struct redis_link *l, struct redis_exchange *x)
{
    if (pthread_cond_init(&x->ended, &l->monotonic) != 0)
        return -1;
    x->refs = 1;
    x->got = 0;
    x->sent_ms = 0;
    x->done = x->dropped = false;
    pthread_mutex_lock(&l->lock);
    if (l->away || l->count >= QUEUE_MAX) {
        x->done = true;
        x->outcome = LOOKUP_FAILED;
    } else {
        x->refs++;
        l->count++;
        push(&l->waiting, x);
        if (l->state == UP)
            flush(l);
        if (l->writing || l->write_error)
            wake(l);
    }
    pthread_mutex_unlock(&l->lock);
    return 0;
}

bool redis_link_done(struct redis_link *l, struct redis_exchange *x)
{
    pthread_mutex_lock(&l->lock);
    bool done = x->done;
    pthread_mutex_unlock(&l->lock);
    return done;
}

/* Its owner gives up on x. */
static int give_up(struct redis_link *l, struct redis_exchange *x)
{
    x->dropped = true;
    if (!x->sent_ms)
        return LOOKUP_FAILED; /* never asked */
    if (redis_link_now() - x->sent_ms >= PATIENCE_MS && ++l->unanswered >= TRIP_AFTER &&
        l->state == UP) {
        l->tripped = true;
        wake(l);
    }
    return LOOKUP_UNCERTAIN;
}

int redis_link_wait(struct redis_link *l, struct redis_exchange *x, int64_t deadline_ms)
{
    const struct timespec until = {.tv_sec = deadline_ms / 1000,
                                   .tv_nsec = deadline_ms % 1000 * 1000000};
    pthread_mutex_lock(&l->lock);
    while (!x->done && redis_link_now() < deadline_ms)
        pthread_cond_timedwait(&x->ended, &l->lock, &until);
    int outcome = x->done ? x->outcome : give_up(l, x);
    pthread_mutex_unlock(&l->lock);
    return outcome;
}

void redis_link_release(struct redis_link *l, struct redis_exchange *x)
{
    pthread_mutex_lock(&l->lock);
    x->dropped = true;
    unref(x);
    pthread_mutex_unlock(&l->lock);
}

void redis_link_state(struct redis_link *l, char *text_r, size_t size)
{
    pthread_mutex_lock(&l->lock);
    if (l->state == UP)
        snprintf(text_r, size, "connected");
    else if (l->away)
        snprintf(text_r, size, "away since %lld s: %s",
                 (long long)(redis_link_now() - l->since_ms) / 1000, l->reason);
    else
        snprintf(text_r, size, "connecting (%s)", l->reason);
    pthread_mutex_unlock(&l->lock);
}
