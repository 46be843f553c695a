/* SPDX-License-Identifier: BSD-2-Clause */
/* One validating cache for all threads, libunbound's, that forwards to the given servers. It
 * never asks the Internet's name servers itself.
 *
 * libunbound runs on evloop.h, all of it under one lock. Who asks calls it directly, so that an
 * answer in the cache is there when dns_ask returns, with no change of threads; a dispatcher thread
 * does the rest as packets and timers come due. A callback is always called with the lock held,
 * once for each question that was taken; a batch that is freed sooner takes its name off its
 * questions under the same lock, and their answers then only feed the cache. (libunbound has no way
 * to end a question that is under way, so their number is bounded.)
 *
 * A context has as many sockets as it was made with, each of which takes memory from the start. So the one that is always there
 * has few. Questions beyond that, when some domain is slow, go to a second context, made when the first of them comes.
 *
 * Order of locks: the resolver's, then the batch's. */
#include "resolver.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unbound-event.h>
#include <unbound.h>
#include "clock.h"
#include "errors.h"
#include "evloop.h"
#include "resolver_private.h"
#include "upstream.h"
#include "zonefile.h"

/* Questions without an answer. Each holds a socket for up to 6 s, so they are fewer where this
 * process may open few. */
#define MAX_UNDER_WAY 2000
#define FIRST_CONTEXT 200 /* of them */
#define SPARE_SOCKETS 16  /* for what libunbound asks by itself */
#define WHY_MAX       256 /* bytes of a validator's explanation kept */
/* No server answers, whatever is asked: a slow domain alone keeps nobody else's questions from being answered. */
#define SILENT_QUESTIONS 10
#define SILENT_MS        2000

/* One of libunbound's contexts. */
struct part {
    struct ub_ctx *context; /* NULL: not yet needed */
    unsigned under_way, most;
};

struct resolver {
    pthread_mutex_t lock;
    struct zonefile *zone; /* if set: nothing else is but the next */
    const struct zonefile_ops *zone_ops;
    struct upstream upstream;
    struct part parts[2];
    struct evloop *loop;
    pthread_t dispatcher;
    bool has_lock, has_dispatcher;
    bool stop;
    struct resolver_state state;
    bool asking; /* within a call of libunbound's that may answer from its cache */
    /* Questions that went out since a server last answered one, and when the first of them did. */
    atomic_uint unanswered;
    atomic_llong unanswered_ms;
};

/* One question that libunbound works at. */
struct job {
    struct resolver *resolver;
    struct part *part;
    struct dns_question *question; /* NULL: nobody waits for it any more */
};

static const struct dns_answer busy = {.status = DNS_FAILED,
                                       .why = "too many DNS questions without an answer"};
static const struct dns_answer no_memory = {.status = DNS_FAILED, .why = "out of memory"};
static const struct dns_answer no_server = {
    .status = DNS_FAILED,
    .why = "no DNS server is known: set one in vouch.conf or in " UPSTREAM_RESOLV_CONF};
static const struct dns_answer refused = {.status = DNS_FAILED,
                                          .why = "libunbound refused the question"};

/* Setting up. */

/* Half of the descriptors that this process may open. */
static unsigned most_under_way(void)
{
    struct rlimit limit;
    rlim_t most = MAX_UNDER_WAY;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < most)
        most = limit.rlim_cur / 2;
    return (unsigned)most;
}

static void *dispatch(void *arg)
{
    struct resolver *r = arg;
    pthread_mutex_lock(&r->lock);
    while (!r->stop)
        evloop_turn(r->loop, &r->lock);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* No signal is for this thread. */
static int start_dispatcher(struct resolver *r)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&r->dispatcher, NULL, dispatch, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    r->has_dispatcher = rc == 0;
    return rc;
}

static int open_part(struct resolver *r, struct part *part, char *error_r, size_t size)
{
    return upstream_open(&r->upstream, r->loop, part->most + SPARE_SOCKETS, &part->context, error_r,
                         size);
}

static int open_network(struct resolver *r, const struct resolver_options *o, char *error_r,
                        size_t size)
{
    unsigned most = most_under_way();
    r->parts[0].most = most < FIRST_CONTEXT ? most : FIRST_CONTEXT;
    r->parts[1].most = most - r->parts[0].most;
    if (!(r->loop = evloop_new())) {
        snprintf(error_r, size, "DNS: cannot be started: %s", strerror(errno));
        return VOUCH_E_NOMEM;
    }
    int rc = upstream_init(&r->upstream, o, error_r, size);
    if (rc == 0)
        rc = open_part(r, &r->parts[0], error_r, size);
    if (rc == 0)
        rc = start_dispatcher(r);
    return rc;
}

struct resolver *resolver_new(const struct resolver_options *options, char *error_r, size_t size)
{
    struct resolver *r = calloc(1, sizeof *r);
    snprintf(error_r, size, "DNS: out of memory");
    if (!r)
        return NULL;
    if (pthread_mutex_init(&r->lock, NULL) != 0)
        goto fail;
    r->has_lock = true;
    r->zone_ops = options->zone_ops;
    if (options->zone_file)
        r->zone = r->zone_ops->load(options->zone_file, error_r, size);
    if (options->zone_file ? !r->zone : open_network(r, options, error_r, size) != 0)
        goto fail;
    error_r[0] = '\0';
    return r;
fail:
    resolver_free(&r);
    return NULL;
}

