/* SPDX-License-Identifier: BSD-2-Clause */
/* One libunbound context for all threads: a validating cache that forwards to the given servers. It
 * never asks the Internet's name servers itself.
 *
 * libunbound runs on evloop.h, all of it under one lock. Who asks calls it directly, so that an
 * answer in the cache is there when dns_ask returns, with no change of threads; a dispatcher thread
 * does the rest as packets and timers come due. A callback is always called with the lock held,
 * once for each question that was taken; a batch that is freed sooner takes its name off its
 * questions under the same lock, and their answers then only feed the cache. (libunbound has no way
 * to end a question that is under way, so their number is bounded.)
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
#include "ipaddr.h"
#include "resolver_private.h"
#include "zonefile.h"

/* Questions without an answer. Each holds a socket for up to 6 s, so they are fewer where this
 * process may open few; and libunbound keeps 850 bytes for each from the start. */
#define MAX_UNDER_WAY 1000
#define SPARE_SOCKETS 16  /* for what libunbound asks by itself */
#define WHY_MAX       256 /* bytes of a validator's explanation kept */
#define MAX_SERVERS   8
/* No server answers, whatever is asked: a slow domain alone keeps nobody else's questions from being answered. */
#define SILENT_QUESTIONS  10
#define SILENT_MS         2000
#define RESOLV_CONF       "/etc/resolv.conf"
#define RESOLV_CONF_LINES 1000

struct resolver {
    pthread_mutex_t lock;
    struct zonefile *zone; /* if set: nothing else is but the next */
    const struct zonefile_ops *zone_ops;
    struct ub_ctx *context;
    struct evloop *loop;
    pthread_t dispatcher;
    bool has_lock, has_dispatcher;
    bool stop;
    unsigned servers, servers_ip6, max_under_way;
    struct resolver_state state;
    bool asking; /* within a call of libunbound's that may answer from its cache */
    /* Questions that went out since a server last answered one, and when the first of them did. */
    atomic_uint unanswered;
    atomic_llong unanswered_ms;
};

/* One question that libunbound works at. */
struct job {
    struct resolver *resolver;
    struct dns_question *question; /* NULL: nobody waits for it any more */
};

static const struct dns_answer busy = {.status = DNS_FAILED,
                                       .why = "too many DNS questions without an answer"};
static const struct dns_answer no_memory = {.status = DNS_FAILED, .why = "out of memory"};
static const struct dns_answer no_server = {
    .status = DNS_FAILED,
    .why = "no DNS server is known: set one in vouch.conf or in " RESOLV_CONF};
static const struct dns_answer refused = {.status = DNS_FAILED,
                                          .why = "libunbound refused the question"};

/* Setting up. */

/* "ADDR" or "ADDR@PORT" */
static bool server_valid(const char *server)
{
    struct span rest = span_of(server), address, port = SPAN_NONE;
    struct ipaddr ip;
    uint64_t number;
    span_split(&rest, '@', &address);
    if (rest.p)
        port = rest;
    return ipaddr_parse(address, &ip) == 0 && address.p[0] != '[' &&
           !span_istarts(address, "ipv6:") &&
           (!port.p || (span_uint(port, 65535, &number) == 0 && number > 0));
}

static int add_server(struct resolver *r, const char *server)
{
    if (r->servers == MAX_SERVERS)
        return 0;
    int rc = ub_ctx_set_fwd(r->context, server);
    r->servers += rc == 0;
    r->servers_ip6 += rc == 0 && strchr(server, ':');
    return rc;
}

/* For each family of addresses over which servers might be asked, libunbound has a list of all ports: 232 KiB. */
static void leave_family_out(struct resolver *r)
{
    if (r->servers_ip6 == 0)
        ub_ctx_set_option(r->context, "do-ip6:", "no");
    else if (r->servers_ip6 == r->servers)
        ub_ctx_set_option(r->context, "do-ip4:", "no");
}

/* The "nameserver ADDR" lines (resolv.conf(5)). A file that is not there names none. */
static int add_system_servers(struct resolver *r, const char *path)
{
    FILE *f = fopen(path ? path : RESOLV_CONF, "re");
    char line[256], address[64];
    int rc = 0;
    for (unsigned n = 0; f && rc == 0 && n < RESOLV_CONF_LINES && fgets(line, sizeof line, f); n++)
        if (sscanf(line, " nameserver %63s", address) == 1 && server_valid(address))
            rc = add_server(r, address);
    if (f)
        fclose(f);
    return rc;
}

/* Half of the descriptors that this process may open. */
static unsigned most_under_way(void)
{
    struct rlimit limit;
    rlim_t most = MAX_UNDER_WAY;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < most)
        most = limit.rlim_cur / 2;
    return (unsigned)most;
}

/* Options are set before the context is first used; a libunbound that does not know one is as good
 * without. */
