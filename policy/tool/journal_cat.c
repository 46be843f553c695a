/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch journal cat and vouch journal tail: records as JSON lines. */
#include "config.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "journal_command.h"
#include "journal_query.h"
#include "journal_streams.h"
#include "record_avro.h"
#include "tool.h"

#define QUERY_BYTES (1u << 20)
#define TAIL_LINES  10 /* that tail shows if nothing else is said, as tail(1) does */
#define TAIL_MAX    100000
#define FOLLOW_MS   200 /* between two looks */

static const char options_help[] =
    "  --since TIME         from this time on: 2026-01-31, '2026-01-31 12:00' (UTC), 2h (so long\n"
    "                       ago), 2026-01-31T12:00:00Z, @EPOCH or now\n"
    "  --until TIME         before this time\n"
    "  --id ID              the decision with this id (X-Vouch, log line), and labels about it\n"
    "  --queue-id ID        of messages with this queue identifier of the MTA's\n"
    "  --message-id ID      of messages with this Message-ID\n"
    "  --sender PATTERN     of this envelope sender: user@example.com, example.com,\n"
    "                       .example.com (and all below it), '<>'\n"
    "  --client NETWORK     of clients in this network, or of this address\n"
    "  --class CLASS        trusted, suspicious or untrusted\n"
    "  --kind KIND          decision, label or erasure\n"
    "  --shadow-differs     decisions that the settings of 'shadow' would have made otherwise\n"
    "  --journal DIR        the journal's directory [as the settings say]\n"
    "  --config FILE        settings [" SYSCONFDIR "/vouch/vouch.conf]\n"
    "  --json               JSON lines: there is no other form\n"
    "  --help               this text\n\n"
    "WRITER names one of several journals in the directory ('vouch stats' lists them); without it\n"
    "all are read, merged by time.\n\n"
    "Exit status: 0 done; 64 usage, 65 part of the journal is damaged (the rest was shown), 66 "
    "there\n"
    "is no journal, 78 configuration.\n";

struct listing {
    struct journal_query query;
    const char *config, *dir;
    struct settings *settings;
    struct arena *arena;
    const char *sender;
    bool tail, follow;
    unsigned long lines; /* of tail */
    char **ring;         /* its last lines */
    size_t shown;        /* lines put into ring so far */
};

static int usage_of(const struct listing *l, FILE *out)
{
    if (l->tail)
        fputs("Usage: vouch journal tail [OPTION]... [WRITER]...\n"
              "Prints the last records of the journal as JSON lines, one record a line.\n\n"
              "  -n, --lines NUMBER   so many [10]\n"
              "  -f, --follow         and what is added from then on, until it is stopped\n",
              out);
    else
        fputs(
            "Usage: vouch journal cat [OPTION]... [WRITER]...\n"
            "Prints the records of the journal as JSON lines, one record a line, oldest first.\n\n",
            out);
    fputs(options_help, out);
    return 0;
}

static const char *class_name(int class)
{
    return trust_class_name((enum trust_class) class);
}

static const char *kind_name(int kind)
{
    return record_kind_name((enum record_kind)kind);
}

static int set_client(struct listing *l, const char *text)
{
    struct ipnet *net = &l->query.client;
    if (ipnet_parse(span_of(text), net) == 0)
        return 0;
    return tool_usage_error("--client '%s': not an address or a network, such as 192.0.2.1 or "
                            "192.0.2.0/24",
                            text);
}

static int set_lines(struct listing *l, const char *text)
{
    uint64_t lines;
    if (span_uint(span_of(text), TAIL_MAX, &lines) != 0)
        return tool_usage_error("--lines '%s': not a number up to %d", text, TAIL_MAX);
    l->lines = lines;
    return 0;
}

static int set_option(struct listing *l, int option, const char *value)
{
    struct journal_query *q = &l->query;
    switch (option) {
    case 's':
        return tool_time_option("since", value, &q->since_us);
    case 'u':
        return tool_time_option("until", value, &q->until_us);
    case 'i':
        q->id = value;
        return 0;
    case 'm':
        q->message_id = value;
        return 0;
    case 'q':
        q->queue_id = value;
        return 0;
    case 'e':
        l->sender = value;
        return 0;
    case 'a':
        return set_client(l, value);
    case 'k':
        return tool_word_option("class", value, class_name, CLASS_COUNT, &q->class);
    case 't':
        return tool_word_option("kind", value, kind_name, RECORD_KIND_COUNT, &q->kind);
    case 'w':
        q->shadow_differs = true;
        return 0;
    case 'd':
        l->dir = value;
        return 0;
    case 'c':
        l->config = value;
        return 0;
    case 'n':
        return set_lines(l, value);
    case 'f':
        l->follow = true;
        return 0;
    default:
        return 0;
    }
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct listing *l, int argc, char **argv, int *status_r)
{
    static const struct option options[] = {{"since", required_argument, NULL, 's'},
                                            {"until", required_argument, NULL, 'u'},
                                            {"id", required_argument, NULL, 'i'},
                                            {"message-id", required_argument, NULL, 'm'},
                                            {"sender", required_argument, NULL, 'e'},
                                            {"client", required_argument, NULL, 'a'},
                                            {"class", required_argument, NULL, 'k'},
                                            {"kind", required_argument, NULL, 't'},
                                            {"queue-id", required_argument, NULL, 'q'},
                                            {"shadow-differs", no_argument, NULL, 'w'},
                                            {"journal", required_argument, NULL, 'd'},
                                            {"config", required_argument, NULL, 'c'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"lines", required_argument, NULL, 'n'},
                                            {"follow", no_argument, NULL, 'f'},
                                            {NULL, 0, NULL, 0}};
    optind = 1;
    for (int o; (o = getopt_long(argc, argv, l->tail ? ":n:fh" : ":h", options, NULL)) != -1;) {
        bool wrong = o == '?' || o == ':' || (!l->tail && (o == 'n' || o == 'f'));
        *status_r = o == 'h' ? usage_of(l, stdout)
                    : wrong  ? tool_option_error(o == ':' ? ':' : '?', argv[optind - 1])
                             : set_option(l, o, optarg);
        if (o == 'h' || *status_r != 0)
            return -1;
    }
    return 0;
}

