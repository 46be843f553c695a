/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch learn: somebody says what a message was. A label record goes to the journal; the learner takes
 * it from there.
 *
 * What the message showed when it came is taken from its decision, found by the id in X-Vouch or by
 * Message-ID; failing that from an earlier label of the same message; failing that from the message
 * itself, judged anew. So a second label always speaks of the same names as the first, and can take
 * it back. */
#include "config.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "feed.h"
#include "input.h"
#include "journal_reader.h"
#include "learn_lesson.h"
#include "record_avro.h"
#include "tool.h"
#include "tool_journal.h"
#include "zonefile.h"

#define FOUND_BYTES (16u << 20) /* of one record decoded */
#define SEARCH_DAYS 180         /* how far back a decision is looked for; marks live no longer */
#define DAY_US      (INT64_C(86400) * 1000000)
#define HOLD_MS     1000 /* at a time: others wait for the journal, */
#define REST_MS     100  /* and look in this time whether it is free */

static const char usage[] =
    "Usage: vouch learn good|bad|none [OPTION]... [FILE... | -]\n"
    "Tells vouch what a message was: good, bad, or that an earlier label is taken back (none). "
    "FILE\n"
    "is a message, an mbox or a Maildir; '-' or nothing is standard input. The same message "
    "counts\n"
    "once, and what was said of it last holds.\n\n"
    "  --source SOURCE   who says so: person, release, trap or filter; their weights stand in\n"
    "                    vouch.conf [person]\n"
    "  --note TEXT       kept with the label: a name, a ticket\n"
    "  --dry-run         find the decisions and say what would be learnt, but write nothing\n"
    "  --journal DIR     the journal's directory [as the settings say]\n"
    "  --config FILE     settings [" SYSCONFDIR "/vouch/vouch.conf]\n"
    "  --dns ADDR[@PORT] DNS server for messages whose decision is not found\n"
    "  --zone FILE       the same: answer from this zone file alone\n"
    "  --quiet           print nothing but errors\n"
    "  --help            this text\n\n"
    "Exit status: 0 every message was taken; 64 usage, 65 bad input, 66 no input, 73 or 74 the\n"
    "journal cannot be written, 78 configuration.\n";

struct learn {
    enum label_verdict verdict;
    enum label_source source;
    const char *note, *config, *dir, *dns, *zone;
    bool dry_run, quiet;
    char sensor[256];
    struct settings *settings;
    struct tool_journal journal;    /* open while messages are at hand, but never in a dry run */
    struct assess_context *context; /* NULL: not needed so far */
    uint64_t taken;
};

/* What the header says of itself. */
struct told {
    char id[RECORD_ID_TEXT]; /* of X-Vouch; "" if none */
    const char *message_id;  /* NULL if none */
};

static void read_told(struct arena *arena, struct span text, struct told *t)
{
    struct field f;
    *t = (struct told){0};
    while (rfc5322_next_field(&text, &f) == 1) {
        if (!t->id[0] && span_ieq_cstr(f.name, "X-Vouch")) {
            struct span value = span_trim(f.value);
            if (span_istarts(value, "id=") && value.len >= 3 + sizeof t->id - 1)
                memcpy(t->id, value.p + 3, sizeof t->id - 1);
        } else if (!t->message_id && span_ieq_cstr(f.name, "Message-ID")) {
            struct span value = span_trim(f.value);
            if (value.len > 2 && value.p[0] == '<' && value.p[value.len - 1] == '>')
                t->message_id = arena_span(arena, span_slice(value, 1, value.len - 1));
        }
    }
}

struct wanted {
    enum record_kind kind;
    const char *message_id; /* NULL: any */
};

/* journal_find's will_do */
static bool is_wanted(void *arg, struct span datum)
{
    const struct wanted *w = arg;
    const struct record *r;
    struct arena *arena = arena_new(FOUND_BYTES);
    bool yes = arena && record_decode(arena, datum, &r) == 0 && r->kind == w->kind && r->message &&
               (r->kind != RECORD_DECISION || record_is_judgement(r));
    if (yes && w->message_id && r->message->message_id)
        yes = strcmp(r->message->message_id, w->message_id) == 0;
    arena_free(&arena);
    return yes;
}

