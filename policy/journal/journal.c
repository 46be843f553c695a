/* SPDX-License-Identifier: BSD-2-Clause */
/* A journal's life: opened, asked, closed. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "journal_private.h"
#include "record_avro.h"

static void journal_free(struct journal **jp)
{
    struct journal *j = *jp;
    while (j->oldest) {
        struct segment *s = j->oldest;
        j->oldest = s->next;
        segment_free(&s);
    }
    journal_home_leave(&j->home);
    manifest_clear(&j->manifest);
    while (j->names) {
        struct journal_name *name = j->names;
        j->names = name->next;
        free(name);
    }
    kept_clear(&j->kept);
    pthread_cond_destroy(&j->syncer_work);
    pthread_cond_destroy(&j->keeper_work);
    pthread_cond_destroy(&j->sync_done);
    pthread_mutex_destroy(&j->lock);
    free((char *)(uintptr_t)j->options.dir);
    free((char *)(uintptr_t)j->options.writer);
    free(j);
    *jp = NULL;
}

static struct journal *journal_alloc(const struct journal_options *options)
{
    pthread_condattr_t monotonic;
    struct journal *j = calloc(1, sizeof *j);
    if (!j)
        return NULL;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->syncer_work, &monotonic);
    pthread_cond_init(&j->keeper_work, &monotonic);
    pthread_cond_init(&j->sync_done, &monotonic);
    pthread_condattr_destroy(&monotonic);
    j->home.dir = j->home.lock = -1;
    kept_init(&j->kept, options->memory_bytes);
    j->schema = span_make(record_schema, record_schema_len);
    j->options = *options;
    j->options.dir = strdup(options->dir);
    j->options.writer = strdup(options->writer);
    if (!j->options.dir || !j->options.writer)
        journal_free(&j);
    return j;
}

/* What cannot be used now can be used later, unless it must be usable. */
static int open_or_wait(struct journal *j, char *error_r, size_t size)
{
    int rc = journal_attach(j, j->options.lock_wait_ms, error_r, size);
    if (rc != VOUCH_E_IO || j->options.must)
        return rc;
    snprintf(j->trouble, sizeof j->trouble, "%s", error_r);
    j->failing = true;
    return 0;
}

struct journal *journal_open(const struct journal_options *options, char *error_r, size_t size)
{
    snprintf(error_r, size, "%s", "");
    struct journal *j = journal_alloc(options);
    int rc = j ? open_or_wait(j, error_r, size) : VOUCH_E_NOMEM;
    if (rc == 0)
        rc = journal_threads_start(j);
    if (rc == 0)
        return j;
    if (rc == VOUCH_E_NOMEM)
        snprintf(error_r, size, "%s", vouch_strerror(rc));
    if (j)
        journal_free(&j);
    return NULL;
}

void journal_close(struct journal **jp)
{
    struct journal *j = *jp;
    if (!j)
        return;
    journal_threads_stop(j);
    if (j->attached && !j->failing)
        journal_home_left(&j->home, j->last);
    if (j->kept.count > 0)
        journal_tell(j, true, "%llu records are lost with this process: %s",
                     (unsigned long long)j->kept.count, j->trouble);
    journal_free(jp);
}

int journal_append(struct journal *j, struct span datum, struct span id, struct span message_id,
                   int64_t time_us, uint64_t *number_r)
{
    struct frame f = {.time_us = time_us,
                      .id = frame_digest(id),
                      .message_id = frame_digest(message_id),
                      .datum = datum};
    int rc = VOUCH_E_IO;
    if (number_r)
        *number_r = 0;
    if (datum.len > FRAME_DATUM_MAX)
        return VOUCH_E_RANGE;
    pthread_mutex_lock(&j->lock);
    if (!j->failing && j->kept.count == 0)
        rc = journal_put(j, &f);
    if (rc == VOUCH_E_IO) {
        int kept = kept_add(&j->kept, &f);
        j->waited++;
        rc = kept != 0 ? kept : VOUCH_E_IO;
    } else if (rc == 0) {
        if (number_r)
            *number_r = f.number;
        if (j->options.sync == JOURNAL_ALWAYS)
            rc = journal_sync_to(j, f.number);
    }
    pthread_mutex_unlock(&j->lock);
    return rc;
}

int journal_flush(struct journal *j)
{
    pthread_mutex_lock(&j->lock);
    int rc = j->failing || j->kept.count > 0 ? VOUCH_E_IO : journal_sync_to(j, j->last);
    pthread_mutex_unlock(&j->lock);
    return rc;
}

const char *journal_writer(struct journal *j)
{
    pthread_mutex_lock(&j->lock);
    const char *writer = j->attached ? j->names->writer : NULL;
    pthread_mutex_unlock(&j->lock);
    return writer;
}

void journal_learnt(struct journal *j, uint64_t number)
{
    pthread_mutex_lock(&j->lock);
    if (number > j->learnt)
        j->learnt = number;
    pthread_mutex_unlock(&j->lock);
}

void journal_state(struct journal *j, struct journal_state *state_r)
{
    pthread_mutex_lock(&j->lock);
    *state_r = (struct journal_state){
        .last = j->last, .in_memory = j->kept.count, .lost = j->kept.lost, .failing = j->failing};
    if (j->failing)
        snprintf(state_r->trouble, sizeof state_r->trouble, "%s", j->trouble);
    pthread_mutex_unlock(&j->lock);
}

int64_t journal_busy_ms(const struct journal *j)
{
    return busy_ms(&j->syncer_busy);
}
