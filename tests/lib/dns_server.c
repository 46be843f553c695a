/* SPDX-License-Identifier: BSD-2-Clause */
/* A DNS server for tests; it ends when its standard input does, so with the test, however that
 * ends. */
#include "config.h"
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "dns_server.h"

#define PYTHON "/usr/bin/python3"

/* Not by fork(): other threads may run, and with them ThreadSanitizer's fork can wait for ever. */
static pid_t spawn(int in, int out, const char *zone)
{
    char script[2048], path[2048];
    const char *src = getenv("VOUCH_SRCDIR");
    snprintf(script, sizeof script, "%s/tests/lib/dnsd.py", src ? src : ".");
    snprintf(path, sizeof path, "%s/%s", src ? src : ".", zone);
    const char *argv[] = {PYTHON, script, zone[0] == '/' ? zone : path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    assert_int_equal(
        posix_spawn(&pid, PYTHON, &actions, NULL, (char *const *)(uintptr_t)argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

bool dns_server_start(struct dns_server *s, const char *zone)
{
    int in[2], out[2];
    char line[64] = "";
    unsigned port = 0;
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    s->pid = spawn(in[0], out[1], zone);
    close(in[0]);
    close(out[1]);
    s->to = fdopen(in[1], "w");
    s->from = fdopen(out[0], "r");
    if (!fgets(line, sizeof line, s->from) || sscanf(line, "port %u", &port) != 1) {
        dns_server_stop(s);
        return false;
    }
    snprintf(s->address, sizeof s->address, "127.0.0.1@%u", port);
    return true;
}

void dns_server_stop(struct dns_server *s)
{
    if (!s->pid)
        return;
    fclose(s->to);
    fclose(s->from);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}

void dns_server_do(struct dns_server *s, const char *command, char *answer_r, size_t size)
{
    fprintf(s->to, "%s\n", command);
    fflush(s->to);
    assert_non_null(fgets(answer_r, (int)size, s->from));
    answer_r[strcspn(answer_r, "\n")] = '\0';
}

unsigned dns_server_count(struct dns_server *s, const char *what)
{
    char command[1200], answer[64];
    unsigned count = 0;
    snprintf(command, sizeof command, "count %s", what);
    dns_server_do(s, command, answer, sizeof answer);
    assert_int_equal(sscanf(answer, "count %u", &count), 1);
    return count;
}