/* 1: *found_r; 0: there is none; -1: an error was printed, *status_r is the exit status. */
static int search(const struct learn *l, const struct told *t, bool by_id, enum record_kind kind,
                  struct arena *arena, const struct record **found_r, int *status_r)
{
    struct wanted w = {kind, t->message_id};
    struct span id = by_id ? span_of(t->id) : SPAN_NONE, datum;
    struct span message_id = by_id ? SPAN_NONE : span_of(t->message_id);
    char error[512];
    int rc = journal_find(l->dir, id, message_id, clock_wall_us() - SEARCH_DAYS * DAY_US, is_wanted,
                          &w, arena, &datum, error, sizeof error);
    if (rc == 1)
        rc = record_decode(arena, datum, found_r) == 0 ? 1 : VOUCH_E_NOMEM;
    if (rc >= 0)
        return rc;
    *status_r = rc == VOUCH_E_NOMEM ? tool_error(EX_OSERR, "out of memory")
                                    : tool_error(EX_IOERR, "%s", error);
    return -1;
}

/* As search: the decision by id, by Message-ID, or an earlier label. */
static int find_known(const struct learn *l, const struct told *t, struct arena *arena,
                      const struct record **found_r, int *status_r)
{
    int rc = 0;
    if (access(l->dir, F_OK) != 0 && errno == ENOENT)
        return 0; /* the first label of all */
    if (t->id[0])
        rc = search(l, t, true, RECORD_DECISION, arena, found_r, status_r);
    if (rc == 0 && t->message_id)
        rc = search(l, t, false, RECORD_DECISION, arena, found_r, status_r);
    if (rc == 0 && t->message_id)
        rc = search(l, t, false, RECORD_LABEL, arena, found_r, status_r);
    return rc;
}

static int open_context(struct learn *l)
{
    char error[512];
    int status = EX_SOFTWARE;
    struct assess_options o = {.dns_server = l->dns,
                               .zone_file = l->zone,
                               .zone_ops = &zonefile_ops,
                               .store = "none",
                               .read_only = true,
                               .sensor = l->sensor};
    if (!l->context)
        l->context = assess_context_new(l->settings, &o, error, sizeof error, &status);
    return l->context ? 0 : tool_error(status, "%s", error);
}

static int tell(struct learn *l, const char *name, const char *how)
{
    l->taken++;
    if (!l->quiet) {
        tool_print_safe(stdout, name);
        printf(": %s%s (%s)\n", l->dry_run ? "would be " : "", label_verdict_name(l->verdict), how);
    }
    return 0;
}

static int take(struct learn *l, const char *name, struct record *r, const char *how)
{
    struct label label = {l->verdict, l->source, l->note};
    r->kind = RECORD_LABEL;
    r->labels = &label;
    r->label_count = 1;
    r->trust = NULL;
    r->decision = NULL;
    int rc = l->dry_run ? 0 : tool_journal_append(&l->journal, r);
    return rc ? rc : tell(l, name, how);
}

/* A label about a message whose decision, or an earlier label, was found. */
static int take_known(struct learn *l, const char *name, const struct record *known)
{
    bool decision = known->kind == RECORD_DECISION;
    struct record r = tool_journal_label(known);
    int64_t days = (clock_wall_us() - r.subject_time_us) / DAY_US;
    char how[160];
    if (decision && days >= LESSON_LABEL_DAYS)
        snprintf(how, sizeof how, "decision %s, %lld days old: too late to teach anything",
                 r.subject, (long long)days);
    else
        snprintf(how, sizeof how, decision ? "decision %s" : "labelled before: %s", r.subject);
    if (!decision && known->label_count && known->labels[0].verdict == l->verdict &&
        known->labels[0].source == l->source)
        return tell(l, name, "as before");
    return take(l, name, &r, how);
}

/* A label about a message that is not in the journal: judged now, as of when it was received. */
static int take_unknown(struct learn *l, const char *name, struct span text)
{
    static const struct feed_envelope nothing = {.ip = {.family = IP_NONE}};
    const struct record *judged;
    time_t received = feed_received(text);
    int64_t now_us = clock_wall_us();
    int64_t at_us = received < 0 ? now_us : (int64_t)received * 1000000;
    if (at_us > now_us) /* its field may be anybody's */
        at_us = now_us;
    int rc = open_context(l);
    if (rc != 0)
        return rc;
    struct assess *a = assess_new(l->context, l->settings, at_us);
    if (a && feed_message(a, &nothing, text) == 0 && assess_finish(a, NULL, &judged) == 0) {
        const struct message *m = judged->message;
        struct record r = {.direction = judged->direction,
                           .message = m,
                           .evidence = judged->evidence,
                           .subject = record_subject(m->arena, m),
                           .subject_time_us = at_us,
                           .subject_unseen = true};
        rc = r.subject ? take(l, name, &r, "no decision known: judged by what the message shows")
                       : tool_error(EX_OSERR, "%s: out of memory", name);
    } else {
        rc = tool_error(EX_OSERR, "%s: out of memory", name);
    }
    assess_free(&a);
    return rc;
}

