/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch policy diff: messages that were judged before, or a corpus, under two settings or two models. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "diff_sources.h"
#include "errors.h"
#include "policy_command.h"
#include "sbuf.h"
#include "tool.h"

#define EXAMPLES    3 /* of each reason */
#define ERROR_BYTES 8192

static const char usage[] =
    "Usage: vouch policy diff [OPTION]... A B\n"
    "       vouch policy diff --shadow [OPTION]...\n"
    "Judges mail of the journal, or a labelled corpus, under A and under B, and lists what B "
    "would\n"
    "decide otherwise, by reason. A and B are two files of settings, or two models: URLs of "
    "stores,\n"
    "or names of versions. Nothing is changed, nothing is learnt.\n\n"
    "  --journal DIR         the journal's directory [as the settings say]\n"
    "  --since TIME          mail of the journal from this time on: 2026-01-31, 7d (so long ago),\n"
    "                        2026-01-31T12:00:00Z, @EPOCH\n"
    "  --until TIME          before this time\n"
    "  --index FILE          in place of the journal a TREC index: lines of 'ham PATH', 'spam "
    "PATH';\n"
    "                        may be repeated\n"
    "  --good PATH, --bad PATH\n"
    "                        messages that were good, or bad, as for vouch replay\n"
    "  --zone FILE           DNS answers for a corpus; without it nothing is verified\n"
    "  --store URL           the model that mail of the journal is judged by [as the settings "
    "say]\n"
    "  --config FILE         settings that two models are tried under, and that say where journal\n"
    "                        and model are [A, or " SYSCONFDIR "/vouch/vouch.conf]\n"
    "  --shadow              counts what the shadow would have decided otherwise when mail came:\n"
    "                        A is then what was decided, B what the shadow would have\n"
    "  --verbose             list every message, not three of each reason\n"
    "  --json                one JSON object\n"
    "  --help                this text\n\n"
    "Exit status: 0 nothing would change, 1 something would; 64 usage, 65 part of the input is\n"
    "damaged (the rest was shown), 66 no input, 69 the model cannot be asked, 78 configuration.\n";

static int no_memory(void)
{
    return tool_error(EX_OSERR, "out of memory");
}

/* ---- A and B ---- */

static int kind_of(const char *name, enum diff_kind *kind_r)
{
    static const char *const schemes[] = {
        "lmdb:", "redis:", "rediss:", "redis+unix:", "memory:", "fail:"};
    struct stat st;
    *kind_r = DIFF_URL;
    if (strcmp(name, "none") == 0)
        return 0;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncmp(name, schemes[i], strlen(schemes[i])) == 0)
            return 0;
    *kind_r = strchr(name, '/') || stat(name, &st) == 0 ? DIFF_SETTINGS : DIFF_VERSION;
    return *name ? 0 : tool_usage_error("A and B must not be empty");
}

static int open_context(struct diff *d, int side)
{
    char error[ERROR_BYTES];
    int status = EX_SOFTWARE;
    const char *url = d->kind == DIFF_URL ? d->names[side] : d->url;
    const struct assess_options o = {.no_dns = true,
                                     .store = url,
                                     .version = d->kind == DIFF_VERSION ? d->names[side] : NULL,
                                     .read_only = true,
                                     .sensor = "vouch.invalid"};
    d->contexts[side] = assess_context_new(d->settings[side], &o, error, sizeof error, &status);
    if (!d->contexts[side])
        return tool_error(status, "%s", error);
    tool_wait_for_model(assess_context_store(d->contexts[side]));
    return 0;
}

/* The settings of both sides. Of one model the half-life is A's: it is the model's. */
static int load_sides(struct diff *d)
{
    enum diff_kind kind;
    int status = 0;
    for (int side = 0; side < DIFF_SIDES; side++) {
        if ((status = kind_of(d->names[side], &kind)) != 0)
            return status;
        if (side > 0 && kind != d->kind)
            return tool_usage_error("A and B must both be settings, stores or versions");
        d->kind = kind;
        d->settings[side] =
            tool_settings(kind == DIFF_SETTINGS ? d->names[side] : d->config, &status);
        if (!d->settings[side])
            return status;
        settings_unref(&d->settings[side]->shadow); /* here B is the other one */
    }
    if (d->kind == DIFF_SETTINGS)
        d->settings[DIFF_B]->trust.half_life = d->settings[DIFF_A]->trust.half_life;
    if (d->kind != DIFF_SETTINGS && d->corpus)
        return tool_usage_error("a corpus begins with an empty model: A and B must be settings");
    if (d->kind == DIFF_URL && d->url)
        return tool_usage_error("A and B are stores: there is no place for --store");
    return 0;
}

/* ---- all of it ---- */

