/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings in force and what hangs on them. Where the model, DNS and the socket are is read once, at start: a reload that
 * changes them says that they wait for a restart. */
#include "daemon.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "clock.h"
#include "endpoint.h"
#include "errors.h"
#include "journal.h"
#include "keeper.h"
#include "learning.h"
#include "load.h"
#include "metrics.h"
#include "poke.h"
#include "quarantine.h"
#include "recorder.h"
#include "resolver.h"
#include "settings_load.h"
#include "status_pages.h"
#include "store.h"

struct daemon {
    pthread_mutex_t lock; /* of the next three */
    struct settings *settings;
    int64_t settings_us; /* when they were read */
    bool reload_refused;
    int64_t start_us;
    char *file;
    struct log *log;
    struct metrics *metrics;
    struct assess_context *context;
    struct recorder *recorder;
    struct learning *learning;
    struct keeper *keeper;
    struct endpoint *endpoint; /* NULL: nobody wants numbers */
    struct load *load;
    struct poke *_Atomic poke;
    atomic_bool model_silent, dns_silent;
    const char *_Atomic stuck;
    atomic_llong watch_due_ms;                      /* of clock_ms(); 0: nobody watches */
    atomic_uint packet_timeout_ms, idle_timeout_ms; /* as in settings */
    struct turnstile judging;
};

static struct settings *settings_in_force(void *arg)
{
    return daemon_settings(arg);
}

static void take_timeouts(struct daemon *d, const struct settings *s)
{
    atomic_store(&d->packet_timeout_ms, s->packet_timeout_ms);
    atomic_store(&d->idle_timeout_ms, s->idle_timeout_ms);
}

struct daemon *daemon_new(struct settings *settings, const char *file, struct log *log)
{
    struct daemon *d = calloc(1, sizeof *d);
    const struct keeper_options keeper = {settings_in_force, d, log};
    if (!d) {
        settings_unref(&settings);
        return NULL;
    }
    pthread_mutex_init(&d->lock, NULL);
    d->settings = settings;
    d->settings_us = d->start_us = clock_wall_us();
    d->log = log;
    if ((file && !(d->file = strdup(file))) || !(d->metrics = metrics_new()) ||
        !(d->load = load_new(log, d->metrics)) || !(d->keeper = keeper_new(&keeper))) {
        daemon_free(&d);
        return NULL;
    }
    metrics_policies(d->metrics, settings);
    take_timeouts(d, settings);
    return d;
}

void daemon_free(struct daemon **dp)
{
    struct daemon *d = *dp;
    if (!d)
        return;
    *dp = NULL;
    endpoint_close(&d->endpoint);
    if (!learning_stop(&d->learning))
        return; /* it still uses what is here, and the program ends */
    recorder_close(&d->recorder);
    keeper_free(&d->keeper);
    assess_context_free(&d->context);
    settings_unref(&d->settings);
    load_free(&d->load);
    metrics_free(&d->metrics);
    pthread_mutex_destroy(&d->lock);
    free(d->file);
    free(d);
}

/* Where there is a journal, there is something to learn. */
static int start_learning(struct daemon *d, char *error_r, size_t size)
{
    const struct learning_options o = {
        .settings = settings_in_force,
        .settings_arg = d,
        .psl = assess_context_psl(d->context),
        .journal = recorder_journal(d->recorder),
        .sensor = assess_context_sensor(d->context),
        .log = d->log,
    };
    if (!o.journal || strcmp(d->settings->store, "none") == 0)
        return 0;
    d->learning = learning_start(&o, error_r, size);
    return d->learning ? 0 : EX_UNAVAILABLE;
}

/* Mail is judged without it, too: what stands in its way is no reason not to start. */
static void open_endpoint(struct daemon *d)
{
    const char *address = d->settings->metrics_listen;
    char error[500];
    if (!address)
        return;
    d->endpoint = endpoint_open(address, status_page, d, error, sizeof error);
    if (!d->endpoint)
        log_write(d->log, LOG_LEVEL_ERROR, "metrics: %s: there are none until a restart", error);
    else if (d->settings->metrics_allow_remote)
        log_write(
            d->log, LOG_LEVEL_WARNING,
            "metrics are at %s: metrics.allow_remote is set, so see to it that only those who "
            "should can reach that",
            endpoint_url(d->endpoint));
    else
        log_write(d->log, LOG_LEVEL_INFO, "metrics are at %s", endpoint_url(d->endpoint));
}

