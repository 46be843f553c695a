/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch replay: judges a labelled corpus in order of time, and says how well. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "errors.h"
#include "progress.h"
#include "replay.h"
#include "replay_report.h"
#include "replay_rows.h"
#include "replay_variants.h"
#include "tool.h"
#include "units.h"

#define ERROR_BYTES 8192
#define MAX_RELAYS  1000
#define MAX_SEEDS   1000
#define MAX_JOBS    1024

struct replay_command {
    const char *config, *features, *out, *report_path;
    int argc; /* the command line */
    char **argv;
    struct ipnet relays[MAX_RELAYS];
    size_t relay_count;
    bool counts[TW_COUNT]; /* which evidence does */
    struct replay_options options;
    uint64_t seeds, jobs;
    bool ablate, json;
    struct corpus *corpus;
    struct replay_rows *rows;
    struct replay_report *report; /* NULL: none is asked for */
    size_t untimed, unread;
    int64_t began_us;
};

enum {
    OPT_INDEX = 256,
    OPT_GOOD,
    OPT_BAD,
    OPT_CONFIG,
    OPT_TRUSTED_RELAY,
    OPT_ZONE,
    OPT_LABELS,
    OPT_SEED,
    OPT_SEEDS,
    OPT_REFIT,
    OPT_ABLATE,
    OPT_JOBS,
    OPT_JSON,
    OPT_ONLY,
    OPT_WITHOUT,
    OPT_FEATURES,
    OPT_OUT,
    OPT_REPORT,
};

static const struct option options[] = {
    {"index", required_argument, NULL, OPT_INDEX},
    {"good", required_argument, NULL, OPT_GOOD},
    {"bad", required_argument, NULL, OPT_BAD},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"trusted-relay", required_argument, NULL, OPT_TRUSTED_RELAY},
    {"zone", required_argument, NULL, OPT_ZONE},
    {"labels", required_argument, NULL, OPT_LABELS},
    {"seed", required_argument, NULL, OPT_SEED},
    {"seeds", required_argument, NULL, OPT_SEEDS},
    {"refit", required_argument, NULL, OPT_REFIT},
    {"ablate", no_argument, NULL, OPT_ABLATE},
    {"jobs", required_argument, NULL, OPT_JOBS},
    {"json", no_argument, NULL, OPT_JSON},
    {"only", required_argument, NULL, OPT_ONLY},
    {"without", required_argument, NULL, OPT_WITHOUT},
    {"features", required_argument, NULL, OPT_FEATURES},
    {"out", required_argument, NULL, OPT_OUT},
    {"report", required_argument, NULL, OPT_REPORT},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "Usage: vouch replay [OPTION]... [INDEX...]\n"
    "Judges a labelled corpus in order of time as vouch-milter would have that starts with an "
    "empty\n"
    "model: each message first, then its label is learnt. Says how well. INDEX is a TREC index: "
    "lines of\n"
    "'ham PATH' or 'spam PATH' (or good, bad), PATH relative to the index.\n\n"
    "  --good PATH           messages that were good: a message, an mbox, a Maildir, or a "
    "directory\n"
    "                        of these; may be repeated\n"
    "  --bad PATH            the same, bad\n"
    "  --trusted-relay NET   a relay of the receiving site, whose Received fields are believed, "
    "so\n"
    "                        that the client is the one outside; may be repeated\n"
    "  --config FILE         settings [" SYSCONFDIR "/vouch/vouch.conf]\n"
    "  --zone FILE           DNS answers; without it nothing is asked, nothing is proven by DNS\n\n"
    "What is learnt:\n"
    "  --labels all          every label, at once after its message [all]\n"
    "  --labels FRACTION     so many of them (0.1: a tenth), drawn by --seed; the rest is seen "
    "only\n"
    "  --labels delay TIME   each label TIME (1d, 4h) after its message; may stand beside "
    "FRACTION\n"
    "  --seed N              which ones FRACTION draws [1]\n"
    "  --seeds N             the same with N seeds, the first of them --seed: also mean and "
    "spread\n\n"
    "What counts (names as in vouch.conf's weights; lists with commas):\n"
    "  --only EVIDENCE       nothing but this\n"
    "  --without EVIDENCE    all but this\n"
    "  --ablate              the same without each in turn: how much is lost\n"
    "  --jobs N              so many runs of --seeds or --ablate at a time [processors]\n\n"
    "What is written:\n"
    "  --report FILE         one HTML page: figures, drawings, the worst mistakes explained\n"
    "  --features FILE       a line of tab-separated numbers a message, for study: label, time, "
    "sum,\n"
    "                        trust, what each evidence said; the first line has the names\n"
    "  --json                the figures as one JSON object\n"
    "  --out FILE            the decision records with their labels, one JSON object a line\n"
    "  --help                this text\n\n"
    "Exit status: 0; 64 usage, 65 bad input, 66 no input, 73 a file cannot be written,\n"
    "78 configuration.\n";

