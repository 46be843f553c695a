/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's journal. A record is encoded into memory of its own, which is some KiB for a moment, and
 * handed to the kernel (or the disk, with journal.sync = always) by the session's own thread. */
#include "recorder.h"
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "ascii.h"
#include "errors.h"
#include "record_append.h"

/* Another vouch-milter that is just stopping lets its messages end first (DRAIN_MAX_MS of main.c). */
#define LOCK_WAIT_MS 12000
#define WRITER_BYTES 65

static_assert(JOURNAL_INTERVAL == 0 && JOURNAL_ALWAYS == 1, "the words of journal.sync");

struct recorder {
    struct journal *journal;
    struct log *log;
};

static void report(void *arg, bool trouble, const char *text)
{
    struct recorder *r = arg;
    log_write(r->log, trouble ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "journal: %s", text);
}

/* The host's name as a directory's. */
static void writer_of(const char *host, char writer_r[WRITER_BYTES])
{
    size_t n = 0;
    for (; host[n] && n < WRITER_BYTES - 1; n++)
        writer_r[n] = ascii_is_alnum(host[n]) || (n > 0 && strchr("._-", host[n])) ? host[n] : '_';
    if (n == 0)
        writer_r[n++] = '_';
    writer_r[n] = '\0';
}

static unsigned at_most(uint64_t n)
{
    return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

static struct journal_options options_of(const struct settings *s, const char *writer,
                                         struct recorder *r)
{
    return (struct journal_options){
        .dir = s->journal_dir,
        .writer = s->journal_writer ? s->journal_writer : writer,
        .sync = (enum journal_sync)s->journal_sync,
        .interval_ms = s->journal_interval_ms,
        .segment_bytes = s->journal_segment_bytes,
        .segment_age_s = at_most(s->journal_segment_age_s),
        .memory_bytes = s->journal_memory,
        .keep_age_s = at_most(s->journal_keep_age_s),
        .keep_bytes = s->journal_keep_bytes,
        .lock_wait_ms = LOCK_WAIT_MS,
        .nobody_learns = strcmp(s->store, "none") == 0,
        .report = report,
        .report_arg = r,
    };
}

/* At start, where somebody looks. */
static void tell_state(const struct recorder *r, const struct settings *s)
{
    struct journal_state state;
    journal_state(r->journal, &state);
    if (state.failing)
        log_write(r->log, LOG_LEVEL_ERROR,
                  "journal: %s: records are kept in memory for now (journal.memory), and nothing "
                  "is learnt from them",
                  state.trouble);
    else
        log_write(r->log, LOG_LEVEL_INFO, "the journal is in %s, as %s", s->journal_dir,
                  journal_writer(r->journal));
}

int recorder_open(const struct settings *settings, const char *host, struct log *log,
                  struct recorder **recorder_r, char *error_r, size_t size)
{
    char writer[WRITER_BYTES];
    *recorder_r = NULL;
    if (!settings->journal_dir || !settings->journal_dir[0]) {
        log_write(log, LOG_LEVEL_WARNING,
                  "no journal (journal.directory is \"\"): decisions are not kept, and nothing is "
                  "learnt");
        return 0;
    }
    struct recorder *r = calloc(1, sizeof *r);
    if (!r) {
        snprintf(error_r, size, "%s", vouch_strerror(VOUCH_E_NOMEM));
        return EX_OSERR;
    }
    writer_of(host, writer);
    r->log = log;
    struct journal_options options = options_of(settings, writer, r);
    r->journal = journal_open(&options, error_r, size);
    if (!r->journal) {
        free(r);
        return EX_UNAVAILABLE;
    }
    tell_state(r, settings);
    *recorder_r = r;
    return 0;
}

void recorder_close(struct recorder **rp)
{
    struct recorder *r = *rp;
    *rp = NULL;
    if (!r)
        return;
    journal_close(&r->journal);
    free(r);
}

/* The journal itself reports a failing disk, once; this is for the rest. */
void recorder_keep(struct recorder *r, const struct record *record)
{
    int rc = r ? record_append(r->journal, record, NULL) : 0;
    if (rc != 0 && rc != VOUCH_E_IO)
        log_often(r->log, LOG_LEVEL_ERROR, "journal: %s is lost: %s", record->id,
                  vouch_strerror(rc));
}

void recorder_flush(struct recorder *r)
{
    if (r)
        (void)journal_flush(r->journal); /* which reports what is wrong */
}

struct journal *recorder_journal(struct recorder *r)
{
    return r ? r->journal : NULL;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool recorder_same(const struct settings *a, const struct settings *b)
{
    return same(a->journal_dir, b->journal_dir) && same(a->journal_writer, b->journal_writer) &&
           a->journal_sync == b->journal_sync && a->journal_interval_ms == b->journal_interval_ms &&
           a->journal_segment_bytes == b->journal_segment_bytes &&
           a->journal_segment_age_s == b->journal_segment_age_s &&
           a->journal_keep_age_s == b->journal_keep_age_s &&
           a->journal_keep_bytes == b->journal_keep_bytes && a->journal_memory == b->journal_memory;
}
