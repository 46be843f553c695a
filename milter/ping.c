/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers are counted by their bytes: what is in them does not matter. */
#include "ping.h"
#include <stdlib.h>
#include <unistd.h>
#include "self.h"

struct ping {
    struct self self;
    int fd;           /* -1: not connected */
    ptrdiff_t due;    /* bytes of answers that are still to come */
    int64_t asked_ms; /* when the question was asked that has no answer; 0: none */
};

struct ping *ping_new(int listener)
{
    struct ping *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->fd = -1;
    if (!self_find(&p->self, listener)) {
        free(p);
        return NULL;
    }
    return p;
}

static void hang_up(struct ping *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

void ping_free(struct ping **pp)
{
    struct ping *p = *pp;
    if (!p)
        return;
    *pp = NULL;
    hang_up(p);
    free(p);
}

static void take_answer(struct ping *p)
{
    ptrdiff_t n = self_read(p->fd);
    if (n < 0) {
        hang_up(p);
        return;
    }
    p->due -= n;
    if (p->due <= 0)
        p->asked_ms = 0;
}

static void ask(struct ping *p, int64_t now_ms)
{
    bool first = p->fd < 0;
    if (p->asked_ms == 0)
        p->asked_ms = now_ms;
    if (first && (p->fd = self_connect(&p->self, 0)) < 0)
        return;
    p->due = SELF_HELO_REPLY + (first ? SELF_GREETING_REPLY : 0);
    if (!self_helo(p->fd))
        hang_up(p);
}

int64_t ping_unanswered_ms(struct ping *p, int64_t now_ms)
{
    if (p->fd >= 0)
        take_answer(p);
    int64_t unanswered = p->asked_ms ? now_ms - p->asked_ms : 0;
    if (p->fd < 0 || p->asked_ms == 0)
        ask(p, now_ms);
    return unanswered;
}
