/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal that commands write to. */
#include "config.h"
#include "tool_journal.h"
#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock.h"
#include "record_append.h"
#include "tool.h"

#define WRITER_MAX 64 /* letters of a writer's name */

/* Whom the tree belongs to, or the directory that it will be made in. */
static int owner_of(const char *dir, struct stat *st_r)
{
    char copy[sizeof((struct tool_journal *)0)->path];
    if (stat(dir, st_r) == 0)
        return 0;
    if (errno != ENOENT || snprintf(copy, sizeof copy, "%s", dir) >= (int)sizeof copy)
        return -1;
    return stat(dirname(copy), st_r);
}

static const char *user_name(uid_t uid, char number[24])
{
    const struct passwd *pw = getpwuid(uid);
    if (pw)
        return pw->pw_name;
    snprintf(number, 24, "number %lu", (unsigned long)uid);
    return number;
}

int tool_leave_root(const char *dir)
{
    struct stat st;
    char number[24];
    if (geteuid() != 0 || owner_of(dir, &st) != 0 || st.st_uid == 0)
        return 0;
    const struct passwd *pw = getpwuid(st.st_uid);
    gid_t gid = pw ? pw->pw_gid : st.st_gid;
    int rc = pw ? initgroups(pw->pw_name, gid) : setgroups(1, &gid);
    if (rc == 0 && setgid(gid) == 0 && setuid(st.st_uid) == 0)
        return 0;
    return tool_error(EX_OSERR, "%s belongs to user '%s', and root cannot act as that user: %s",
                      dir, user_name(st.st_uid, number), strerror(errno));
}

/* Who may write, for those who may not. */
static int explain(const char *dir, const char *error)
{
    char mine[24], theirs[24];
    struct stat st;
    tool_error(0, "%s", error);
    if (owner_of(dir, &st) != 0 || st.st_uid == geteuid())
        return EX_CANTCREAT;
    char me[64];
    snprintf(me, sizeof me, "%s", user_name(geteuid(), mine));
    return tool_error(
        EX_NOPERM, "%s belongs to user '%s', and this is user '%s': run the command as %s", dir,
        user_name(st.st_uid, theirs), me, st.st_uid ? "that user, or as root" : "root");
}

static void report(void *arg, bool trouble, const char *text)
{
    (void)arg;
    if (trouble)
        tool_error(0, "%s", text);
}

static struct journal_options options_of(const struct settings *s, const char *dir,
                                         const char *writer)
{
    return (struct journal_options){
        .dir = dir,
        .writer = writer,
        .sync = JOURNAL_ALWAYS,
        .interval_ms = s->journal_interval_ms,
        .segment_bytes = s->journal_segment_bytes,
        .segment_age_s = (unsigned)s->journal_segment_age_s,
        .memory_bytes = s->journal_memory,
        .keep_age_s = (unsigned)s->journal_keep_age_s,
        .keep_bytes = s->journal_keep_bytes,
        .lock_wait_ms = TOOL_JOURNAL_WAIT_MS,
        .must = true,
        .report = report,
    };
}

int tool_journal_open(const struct settings *s, const char *dir, struct tool_journal *tj_r,
                      int *status_r)
{
    char writer[sizeof tj_r->host + 8], error[600];
    *tj_r = (struct tool_journal){.host = "localhost"};
    dir = dir ? dir : s->journal_dir;
    gethostname(tj_r->host, sizeof tj_r->host - 1);
    snprintf(writer, sizeof writer, "%.*s-tool", WRITER_MAX - (int)strlen("-tool"),
             s->journal_writer ? s->journal_writer : tj_r->host);
    if (snprintf(tj_r->path, sizeof tj_r->path, "%s/%s", dir, writer) >= (int)sizeof tj_r->path) {
        *status_r = tool_error(EX_CONFIG, "%s: the name is too long", dir);
        return -1;
    }
    if ((*status_r = tool_leave_root(dir)) != 0)
        return -1;
    struct journal_options options = options_of(s, dir, writer);
    tj_r->journal = journal_open(&options, error, sizeof error);
    tj_r->since_ms = clock_ms();
    if (tj_r->journal)
        return 0;
    *status_r = explain(dir, error);
    return -1;
}

void tool_journal_close(struct tool_journal *tj)
{
    journal_close(&tj->journal);
}

int tool_journal_append(struct tool_journal *tj, struct record *r)
{
    uint8_t random[10];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return tool_error(EX_OSERR, "no random numbers: %s", strerror(errno));
    if (r->time_us == 0)
        r->time_us = clock_wall_us();
    record_id(r->id, r->time_us, random);
    r->sensor = tj->host;
    int rc = record_append(tj->journal, r, NULL);
    if (rc == 0)
        rc = journal_flush(tj->journal);
    if (rc == 0)
        return 0;
    return tool_error(rc == VOUCH_E_NOMEM ? EX_OSERR : EX_IOERR, "%s: cannot be written: %s",
                      tj->path, rc == VOUCH_E_IO ? strerror(errno) : vouch_strerror(rc));
}

struct record tool_journal_label(const struct record *known)
{
    bool decision = known->kind == RECORD_DECISION;
    return (struct record){.kind = RECORD_LABEL,
                           .direction = known->direction,
                           .pseudonym_key = known->pseudonym_key,
                           .message = known->message,
                           .evidence = known->evidence,
                           .subject = decision ? known->id : known->subject,
                           .subject_time_us = decision ? known->time_us : known->subject_time_us,
                           .subject_unseen = !decision && known->subject_unseen};
}