/* Many messages do not keep out who else writes. */
static void let_others_write(struct learn *l)
{
    if (l->journal.journal && clock_ms() - l->journal.since_ms >= HOLD_MS) {
        tool_journal_close(&l->journal);
        poll(NULL, 0, REST_MS);
    }
}

static int learn_message(void *arg, const char *name, struct span text)
{
    struct learn *l = arg;
    struct arena *arena = arena_new(FOUND_BYTES);
    const struct record *known = NULL;
    struct told told;
    int status = input_check(name, text);
    if (status == 0 && !arena)
        status = tool_error(EX_OSERR, "out of memory");
    if (status == 0 && !l->dry_run && !l->journal.journal)
        tool_journal_open(l->settings, l->dir, &l->journal, &status);
    if (status == 0) {
        read_told(arena, text, &told);
        int rc = find_known(l, &told, arena, &known, &status);
        if (rc >= 0)
            status = rc == 1 ? take_known(l, name, known) : take_unknown(l, name, text);
    }
    let_others_write(l);
    arena_free(&arena);
    return status;
}

static int set_source(struct learn *l, const char *name)
{
    int source = label_source_parse(name);
    if (source != LABEL_PERSON && source != LABEL_RELEASE && source != LABEL_TRAP &&
        source != LABEL_FILTER)
        return tool_usage_error("--source '%s': expected person, release, trap or filter", name);
    l->source = (enum label_source)source;
    return 0;
}

static int set_option(struct learn *l, int option, const char *argument)
{
    switch (option) {
    case 's':
        return set_source(l, optarg);
    case 'n':
        l->note = optarg;
        return 0;
    case 'y':
        l->dry_run = true;
        return 0;
    case 'd':
        l->dir = optarg;
        return 0;
    case 'c':
        l->config = optarg;
        return 0;
    case 'D':
        l->dns = optarg;
        return 0;
    case 'z':
        l->zone = optarg;
        return 0;
    case 'q':
        l->quiet = true;
        return 0;
    default:
        return tool_option_error(option, argument);
    }
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct learn *l, int argc, char **argv, int *status_r)
{
    static const struct option options[] = {
        {"source", required_argument, NULL, 's'}, {"note", required_argument, NULL, 'n'},
        {"dry-run", no_argument, NULL, 'y'},      {"journal", required_argument, NULL, 'd'},
        {"config", required_argument, NULL, 'c'}, {"dns", required_argument, NULL, 'D'},
        {"zone", required_argument, NULL, 'z'},   {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    optind = 1;
    for (int o; (o = getopt_long(argc, argv, ":hq", options, NULL)) != -1;) {
        if (o == 'h') {
            fputs(usage, stdout);
            *status_r = 0;
            return -1;
        }
        if ((*status_r = set_option(l, o, argv[optind - 1])) != 0)
            return -1;
    }
    if (l->zone && l->dns) {
        *status_r = tool_usage_error("--zone and --dns exclude each other: choose one");
        return -1;
    }
    return 0;
}

static int learn_files(struct learn *l, char **files, int count)
{
    int rc = 0;
    if (count == 0)
        return input_read("-", learn_message, l);
    for (int i = 0; i < count && rc == 0; i++)
        rc = input_read(files[i], learn_message, l);
    return rc;
}

static int run(struct learn *l, char **files, int count)
{
    int status = 0;
    if (!l->dir)
        l->dir = l->settings->journal_dir;
    if (!*l->dir)
        return tool_error(EX_CONFIG, "no journal is kept, and labels are written there: set "
                                     "journal.directory, or name one with --journal DIR");
    gethostname(l->sensor, sizeof l->sensor - 1);
    if (!l->dry_run && (status = tool_leave_root(l->dir)) != 0)
        return status;
    status = learn_files(l, files, count);
    tool_journal_close(&l->journal);
    return status;
}

int tool_learn(int argc, char **argv)
{
    struct learn l = {.source = LABEL_PERSON};
    int status = 0;
    int verdict = argc > 1 ? label_verdict_parse(argv[1]) : -2;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (verdict == -2)
        return tool_usage_error("say 'learn good', 'learn bad' or 'learn none'");
    l.verdict = (enum label_verdict)verdict;
    if (parse_options(&l, argc - 1, argv + 1, &status) != 0)
        return status;
    int first = optind + 1;
    l.settings = tool_settings(l.config, &status);
    if (l.settings)
        status = run(&l, argv + first, argc - first);
    assess_context_free(&l.context);
    settings_unref(&l.settings);
    if (fflush(stdout) != 0 && status == 0)
        status = tool_error(EX_IOERR, "standard output: %s", strerror(errno));
    return status;
}