/* --- options -------------------------------------------------------------------------------- */

static int weight_of(struct span name)
{
    for (int w = 0; w < TW_COUNT; w++)
        if (span_ieq_cstr(name, trust_weight_name(w)))
            return w;
    return -1;
}

/* "host,network" */
static int set_counts(struct replay_command *c, const char *option, const char *names, bool counts)
{
    struct span rest = span_of(names), name;
    while (span_split(&rest, ',', &name)) {
        int w = weight_of(span_trim(name));
        if (w < 0)
            return tool_usage_error("%s %.*s: there is no such evidence; vouch.conf(5) lists it "
                                    "under weights",
                                    option, SPAN_ARGS(name));
        c->counts[w] = counts;
    }
    return 0;
}

static int set_labels(struct replay_command *c, int argc, char **argv)
{
    const char *text = optarg;
    char *end;
    uint64_t ms;
    if (strcmp(text, "all") == 0)
        return 0;
    if (strncmp(text, "delay", 5) == 0) {
        text += 5;
        if (!*text && optind < argc)
            text = argv[optind++];
        text += strspn(text, " =");
        if (units_parse(units_duration, span_of(text), &ms))
            return tool_usage_error("--labels delay %s: not a time: give 1d, 4h or 30m", text);
        c->options.label_delay = (int64_t)(ms / 1000);
        return 0;
    }
    double share = strtod(text, &end);
    if (end == text || *end || !(share >= 0 && share <= 1))
        return tool_usage_error("--labels %s: give all, a fraction from 0 to 1, or delay TIME",
                                text);
    c->options.label_share = share;
    return 0;
}

static int set_number(const char *option, uint64_t most, uint64_t *number_r)
{
    if (span_uint(span_of(optarg), most, number_r) == 0 && *number_r > 0)
        return 0;
    return tool_usage_error("%s %s: give a number from 1 to %llu", option, optarg,
                            (unsigned long long)most);
}

static int add_relay(struct replay_command *c)
{
    if (c->relay_count == MAX_RELAYS)
        return tool_usage_error("--trusted-relay: more than %d", MAX_RELAYS);
    if (ipnet_parse(span_of(optarg), &c->relays[c->relay_count]) != 0)
        return tool_usage_error(
            "--trusted-relay %s: not a network: give 192.0.2.0/24, or an address", optarg);
    c->relay_count++;
    return 0;
}

static int input_error(int rc, const char *text)
{
    return tool_error(rc == VOUCH_E_IO       ? EX_NOINPUT
                      : rc == VOUCH_E_SYNTAX ? EX_DATAERR
                                             : EX_OSERR,
                      "%s", text);
}

static int add_messages(struct replay_command *c, int option, const char *path)
{
    char error[ERROR_BYTES];
    int rc = option == OPT_INDEX
                 ? corpus_add_index(c->corpus, path, error, sizeof error)
                 : corpus_add_path(c->corpus, path, option == OPT_GOOD, error, sizeof error);
    return rc == 0 ? 0 : input_error(rc, error);
}