static void set_options(struct ub_ctx *context, unsigned sockets, bool validate)
{
    char range[16];
    snprintf(range, sizeof range, "%u", sockets);
    const char *const options[][2] = {
        /* A question goes out again after 1 s, then after 2 s, and is given up after 6 s in all: a
         * slow domain behind a fast forwarder is waited for. By default it would be asked each 50
         * ms and given up within 2 s. */
        {"infra-cache-min-rtt:", "1000"},
        {"outbound-msg-retry:", "2"},
        /* A forwarder is not held dead for long because some domain behind it was silent. */
        {"infra-host-ttl:", "2"},
        /* with no socket left, libunbound would queue every question behind the slow ones */
        {"outgoing-range:", range},
        /* each has 64 KiB of buffer, and takes 200 questions */
        {"outgoing-num-tcp:", "8"},
        {"msg-cache-size:", "2m"},
        {"rrset-cache-size:", "4m"},
        {"do-not-query-localhost:", "no"},
        /* names of private networks are known to the operator's own server, if to any */
        {"unblock-lan-zones:", "yes"},
        {"insecure-lan-zones:", "yes"},
        {"qname-minimisation:", "no"},
        {"rrset-roundrobin:", "no"}, /* the same answer gives the same verdict */
        {"minimal-responses:", "yes"},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        ub_ctx_set_option(context, options[i][0], options[i][1]);
    if (!validate)
        ub_ctx_set_option(context, "module-config:", "iterator");
    ub_ctx_debugout(context, NULL);
}

static void on_started(void *arg, int rcode, void *packet, int length, int security, char *why,
                       int rate_limited)
{
    (void)arg, (void)rcode, (void)packet, (void)length, (void)security, (void)why;
    (void)rate_limited;
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

static int add_servers(struct resolver *r, const struct resolver_options *o, char *error_r,
                       size_t size)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < o->server_count; i++) {
        rc = server_valid(o->servers[i]) ? add_server(r, o->servers[i]) : UB_SYNTAX;
        if (rc != 0)
            snprintf(error_r, size,
                     "DNS server \"%s\": not an address: write it like 192.0.2.53, "
                     "192.0.2.53@5353 or 2001:db8::53@5353",
                     o->servers[i]);
    }
    return o->server_count ? rc : add_system_servers(r, o->resolv_conf);
}

static int add_anchor(struct resolver *r, const char *path, char *error_r, size_t size)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        snprintf(error_r, size, "%s: cannot read the DNSSEC trust anchor: %s", path,
                 strerror(errno));
        return VOUCH_E_IO;
    }
    fclose(f);
    snprintf(error_r, size, "%s: libunbound cannot use this as DNSSEC trust anchor", path);
    return ub_ctx_add_ta_file(r->context, path);
}

static int open_context(struct resolver *r, const struct resolver_options *o, char *error_r,
                        size_t size)
{
    r->loop = evloop_new();
    r->context = r->loop ? ub_ctx_create_ub_event(evloop_base(r->loop)) : NULL;
    snprintf(error_r, size, "DNS: libunbound cannot be started: %s", strerror(errno));
    if (!r->context)
        return VOUCH_E_NOMEM;
    r->max_under_way = most_under_way();
    set_options(r->context, r->max_under_way + SPARE_SOCKETS, o->trust_anchor != NULL);
    int rc = add_servers(r, o, error_r, size);
    if (rc == 0)
        leave_family_out(r);
    if (rc == 0 && o->trust_anchor)
        rc = add_anchor(r, o->trust_anchor, error_r, size);
    /* the first question is when libunbound reads what it was given; this one it answers itself */
    if (rc == 0)
        rc = ub_resolve_event(r->context, "localhost", DNS_A, 1, NULL, on_started, NULL);
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
    if (options->zone_file ? !r->zone : open_context(r, options, error_r, size) != 0)
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
    if (r->context)
        ub_ctx_delete(r->context); /* calls back for each question that is under way */
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

const struct dns_answer *resolver_submit(struct resolver *r, struct dns_question *q)
{
    char text[DNS_NAME_TEXT];
    const struct dns_answer *failure = NULL;
    struct job *job = NULL;
    if (r->zone) {
        dns_question_publish(q, r->zone_ops->answer(r->zone, q->name, q->type));
        return NULL;
    }
    if (r->servers == 0)
        return &no_server;
    dns_name_text(span_make(q->name, sizeof q->name), 0, text);
    pthread_mutex_lock(&r->lock);
    r->state.questions++;
    if (r->state.under_way >= r->max_under_way) {
        failure = &busy;
        r->state.troubles[DNS_TROUBLE_BUSY]++;
    } else if (!(job = malloc(sizeof *job))) {
        failure = &no_memory;
    }
    if (job) {
        *job = (struct job){r, q};
        q->job = job;
        r->state.under_way++;
        unsigned under_way = r->state.under_way;
        r->asking = true;
        int rc = ub_resolve_event(r->context, text, q->type, 1, job, on_answer, NULL);
        r->asking = false;
        if (rc == 0 && r->state.under_way == under_way)
            note_question(r);
        if (rc != 0) {
            q->job = NULL;
            r->state.under_way--;
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
