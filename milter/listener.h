/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_LISTENER_H
#define VOUCH_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The socket that MTAs connect to, as far as the milter library leaves it to the daemon. */

/* "unix:PATH", "local:PATH", "inet:PORT[@HOST]" or "inet6:PORT[@HOST]". 0, or VOUCH_E_CONFIG with one line in error_r. */
int listener_check(const char *spec, char *error_r, size_t size);
/* the path of a unix socket; NULL for others */
const char *listener_path(const char *spec);
/* Why this process, as it now is, could not listen on spec, and what to do: error is the errno, 0 if not known. */
void listener_explain(const char *spec, int error, char *text_r, size_t size);
/* Removes a unix socket that nobody listens on. 0, or VOUCH_E_IO with one line in error_r: somebody does, or it is no socket. */
int listener_clear(const char *spec, char *error_r, size_t size);

/* The listening sockets of this process; the library does not tell which one it made. */
struct listener_set {
    bool open[1024]; /* FD_SETSIZE: the library takes no larger one */
};
void listener_scan(struct listener_set *set_r);
/* the one that is not in before, or -1 */
int listener_find(const struct listener_set *before);
/* Has answers on the connections that fd takes sent at once. TCP would keep the second of several back until the peer has
 * acknowledged the first, 40 ms later where it has nothing to say. Does nothing to a unix socket. */
void listener_no_delay(int fd);
/* Makes fd a socket to which nobody ever connects: the library goes on listening, new connections are refused. */
void listener_close(int fd);

#endif
