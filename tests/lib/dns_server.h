/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TESTS_DNS_SERVER_H
#define VOUCH_TESTS_DNS_SERVER_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* tests/lib/dnsd.py on a port of its own; what it can do is told in its head. */
struct dns_server {
    pid_t pid;
    char address[32]; /* "127.0.0.1@PORT" */
    FILE *to, *from;
};

/* zone: a path below the source tree, or an absolute one. False: it cannot run on this host. */
bool dns_server_start(struct dns_server *s, const char *zone);
void dns_server_stop(struct dns_server *s);
/* One line to it, one line back, without the line end. */
void dns_server_do(struct dns_server *s, const char *command, char *answer_r, size_t size);
/* Questions it has seen for what: "NAME TYPE", "NAME" or "" for all. */
unsigned dns_server_count(struct dns_server *s, const char *what);

#endif
