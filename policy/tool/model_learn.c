/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch model learn: applies the journals to the model, as vouch-milter does while it runs; both may
 * do so at once. */
#include "config.h"
#include <inttypes.h>
#include <libpsl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include "clock.h"
#include "learn_tree.h"
#include "model.h"
#include "progress.h"
#include "tool.h"

#define POLL_MS         1000
#define BACK_OFF_MAX_MS 5000

static const char usage[] =
    "Usage: vouch model learn [OPTION]...\n"
    "Learns what stands in the journals and the model does not know yet. vouch-milter does so by\n"
    "itself, unless its settings say 'learn = false'; both may do it at once.\n\n"
    "  --config FILE   settings to find the store and the journals in\n"
    "  --follow        go on until it is stopped (SIGINT, SIGTERM), and wait while the store is "
    "away\n"
    "  --journal DIR   the journals to learn\n"
    "  --once          end when all that was there at the start is learnt (the default)\n"
    "  --store URL     the store to change\n"
    "  --help          this text\n\n"
    "Exit status: 0 everything is learnt; 64 usage, 65 something in a journal could not be read "
    "and\n"
    "was passed over, 69 the store cannot be reached, 74 a journal cannot be read, 78 "
    "configuration.\n";

struct model_learn {
    const char *config, *url, *journal;
    bool follow;
    struct settings *settings;
    struct psl_ctx_st *psl;
    struct store *store;
    struct progress progress;
    uint64_t learnt, waiting; /* records; waiting: known of before */
    bool passed_over;
};

static int set_option(void *arg, int option, const char *value)
{
    struct model_learn *m = arg;
    switch (option) {
    case 'c':
        m->config = value;
        break;
    case 'J':
        m->journal = value;
        break;
    case 's':
        m->url = value;
        break;
    default:
        m->follow = option == 'f';
        break;
    }
    return 0;
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct model_learn *m, int argc, char **argv, int *status_r)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"follow", no_argument, NULL, 'f'},
                                            {"journal", required_argument, NULL, 'J'},
                                            {"once", no_argument, NULL, 'o'},
                                            {"store", required_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    if (tool_options(argc, argv, options, usage, set_option, m, status_r) != 0)
        return -1;
    return tool_no_arguments(argc, argv, status_r);
}

/* learn_tree's report */
static void report(void *arg, bool trouble, const char *text)
{
    struct model_learn *m = arg;
    (void)trouble;
    progress_end(&m->progress);
    tool_error(0, "%s", text);
}

/* journal_writers' each */
static int count_writer(void *arg, const struct journal_writer_info *info)
{
    struct model_learn *m = arg;
    uint64_t watermark = 0;
    if (store_watermark(m->store, info->writer, &watermark) < 0)
        return VOUCH_E_TEMP;
    m->waiting += journal_count_after(info->path, watermark);
    return 0;
}

/* true: a signal says stop */
static bool stopped_in(unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return sigtimedwait(&set, NULL, &t) > 0;
}

static void block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Until nothing is left for now. 0 or what learn_tree_step said. */
static int learn_all(struct model_learn *m, struct learn_tree *tree)
{
    int rc;
    while ((rc = learn_tree_step(tree)) != 0) {
        if (rc > 0)
            m->learnt += (uint64_t)rc;
        else if (rc == VOUCH_E_SYNTAX)
            m->passed_over = true;
        else
            return rc;
        progress_set(&m->progress, m->learnt, m->learnt);
        if (m->follow && stopped_in(0))
            return 0;
    }
    return 0;
}

static int exit_status(const struct model_learn *m, int rc)
{
    if (rc == VOUCH_E_TEMP)
        return EX_UNAVAILABLE;
    if (rc == VOUCH_E_NOMEM)
        return tool_error(EX_OSERR, "out of memory");
    if (rc != 0)
        return EX_IOERR;
    return m->passed_over ? EX_DATAERR : 0;
}

static int learn_and_follow(struct model_learn *m, struct learn_tree *tree)
{
    unsigned wait = POLL_MS;
    do {
        int rc = learn_all(m, tree);
        wait = rc == 0 ? POLL_MS : wait * 2 < BACK_OFF_MAX_MS ? wait * 2 : BACK_OFF_MAX_MS;
    } while (!stopped_in(wait));
    return 0;
}

static int learn(struct model_learn *m)
{
    char error[512];
    const char *dir = m->journal ? m->journal : m->settings->journal_dir;
    const struct learn_tree_options o = {
        .learn = {.store = m->store,
                  .settings = m->settings,
                  .psl = m->psl,
                  .batch = learn_batch_for(m->url ? m->url : m->settings->store),
                  .now = learn_now_wall},
        .dir = dir,
        .once = !m->follow,
        .report = report,
        .report_arg = m,
    };
    if (!*dir)
        return tool_error(EX_CONFIG,
                          "there is no journal to learn from: journal.directory is empty");
    if (journal_writers(dir, count_writer, m, error, sizeof error) == VOUCH_E_IO)
        return tool_error(EX_IOERR, "%s", error);
    struct learn_tree *tree = learn_tree_new(&o);
    if (!tree)
        return tool_error(EX_OSERR, "out of memory");
    if (!m->follow)
        progress_start(&m->progress, stderr, "learning", "records", m->waiting);
    int rc = m->follow ? learn_and_follow(m, tree) : learn_all(m, tree);
    progress_end(&m->progress);
    learn_tree_free(&tree);
    printf("%" PRIu64 " records learnt\n", m->learnt);
    return exit_status(m, rc);
}

int model_learn(int argc, char **argv)
{
    struct model_learn m = {0};
    int status = 0;
    if (parse_options(&m, argc, argv, &status) != 0)
        return status;
    m.settings = tool_settings(m.config, &status);
    if (!m.settings)
        return status;
    if (m.follow)
        block_signals(); /* before the store's threads are made */
    m.psl = tool_psl(m.settings);
    if (!m.psl)
        status = tool_error(EX_CONFIG, "without it names would be learnt under other keys than "
                                       "vouch-milter asks for");
    else if ((m.store = tool_store(m.settings, m.url, false, &status)))
        status = learn(&m);
    store_close(&m.store);
    if (m.psl)
        psl_free(m.psl);
    settings_unref(&m.settings);
    return status;
}