int daemon_open(struct daemon *d, char *error_r, size_t size)
{
    char host[256] = "localhost";
    int status = EX_SOFTWARE;
    gethostname(host, sizeof host - 1);
    struct assess_options options = {.sensor = host};
    if (quarantine_check_key(d->settings->quarantine_key, error_r, size) != 0)
        return EX_CONFIG;
    d->context = assess_context_new(d->settings, &options, error_r, size, &status);
    if (!d->context)
        return status;
    if (!d->settings->authserv_id && !strchr(host, '.'))
        log_write(d->log, LOG_LEVEL_WARNING,
                  "this host's name, %s, has no domain: set authserv_id, under which "
                  "Authentication-Results are written",
                  host);
    keeper_refresh(d->keeper);
    status = recorder_open(d->settings, host, d->log, &d->recorder, error_r, size);
    if (status == 0)
        status = start_learning(d, error_r, size);
    if (status == 0)
        open_endpoint(d);
    return status;
}

struct keeper *daemon_keeper(struct daemon *d)
{
    return d->keeper;
}

struct quarantine *daemon_quarantine(struct daemon *d)
{
    return keeper_quarantine(d->keeper);
}

struct settings *daemon_settings(struct daemon *d)
{
    pthread_mutex_lock(&d->lock);
    struct settings *s = settings_ref(d->settings);
    pthread_mutex_unlock(&d->lock);
    return s;
}

struct assess_context *daemon_context(struct daemon *d)
{
    return d->context;
}

struct log *daemon_log(struct daemon *d)
{
    return d->log;
}

struct metrics *daemon_metrics(struct daemon *d)
{
    return d->metrics;
}

struct recorder *daemon_recorder(struct daemon *d)
{
    return d->recorder;
}

struct learning *daemon_learning(struct daemon *d)
{
    return d->learning;
}

int64_t daemon_settings_time(struct daemon *d, bool *refused_r)
{
    pthread_mutex_lock(&d->lock);
    int64_t us = d->settings_us;
    *refused_r = d->reload_refused;
    pthread_mutex_unlock(&d->lock);
    return us;
}

int64_t daemon_start_time(const struct daemon *d)
{
    return d->start_us;
}

void daemon_end_status(struct daemon *d)
{
    endpoint_close(&d->endpoint);
}