/* argument: what getopt_long read last */
static int parse_option(struct replay_command *c, int option, int argc, char **argv)
{
    const char *argument = argv[optind - 1];
    switch (option) {
    case OPT_INDEX:
    case OPT_GOOD:
    case OPT_BAD:
        return add_messages(c, option, optarg);
    case OPT_CONFIG:
        c->config = optarg;
        return 0;
    case OPT_TRUSTED_RELAY:
        return add_relay(c);
    case OPT_ZONE:
        c->options.zone_file = optarg;
        return 0;
    case OPT_LABELS:
        return set_labels(c, argc, argv);
    case OPT_SEED:
        if (span_uint(span_of(optarg), UINT64_MAX, &c->options.seed) != 0)
            return tool_usage_error("--seed %s: not a whole number", optarg);
        return 0;
    case OPT_REFIT:
        if (strcmp(optarg, "daily") != 0)
            return tool_usage_error("--refit %s: give daily", optarg);
        c->options.refit = REPLAY_DAILY;
        return 0;
    case OPT_SEEDS:
        return set_number("--seeds", MAX_SEEDS, &c->seeds);
    case OPT_JOBS:
        return set_number("--jobs", MAX_JOBS, &c->jobs);
    case OPT_ABLATE:
        c->ablate = true;
        return 0;
    case OPT_JSON:
        c->json = true;
        return 0;
    case OPT_ONLY:
        memset(c->counts, 0, sizeof c->counts);
        return set_counts(c, "--only", optarg, true);
    case OPT_WITHOUT:
        return set_counts(c, "--without", optarg, false);
    case OPT_FEATURES:
        c->features = optarg;
        return 0;
    case OPT_OUT:
        c->out = optarg;
        return 0;
    case OPT_REPORT:
        c->report_path = optarg;
        return 0;
    default:
        return tool_option_error(option, argument);
    }
}

/* --- the run -------------------------------------------------------------------------------- */

/* The settings of the file, and what the command line says of them. */
static int make_settings(struct replay_command *c)
{
    int status = EX_SOFTWARE;
    struct settings *s = tool_settings(c->config, &status);
    if (!s)
        return status;
    c->options.settings = s;
    size_t count = s->trusted_relay_count + c->relay_count;
    struct ipnet *relays = arena_array(s->arena, count ? count : 1, sizeof *relays);
    if (!relays)
        return tool_error(EX_OSERR, "out of memory");
    if (s->trusted_relay_count)
        memcpy(relays, s->trusted_relays, s->trusted_relay_count * sizeof *relays);
    memcpy(relays + s->trusted_relay_count, c->relays, c->relay_count * sizeof *relays);
    s->trusted_relays = relays;
    s->trusted_relay_count = count;
    for (int w = 0; w < TW_COUNT; w++)
        s->trust.w[w] = c->counts[w] ? s->trust.w[w] : 0;
    return 0;
}

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
    corpus_items(c->corpus, &count);
    progress_start(&progress, stderr, "judging", "messages", count);
    c->options.progress = show_progress;
    c->options.progress_arg = &progress;
    int rc = replay_run(c->corpus, &c->options, see, c, &c->unread, error, sizeof error);
    progress_end(&progress);
    if (rc != 0)
        return input_error(rc, error);
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
    if (c->json)
        printf("{\"messages\":%zu,\"without_date\":%zu,\"unreadable\":%zu,\"without_client\":%zu,"
               "\"figures\":",
               count, c->untimed, c->unread, replay_rows_without_client(c->rows));
    else
        printf(
            "%zu messages, %zu of them without a client outside; left out: %zu without any date, "
            "%zu that are no messages\n\n",
            count, replay_rows_without_client(c->rows), c->untimed, c->unread);
    return score_print(replay_rows_score(c->rows), stdout, c->json) == 0
               ? 0
               : tool_error(EX_OSERR, "out of memory");
}

