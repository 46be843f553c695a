/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TESTS_REDIS_PROXY_H
#define VOUCH_TESTS_REDIS_PROXY_H

#include <pthread.h>
#include <stdatomic.h>

/* Stands between a store and its server, and counts round trips: how often the client spoke after
 * the server had. A few clients at a time. */
struct redis_proxy {
    char socket[96], server[96];
    pthread_t thread;
    int listener, stop[2];
    atomic_uint trips;
};

void redis_proxy_start(struct redis_proxy *p, const char *dir, const char *server_socket);
unsigned redis_proxy_trips(struct redis_proxy *p);
void redis_proxy_stop(struct redis_proxy *p);

#endif
