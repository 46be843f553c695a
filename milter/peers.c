/* SPDX-License-Identifier: BSD-2-Clause */
/* libmilter's peers as sockets. The library (8.17, with its pool of workers) waits for them in poll() alone, and in three ways
 * that can be told apart:
 *
 *   - a worker looks whether a packet begins:      one socket, POLLIN
 *   - a worker reads a packet, or writes one:      one socket, POLLIN | POLLPRI, or POLLOUT
 *   - its controller waits for all idle sockets:   a pipe and all of them, every 10 s at least
 *
 * Limits. In the second, which holds a worker, the time to wait is cut to what is left for the packet: libmilter then closes
 * the connection itself. In the third, whoever was silent for too long, or has a message open for too long, is shut down, and
 * libmilter finds the connection ended. Only then does nobody else use that socket, so it is sure to be the one that is meant.
 *
 * Reading ahead. For each packet libmilter would make three calls of poll() and two of read(): more than half of what a message
 * costs, for an MTA sends dozens of packets in one piece. So a worker reads as much as there is, and the library's poll() and
 * read() are answered from that. It gives a connection back only when poll() finds nothing, so nothing of it is left behind.
 *
 * Staying. The library's worker waits 1 ms for the next packet and then gives the connection back to the controller, who wakes a
 * worker when the packet comes. Ours stays longer, for the MTA is mostly about to send more, and to give back costs both sides
 * more than to wait. But it goes at once while another connection waits for a worker: the library counts as idle who is already
 * called, so of many connections that come together some would have nobody, until a worker is free.
 *
 * A library that waits otherwise is not limited and reads for itself, as before. */
#include "config.h" /* ppoll, accept4 */
#include "peers.h"
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "errors.h"
#include "metrics.h"

#define PEERS_MAX                                                                                  \
    65536 /* descriptors that are watched; the library uses the lowest that are free */
#define AHEAD_BYTES   8192 /* twice what Postfix sends in one piece */
#define LOOK_EVERY_MS 100  /* at idle sockets */
#define STAY_MS       10   /* that a worker stays with a silent connection, if no other waits */
#define NO_SOCKETS_MS                                                                              \
    50 /* wait after accept has found no free descriptor: the library would ask at once again */

struct peer {
    atomic_uint number;      /* of the connection, to tell it from others by the same descriptor */
    atomic_llong heard_ms;   /* when it last began a packet; 0: no connection */
    atomic_llong message_ms; /* since when a message is under way; 0: none is */
    atomic_bool told;        /* of a client: so it is no probe */
    atomic_bool waits;       /* has something for a worker, and none serves it yet */
};

struct peers {
    struct daemon *daemon;
    int listener;
    size_t count;
    int64_t looked_ms;  /* the controller's own */
    atomic_int waiting; /* connections for which waits is true */
    struct peer peer[];
};

/* libc's functions have no argument to hand it by: set once, before the library's threads. */
static struct peers *_Atomic the_peers;
/* of this thread of the library's: the socket that it serves, and since when it has been writing to it; 0: it is not */
static _Thread_local int served = -1;
static _Thread_local int64_t writing_ms;
/* read of that socket, and not yet asked for */
static _Thread_local struct {
    unsigned number; /* of the connection */
    size_t at, end;
    char bytes[AHEAD_BYTES];
} ahead;

static struct peer *find(struct peers *p, int fd)
{
    if (!p || fd < 0 || (size_t)fd >= p->count || !atomic_load(&p->peer[fd].heard_ms))
        return NULL;
    return &p->peer[fd];
}

/* The library is about to call a worker for it. */
static void await_worker(struct peers *p, struct peer *peer)
{
    if (!atomic_exchange(&peer->waits, true))
        atomic_fetch_add(&p->waiting, 1);
}

static void found_worker(struct peers *p, struct peer *peer)
{
    if (atomic_load(&peer->waits) && atomic_exchange(&peer->waits, false))
        atomic_fetch_sub(&p->waiting, 1);
}

