/* SPDX-License-Identifier: BSD-2-Clause */
/* The poke: a session to ourselves on which no HELO is answered. */
#include "poke.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "self.h"

struct poke {
    pthread_mutex_t lock;
    int fd; /* -1: not connected */
    bool failing;
    struct log *log;
    struct self self;
};

struct poke *poke_new(int listener, struct log *log)
{
    struct poke *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->fd = -1;
    p->log = log;
    if (!self_find(&p->self, listener)) {
        free(p);
        return NULL;
    }
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void poke_free(struct poke **pp)
{
    struct poke *p = *pp;
    if (!p)
        return;
    *pp = NULL;
    if (p->fd >= 0)
        close(p->fd);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static void disconnect(struct poke *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

static bool reconnect(struct poke *p)
{
    disconnect(p);
    p->fd = self_connect(&p->self, SELF_ALL_STEPS);
    return p->fd >= 0;
}

void poke_wake(struct poke *p)
{
    pthread_mutex_lock(&p->lock);
    /* the other side may have closed: an idle session is, hours later */
    bool sent = p->fd >= 0 && self_read(p->fd) >= 0 && self_helo(p->fd);
    if (!sent)
        sent = reconnect(p) && self_helo(p->fd);
    if (!sent && !p->failing)
        log_often(p->log, LOG_LEVEL_WARNING,
                  "cannot reach our own socket (%s): a message that waits for DNS may delay others",
                  strerror(errno));
    if (!sent)
        disconnect(p);
    p->failing = !sent;
    pthread_mutex_unlock(&p->lock);
}
