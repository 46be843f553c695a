/* SPDX-License-Identifier: BSD-2-Clause */
/* The poke: the MTA's side of the milter protocol as far as one option negotiation and HELO commands that want no
 * reply. No CONNECT is sent, so that the session is never taken for SMTP. */
#include "poke.h"
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define POKE_TIMEOUT_US                                                                            \
    100000 /* to connect to ourselves or to write ten bytes: it never takes so long */

struct poke {
    pthread_mutex_t lock;
    int fd; /* -1: not connected */
    bool failing;
    struct log *log;
    struct sockaddr_storage address;
    socklen_t address_len;
};

/* SMFIC_OPTNEG, version 6, all actions, all protocol steps of version 6, among them SMFIP_NR_HELO. */
static const unsigned char greeting[] = {0, 0, 0, 13,   'O', 0,    0,    0,   6,
                                         0, 0, 1, 0xff, 0,   0x1f, 0xff, 0xff};
static const unsigned char helo[] = {0, 0, 0, 6, 'H', 'p', 'o', 'k', 'e', 0};

/* One that listens everywhere is reached by the loopback. */
static void to_loopback(struct sockaddr_storage *address)
{
    struct sockaddr_in *in = (struct sockaddr_in *)address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
    if (address->ss_family == AF_INET && in->sin_addr.s_addr == htonl(INADDR_ANY))
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (address->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
        in6->sin6_addr = in6addr_loopback;
}

struct poke *poke_new(int listener, struct log *log)
{
    struct poke *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->fd = -1;
    p->log = log;
    p->address_len = sizeof p->address;
    if (getsockname(listener, (struct sockaddr *)&p->address, &p->address_len) != 0) {
        free(p);
        return NULL;
    }
    to_loopback(&p->address);
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void poke_free(struct poke **pp)
{
    struct poke *p = *pp;
    if (!p)
        return;
    *pp = NULL;
    if (p->fd >= 0)
        close(p->fd);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static bool write_all(struct poke *p, const void *bytes, size_t n)
{
    return send(p->fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void disconnect(struct poke *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

static bool reconnect(struct poke *p)
{
    struct timeval timeout = {.tv_usec = POKE_TIMEOUT_US};
    disconnect(p);
    p->fd = socket(p->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return p->fd >= 0 &&
           setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0 &&
           connect(p->fd, (struct sockaddr *)&p->address, p->address_len) == 0 &&
           write_all(p, greeting, sizeof greeting);
}

/* Reads what came back (the answer to the greeting) away. False if the other side has closed: an idle session may be, hours later. */
static bool still_open(struct poke *p)
{
    char junk[256];
    ssize_t n;
    if (p->fd < 0)
        return false;
    do
        n = recv(p->fd, junk, sizeof junk, MSG_DONTWAIT);
    while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void poke_wake(struct poke *p)
{
    pthread_mutex_lock(&p->lock);
    bool sent = still_open(p) && write_all(p, helo, sizeof helo);
    if (!sent)
        sent = reconnect(p) && write_all(p, helo, sizeof helo);
    if (!sent && !p->failing)
        log_often(p->log, LOG_LEVEL_WARNING,
                  "cannot reach our own socket (%s): a message that waits for DNS may delay others",
                  strerror(errno));
    if (!sent)
        disconnect(p);
    p->failing = !sent;
    pthread_mutex_unlock(&p->lock);
}
