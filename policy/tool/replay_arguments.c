/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay_arguments.h"
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "errors.h"
#include "tool.h"
#include "units.h"

#define ERROR_BYTES 8192
#define MAX_SEEDS   1000
#define MAX_JOBS    1024

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

const char replay_usage[] =
    "Usage: vouch replay [OPTION]... [INDEX...]\n"
    "Judges a labelled corpus in order of time as vouch-milter would have that starts with an "
    "empty\n"
    "model: each message first, then its label is learnt. Says how well. INDEX is a TREC index: "
    "lines of\n"
    "'ham PATH' or 'spam PATH' (or good, bad), PATH relative to the index.\n\n"
    "  --index FILE          an index; the same as naming it\n"
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
    "  --refit daily         the weights are fitted to the labels at the end of each day\n"
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

static int weight_of(struct span name)
{
    for (int w = 0; w < TW_COUNT; w++)
        if (span_ieq_cstr(name, trust_weight_name(w)))
            return w;
    return -1;
}

/* "host,network" */
static int set_counts(struct replay_arguments *a, const char *option, const char *names,
                      bool counts)
{
    struct span rest = span_of(names), name;
    while (span_split(&rest, ',', &name)) {
        int w = weight_of(span_trim(name));
        if (w < 0)
            return tool_usage_error("%s %.*s: there is no such evidence; vouch.conf(5) lists it "
                                    "under weights",
                                    option, SPAN_ARGS(name));
        a->counts[w] = counts;
    }
    return 0;
}

static int set_labels(struct replay_arguments *a, int argc, char **argv)
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
        a->options.label_delay = (int64_t)(ms / 1000);
        return 0;
    }
    double share = strtod(text, &end);
    if (end == text || *end || !(share >= 0 && share <= 1))
        return tool_usage_error("--labels %s: give all, a fraction from 0 to 1, or delay TIME",
                                text);
    a->options.label_share = share;
    return 0;
}

static int set_number(const char *option, uint64_t most, uint64_t *number_r)
{
    if (span_uint(span_of(optarg), most, number_r) == 0 && *number_r > 0)
        return 0;
    return tool_usage_error("%s %s: give a number from 1 to %llu", option, optarg,
                            (unsigned long long)most);
}

static int add_relay(struct replay_arguments *a)
{
    if (a->relay_count == REPLAY_MAX_RELAYS)
        return tool_usage_error("--trusted-relay: more than %d", REPLAY_MAX_RELAYS);
    if (ipnet_parse(span_of(optarg), &a->relays[a->relay_count]) != 0)
        return tool_usage_error(
            "--trusted-relay %s: not a network: give 192.0.2.0/24, or an address", optarg);
    a->relay_count++;
    return 0;
}

int replay_error(int rc, const char *text)
{
    return tool_error(rc == VOUCH_E_IO       ? EX_NOINPUT
                      : rc == VOUCH_E_SYNTAX ? EX_DATAERR
                                             : EX_OSERR,
                      "%s", text);
}

static int add_messages(struct replay_arguments *a, int option, const char *path)
{
    char error[ERROR_BYTES];
    int rc = option == OPT_INDEX
                 ? corpus_add_index(a->corpus, path, error, sizeof error)
                 : corpus_add_path(a->corpus, path, option == OPT_GOOD, error, sizeof error);
    return rc == 0 ? 0 : replay_error(rc, error);
}

/* argument: what getopt_long read last */
static int parse_option(struct replay_arguments *a, int option, int argc, char **argv)
{
    const char *argument = argv[optind - 1];
    switch (option) {
    case OPT_INDEX:
    case OPT_GOOD:
    case OPT_BAD:
        return add_messages(a, option, optarg);
    case OPT_CONFIG:
        a->config = optarg;
        return 0;
    case OPT_TRUSTED_RELAY:
        return add_relay(a);
    case OPT_ZONE:
        a->options.zone_file = optarg;
        return 0;
    case OPT_LABELS:
        return set_labels(a, argc, argv);
    case OPT_SEED:
        if (span_uint(span_of(optarg), UINT64_MAX, &a->options.seed) != 0)
            return tool_usage_error("--seed %s: not a whole number", optarg);
        return 0;
    case OPT_REFIT:
        if (strcmp(optarg, "daily") != 0)
            return tool_usage_error("--refit %s: give daily", optarg);
        a->options.refit = REPLAY_DAILY;
        return 0;
    case OPT_SEEDS:
        return set_number("--seeds", MAX_SEEDS, &a->seeds);
    case OPT_JOBS:
        return set_number("--jobs", MAX_JOBS, &a->jobs);
    case OPT_ABLATE:
        a->ablate = true;
        return 0;
    case OPT_JSON:
        a->json = true;
        return 0;
    case OPT_ONLY:
        memset(a->counts, 0, sizeof a->counts);
        return set_counts(a, "--only", optarg, true);
    case OPT_WITHOUT:
        return set_counts(a, "--without", optarg, false);
    case OPT_FEATURES:
        a->features = optarg;
        return 0;
    case OPT_OUT:
        a->out = optarg;
        return 0;
    case OPT_REPORT:
        a->report = optarg;
        return 0;
    default:
        return tool_option_error(option, argument);
    }
}

/* The settings of the file, and what the command line says of them. */
static int make_settings(struct replay_arguments *a)
{
    int status = EX_SOFTWARE;
    struct settings *s = tool_settings(a->config, &status);
    if (!s)
        return status;
    a->options.settings = s;
    size_t count = s->trusted_relay_count + a->relay_count;
    struct ipnet *relays = arena_array(s->arena, count ? count : 1, sizeof *relays);
    if (!relays)
        return tool_error(EX_OSERR, "out of memory");
    if (s->trusted_relay_count)
        memcpy(relays, s->trusted_relays, s->trusted_relay_count * sizeof *relays);
    memcpy(relays + s->trusted_relay_count, a->relays, a->relay_count * sizeof *relays);
    s->trusted_relays = relays;
    s->trusted_relay_count = count;
    for (int w = 0; w < TW_COUNT; w++)
        s->trust.w[w] = a->counts[w] ? s->trust.w[w] : 0;
    return 0;
}

static uint64_t processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (uint64_t)n : 1;
}

int replay_arguments_read(struct replay_arguments *a, int argc, char **argv)
{
    *a = (struct replay_arguments){.argc = argc,
                                   .argv = argv,
                                   .options = {.label_share = 1, .seed = 1},
                                   .seeds = 1,
                                   .jobs = processors(),
                                   .corpus = corpus_new()};
    int option, rc = a->corpus ? 0 : tool_error(EX_OSERR, "out of memory");
    memset(a->counts, true, sizeof a->counts);
    while (rc == 0 && !a->help && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        a->help = option == 'h';
        rc = a->help ? 0 : parse_option(a, option, argc, argv);
    }
    for (int i = optind; rc == 0 && !a->help && i < argc; i++)
        rc = add_messages(a, OPT_INDEX, argv[i]);
    return rc != 0 || a->help ? rc : make_settings(a);
}

void replay_arguments_clear(struct replay_arguments *a)
{
    settings_unref(&a->options.settings);
    corpus_free(&a->corpus);
}