void daemon_end(struct daemon *d)
{
    learning_stop(&d->learning);
    keeper_stop(d->keeper);
    recorder_flush(d->recorder); /* not closed: a callback may still use it */
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_servers(const struct settings *a, const struct settings *b)
{
    bool equal = a->dns_server_count == b->dns_server_count;
    for (size_t i = 0; equal && i < a->dns_server_count; i++)
        equal = same(a->dns_servers[i], b->dns_servers[i]);
    return equal;
}

/* Says which changes wait for a restart. */
static void note_unchanged(struct daemon *d, const struct settings *old, const struct settings *new)
{
    const struct {
        const char *what;
        bool same;
    } fixed[] = {
        {"the model store", same(old->store, new->store) &&
                                same(old->store_user, new->store_user) &&
                                same(old->store_password_file, new->store_password_file)},
        {"the journal", recorder_same(old, new)},
        {"the quarantine", keeper_same(old, new)},
        {"the DNS servers",
         same_servers(old, new) && same(old->dns_trust_anchor, new->dns_trust_anchor)},
        {"the public suffix list", same(old->public_suffix_list, new->public_suffix_list)},
        {"the socket",
         same(old->socket, new->socket) &&
             old->socket_mode == new->socket_mode &&same(old->socket_group, new->socket_group)},
        {"the user", same(old->user, new->user)},
        {"the pid file", same(old->pid_file, new->pid_file)},
        {"the filter of system calls", old->seccomp == new->seccomp},
        {"where the log goes", same(old->log, new->log)},
        {"where metrics are told", same(old->metrics_listen, new->metrics_listen)},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (!fixed[i].same)
            log_write(
                d->log, LOG_LEVEL_WARNING,
                "reload: %s has changed: that needs a restart, until then the old one is used",
                fixed[i].what);
}

static void log_mistakes(struct daemon *d, int rc, const struct settings_error *errors,
                         size_t count)
{
    if (rc == VOUCH_E_IO)
        log_write(d->log, LOG_LEVEL_ERROR, "%s: %s", d->file, strerror(errno));
    else if (rc != VOUCH_E_CONFIG)
        log_write(d->log, LOG_LEVEL_ERROR, "%s: %s", d->file, vouch_strerror(rc));
    for (size_t i = 0; i < count; i++) {
        if (errors[i].line > 0)
            log_write(d->log, LOG_LEVEL_ERROR, "%s:%d: %s", d->file, errors[i].line,
                      errors[i].text);
        else
            log_write(d->log, LOG_LEVEL_ERROR, "%s: %s", d->file, errors[i].text);
    }
    log_write(d->log, LOG_LEVEL_ERROR, "reload: the settings stay as they were");
}

static void refuse_reload(struct daemon *d, int rc, const struct settings_error *errors,
                          size_t count)
{
    metrics_add(d->metrics, METRIC_RELOADS_REFUSED);
    log_mistakes(d, rc, errors, count);
    pthread_mutex_lock(&d->lock);
    d->reload_refused = true;
    pthread_mutex_unlock(&d->lock);
}

void daemon_reload(struct daemon *d)
{
    char text[1200];
    struct settings *new = NULL;
    struct settings_error *errors = NULL;
    size_t count = 0;
    if (!d->file) {
        log_write(d->log, LOG_LEVEL_WARNING, "reload: no configuration file was given at start");
        return;
    }
    int rc = settings_load(d->file, &new, &errors, &count);
    if (rc != 0) {
        refuse_reload(d, rc, errors, count);
        settings_errors_free(&errors, count);
        return;
    }
    if (quarantine_check_key(new->quarantine_key, text, sizeof text) != 0) {
        const struct settings_error error = {.text = text};
        refuse_reload(d, VOUCH_E_CONFIG, &error, 1);
        settings_unref(&new);
        return;
    }
    note_unchanged(d, d->settings, new);
    metrics_policies(d->metrics, new);
    pthread_mutex_lock(&d->lock);
    struct settings *old = d->settings;
    d->settings = new;
    d->settings_us = clock_wall_us();
    d->reload_refused = false;
    pthread_mutex_unlock(&d->lock);
    log_set_level(d->log, new->log_level);
    take_timeouts(d, new);
    settings_unref(&old);
    keeper_refresh(d->keeper);
    metrics_add(d->metrics, METRIC_RELOADS);
    log_write(d->log, LOG_LEVEL_INFO, "reload: %s is in force for new messages", d->file);
}

void daemon_note_dns(struct daemon *d)
{
    bool silent = assess_context_dns_silent(d->context);
    if (atomic_load(&d->dns_silent) == silent || atomic_exchange(&d->dns_silent, silent) == silent)
        return;
    log_often(
        d->log, LOG_LEVEL_WARNING, "%s",
        silent ? "no DNS server answers: mail is judged without, and waits for none, until one does"
               : "DNS answers again");
}

void daemon_note_model(struct daemon *d, bool answered)
{
    char state[300];
    if (atomic_exchange(&d->model_silent, !answered) == !answered)
        return;
    if (answered) {
        log_often(d->log, LOG_LEVEL_WARNING, "the model answers again");
        return;
    }
    store_state(assess_context_store(d->context), state, sizeof state);
    log_often(d->log, LOG_LEVEL_WARNING,
              "no answer from the model (%s): mail is judged without it, until it answers", state);
}

void daemon_set_poke(struct daemon *d, struct poke *poke)
{
    atomic_store(&d->poke, poke);
}

void daemon_before_wait(void *arg)
{
    struct daemon *d = arg;
    struct poke *poke = atomic_load(&d->poke);
    if (poke)
        poke_wake(poke);
}

struct load *daemon_load(struct daemon *d)
{
    return d->load;
}

struct turnstile *daemon_judging(struct daemon *d)
{
    return &d->judging;
}

void daemon_busy(struct daemon *d, int64_t *dns_ms_r, int64_t *journal_ms_r)
{
    const struct resolver *dns = assess_context_resolver(d->context);
    const struct journal *journal = recorder_journal(d->recorder);
    *dns_ms_r = dns ? resolver_busy_ms(dns) : 0;
    *journal_ms_r = journal ? journal_busy_ms(journal) : 0;
}

bool daemon_model_silent(struct daemon *d)
{
    return atomic_load(&d->model_silent);
}

void daemon_set_stuck(struct daemon *d, const char *stuck, int64_t good_ms)
{
    atomic_store(&d->stuck, stuck);
    atomic_store(&d->watch_due_ms, clock_ms() + good_ms);
}

const char *daemon_stuck(struct daemon *d)
{
    int64_t due_ms = atomic_load(&d->watch_due_ms);
    if (due_ms && clock_ms() > due_ms)
        return "the main thread does not come back from what it does";
    return atomic_load(&d->stuck);
}

unsigned daemon_messages(struct daemon *d)
{
    return load_messages(d->load);
}

unsigned daemon_packet_timeout_ms(struct daemon *d)
{
    return atomic_load(&d->packet_timeout_ms);
}

unsigned daemon_idle_timeout_ms(struct daemon *d)
{
    return atomic_load(&d->idle_timeout_ms);
}
