/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SANDBOX_H
#define VOUCH_SANDBOX_H

#include <stddef.h>

/* What the kernel still does for the process once it serves (Linux: seccomp). */

/* From now on, for all threads and for good, the kernel takes only the system calls that serving mail needs. Another one fails
 * with ENOSYS; one by which an intruder would get out of the process (execve, ptrace, mount, ...) ends it with SIGSYS. 0; or
 * -1 with one line in error_r: nothing has changed. */
int sandbox_enter(char *error_r, size_t size);

#endif
