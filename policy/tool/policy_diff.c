/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch policy diff: messages that were judged before, or a corpus, under two settings or two models.
 *
 * Of a journal, each message is judged anew, twice, by the same assess as in vouch-milter: what was verified when it came
 * stands, the model is asked now. So the two verdicts differ in nothing but what A and B differ in; neither needs to
 * be the verdict that the journal has. Of a corpus, B is the shadow of A while it is replayed. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "diff_labels.h"
#include "diff_report.h"
#include "difference.h"
#include "errors.h"
#include "journal_streams.h"
#include "policy_command.h"
#include "progress.h"
#include "replay.h"
#include "sbuf.h"
#include "settings_load.h"
#include "store.h"
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
    "  --since TIME          mail of the journal from this time on: 2026-01-31T12:00:00Z, @EPOCH\n"
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

enum kind { KIND_SETTINGS, KIND_URL, KIND_VERSION };

struct diff {
    const char *config, *journal, *url, *zone;
    int64_t since_us, until_us;
    bool shadow, verbose, json;
    struct corpus *corpus; /* NULL: the journal */

    const char *names[DIFF_SIDES];
    enum kind kind;
    struct settings *settings[DIFF_SIDES];
    struct assess_context *contexts[DIFF_SIDES]; /* the same if A and B are settings */
    struct diff_labels *labels;
    struct diff_report *report;
    struct progress progress;
};

static int no_memory(void)
{
    return tool_error(EX_OSERR, "out of memory");
}

/* ---- A and B ---- */

static int kind_of(const char *name, enum kind *kind_r)
{
    static const char *const schemes[] = {
        "lmdb:", "redis:", "rediss:", "redis+unix:", "memory:", "fail:"};
    struct stat st;
    *kind_r = KIND_URL;
    if (strcmp(name, "none") == 0)
        return 0;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncmp(name, schemes[i], strlen(schemes[i])) == 0)
            return 0;
    *kind_r = strchr(name, '/') || stat(name, &st) == 0 ? KIND_SETTINGS : KIND_VERSION;
    return *name ? 0 : tool_usage_error("A and B must not be empty");
}

static int open_context(struct diff *d, int side)
{
    char error[ERROR_BYTES];
    int status = EX_SOFTWARE;
    const char *url = d->kind == KIND_URL ? d->names[side] : d->url;
    const struct assess_options o = {.no_dns = true,
                                     .store = url,
                                     .version = d->kind == KIND_VERSION ? d->names[side] : NULL,
                                     .read_only = true,
                                     .sensor = "vouch.invalid"};
    d->contexts[side] = assess_context_new(d->settings[side], &o, error, sizeof error, &status);
    return d->contexts[side] ? 0 : tool_error(status, "%s", error);
}

/* The settings of both sides. Of one model the half-life is A's: it is the model's. */
static int load_sides(struct diff *d)
{
    enum kind kind;
    int status = 0;
    for (int side = 0; side < DIFF_SIDES; side++) {
        if ((status = kind_of(d->names[side], &kind)) != 0)
            return status;
        if (side > 0 && kind != d->kind)
            return tool_usage_error("A and B must both be settings, stores or versions");
        d->kind = kind;
        d->settings[side] =
            tool_settings(kind == KIND_SETTINGS ? d->names[side] : d->config, &status);
        if (!d->settings[side])
            return status;
        settings_unref(&d->settings[side]->shadow); /* here B is the other one */
    }
    if (d->kind == KIND_SETTINGS)
        d->settings[DIFF_B]->trust.half_life = d->settings[DIFF_A]->trust.half_life;
    if (d->kind != KIND_SETTINGS && d->corpus)
        return tool_usage_error("a corpus begins with an empty model: A and B must be settings");
    if (d->kind == KIND_URL && d->url)
        return tool_usage_error("A and B are stores: there is no place for --store");
    return 0;
}

/* ---- the journal ---- */

static struct journal_streams *open_streams(const struct diff *d, int64_t since_us, int *status_r)
{
    const struct journal_streams_options options = {.dir = d->journal, .since_us = since_us};
    return journal_streams_open(&options, status_r);
}

static bool is_wanted(const struct diff *d, const struct record *r)
{
    return r->kind == RECORD_DECISION && r->time_us >= d->since_us && r->time_us < d->until_us &&
           r->message && r->evidence && r->decision && (!d->shadow || r->shadow);
}

static int read_labels(struct diff *d)
{
    int status = 0;
    struct span datum;
    struct journal_streams *s = open_streams(d, d->since_us, &status);
    if (!s)
        return status;
    for (const struct record *r; status == 0 && (r = journal_streams_next(s, &datum));)
        if (diff_labels_add(d->labels, d->settings[DIFF_A], r) != 0)
            status = no_memory();
    journal_streams_close(&s);
    diff_labels_sort(d->labels);
    return status; /* damage is told by who reads the records again */
}

/* One side's record; a_r: to be freed, also on error. */
static int judge_again(struct diff *d, int side, const struct record *r, struct assess **a_r,
                       const struct record **record_r)
{
    struct assess_context *context = d->contexts[d->kind == KIND_SETTINGS ? DIFF_A : side];
    char state[300];
    *a_r = assess_new(context, d->settings[side], r->time_us);
    if (!*a_r || assess_again(*a_r, r, record_r) != 0)
        return no_memory();
    if (!((*record_r)->flags & FLAG_MODEL_UNAVAILABLE))
        return 0;
    store_state(assess_context_store(context), state, sizeof state);
    return tool_error(EX_UNAVAILABLE,
                      "the model cannot be asked (%s); 'vouch policy diff --store none' compares "
                      "settings without one",
                      state);
}