static int print(const struct diff *d)
{
    static const char *const shadow_names[] = {"what was decided",
                                               "what the shadow would have decided"};
    struct sbuf source;
    sbuf_init(&source, ERROR_BYTES);
    const char *store = d->url ? d->url : d->settings[DIFF_A]->store;
    if (d->corpus)
        sbuf_adds(&source, "a corpus, replayed: every label is learnt after its message");
    else if (d->shadow)
        sbuf_addf(&source, "the journal in %s, as it was recorded", d->journal);
    else if (d->kind == DIFF_SETTINGS && strcmp(store, "none") == 0)
        sbuf_addf(&source, "the journal in %s, judged anew without a model", d->journal);
    else if (d->kind == DIFF_SETTINGS)
        sbuf_addf(&source, "the journal in %s, judged anew by the model %s as it is now",
                  d->journal, store);
    else
        sbuf_addf(&source, "the journal in %s, judged anew by both models as they are now",
                  d->journal);
    int rc = diff_report_print(d->report, stdout, d->shadow ? shadow_names : d->names,
                               sbuf_str(&source), d->json);
    sbuf_clear(&source);
    return rc == 0 ? 0 : no_memory();
}

static int prepare(struct diff *d)
{
    int status = 0;
    if (d->shadow) {
        d->settings[DIFF_A] = tool_settings(d->config, &status);
        if (!d->settings[DIFF_A])
            return status;
    } else if ((status = load_sides(d)) != 0) {
        return status;
    }
    if (d->corpus)
        return 0;
    if (!d->journal)
        d->journal = d->settings[DIFF_A]->journal_dir;
    if (!*d->journal)
        return tool_error(EX_CONFIG, "no journal is kept: journal.directory is empty; --journal "
                                     "DIR names one, --index a corpus");
    if (!d->shadow)
        status = open_context(d, DIFF_A);
    if (status == 0 && !d->shadow && d->kind != DIFF_SETTINGS)
        status = open_context(d, DIFF_B);
    return status;
}

static int run(struct diff *d)
{
    int status = prepare(d);
    d->labels = diff_labels_new();
    d->report = diff_report_new(d->verbose ? 0 : EXAMPLES);
    if (status != 0)
        return status;
    if (!d->labels || !d->report)
        return no_memory();
    status = d->corpus ? diff_corpus(d) : diff_journal(d);
    if (status != 0 && status != EX_DATAERR)
        return status;
    int rc = print(d);
    return rc ? rc : status ? status : diff_report_count(d->report) > 0;
}

static int add_messages(struct diff *d, int option)
{
    char error[ERROR_BYTES];
    if (!d->corpus && !(d->corpus = corpus_new()))
        return no_memory();
    int rc = option == 'i' ? corpus_add_index(d->corpus, optarg, error, sizeof error)
                           : corpus_add_path(d->corpus, optarg, option == 'g', error, sizeof error);
    return rc == 0 ? 0
                   : tool_error(rc == VOUCH_E_IO       ? EX_NOINPUT
                                : rc == VOUCH_E_SYNTAX ? EX_DATAERR
                                                       : EX_OSERR,
                                "%s", error);
}

static int set_option(void *arg, int option, const char *value)
{
    struct diff *d = arg;
    switch (option) {
    case 'J':
        d->journal = value;
        return 0;
    case 'f':
        return tool_time_option("since", optarg, &d->since_us);
    case 'u':
        return tool_time_option("until", optarg, &d->until_us);
    case 'i':
    case 'g':
    case 'b':
        return add_messages(d, option);
    case 'z':
        d->zone = value;
        return 0;
    case 's':
        d->url = value;
        return 0;
    case 'c':
        d->config = value;
        return 0;
    case 'w':
        d->shadow = true;
        return 0;
    case 'v':
        d->verbose = true;
        return 0;
    default:
        d->json = true;
        return 0;
    }
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct diff *d, int argc, char **argv, int *status_r)
{
    static const struct option options[] = {
        {"journal", required_argument, NULL, 'J'}, {"since", required_argument, NULL, 'f'},
        {"until", required_argument, NULL, 'u'},   {"index", required_argument, NULL, 'i'},
        {"good", required_argument, NULL, 'g'},    {"bad", required_argument, NULL, 'b'},
        {"zone", required_argument, NULL, 'z'},    {"store", required_argument, NULL, 's'},
        {"config", required_argument, NULL, 'c'},  {"shadow", no_argument, NULL, 'w'},
        {"verbose", no_argument, NULL, 'v'},       {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    if (tool_options(argc, argv, options, usage, set_option, d, status_r) != 0)
        return -1;
    int sides = d->shadow ? 0 : DIFF_SIDES;
    if (argc - optind == sides) {
        for (int side = 0; side < sides; side++)
            d->names[side] = argv[optind + side];
        if (d->corpus && (d->shadow || d->journal))
            *status_r = tool_usage_error("a corpus, or the journal: choose one");
        return *status_r ? -1 : 0;
    }
    *status_r = d->shadow ? tool_usage_error("--shadow compares what is recorded: no A, no B")
                          : tool_usage_error("name A and B, two files of settings or two models");
    return -1;
}

int policy_diff(int argc, char **argv)
{
    struct diff d = {.since_us = INT64_MIN, .until_us = INT64_MAX};
    int status = 0;
    if (parse_options(&d, argc, argv, &status) == 0)
        status = run(&d);
    if (fflush(stdout) != 0 && status <= 1)
        status = tool_error(EX_IOERR, "standard output: %s", strerror(errno));
    diff_report_free(&d.report);
    diff_labels_free(&d.labels);
    for (int side = 0; side < DIFF_SIDES; side++) {
        assess_context_free(&d.contexts[side]);
        settings_unref(&d.settings[side]);
    }
    corpus_free(&d.corpus);
    return status;
}