static int run_variants(struct replay_command *c, struct replay_variant *variants, size_t count)
{
    struct progress progress;
    progress_start(&progress, stderr, "again", "runs", count);
    c->options.progress = show_progress;
    c->options.progress_arg = &progress;
    int rc = replay_variants_run(c->corpus, &c->options, variants, count, (unsigned)c->jobs);
    progress_end(&progress);
    return rc;
}

static int ablate(struct replay_command *c, const struct score_figures *full)
{
    struct replay_variant variants[TW_COUNT];
    size_t count = 0;
    for (int w = 0; w < TW_COUNT; w++)
        if (replay_rows_used(c->rows, w) && c->options.settings->trust.w[w] != 0)
            variants[count++] = (struct replay_variant){.without = w, .seed = c->options.seed};
    int rc = run_variants(c, variants, count);
    if (rc == 0) {
        fputs(c->json ? ",\"ablate\":" : "\n", stdout);
        replay_variants_ablation(full, variants, count, stdout, c->json);
        if (c->report)
            replay_report_ablation(c->report, variants, count);
    }
    return rc;
}

static int spread(struct replay_command *c, const struct score_figures *first)
{
    struct replay_variant *variants = calloc(c->seeds, sizeof *variants);
    if (!variants)
        return tool_error(EX_OSERR, "out of memory");
    for (size_t i = 0; i < c->seeds; i++)
        variants[i] = (struct replay_variant){.without = -1, .seed = c->options.seed + i};
    variants[0].all = *first;
    int rc = run_variants(c, variants + 1, c->seeds - 1);
    if (rc == 0) {
        fputs(c->json ? ",\"spread\":" : "\n", stdout);
        replay_variants_spread(variants, c->seeds, stdout, c->json);
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
        rc = replay_report_end(c->report, c->corpus, replay_rows_score(c->rows), error,
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
    if (rc == 0 && c->ablate)
        rc = ablate(c, &all);
    if (rc == 0 && c->seeds > 1)
        rc = spread(c, &all);
    if (rc == 0 && c->json)
        puts("}");
    return rc == 0 && c->report ? write_report(c) : rc;
}

static int run_all(struct replay_command *c)
{
    char error[ERROR_BYTES];
    size_t count;
    corpus_order(c->corpus, &c->untimed);
    corpus_items(c->corpus, &count);
    if (count == 0)
        return c->untimed
                   ? tool_error(EX_DATAERR, "none of the %zu messages has a date", c->untimed)
                   : tool_usage_error("no messages to judge: name an index, or --good and "
                                      "--bad");
    int rc = make_settings(c);
    if (rc != 0)
        return rc;
    c->rows = replay_rows_new(c->features, c->out, error, sizeof error);
    if (c->rows && c->report_path)
        c->report =
            replay_report_new(c->report_path, &c->options, c->argc, c->argv, error, sizeof error);
    bool ready = c->rows && (c->report || !c->report_path);
    rc = ready ? run(c) : tool_error(EX_CANTCREAT, "%s", error);
    replay_report_free(&c->report);
    replay_rows_free(&c->rows);
    return rc;
}

static uint64_t processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (uint64_t)n : 1;
}

int tool_replay(int argc, char **argv)
{
    struct replay_command c = {.options = {.label_share = 1, .seed = 1},
                               .seeds = 1,
                               .jobs = processors(),
                               .argc = argc,
                               .argv = argv,
                               .began_us = clock_us(),
                               .corpus = corpus_new()};
    int option, rc = c.corpus ? 0 : tool_error(EX_OSERR, "out of memory");
    memset(c.counts, true, sizeof c.counts);
    while (rc == 0 && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            corpus_free(&c.corpus);
            return 0;
        }
        rc = parse_option(&c, option, argc, argv);
    }
    for (int i = optind; rc == 0 && i < argc; i++)
        rc = add_messages(&c, OPT_INDEX, argv[i]);
    if (rc == 0)
        rc = run_all(&c);
    if (fflush(stdout) != 0 && rc == 0)
        rc = tool_error(EX_IOERR, "standard output: %s", strerror(errno));
    settings_unref(&c.options.settings);
    corpus_free(&c.corpus);
    return rc;
}
