/* SPDX-License-Identifier: BSD-2-Clause */
/* One message by sendmail(1). It takes what it has read when its input ends, however that came: so it is not given a pipe, which ends when
 * we are killed, but a file that has all of the message. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include "clock.h"
#include "sender_private.h"

#define POLL_MS 5
#define NOT_RUN 127 /* the child's exit status */

struct spool {
    FILE *f; /* nameless */
    bool cr; /* a CR waits for what follows it */
    const struct sender_envelope *e;
};

static FILE *nameless(void)
{
#ifdef MFD_CLOEXEC
    int fd = memfd_create("vouch-release", MFD_CLOEXEC); /* encrypted mail should not reach /tmp */
    FILE *f = fd >= 0 ? fdopen(fd, "w+") : NULL;
    if (f)
        return f;
    if (fd >= 0)
        close(fd);
#endif
    return tmpfile();
}

static int sendmail_begin(struct sender *s, const struct sender_envelope *e,
                          struct sender_reply *replies_r)
{
    if (access(s->target, X_OK) != 0)
        return sender_say(s, VOUCH_E_TEMP, "%s: cannot be run: %s", s->target, strerror(errno));
    s->way->free(s);
    struct spool *sp = calloc(1, sizeof *sp);
    FILE *f = nameless();
    if (!sp || !f) {
        free(sp);
        if (f)
            fclose(f);
        return sender_say(s, VOUCH_E_TEMP, "no room for the message: %s", strerror(errno));
    }
    *sp = (struct spool){.f = f, .e = e};
    s->state = sp;
    for (size_t i = 0; i < e->rcpt_count; i++)
        replies_r[i].accepted = true; /* it will bounce what it cannot deliver */
    return 0;
}

/* Lines end with LF here. */
static int sendmail_add(struct sender *s, const char *bytes, size_t n)
{
    struct spool *sp = s->state;
    for (size_t i = 0; i < n; i++) {
        if (sp->cr && bytes[i] != '\n')
            putc('\r', sp->f);
        sp->cr = bytes[i] == '\r';
        if (!sp->cr)
            putc(bytes[i], sp->f);
    }
    return ferror(sp->f)
               ? sender_say(s, VOUCH_E_TEMP, "no room for the message: %s", strerror(errno))
               : 0;
}

/* In the child. */
static void run(const char *path, const struct spool *sp, int errors)
{
    const struct sender_envelope *e = sp->e;
    const char **argv = calloc(e->rcpt_count + 12, sizeof *argv);
    static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    size_t n = 0;
    if (!argv || dup2(fileno(sp->f), 0) != 0 || dup2(errors, 1) < 0 || dup2(errors, 2) < 0)
        _exit(NOT_RUN);
    argv[n++] = path;
    argv[n++] = "-oi";
    argv[n++] = "-odb"; /* queue it; what comes of it the log and bounces tell */
    if (e->eight_bit) {
        argv[n++] = "-B";
        argv[n++] = "8BITMIME";
    }
    argv[n++] = "-f";
    argv[n++] = e->from;
    argv[n++] = "--";
    for (size_t i = 0; i < e->rcpt_count; i++)
        argv[n++] = e->rcpts[i];
    signal(SIGPIPE, SIG_DFL);
    execve(path, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)environment);
    _exit(NOT_RUN);
}

/* Waits for the child to end. false: it has not, or was killed. */
static bool wait_for_exit(pid_t pid, unsigned wait_ms, int *status_r)
{
    int64_t deadline = clock_ms() + wait_ms;
    for (;;) {
        pid_t got = waitpid(pid, status_r, WNOHANG);
        if (got == pid)
            return WIFEXITED(*status_r);
        if (got < 0 && errno != EINTR)
            return false;
        if (clock_ms() >= deadline)
            return false;
        poll(NULL, 0, POLL_MS);
    }
}

static void tell(struct sender *s, int errors, const char *what)
{
    char said[SENDER_TEXT / 2];
    ssize_t n = pread(errors, said, sizeof said - 1, 0);
    said[n > 0 ? n : 0] = '\0';
    while (n > 0 && said[n - 1] == '\n')
        said[--n] = '\0';
    sender_say(s, 0, "%s %s%s%s", s->target, what, n > 0 ? ": " : "", said);
}

/* Sendmail's takes a message for the recipients that it knows, and tells of the others by its status; and that it could only queue it,
 * it says too. */
static enum sender_outcome judge(int status, size_t rcpts)
{
    switch (status) {
    case EX_OK:
        return SENDER_TAKEN;
    case EX_SOFTWARE:
    case EX_OSERR:
    case EX_OSFILE:
    case EX_CANTCREAT:
    case EX_IOERR:
    case EX_NOPERM:
    case EX_CONFIG:
    case NOT_RUN:
        return SENDER_REFUSED;
    default:
        return rcpts == 1 && status != EX_TEMPFAIL ? SENDER_REFUSED : SENDER_DOUBT;
    }
}

static enum sender_outcome outcome(struct sender *s, pid_t pid, const struct spool *sp, int errors)
{
    int status = 0;
    char what[64];
    if (!wait_for_exit(pid, s->o.end_ms, &status)) {
        tell(s, errors, "did not end as it should");
        return SENDER_DOUBT;
    }
    snprintf(what, sizeof what, "ended with status %d", WEXITSTATUS(status));
    tell(s, errors, what);
    return judge(WEXITSTATUS(status), sp->e->rcpt_count);
}

static enum sender_outcome sendmail_end(struct sender *s, int (*last)(void *), void *arg)
{
    struct spool *sp = s->state;
    FILE *errors = nameless();
    enum sender_outcome rc = SENDER_REFUSED;
    if (sp->cr)
        putc('\r', sp->f);
    if (!errors || fflush(sp->f) != 0 || lseek(fileno(sp->f), 0, SEEK_SET) != 0)
        sender_say(s, 0, "no room for the message: %s", strerror(errno));
    else if (last(arg) == 0) {
        pid_t pid = fork();
        if (pid == 0)
            run(s->target, sp, fileno(errors));
        if (pid > 0)
            rc = outcome(s, pid, sp, fileno(errors));
        else
            sender_say(s, 0, "%s cannot be run: %s", s->target, strerror(errno));
    }
    if (errors)
        fclose(errors);
    return rc;
}

static void sendmail_free(struct sender *s)
{
    struct spool *sp = s->state;
    if (sp) {
        fclose(sp->f);
        free(sp);
        s->state = NULL;
    }
}

const struct sender_way sender_sendmail = {sendmail_begin, sendmail_add, sendmail_end,
                                           sendmail_free};
