/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's learner and labeller. It looks every second what is new, rather than being woken by each message: so
 * a busy second becomes one step of the model, not a thousand. */
#include "learning.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "clock.h"
#include "clock_guard.h"
#include "journal.h"
#include "labeller.h"
#include "learn_tree.h"

#define IDLE_MS         1000
#define OTHERS_MS       60000 /* between two looks at how far others are, who learn in our place */
#define LAG_MS          5000  /* between two looks at how far we are behind, while we catch up */
#define BACK_OFF_MAX_MS 5000  /* while the model is away */
#define EXPIRE_FIRST_MS 3600000  /* old marks: an hour after the start, */
#define EXPIRE_MS       86400000 /* then daily */

struct learning {
    struct learning_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* of the next five */
    pthread_cond_t changed;
    bool stop, ended;
    bool lag_known;
    struct learn_lag lag;

    /* the thread's own */
    struct settings *settings; /* in force */
    char *dir;
    struct store *store;
    struct learn_tree *tree;
    struct labeller *labeller; /* NULL: not yet, or there is no journal of ours */
    bool labels_fail;          /* which the log knows */
    unsigned back_off_ms;
    struct clock_guard clock;
    int64_t expire_ms; /* when to look for old marks next */
    int64_t lag_ms;    /* when to look how far we are */
    int64_t others_ms; /* when to look how far others are */
};

static void learning_free(struct learning **lp)
{
    struct learning *l = *lp;
    *lp = NULL;
    if (!l)
        return;
    labeller_free(&l->labeller);
    learn_tree_free(&l->tree);
    store_close(&l->store);
    settings_unref(&l->settings);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    free(l->dir);
    free(l);
}

/* For pthread_cond_timedwait on `changed`. */
static struct timespec ms_from_now(unsigned ms)
{
    int64_t until = clock_ms() + ms;
    return (struct timespec){.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
}

/* Waits until told to stop, or that long; true: stop. */
static bool wait_ms(struct learning *l, unsigned ms)
{
    struct timespec until = ms_from_now(ms);
    pthread_mutex_lock(&l->lock);
    while (!l->stop && pthread_cond_timedwait(&l->changed, &l->lock, &until) == 0)
        ;
    bool stop = l->stop;
    pthread_mutex_unlock(&l->lock);
    return stop;
}

/* learn_tree's report */
static void report(void *arg, bool trouble, const char *text)
{
    struct learning *l = arg;
    log_often(l->options.log, trouble ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "learner: %s", text);
}

/* Takes the settings in force; other ones need another tree. */
static void refresh(struct learning *l)
{
    struct settings *now = l->options.settings(l->options.settings_arg);
    if (now == l->settings) {
        settings_unref(&now);
        return;
    }
    learn_tree_free(&l->tree);
    settings_unref(&l->settings);
    l->settings = now;
}

/* learn_options.now */
static bool now(void *arg, int64_t *now_us_r)
{
    struct learning *l = arg;
    return clock_guard_sure(&l->clock, clock_wall_us(), clock_steady_us(), now_us_r);
}

static struct learn_tree *make_tree(struct learning *l)
{
    const struct learn_tree_options o = {
        .learn = {.store = l->store,
                  .settings = l->settings,
                  .psl = l->options.psl,
                  .batch = learn_batch_for(l->settings->store),
                  .now = now,
                  .now_arg = l},
        .dir = l->dir,
        .report = report,
        .report_arg = l,
    };
    return learn_tree_new(&o);
}

/* Retention of the daemon's own journal may go as far as the model has. */
static void tell_journal(const struct learning *l)
{
    const char *writer = l->options.journal ? journal_writer(l->options.journal) : NULL;
    uint64_t number = writer && l->tree ? learn_tree_watermark(l->tree, writer) : 0;
    if (number)
        journal_learnt(l->options.journal, number);
}

static struct labeller *make_labeller(struct learning *l, const char *writer, char *error_r,
                                      size_t size)
{
    char path[4096], name[256];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(writer, "@"), writer);
    if (snprintf(path, sizeof path, "%s/%s", l->dir, name) >= (int)sizeof path) {
        snprintf(error_r, size, "%s: too long a name", l->dir);
        return NULL;
    }
    const struct labeller_options o = {
        .dir = l->dir, .path = path, .journal = l->options.journal, .sensor = l->options.sensor};
    return labeller_new(&o, error_r, size);
}

/* Labels what is due. Its trouble is told once. true: there is more to do. */
static bool give_labels(struct learning *l)
{
    const char *writer = l->options.journal ? journal_writer(l->options.journal) : NULL;
    char error[512] = "";
    int rc = VOUCH_E_NOMEM;
    if (!writer)
        return false;
    if (!l->labeller)
        l->labeller = make_labeller(l, writer, error, sizeof error);
    if (l->labeller) {
        rc = labeller_step(l->labeller, l->settings, clock_wall_us());
        snprintf(error, sizeof error, "%s", labeller_error(l->labeller));
    }
    if (rc < 0 && !l->labels_fail)
        log_write(l->options.log, LOG_LEVEL_WARNING,
                  "learner: replies and deliveries are not all labelled: %s", error);
    l->labels_fail = rc < 0;
    return rc == 1;
}

