/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch replay: judges a labelled corpus in order of time, and says how well. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "clock.h"
#include "progress.h"
#include "replay_arguments.h"
#include "replay_report.h"
#include "replay_rows.h"
#include "replay_variants.h"
#include "tool.h"

#define ERROR_BYTES 8192

struct replay_command {
    struct replay_arguments a;
    struct replay_rows *rows;
    struct replay_report *report; /* NULL: none is asked for */
    size_t untimed, unread;
    int64_t began_us;
};

static void show_progress(void *arg, size_t done, size_t all)
{
    (void)all;
    progress_set(arg, done, done);
}

/* How fast it was, reading and all, goes to standard error, so that the same corpus always prints the same. */
static void tell_speed(const struct replay_command *c, size_t count)
{
    double seconds = (double)(clock_us() - c->began_us) / 1e6;
    double busy = (double)clock() / CLOCKS_PER_SEC; /* of the whole process so far */
    fprintf(stderr, "%zu messages in %.1f s: %.0f messages/s, %.0f for each second of processor\n",
            count, seconds, (double)count / seconds, (double)count / (busy > 0 ? busy : 1));
}

static int see(void *arg, const struct replay_judged *j)
{
    const struct replay_command *c = arg;
    int rc = replay_rows_see(c->rows, j);
    return rc == 0 && c->report ? replay_report_see(c->report, j) : rc;
}

static int judge(struct replay_command *c)
{
    char error[ERROR_BYTES];
    struct progress progress;
    size_t count;
    corpus_items(c->a.corpus, &count);
    progress_start(&progress, stderr, "judging", "messages", count);
    c->a.options.progress = show_progress;
    c->a.options.progress_arg = &progress;
    int rc = replay_run(c->a.corpus, &c->a.options, see, c, &c->unread, error, sizeof error);
    progress_end(&progress);
    if (rc != 0)
        return replay_error(rc, error);
    if (replay_rows_end(c->rows, error, sizeof error) != 0)
        return tool_error(EX_CANTCREAT, "%s", error);
    tell_speed(c, count);
    return 0;
}

/* What the figures do not say: which messages they are of. */
static int print_figures(const struct replay_command *c)
{
    size_t count;
    score_rows(replay_rows_score(c->rows), &count);
    if (c->a.json)
        printf("{\"messages\":%zu,\"without_date\":%zu,\"unreadable\":%zu,\"without_client\":%zu,"
               "\"figures\":",
               count, c->untimed, c->unread, replay_rows_without_client(c->rows));
    else
        printf(
            "%zu messages, %zu of them without a client outside; left out: %zu without any date, "
            "%zu that are no messages\n\n",
            count, replay_rows_without_client(c->rows), c->untimed, c->unread);
    return score_print(replay_rows_score(c->rows), stdout, c->a.json) == 0
               ? 0
               : tool_error(EX_OSERR, "out of memory");
}

static int run_variants(struct replay_command *c, struct replay_variant *variants, size_t count)
{
    struct progress progress;
    progress_start(&progress, stderr, "again", "runs", count);
    c->a.options.progress = show_progress;
    c->a.options.progress_arg = &progress;
    int rc = replay_variants_run(c->a.corpus, &c->a.options, variants, count, (unsigned)c->a.jobs);
    progress_end(&progress);
    return rc;
}

static int ablate(struct replay_command *c, const struct score_figures *full)
{
    struct replay_variant variants[TW_COUNT];
    size_t count = 0;
    for (int w = 0; w < TW_COUNT; w++)
        if (replay_rows_used(c->rows, w) && c->a.options.settings->trust.w[w] != 0)
            variants[count++] = (struct replay_variant){.without = w, .seed = c->a.options.seed};
    int rc = run_variants(c, variants, count);
    if (rc == 0) {
        fputs(c->a.json ? ",\"ablate\":" : "\n", stdout);
        replay_variants_ablation(full, variants, count, stdout, c->a.json);
        if (c->report)
            replay_report_ablation(c->report, variants, count);
    }
    return rc;
}

static int spread(struct replay_command *c, const struct score_figures *first)
{
    struct replay_variant *variants = calloc(c->a.seeds, sizeof *variants);
    if (!variants)
        return tool_error(EX_OSERR, "out of memory");
    for (size_t i = 0; i < c->a.seeds; i++)
        variants[i] = (struct replay_variant){.without = -1, .seed = c->a.options.seed + i};
    variants[0].all = *first;
    int rc = run_variants(c, variants + 1, c->a.seeds - 1);
    if (rc == 0) {
        fputs(c->a.json ? ",\"spread\":" : "\n", stdout);
        replay_variants_spread(variants, c->a.seeds, stdout, c->a.json);
    }
    free(variants);
    return rc;
}

static int write_report(struct replay_command *c)
{
    char error[ERROR_BYTES] = "out of memory";
    int rc = replay_report_count(c->report, "Messages without a client outside",
                                 replay_rows_without_client(c->rows));
    if (rc == 0)
        rc = replay_report_count(c->report, "Left out: without any date", c->untimed);
    if (rc == 0)
        rc = replay_report_count(c->report, "Left out: no messages", c->unread);
    if (rc == 0)
        rc = replay_report_end(c->report, c->a.corpus, replay_rows_score(c->rows), error,
                               sizeof error);
    return rc == 0 ? 0 : tool_error(EX_CANTCREAT, "%s", error);
}

static int run(struct replay_command *c)
{
    struct score_figures all;
    int rc = judge(c);
    if (rc == 0)
        rc = print_figures(c);
    if (rc == 0 && score_figures(replay_rows_score(c->rows), SCORE_ALL, &all) != 0)
        rc = tool_error(EX_OSERR, "out of memory");
    if (rc == 0 && c->a.ablate)
        rc = ablate(c, &all);
    if (rc == 0 && c->a.seeds > 1)
        rc = spread(c, &all);
    if (rc == 0 && c->a.json)
        puts("}");
    return rc == 0 && c->report ? write_report(c) : rc;
}

static int run_all(struct replay_command *c)
{
    char error[ERROR_BYTES];
    size_t count;
    corpus_order(c->a.corpus, &c->untimed);
    corpus_items(c->a.corpus, &count);
    if (count == 0)
        return c->untimed
                   ? tool_error(EX_DATAERR, "none of the %zu messages has a date", c->untimed)
                   : tool_usage_error("no messages to judge: name an index, or --good and "
                                      "--bad");
    c->rows = replay_rows_new(c->a.features, c->a.out, error, sizeof error);
    if (c->rows && c->a.report)
        c->report = replay_report_new(c->a.report, &c->a.options, c->a.argc, c->a.argv, error,
                                      sizeof error);
    bool ready = c->rows && (c->report || !c->a.report);
    int rc = ready ? run(c) : tool_error(EX_CANTCREAT, "%s", error);
    replay_report_free(&c->report);
    replay_rows_free(&c->rows);
    return rc;
}

int tool_replay(int argc, char **argv)
{
    struct replay_command c = {.began_us = clock_us()};
    int rc = replay_arguments_read(&c.a, argc, argv);
    if (rc == 0 && c.a.help)
        fputs(replay_usage, stdout);
    else if (rc == 0)
        rc = run_all(&c);
    if (fflush(stdout) != 0 && rc == 0)
        rc = tool_error(EX_IOERR, "standard output: %s", strerror(errno));
    replay_arguments_clear(&c.a);
    return rc;
}
