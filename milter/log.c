/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's log. Lines longer than LINE_MAX_BYTES are cut. */
#include "log.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include "clock.h"
#include "repeats.h"

#define LINE_MAX_BYTES                                                                             \
    8192 /* what syslog daemons take as one line; a record's line is far shorter */

struct log {
    bool to_stderr;
    bool to_journald; /* standard error is its stream */
    atomic_uint level;
    pthread_mutex_t lock; /* of repeats */
    struct repeats repeats;
};

/* systemd says in JOURNAL_STREAM which file its journal listens on; a redirected one is another. */
static bool stderr_is_journald(void)
{
    char here[64];
    struct stat st;
    const char *stream = getenv("JOURNAL_STREAM");
    if (!stream || fstat(STDERR_FILENO, &st) != 0)
        return false;
    snprintf(here, sizeof here, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    return strcmp(stream, here) == 0;
}

struct log *log_new(bool to_stderr, unsigned level)
{
    struct log *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->to_stderr = to_stderr;
    l->to_journald = to_stderr && stderr_is_journald();
    atomic_init(&l->level, level);
    pthread_mutex_init(&l->lock, NULL);
    /* opened either way: libmilter writes its own complaints to syslog */
    openlog("vouch-milter", LOG_PID | (to_stderr && !l->to_journald ? LOG_PERROR : 0), LOG_MAIL);
    return l;
}

void log_free(struct log **lp)
{
    if (!*lp)
        return;
    closelog();
    pthread_mutex_destroy(&(*lp)->lock);
    free(*lp);
    *lp = NULL;
}

void log_set_level(struct log *l, unsigned level)
{
    atomic_store(&l->level, level);
}

static int priority(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return LOG_ERR;
    case LOG_LEVEL_WARNING:
        return LOG_WARNING;
    case LOG_LEVEL_INFO:
        return LOG_INFO;
    case LOG_LEVEL_DEBUG:
        break;
    }
    return LOG_DEBUG;
}

static void put(struct log *l, enum log_level level, char *line)
{
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    if (l->to_journald)
        fprintf(stderr, "<%d>%s\n", priority(level), line);
    else if (l->to_stderr)
        fprintf(stderr, "vouch-milter: %s\n", line);
    else
        syslog(priority(level), "%s", line);
}

/* kind: of what may come often, see repeats.h; NULL: each line is written */
static void write_line(struct log *l, enum log_level level, const char *kind, const char *format,
                       va_list args)
{
    char line[LINE_MAX_BYTES];
    bool pass = true;
    if ((unsigned)level > atomic_load(&l->level))
        return;
    vsnprintf(line, sizeof line, format, args);
    if (kind) {
        pthread_mutex_lock(&l->lock);
        pass = repeats_pass(&l->repeats, kind, level, line, clock_ms());
        pthread_mutex_unlock(&l->lock);
    }
    if (pass)
        put(l, level, line);
}

void log_write(struct log *l, enum log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(l, level, NULL, format, args);
    va_end(args);
}

void log_often(struct log *l, enum log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(l, level, format, format, args);
    va_end(args);
}

void log_tick(struct log *l)
{
    struct repeat due;
    char line[2 * REPEATS_TEXT_BYTES];
    for (;;) {
        pthread_mutex_lock(&l->lock);
        bool more = repeats_due(&l->repeats, clock_ms(), &due);
        pthread_mutex_unlock(&l->lock);
        if (!more)
            return;
        snprintf(line, sizeof line, "... %u more like this in %d s, the last: %s", due.held,
                 REPEATS_WINDOW_MS / 1000, due.last);
        put(l, (enum log_level)due.level, line);
    }
}