static int judge_both(struct diff *d, const struct record *r, struct diff_pair *p)
{
    struct assess *a[DIFF_SIDES] = {NULL, NULL};
    const struct record *is[DIFF_SIDES];
    int status = 0;
    for (int side = 0; side < DIFF_SIDES && status == 0; side++)
        status = judge_again(d, side, r, &a[side], &is[side]);
    if (status == 0) {
        struct judgement both[DIFF_SIDES];
        for (int side = 0; side < DIFF_SIDES; side++) {
            both[side] = (struct judgement){is[side]->trust, is[side]->bias, is[side]->decision};
            p->actions[side] = is[side]->decision->action;
        }
        if (decision_difference(r->message->arena, &both[DIFF_A], &both[DIFF_B], &p->reason) != 0)
            status = no_memory();
    }
    for (int side = 0; side < DIFF_SIDES; side++)
        assess_free(&a[side]);
    return status;
}

static int compare_record(struct diff *d, const struct record *r)
{
    int status = 0;
    struct diff_pair p = {.id = r->id,
                          .message_id = r->message->message_id,
                          .label = diff_labels_of(d->labels, r->id)};
    if (d->shadow) {
        p.actions[DIFF_A] = r->decision->action;
        p.actions[DIFF_B] = r->shadow->action;
        p.reason = r->shadow->reason;
    } else {
        status = judge_both(d, r, &p);
    }
    return status == 0 && diff_report_add(d->report, &p) != 0 ? no_memory() : status;
}

static int compare_journal(struct diff *d)
{
    int status = read_labels(d);
    struct span datum;
    uint64_t done = 0;
    struct journal_streams *s = status == 0 ? open_streams(d, d->since_us, &status) : NULL;
    if (!s)
        return status;
    progress_start(&d->progress, stderr, "judging", "messages", 0);
    for (const struct record *r; status == 0 && (r = journal_streams_next(s, &datum));) {
        if (is_wanted(d, r))
            status = compare_record(d, r);
        progress_set(&d->progress, 0, ++done);
    }
    progress_end(&d->progress);
    if (status == 0)
        status = journal_streams_status(s);
    journal_streams_close(&s);
    return status;
}

/* ---- a corpus ---- */

static int see(void *arg, const struct replay_judged *j)
{
    struct diff *d = arg;
    const struct record_shadow *shadow = j->record->shadow;
    if (!shadow)
        return VOUCH_E_NOMEM;
    const struct diff_pair p = {.id = j->item->path,
                                .message_id = j->record->message->message_id,
                                .label = j->item->good ? LABEL_GOOD : LABEL_BAD,
                                .actions = {j->record->decision->action, shadow->action},
                                .reason = shadow->reason};
    return diff_report_add(d->report, &p);
}

static void show_progress(void *arg, size_t done, size_t all)
{
    (void)all;
    progress_set(arg, done, done);
}

static int compare_corpus(struct diff *d)
{
    char error[ERROR_BYTES] = "out of memory";
    size_t untimed, unread, count;
    struct replay_options o = {.settings = d->settings[DIFF_A],
                               .zone_file = d->zone,
                               .label_share = 1,
                               .seed = 1,
                               .progress = show_progress,
                               .progress_arg = &d->progress};
    struct settings *b = d->settings[DIFF_B];
    d->settings[DIFF_B] = NULL; /* now A's */
    if (settings_join(d->settings[DIFF_A], b) != 0)
        return tool_error(EX_CONFIG, "%s: its file of well-known organisations cannot be read",
                          d->names[DIFF_B]);
    corpus_order(d->corpus, &untimed);
    corpus_items(d->corpus, &count);
    progress_start(&d->progress, stderr, "judging", "messages", count);
    int rc = replay_run(d->corpus, &o, see, d, &unread, error, sizeof error);
    progress_end(&d->progress);
    if (rc == 0)
        return 0;
    return tool_error(rc == VOUCH_E_IO       ? EX_NOINPUT
                      : rc == VOUCH_E_CONFIG ? EX_CONFIG
                                             : EX_OSERR,
                      "%s", error);
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
    else if (d->kind == KIND_SETTINGS && strcmp(store, "none") == 0)
        sbuf_addf(&source, "the journal in %s, judged anew without a model", d->journal);
    else if (d->kind == KIND_SETTINGS)
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
    if (status == 0 && !d->shadow && d->kind != KIND_SETTINGS)
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
    status = d->corpus ? compare_corpus(d) : compare_journal(d);
    if (status != 0 && status != EX_DATAERR)
        return status;
    int rc = print(d);
    return rc ? rc : status ? status : diff_report_count(d->report) > 0;
}

static int set_time(const char *option, int64_t *time_us_r)
{
    if (tool_time(optarg, time_us_r) == 0)
        return 0;
    return tool_usage_error("--%s '%s': not a time, such as 2026-01-31T12:00:00Z", option, optarg);
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

static int set_option(struct diff *d, int option, const char *argument)
{
    switch (option) {
    case 'J':
        d->journal = optarg;
        return 0;
    case 'f':
        return set_time("since", &d->since_us);
    case 'u':
        return set_time("until", &d->until_us);
    case 'i':
    case 'g':
    case 'b':
        return add_messages(d, option);
    case 'z':
        d->zone = optarg;
        return 0;
    case 's':
        d->url = optarg;
        return 0;
    case 'c':
        d->config = optarg;
        return 0;
    case 'w':
        d->shadow = true;
        return 0;
    case 'v':
        d->verbose = true;
        return 0;
    case 'j':
        d->json = true;
        return 0;
    default:
        return tool_option_error(option, argument);
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
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (option == 'h')
            fputs(usage, stdout);
        *status_r = option == 'h' ? 0 : set_option(d, option, argv[optind - 1]);
        if (option == 'h' || *status_r != 0)
            return -1;
    }
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