/* Only when everything is learnt: no label that is still to come may look for an old mark. */
static void expire(struct learning *l)
{
    uint64_t removed = 0;
    int64_t now_us;
    if (clock_ms() < l->expire_ms || !now(l, &now_us))
        return;
    l->expire_ms = clock_ms() + EXPIRE_MS;
    int rc = learn_expire(l->store, now_us, &removed);
    if (rc != 0)
        log_write(l->options.log, LOG_LEVEL_WARNING,
                  "learner: old labels could not be removed from the model: %s; it is tried again "
                  "tomorrow",
                  vouch_strerror(rc));
    else if (removed)
        log_write(l->options.log, LOG_LEVEL_INFO,
                  "learner: %llu messages labelled more than %d days ago are closed",
                  (unsigned long long)removed, LEARN_MARK_DAYS);
}

/* With learn = false somebody else learns: retention may go as far as he is. */
static void follow_others(struct learning *l)
{
    const char *writer = l->options.journal ? journal_writer(l->options.journal) : NULL;
    uint64_t number;
    if (!writer || clock_ms() < l->others_ms)
        return;
    l->others_ms = clock_ms() + OTHERS_MS;
    if (store_watermark(l->store, writer, &number) == LOOKUP_FOUND)
        journal_learnt(l->options.journal, number);
}

static void set_lag(struct learning *l, bool known, struct learn_lag lag)
{
    pthread_mutex_lock(&l->lock);
    l->lag_known = known;
    l->lag = lag;
    pthread_mutex_unlock(&l->lock);
}

bool learning_lag(struct learning *l, struct learn_lag *lag_r)
{
    if (!l)
        return false;
    pthread_mutex_lock(&l->lock);
    bool known = l->lag_known;
    *lag_r = l->lag;
    pthread_mutex_unlock(&l->lock);
    return known;
}

/* rc: of the step that was just made. Where nothing is left there is no need to look. How far the model is it says itself, so
 * before its first answer nobody knows. */
static void note_lag(struct learning *l, int rc)
{
    if (rc == 0)
        set_lag(l, true, (struct learn_lag){0});
    else if (rc > 0 ? clock_ms() >= l->lag_ms : l->lag_known) {
        l->lag_ms = clock_ms() + LAG_MS;
        set_lag(l, true, learn_tree_lag(l->tree, clock_wall_us()));
    }
}

/* Learns what is there; returns how long to wait. */
static unsigned pass(struct learning *l)
{
    int64_t now_us;
    (void)now(l, &now_us); /* looks often, so that a leap is seen */
    refresh(l);
    if (!l->settings->learn) {
        set_lag(l, false, (struct learn_lag){0});
        follow_others(l);
        return IDLE_MS;
    }
    if (!l->tree && !(l->tree = make_tree(l)))
        return IDLE_MS;
    bool more = give_labels(l);
    int rc = learn_tree_step(l->tree);
    tell_journal(l);
    note_lag(l, rc);
    if (rc == 0)
        expire(l);
    if (rc >= 0 || rc == VOUCH_E_SYNTAX) {
        l->back_off_ms = 0;
        return rc > 0 || more ? 0 : IDLE_MS;
    }
    l->back_off_ms = l->back_off_ms ? 2 * l->back_off_ms : IDLE_MS / 2;
    if (l->back_off_ms > BACK_OFF_MAX_MS)
        l->back_off_ms = BACK_OFF_MAX_MS;
    /* daemons that lost the same Redis do not come back all at once */
    return l->back_off_ms / 2 + (unsigned)(clock_us() % (l->back_off_ms / 2));
}

static void *run(void *arg)
{
    struct learning *l = arg;
    while (!wait_ms(l, pass(l)))
        ;
    pthread_mutex_lock(&l->lock);
    l->ended = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static int init_lock(struct learning *l)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(&l->changed, &attr);
    pthread_condattr_destroy(&attr);
    return rc != 0 ? rc : pthread_mutex_init(&l->lock, NULL);
}

static struct store *open_store(const struct settings *s, char *error_r, size_t size)
{
    const struct store_options o = {.user = s->store_user,
                                    .password_file = s->store_password_file,
                                    .half_life = s->trust.half_life};
    return store_open(s->store, &o, error_r, size);
}

struct learning *learning_start(const struct learning_options *options, char *error_r, size_t size)
{
    struct learning *l = calloc(1, sizeof *l);
    snprintf(error_r, size, "out of memory");
    if (!l || init_lock(l) != 0) {
        free(l);
        return NULL;
    }
    l->options = *options;
    l->settings = options->settings(options->settings_arg);
    l->dir = strdup(l->settings->journal_dir);
    l->expire_ms = clock_ms() + EXPIRE_FIRST_MS;
    clock_guard_doubt(&l->clock, clock_wall_us(), clock_steady_us());
    if (!l->dir || !(l->store = open_store(l->settings, error_r, size))) {
        learning_free(&l);
        return NULL;
    }
    int rc = pthread_create(&l->thread, NULL, run, l);
    if (rc != 0) {
        snprintf(error_r, size, "cannot start the learner's thread: %s", strerror(rc));
        learning_free(&l);
        return NULL;
    }
    return l;
}

bool learning_stop(struct learning **lp)
{
    struct learning *l = *lp;
    *lp = NULL;
    if (!l)
        return true;
    struct timespec until = ms_from_now(LEARNING_STOP_MS);
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->changed);
    while (!l->ended && pthread_cond_timedwait(&l->changed, &l->lock, &until) == 0)
        ;
    bool ended = l->ended;
    pthread_mutex_unlock(&l->lock);
    if (!ended) {
        pthread_detach(l->thread);
        return false;
    }
    pthread_join(l->thread, NULL);
    learning_free(&l);
    return true;
}
