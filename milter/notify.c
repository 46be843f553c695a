/* SPDX-License-Identifier: BSD-2-Clause */
/* The protocol of sd_notify(3): a datagram to a unix socket. No library is needed for that. */
#include "notify.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "clock.h"
#include "span.h"

#define STATE_BYTES 512

/* NOTIFY_SOCKET names a path, or with "@" in front a name in Linux's abstract space. */
void notify_send(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = name ? strlen(name) : 0;
    if (len < 2 || len >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, name, len);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    ssize_t n = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)n; /* a manager that does not listen says so itself */
    close(fd);
}

void notify_ready(const char *status)
{
    char state[STATE_BYTES];
    snprintf(state, sizeof state, "READY=1\nSTATUS=%s", status);
    notify_send(state);
}

void notify_status(const char *status)
{
    char state[STATE_BYTES];
    snprintf(state, sizeof state, "STATUS=%s", status);
    notify_send(state);
}

void notify_reloading(void)
{
    char state[STATE_BYTES];
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_us());
    notify_send(state);
}

int64_t notify_watchdog_us(void)
{
    uint64_t us, pid;
    const char *text = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");
    if (!text || span_uint(span_of(text), INT64_MAX, &us) != 0)
        return 0;
    if (whose && (span_uint(span_of(whose), INT32_MAX, &pid) != 0 || (pid_t)pid != getpid()))
        return 0;
    return (int64_t)us;
}
