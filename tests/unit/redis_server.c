/* SPDX-License-Identifier: BSD-2-Clause */
/* A private redis-server for tests; it ends with the test, however the test ends. */
#include "config.h"
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "redis_server.h"

#define START_MS 15000 /* a loaded machine; normally 50 */

bool redis_server_installed(void)
{
    return system("{ command -v redis-server && command -v setpriv; } >/dev/null 2>&1") == 0;
}

void redis_server_init(struct redis_server *s)
{
    *s = (struct redis_server){.dir = "/tmp/vouch-redis-XXXXXX"};
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->socket, sizeof s->socket, "%s/redis.sock", s->dir);
}

/* Not by fork(): other threads may run, and with them ThreadSanitizer's fork can wait for ever. */
static pid_t spawn(const struct redis_server *s, const char *const *extra)
{
    const char *argv[32] = {"setpriv",     "--pdeathsig",  "KILL",    "redis-server", "--port",
                            "0",           "--unixsocket", s->socket, "--save",       "",
                            "--daemonize", "no",           "--dir",   s->dir,         "--logfile",
                            "redis.log"};
    size_t n = 16;
    pid_t pid;
    while (extra && *extra && n < 31)
        argv[n++] = *extra++;
    assert_int_equal(
        posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ), 0);
    return pid;
}

static redisContext *try_connect(struct redis_server *s)
{
    redisContext *c = redisConnectUnix(s->socket);
    redisReply *r = c && !c->err ? redisCommand(c, "PING") : NULL;
    /* -NOAUTH is an answer too; -LOADING is not yet one */
    bool up = r && !(r->type == REDIS_REPLY_ERROR && strncmp(r->str, "LOADING", 7) == 0);
    if (r)
        freeReplyObject(r);
    if (!up && c) {
        redisFree(c);
        c = NULL;
    }
    return c;
}

void redis_server_start(struct redis_server *s, const char *const *extra)
{
    unlink(s->socket);
    s->pid = spawn(s, extra);
    for (int ms = 0; ms < START_MS; ms += 5) {
        redisContext *c = try_connect(s);
        if (c) {
            redisFree(c);
            return;
        }
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    fail_msg("redis-server did not start: see %s/redis.log", s->dir);
}

void redis_server_signal(struct redis_server *s, int signal)
{
    assert_true(s->pid > 0);
    kill(s->pid, signal);
}

void redis_server_stop(struct redis_server *s)
{
    if (s->pid <= 0)
        return;
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
    unlink(s->socket);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

void redis_server_clear(struct redis_server *s)
{
    redis_server_stop(s);
    nftw(s->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void redis_server_do(struct redis_server *s, const char *command, char *answer_r, size_t size)
{
    redisContext *c = try_connect(s);
    assert_non_null(c);
    redisReply *r = redisCommand(c, command);
    assert_non_null(r);
    if (r->type == REDIS_REPLY_INTEGER)
        snprintf(answer_r, size, "%lld", r->integer);
    else
        snprintf(answer_r, size, "%s", r->str ? r->str : "");
    freeReplyObject(r);
    redisFree(c);
}
