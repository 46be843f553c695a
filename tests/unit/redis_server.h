/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TESTS_REDIS_SERVER_H
#define VOUCH_TESTS_REDIS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A private redis-server on a unix socket in a directory of its own. */
struct redis_server {
    char dir[64];
    char socket[96];
    pid_t pid; /* 0: not running */
};

/* false: there is no redis-server on this host */
bool redis_server_installed(void);
/* Makes the directory; nothing runs yet. */
void redis_server_init(struct redis_server *s);
/* extra: further arguments, ended by NULL; or NULL. Returns when it answers; asserts that it
 * does. */
void redis_server_start(struct redis_server *s, const char *const *extra);
void redis_server_signal(struct redis_server *s, int signal);
/* Kills it and waits for its end. */
void redis_server_stop(struct redis_server *s);
/* Stops it and removes the directory. */
void redis_server_clear(struct redis_server *s);
/* Runs one command given as one string; its answer as text (integers as decimal, nil as ""), cut to
 * size. */
void redis_server_do(struct redis_server *s, const char *command, char *answer_r, size_t size);

#endif
