/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's log. Lines longer than LINE_MAX_BYTES are cut. */
#include "log.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#define LINE_MAX_BYTES                                                                             \
    8192 /* what syslog daemons take as one line; a record's line is far shorter */

struct log {
    bool to_stderr;
    atomic_uint level;
};

struct log *log_new(bool to_stderr, unsigned level)
{
    struct log *l = malloc(sizeof *l);
    if (!l)
        return NULL;
    l->to_stderr = to_stderr;
    atomic_init(&l->level, level);
    /* opened either way: libmilter writes its own complaints to syslog */
    openlog("vouch-milter", LOG_PID | (to_stderr ? LOG_PERROR : 0), LOG_MAIL);
    return l;
}

void log_free(struct log **lp)
{
    if (!*lp)
        return;
    closelog();
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

void log_write(struct log *l, enum log_level level, const char *format, ...)
{
    if ((unsigned)level > atomic_load(&l->level))
        return;
    char line[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    if (l->to_stderr)
        fprintf(stderr, "vouch-milter: %s\n", line);
    else
        syslog(priority(level), "%s", line);
}
