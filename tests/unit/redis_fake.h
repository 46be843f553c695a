/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_TESTS_REDIS_FAKE_H
#define VOUCH_TESTS_REDIS_FAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* What answers every connection with given bytes, whatever it is asked. */
struct redis_fake {
    char dir[64], socket[96];
    const char *hello;  /* to the first thing said; NULL: nothing */
    const char *answer; /* to what follows; NULL: nothing */
    size_t answer_len;
    bool again; /* and to all that follows */
    bool close; /* then hangs up */
    pthread_t thread;
    int listener, stop[2];
};

/* hello to close are set; the rest is made. */
void redis_fake_start(struct redis_fake *f);
void redis_fake_stop(struct redis_fake *f);

#endif
