/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch replay: judges a labelled corpus in order of time, and says how well. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "errors.h"
#include "progress.h"
#include "replay.h"
#include "replay_rows.h"
#include "tool.h"
#include "units.h"

#define ERROR_BYTES 8192
#define MAX_RELAYS  1000

struct replay_command {
    const char *config, *features, *out;
    struct ipnet relays[MAX_RELAYS];
    size_t relay_count;
    bool counts[TW_COUNT]; /* which evidence does */
    struct replay_options options;
    struct corpus *corpus;
    size_t untimed;
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
    OPT_ONLY,
    OPT_WITHOUT,
    OPT_FEATURES,
    OPT_OUT,
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
    {"only", required_argument, NULL, OPT_ONLY},
    {"without", required_argument, NULL, OPT_WITHOUT},
    {"features", required_argument, NULL, OPT_FEATURES},
    {"out", required_argument, NULL, OPT_OUT},
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
    "  --seed N              which ones FRACTION draws [1]\n\n"
    "What counts (names as in vouch.conf's weights; lists with commas):\n"
    "  --only EVIDENCE       nothing but this\n"
    "  --without EVIDENCE    all but this\n\n"
    "What is written:\n"
    "  --features FILE       a line of tab-separated numbers a message, for study: label, time, "
    "sum,\n"
    "                        trust, what each evidence said; the first line has the names\n"
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

static int run(struct replay_command *c)
{
    char error[ERROR_BYTES];
    struct progress progress;
    size_t count, unread;
    corpus_items(c->corpus, &count);
    struct replay_rows *rows = replay_rows_new(c->features, c->out, error, sizeof error);
    if (!rows)
        return tool_error(EX_CANTCREAT, "%s", error);
    progress_start(&progress, stderr, "judging", "messages", count);
    c->options.progress = show_progress;
    c->options.progress_arg = &progress;
    int64_t began_us = clock_us();
    int rc =
        replay_run(c->corpus, &c->options, replay_rows_see, rows, &unread, error, sizeof error);
    double seconds = (double)(clock_us() - began_us) / 1e6;
    progress_end(&progress);
    if (rc != 0)
        rc = input_error(rc, error);
    else if (replay_rows_end(rows, error, sizeof error) != 0)
        rc = tool_error(EX_IOERR, "%s", error);
    if (rc == 0)
        printf("%zu messages, %zu without any date, %zu that are no messages; %.0f messages/s\n",
               count, c->untimed, unread, (double)count / seconds);
    replay_rows_free(&rows);
    return rc;
}

static int run_all(struct replay_command *c)
{
    size_t count;
    corpus_order(c->corpus, &c->untimed);
    corpus_items(c->corpus, &count);
    if (count == 0)
        return tool_usage_error("no messages to judge: name an index, or --good and --bad");
    int rc = make_settings(c);
    return rc == 0 ? run(c) : rc;
}

int tool_replay(int argc, char **argv)
{
    struct replay_command c = {.options = {.label_share = 1, .seed = 1}, .corpus = corpus_new()};
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
