/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_PROCESS_H
#define VOUCH_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

/* What makes a program a daemon. Functions that fail return an exit status (sysexits.h) and leave one line in error_r. */

/* Goes to the background. The calling process waits until process_ready in the new one, or its end, and exits with its status:
 * whoever starts the daemon learns whether it runs. fd_r: for process_ready. */
int process_background(int *fd_r, char *error_r, size_t size);
/* fd: of process_background; -1 in the foreground, where nobody waits */
void process_ready(int fd);

/* Whom to become. user NULL, or a process that is not root's: stays as it is (a user that differs is then an error). */
struct process_identity {
    uid_t uid;
    gid_t gid;
    const char *user; /* NULL: no change */
    gid_t socket_gid; /* of the socket; (gid_t)-1: the daemon's own */
};
int process_identify(const char *user, const char *socket_group, struct process_identity *id_r,
                     char *error_r, size_t size);
/* What is created between these two belongs to the daemon's user and the socket's group. */
int process_assume(const struct process_identity *id, char *error_r, size_t size);
int process_resume(const struct process_identity *id, char *error_r, size_t size);
/* For good, supplementary groups and capabilities included; checks that there is no way back. */
int process_drop(const struct process_identity *id, char *error_r, size_t size);

/* Before the first thread: stacks and malloc's arenas of a size that was chosen; no texts of libcrypto's errors, which nobody
 * reads and which take half a MiB. */
void process_bound_memory(void);
/* Gives memory that messages held back to the system. */
void process_trim_memory(void);

/* As many open files as the hard limit allows: the MTA's connections, and DNS, which takes a share of what is left. */
void process_raise_files(void);

/* Writes and locks the pid file; fd_r stays open. EX_TEMPFAIL if another process holds it. */
int process_pid_file(const char *path, int *fd_r, char *error_r, size_t size);
/* Empties it: what it said may soon be somebody else's number. fd: -1 if there is none */
void process_pid_file_clear(int fd);

#endif