void resolver_free(struct resolver **rp)
{
    struct resolver *r = *rp;
    if (!r)
        return;
    if (r->has_dispatcher) {
        pthread_mutex_lock(&r->lock);
        r->stop = true;
        evloop_wake(r->loop);
        pthread_mutex_unlock(&r->lock);
        pthread_join(r->dispatcher, NULL);
    }
    for (size_t i = 0; i < 2; i++)
        if (r->parts[i].context)
            ub_ctx_delete(r->parts[i].context); /* calls back for each question that is under way */
    upstream_clear(&r->upstream);
    evloop_free(&r->loop);
    if (r->zone)
        r->zone_ops->free(&r->zone);
    if (r->has_lock)
        pthread_mutex_destroy(&r->lock);
    free(r);
    *rp = NULL;
}

/* Questions. */

static const char *bogus_phrase(const char *why, char phrase_r[WHY_MAX])
{
    snprintf(phrase_r, WHY_MAX, "DNSSEC: %s", why ? why : "the answer is bogus");
    return phrase_r;
}

/* A question went out, and no answer was in the cache. */
static void note_question(struct resolver *r)
{
    if (atomic_load(&r->unanswered) == 0)
        atomic_store(&r->unanswered_ms, clock_ms());
    atomic_fetch_add(&r->unanswered, 1);
}

bool resolver_silent(struct resolver *r)
{
    return atomic_load(&r->unanswered) >= SILENT_QUESTIONS &&
           clock_ms() - atomic_load(&r->unanswered_ms) >= SILENT_MS;
}

/* libunbound has an answer; the resolver's lock is held. */
static void on_answer(void *arg, int rcode, void *packet, int length, int security, char *why_bogus,
                      int rate_limited)
{
    struct job *job = arg;
    struct dns_question *q = job->question;
    struct dns_answer *a = NULL;
    char phrase[WHY_MAX];
    (void)rate_limited;
    struct resolver_state *state = &job->resolver->state;
    /* SERVFAIL is also what libunbound says when no server answered it */
    if (!job->resolver->asking && packet && rcode != 2)
        atomic_store(&job->resolver->unanswered, 0);
    state->under_way--;
    job->part->under_way--;
    if (security == 1)
        state->troubles[DNS_TROUBLE_BOGUS]++;
    else if (rcode != 0 || !packet)
        state->troubles[rcode == 5 ? DNS_TROUBLE_REFUSED : DNS_TROUBLE_SERVFAIL]++;
    free(job);
    if (!q)
        return;
    q->job = NULL;
    if (security == 1)
        a = dnswire_failure(bogus_phrase(why_bogus, phrase));
    else if (rcode != 0 || !packet)
        a = dnswire_failure(rcode == 5 ? "REFUSED" : "SERVFAIL");
    else
        a = dnswire_answer(span_make(packet, (size_t)length), q->name, q->type);
    if (a)
        a->secure = security == 2;
    dns_question_publish(q, a);
}

/* Where the next question goes; NULL: there are too many. */
static struct part *choose_part(struct resolver *r)
{
    char error[512];
    struct part *first = &r->parts[0], *second = &r->parts[1];
    if (first->under_way < first->most)
        return first;
    if (second->under_way >= second->most ||
        (!second->context && open_part(r, second, error, sizeof error) != 0))
        return NULL;
    return second;
}

const struct dns_answer *resolver_submit(struct resolver *r, struct dns_question *q)
{
    char text[DNS_NAME_TEXT];
    const struct dns_answer *failure = NULL;
    struct job *job = NULL;
    if (r->zone) {
        dns_question_publish(q, r->zone_ops->answer(r->zone, q->name, q->type));
        return NULL;
    }
    if (r->upstream.count == 0)
        return &no_server;
    dns_name_text(span_make(q->name, sizeof q->name), 0, text);
    pthread_mutex_lock(&r->lock);
    r->state.questions++;
    struct part *part = choose_part(r);
    if (!part) {
        failure = &busy;
        r->state.troubles[DNS_TROUBLE_BUSY]++;
    } else if (!(job = malloc(sizeof *job))) {
        failure = &no_memory;
    }
    if (job) {
        *job = (struct job){r, part, q};
        q->job = job;
        part->under_way++;
        r->state.under_way++;
        unsigned under_way = r->state.under_way;
        r->asking = true;
        int rc = ub_resolve_event(part->context, text, q->type, 1, job, on_answer, NULL);
        r->asking = false;
        if (rc == 0 && r->state.under_way == under_way)
            note_question(r);
        if (rc != 0) {
            q->job = NULL;
            r->state.under_way--;
            part->under_way--;
            free(job);
            failure = &refused;
        }
    }
    pthread_mutex_unlock(&r->lock);
    return failure;
}

void resolver_state(struct resolver *r, struct resolver_state *state_r)
{
    pthread_mutex_lock(&r->lock);
    *state_r = r->state;
    pthread_mutex_unlock(&r->lock);
}

int64_t resolver_busy_ms(const struct resolver *r)
{
    return r->loop ? evloop_busy_ms(r->loop) : 0;
}

void resolver_forget(struct resolver *r, struct dns_question *list)
{
    pthread_mutex_lock(&r->lock);
    for (struct dns_question *q = list; q; q = q->next)
        if (q->job)
            q->job->question = NULL;
    pthread_mutex_unlock(&r->lock);
}