/* What needs the settings: pseudonyms and the directory. */
static int complete(struct listing *l)
{
    if (!l->dir)
        l->dir = l->settings->journal_dir;
    if (!*l->dir)
        return tool_error(EX_CONFIG,
                          "no journal is kept: journal.directory is empty; --journal DIR "
                          "names one");
    if (l->query.id && l->query.since_us == INT64_MIN) {
        int64_t made_us = journal_query_id_time(l->query.id);
        l->query.since_us = made_us > INT64_MIN ? made_us - 1000000 : INT64_MIN;
    }
    const char *wrong =
        l->sender ? journal_query_sender(&l->query, l->arena, l->sender, l->settings->pseudonyms)
                  : NULL;
    return wrong ? tool_usage_error("--sender '%s' %s", l->sender, wrong) : 0;
}

/* false: standard output is gone */
static bool print(char *line)
{
    bool ok = line && puts(line) != EOF;
    free(line);
    return ok;
}

/* Keeps the line as the last of so many. */
static void keep(struct listing *l, char *line)
{
    if (l->lines == 0) {
        free(line);
        return;
    }
    char **at = &l->ring[l->shown++ % l->lines];
    free(*at);
    *at = line;
}

static bool print_kept(struct listing *l)
{
    size_t first = l->shown > l->lines ? l->shown - l->lines : 0;
    bool ok = true;
    for (size_t i = first; i < l->shown; i++) {
        char **at = &l->ring[i % l->lines];
        if (ok)
            ok = print(*at);
        else
            free(*at);
        *at = NULL;
    }
    return ok;
}

/* All that is there now. false: nobody reads on. */
static bool list(struct listing *l, struct journal_streams *s, bool to_ring)
{
    struct span datum;
    for (const struct record *r; (r = journal_streams_next(s, &datum));) {
        if (!journal_query_matches(&l->query, r))
            continue;
        char *line = record_datum_json(datum);
        if (!line) {
            tool_error(0, "out of memory");
            return false;
        }
        if (to_ring)
            keep(l, line);
        else if (!print(line))
            return false;
    }
    return true;
}

static int run_streams(struct listing *l, struct journal_streams *s)
{
    bool more = list(l, s, l->tail) && (!l->tail || print_kept(l));
    while (more && l->follow) {
        if (fflush(stdout) != 0)
            break;
        poll(NULL, 0, FOLLOW_MS);
        journal_streams_refresh(s);
        more = list(l, s, false);
    }
    if (fflush(stdout) != 0 && errno != EPIPE)
        return tool_error(EX_IOERR, "standard output: %s", strerror(errno));
    return journal_streams_status(s);
}

static int run(struct listing *l, int argc, char **argv)
{
    int status = 0;
    l->arena = arena_new(QUERY_BYTES);
    l->ring = l->lines ? calloc(l->lines, sizeof *l->ring) : NULL;
    if (!l->arena || (l->lines && !l->ring))
        return tool_error(EX_OSERR, "out of memory");
    if ((status = complete(l)) != 0)
        return status;
    /* filters may pass over any number of the last records */
    bool filtered = l->sender || l->query.id || l->query.message_id || l->query.queue_id ||
                    l->query.class >= 0 || l->query.kind >= 0 || l->query.shadow_differs ||
                    l->query.client.addr.family != IP_NONE;
    struct journal_streams_options options = {
        .dir = l->dir,
        .writers = argv,
        .writer_count = (size_t)argc,
        .since_us = l->query.since_us,
        .last = l->tail && !filtered ? (l->lines ? l->lines : 1) : 0,
    };
    struct journal_streams *s = journal_streams_open(&options, &status);
    if (s)
        status = run_streams(l, s);
    journal_streams_close(&s);
    return status;
}

static int command(struct listing *l, int argc, char **argv)
{
    int status = 0;
    if (parse_options(l, argc, argv, &status) != 0)
        return status;
    l->settings = tool_settings(l->config, &status);
    if (l->settings)
        status = run(l, argc - optind, argv + optind);
    free(l->ring);
    arena_free(&l->arena);
    settings_unref(&l->settings);
    return status;
}

int journal_cat(int argc, char **argv)
{
    struct listing l = {.query = JOURNAL_QUERY_ALL};
    return command(&l, argc, argv);
}

int journal_tail(int argc, char **argv)
{
    struct listing l = {.query = JOURNAL_QUERY_ALL, .tail = true, .lines = TAIL_LINES};
    return command(&l, argc, argv);
}
