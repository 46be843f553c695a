/* SPDX-License-Identifier: BSD-2-Clause */
/* Each variant is a child that shares the corpus as it was when it was forked, and sends its figures
 * through a pipe: so none can disturb another, and all results are the same however many run at once. */
#include "replay_variants.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "replay_rows.h"
#include "tool.h"

struct child {
    pid_t pid; /* 0: not started, or over */
    int results;
};

static int judge(struct corpus *corpus, const struct replay_options *base,
                 const struct replay_variant *v, struct score_figures *all_r)
{
    char error[8192];
    struct replay_options options = *base;
    size_t unread;
    struct replay_rows *rows = replay_rows_new(NULL, NULL, error, sizeof error);
    options.seed = v->seed;
    options.progress = NULL;
    if (v->without >= 0)
        options.settings->trust.w[v->without] = 0; /* this process's own */
    int rc = rows
                 ? replay_run(corpus, &options, replay_rows_see, rows, &unread, error, sizeof error)
                 : -1;
    if (rc == 0)
        rc = replay_rows_end(rows, error, sizeof error);
    if (rc == 0)
        rc = score_figures(replay_rows_score(rows), SCORE_ALL, all_r);
    replay_rows_free(&rows);
    return rc == 0 ? 0 : tool_error(EX_SOFTWARE, "%s", error);
}

static int start(struct corpus *corpus, const struct replay_options *options,
                 const struct replay_variant *v, struct child *child)
{
    int ends[2];
    struct score_figures all;
    if (pipe(ends) != 0)
        return tool_error(EX_OSERR, "pipe: %s", strerror(errno));
    child->pid = fork();
    if (child->pid < 0) {
        child->pid = 0;
        close(ends[0]);
        close(ends[1]);
        return tool_error(EX_OSERR, "fork: %s", strerror(errno));
    }
    if (child->pid == 0) {
        int rc = judge(corpus, options, v, &all);
        if (rc == 0 && write(ends[1], &all, sizeof all) != (ssize_t)sizeof all)
            rc = EX_IOERR;
        _exit(rc);
    }
    close(ends[1]);
    child->results = ends[0];
    return 0;
}

/* Waits until one is over. */
static int finish(struct child *children, struct replay_variant *variants, size_t count)
{
    int state, status = EX_SOFTWARE;
    pid_t pid;
    do
        pid = waitpid(-1, &state, 0);
    while (pid < 0 && errno == EINTR);
    for (size_t i = 0; i < count; i++) {
        if (pid <= 0 || children[i].pid != pid)
            continue;
        struct score_figures *all = &variants[i].all;
        if (WIFEXITED(state))
            status = WEXITSTATUS(state);
        if (status == 0 && read(children[i].results, all, sizeof *all) != (ssize_t)sizeof *all)
            status = EX_SOFTWARE;
        close(children[i].results);
        children[i].pid = 0;
    }
    return status;
}

int replay_variants_run(struct corpus *corpus, const struct replay_options *options,
                        struct replay_variant *variants, size_t count, unsigned jobs)
{
    struct child *children = calloc(count + 1, sizeof *children);
    size_t started = 0, done = 0;
    int rc = children ? 0 : tool_error(EX_OSERR, "out of memory");
    fflush(NULL); /* what is not written yet is this process's to write */
    while (done < started || (rc == 0 && started < count)) {
        if (rc == 0 && started < count && started - done < jobs) {
            rc = start(corpus, options, &variants[started], &children[started]);
            started += rc == 0;
            continue;
        }
        int status = finish(children, variants, started);
        rc = rc == 0 ? status : rc;
        done++;
        if (options->progress)
            options->progress(options->progress_arg, done, count);
    }
    free(children);
    return rc;
}