int peers_watch(int listener, struct daemon *d)
{
    struct rlimit limit;
    size_t count = PEERS_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < count)
        count = (size_t)limit.rlim_cur;
    struct peers *p = calloc(1, sizeof *p + count * sizeof *p->peer);
    if (!p)
        return VOUCH_E_NOMEM;
    p->daemon = d;
    p->listener = listener;
    p->count = count;
    atomic_store(&the_peers, p);
    return 0;
}

void peers_message(bool under_way)
{
    struct peer *peer = find(atomic_load(&the_peers), served);
    if (peer)
        atomic_store(&peer->message_ms, under_way ? clock_ms() : 0);
}

void peers_came(void)
{
    struct peers *p = atomic_load(&the_peers);
    if (!p || served < 0 || (size_t)served >= p->count)
        return;
    atomic_store(&p->peer[served].told, true);
    atomic_store(&p->peer[served].heard_ms, clock_ms());
}

void peers_gone(void)
{
    struct peer *peer = find(atomic_load(&the_peers), served);
    if (peer)
        atomic_store(&peer->heard_ms, 0);
}

static void note_timeout(struct peers *p, const char *why)
{
    metrics_add(daemon_metrics(p->daemon), METRIC_TIMEOUTS);
    log_often(daemon_log(p->daemon), LOG_LEVEL_WARNING, "an MTA's connection is closed: %s", why);
}

/* What is left of the time for a packet, if that is less than timeout. */
static int packet_time(struct peers *p, int64_t began_ms, int timeout)
{
    int64_t left = began_ms + daemon_packet_timeout_ms(p->daemon) - clock_ms();
    left = left > 0 ? left : 0;
    return timeout < 0 || left < timeout ? (int)left : timeout;
}

/* The controller is about to wait for all that are idle. */
static void look_at_idle(struct peers *p, const struct pollfd *fds, nfds_t count)
{
    int64_t now = clock_ms(), limit = daemon_idle_timeout_ms(p->daemon);
    if (now < p->looked_ms + LOOK_EVERY_MS)
        return;
    p->looked_ms = now;
    for (nfds_t i = 0; i < count; i++) {
        struct peer *peer = find(p, fds[i].fd);
        int64_t message_ms = peer ? atomic_load(&peer->message_ms) : 0;
        bool silent = peer && now - atomic_load(&peer->heard_ms) > limit;
        if (!silent && (!message_ms || now - message_ms <= limit))
            continue;
        if (atomic_load(&peer->told))
            note_timeout(p, silent ? "it is silent" : "its message does not end");
        atomic_store(&peer->heard_ms, now); /* once is enough */
        atomic_store(&peer->message_ms, 0);
        shutdown(fds[i].fd, SHUT_RDWR);
    }
}

/* The controller waits: timeout, or less. */
static int idle_time(struct peers *p, const struct pollfd *fds, nfds_t count, int timeout)
{
    look_at_idle(p, fds, count);
    int soon = (int)daemon_idle_timeout_ms(p->daemon) / 4 + LOOK_EVERY_MS;
    return timeout < 0 || soon < timeout ? soon : timeout;
}

static int wait_for(struct pollfd *fds, nfds_t count, int timeout)
{
    const struct timespec t = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L};
    return ppoll(fds, count, timeout < 0 ? NULL : &t, NULL);
}

