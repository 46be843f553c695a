/* SPDX-License-Identifier: BSD-2-Clause */
/* Connecting and sending end soon, whatever the other side does. */
#include "self.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SEND_TIMEOUT_US                                                                            \
    100000 /* to connect to ourselves or to write ten bytes: it never takes so long */

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

bool self_find(struct self *self_r, int listener)
{
    *self_r = (struct self){.address_len = sizeof self_r->address};
    if (getsockname(listener, (struct sockaddr *)&self_r->address, &self_r->address_len) != 0)
        return false;
    to_loopback(&self_r->address);
    return true;
}

static bool send_all(int fd, const void *bytes, size_t n)
{
    return send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

int self_connect(const struct self *self, uint32_t steps)
{
    /* SMFIC_OPTNEG, version 6, no actions, and these steps */
    unsigned char greeting[17] = {0, 0, 0, 13, 'O', 0, 0, 0, 6};
    for (unsigned i = 0; i < 4; i++)
        greeting[13 + i] = (unsigned char)(steps >> (24 - 8 * i));
    struct timeval timeout = {.tv_usec = SEND_TIMEOUT_US};
    int fd = socket(self->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0 &&
        connect(fd, (const struct sockaddr *)&self->address, self->address_len) == 0 &&
        send_all(fd, greeting, sizeof greeting))
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

bool self_helo(int fd)
{
    static const unsigned char helo[] = {0, 0, 0, 6, 'H', 'p', 'o', 'k', 'e', 0};
    return send_all(fd, helo, sizeof helo);
}

ptrdiff_t self_read(int fd)
{
    char junk[256];
    ptrdiff_t total = 0;
    ssize_t n;
    while ((n = recv(fd, junk, sizeof junk, MSG_DONTWAIT)) > 0 || (n < 0 && errno == EINTR))
        total += n > 0 ? n : 0;
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? total : -1;
}