/* Whether there is something to read without waiting. The end of a connection is not, nor is an error: libmilter finds those. */
static bool read_ahead(void)
{
    if (ahead.at < ahead.end)
        return true;
    ssize_t n = recv(served, ahead.bytes, sizeof ahead.bytes, MSG_DONTWAIT);
    ahead.at = 0;
    ahead.end = n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* A worker looks whether a packet begins. */
static void begin_packet(struct peers *p, int fd)
{
    struct peer *peer = &p->peer[fd];
    unsigned number = atomic_load(&peer->number);
    if (fd != served || number != ahead.number)
        ahead.at = ahead.end = 0; /* of a connection that broke off */
    served = fd;
    found_worker(p, peer);
    ahead.number = number;
    writing_ms = 0;
    if (find(p, fd))
        atomic_store(&peer->heard_ms, clock_ms());
}

/* A worker waits for the connection that it serves. */
static int wait_for_peer(struct peers *p, struct pollfd *fds, int timeout)
{
    bool begins = fds->events == POLLIN, writes = fds->events == POLLOUT;
    if (begins)
        begin_packet(p, fds->fd);
    bool ready = writes ? !writing_ms : read_ahead(); /* to write is to wait: see accepted() */
    if (writes && !writing_ms)
        writing_ms = clock_ms();
    if (ready) {
        fds->revents = fds->events & (POLLIN | POLLOUT);
        return 1;
    }
    /* a library that waits longer is let: to it, 0 would be the end */
    if (begins && timeout >= 0 && timeout < STAY_MS)
        timeout = atomic_load(&p->waiting) ? 0 : STAY_MS;
    if (begins || !find(p, fds->fd))
        return wait_for(fds, 1, timeout);
    int64_t began_ms = writes ? writing_ms : atomic_load(&p->peer[fds->fd].heard_ms);
    int limited = packet_time(p, began_ms, timeout);
    int found = wait_for(fds, 1, limited);
    if (found == 0 && limited != timeout)
        note_timeout(p, "a packet is not complete, or not taken, in time");
    return found;
}

/* In place of libc's, under names that do not clash with its headers. */

int peers_poll(struct pollfd *fds, nfds_t count, int timeout) __asm__("poll");
int peers_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    struct peers *p = atomic_load(&the_peers);
    if (p && count == 1 && fds->fd >= 0 && (fds->fd == served || find(p, fds->fd)))
        return wait_for_peer(p, fds, timeout);
    bool controls = p && count > 1 && find(p, fds[1].fd); /* fds[0] is the controller's pipe */
    if (controls)
        timeout = idle_time(p, fds, count, timeout);
    int found = wait_for(fds, count, timeout);
    for (nfds_t i = 1; controls && found > 0 && i < count; i++) {
        struct peer *peer = fds[i].revents ? find(p, fds[i].fd) : NULL;
        if (peer)
            await_worker(p, peer);
    }
    return found;
}

ssize_t peers_read(int fd, void *to, size_t n) __asm__("read");
ssize_t peers_read(int fd, void *to, size_t n)
{
    if (fd != served || fd < 0 || (ahead.at == ahead.end && (n >= AHEAD_BYTES || !read_ahead())))
        return readv(fd, &(struct iovec){.iov_base = to, .iov_len = n}, 1);
    size_t there = ahead.end - ahead.at, part = n < there ? n : there;
    memcpy(to, ahead.bytes + ahead.at, part);
    ahead.at += part;
    return (ssize_t)part;
}

/* What the compiler may call instead where it checks how much room there is. */
ssize_t peers_read_checked(int fd, void *to, size_t n, size_t room) __asm__("__read_chk");
ssize_t peers_read_checked(int fd, void *to, size_t n, size_t room)
{
    if (n > room)
        abort();
    return peers_read(fd, to, n);
}

static void accepted(struct peers *p, int fd)
{
    if (fd >= 0 && (size_t)fd < p->count) {
        atomic_fetch_add(&p->peer[fd].number, 1);
        atomic_store(&p->peer[fd].told, false);
        atomic_store(&p->peer[fd].message_ms, 0);
        atomic_store(&p->peer[fd].heard_ms, clock_ms());
        await_worker(p, &p->peer[fd]);
        /* the library writes without looking at how much the socket takes: so poll() need not look either */
        unsigned ms = daemon_packet_timeout_ms(p->daemon);
        const struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000L};
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
        return;
    const struct timespec pause = {.tv_nsec = NO_SOCKETS_MS * 1000000L};
    log_often(
        daemon_log(p->daemon), LOG_LEVEL_ERROR,
        "no connection can be taken: too many open files (LimitNOFILE= of the unit, ulimit -n)");
    nanosleep(&pause, NULL);
    errno = EMFILE;
}

int peers_accept(int fd, struct sockaddr *address, socklen_t *size) __asm__("accept");
int peers_accept(int fd, struct sockaddr *address, socklen_t *size)
{
    struct peers *p = atomic_load(&the_peers);
    int peer = accept4(fd, address, size, SOCK_CLOEXEC);
    if (p && fd == p->listener)
        accepted(p, peer);
    return peer;
}
