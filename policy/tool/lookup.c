/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch lookup: what the model knows of what a person names. An ID may mean several identities
 * (a domain can be an author's, a signer's, a relay's name): all are asked about, and all are
 * shown. */
#include "config.h"
#include <jansson.h>
#include <libpsl.h>
#include <string.h>
#include "arena.h"
#include "clock.h"
#include "identity.h"
#include "reputation.h"
#include "settings.h"
#include "store.h"
#include "tool.h"

#define LOOKUP_MS    5000              /* a person waits longer than mail does */
#define LOOKUP_BYTES ((size_t)8 << 20) /* for all identities of one run */

static const char usage[] =
    "Usage: vouch lookup [OPTION]... ID...\n"
    "Shows what the model knows of each ID: an address (198.51.100.7), a network\n"
    "(198.51.100.0/24, 2001:db8::/48), a domain, a mail address, or KIND:VALUE with a kind as it\n"
    "stands in the output (dkim:example.org).\n\n"
    "  --at TIME       counts as of TIME (2026-01-31T12:00:00Z, @SECONDS) instead of now\n"
    "  --config FILE   settings to find the store in\n"
    "  --json          one JSON object for each identity, a line each\n"
    "  --store URL     the store to ask\n"
    "  --help          this text\n\n"
    "Good, bad and seen are numbers of messages, decayed to the time asked for; log-odds are what\n"
    "they say of the identity: above 0 good, below 0 bad. Windows (window.client, window.author)\n"
    "say what a client or an author did in the last hour and the last 24 hours. Exit status: 0\n"
    "asked and answered (also when nothing is known), 64 usage, 69 the store cannot be asked, 78\n"
    "configuration.\n";

/* One ID and what it may mean. */
struct subject {
    const char *text;
    struct identity *list;
    size_t count;
};

struct lookup {
    const char *config, *url;
    bool json;
    int64_t now; /* seconds */
    struct settings *settings;
    struct psl_ctx_st *psl;
    struct arena *arena;
    struct store *store;
    struct subject *subjects;
    size_t subject_count;
    struct store_value *values; /* of all identities of all subjects, in order */
    size_t value_count;
};

static int set_option(void *arg, int option, const char *value)
{
    struct lookup *l = arg;
    int64_t at_us = 0;
    switch (option) {
    case 'a':
        if (tool_time_option("at", value, &at_us) != 0)
            return EX_USAGE;
        l->now = at_us / 1000000;
        return 0;
    case 'c':
        l->config = value;
        return 0;
    case 'j':
        l->json = true;
        return 0;
    default:
        l->url = value;
        return 0;
    }
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct lookup *l, int argc, char **argv, int *status_r)
{
    static const struct option options[] = {
        {"at", required_argument, NULL, 'a'}, {"config", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},     {"store", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},     {NULL, 0, NULL, 0},
    };
    l->now = clock_wall_us() / 1000000;
    if (tool_options(argc, argv, options, usage, set_option, l, status_r) != 0)
        return -1;
    if (optind < argc)
        return 0;
    *status_r = tool_usage_error("no ID is given");
    return -1;
}

/* What each ID means; all are understood before any is asked about. */
static int parse_ids(struct lookup *l, int count, char **ids)
{
    const struct pseudonym_keys *keys = l->settings->pseudonyms;
    const struct pseudonym_key *alias = keys ? &keys->list[0] : NULL;
    l->subject_count = (size_t)count;
    l->subjects = arena_array(l->arena, l->subject_count, sizeof *l->subjects);
    for (size_t i = 0; l->subjects && i < l->subject_count; i++) {
        struct subject *s = &l->subjects[i];
        s->text = ids[i];
        int rc = identity_parse(l->arena, l->psl, alias, ids[i], &s->list, &s->count);
        if (rc == VOUCH_E_SYNTAX)
            return tool_usage_error("'%s': not an address, a network (/24 or /48), a domain, a "
                                    "mail address or KIND:VALUE",
                                    ids[i]);
        if (rc != 0)
            return tool_error(EX_OSERR, "%s: %s", ids[i], vouch_strerror(rc));
        l->value_count += s->count;
    }
    return l->subjects ? 0 : tool_error(EX_OSERR, "out of memory");
}

static int ask(struct lookup *l)
{
    struct store_key *keys = arena_array(l->arena, l->value_count, sizeof *keys);
    size_t n = 0;
    l->values = arena_array(l->arena, l->value_count, sizeof *l->values);
    if (!keys || !l->values)
        return tool_error(EX_OSERR, "out of memory");
    for (size_t i = 0; i < l->subject_count; i++)
        for (size_t k = 0; k < l->subjects[i].count; k++)
            keys[n++] =
                (struct store_key){l->subjects[i].list[k].group, l->subjects[i].list[k].field};
    struct store_query *q = store_ask(l->store, keys, n);
    if (!q)
        return tool_error(EX_OSERR, "out of memory");
    if (store_wait(&q, clock_ms() + LOOKUP_MS, l->values) == LOOKUP_FOUND)
        return 0;
    char state[300];
    store_state(l->store, state, sizeof state);
    return tool_error(EX_UNAVAILABLE, "the model cannot be asked (%s)", state);
}

static double log_odds(const struct lookup *l, const struct counts *c)
{
    return reputation(c, l->settings->trust.prior, 0);
}

/* What the members of a window's sets are, for whom it is. */
struct window_words {
    const char *one[WINDOW_SETS], *many[WINDOW_SETS], *json[WINDOW_SETS]; /* NULL: no such set */
};

/* NULL: it is no window */
static const struct window_words *window_words(enum identity_kind kind)
{
    static const struct window_words client = {{"HELO name", "sender domain"},
                                               {"HELO names", "sender domains"},
                                               {"helo_names", "sender_domains"}};
    static const struct window_words author = {
        {"recipient", NULL}, {"recipients", NULL}, {"recipients", NULL}};
    return kind == ID_WINDOW_CLIENT ? &client : kind == ID_WINDOW_AUTHOR ? &author : NULL;
}

static const char *const span_names[WINDOW_SPANS] = {"last hour", "last 24 hours"};
static const char *const span_json[WINDOW_SPANS] = {"hour", "day"};

/* "last hour: 12 messages, 1 HELO name, 4 sender domains; last 24 hours: ...; last 2026-..." */
static void print_window(const struct lookup *l, const struct window_words *words,
                         const struct window_sum *window)
{
    char last[TOOL_TIME_TEXT];
    struct window_sum s = window_sum_at(window, l->now);
    for (int span = 0; span < WINDOW_SPANS; span++) {
        uint32_t n = s.messages[span];
        printf("%s %s: %u message%s", span ? ";" : ":", span_names[span], n, n == 1 ? "" : "s");
        for (int set = 0; set < WINDOW_SETS && words->one[set]; set++) {
            n = s.distinct[set][span];
            printf(", %u %s", n, n == 1 ? words->one[set] : words->many[set]);
        }
    }
    printf("; last %s\n", tool_time_text(s.last, last));
}

static void print_value(const struct lookup *l, const struct identity *id,
                        const struct store_value *v, const struct tool_style *st)
{
    char first[TOOL_TIME_TEXT], last[TOOL_TIME_TEXT];
    char good[TOOL_COUNT_TEXT], bad[TOOL_COUNT_TEXT], seen[TOOL_COUNT_TEXT];
    printf("  %-24s ", identity_kind_name(id->kind));
    tool_print_safe(stdout, id->subject);
    if (v->outcome != LOOKUP_FOUND) {
        printf(": %sunknown%s\n", st->dim, st->reset);
        return;
    }
    if (window_words(id->kind)) {
        print_window(l, window_words(id->kind), &v->window);
        return;
    }
    struct counts c = counts_at(&v->counts, l->now, l->settings->trust.half_life);
    double odds = log_odds(l, &c);
    printf(": good %s, bad %s, seen %s, log-odds %s%+.2f%s; first %.10s, last %.10s\n",
           tool_count_text(c.good, good), tool_count_text(c.bad, bad),
           tool_count_text(c.seen, seen),
           odds > 0   ? st->green
           : odds < 0 ? st->red
                      : "",
           odds, st->reset, tool_time_text(v->counts.first, first),
           tool_time_text(v->counts.last, last));
}

/* What is not known is null. */
static json_t *json_counts(const struct lookup *l, const struct store_value *v)
{
    char first[TOOL_TIME_TEXT], last[TOOL_TIME_TEXT];
    if (v->outcome != LOOKUP_FOUND)
        return json_pack("{s:n, s:n, s:n, s:n, s:n, s:n}", "good", "bad", "seen", "log_odds",
                         "first", "last");
    struct counts c = counts_at(&v->counts, l->now, l->settings->trust.half_life);
    return json_pack("{s:f, s:f, s:f, s:f, s:s, s:s}", "good", c.good, "bad", c.bad, "seen", c.seen,
                     "log_odds", log_odds(l, &c), "first", tool_time_text(v->counts.first, first),
                     "last", tool_time_text(v->counts.last, last));
}

static json_t *json_span(const struct window_words *words, const struct window_sum *s, int span)
{
    json_t *o = json_pack("{s:I}", "messages", (json_int_t)s->messages[span]);
    for (int set = 0; set < WINDOW_SETS && words->json[set]; set++)
        json_object_set_new(o, words->json[set], json_integer(s->distinct[set][span]));
    return o;
}

static json_t *json_window(const struct lookup *l, const struct window_words *words,
                           const struct store_value *v)
{
    char last[TOOL_TIME_TEXT];
    if (v->outcome != LOOKUP_FOUND)
        return json_pack("{s:n, s:n, s:n}", span_json[WINDOW_HOUR], span_json[WINDOW_DAY], "last");
    struct window_sum s = window_sum_at(&v->window, l->now);
    return json_pack("{s:o, s:o, s:s}", span_json[WINDOW_HOUR], json_span(words, &s, WINDOW_HOUR),
                     span_json[WINDOW_DAY], json_span(words, &s, WINDOW_DAY), "last",
                     tool_time_text(s.last, last));
}

static int print_json(const struct lookup *l, const struct subject *s, const struct identity *id,
                      const struct store_value *v)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "id", s->text, "kind",
                          identity_kind_name(id->kind), "subject", id->subject, "group", id->group,
                          "field", id->field, "known", v->outcome == LOOKUP_FOUND);
    const struct window_words *words = window_words(id->kind);
    json_t *known = words ? json_window(l, words, v) : json_counts(l, v);
    int rc = o && known ? json_object_update(o, known) : -1;
    if (rc == 0)
        rc = json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10));
    json_decref(known);
    json_decref(o);
    putchar('\n');
    return rc;
}

static int print_all(const struct lookup *l)
{
    const struct tool_style *st = tool_style_for(stdout);
    const struct store_value *v = l->values;
    int failed = 0;
    for (size_t i = 0; i < l->subject_count; i++) {
        const struct subject *s = &l->subjects[i];
        if (!l->json) {
            fputs(st->bold, stdout);
            tool_print_safe(stdout, s->text);
            puts(st->reset);
        }
        for (size_t k = 0; k < s->count; k++, v++) {
            if (l->json)
                failed |= print_json(l, s, &s->list[k], v);
            else
                print_value(l, &s->list[k], v, st);
        }
    }
    if (fflush(stdout) != 0 || ferror(stdout) || failed)
        return tool_error(EX_IOERR, "standard output could not be written");
    return 0;
}

int tool_lookup(int argc, char **argv)
{
    struct lookup l = {0};
    int status = 0;
    if (parse_options(&l, argc, argv, &status) != 0)
        return status;
    int first_id = optind;
    l.settings = tool_settings(l.config, &status);
    if (!l.settings)
        return status;
    l.psl = tool_psl(l.settings);
    l.arena = arena_new(LOOKUP_BYTES);
    if (!l.arena)
        status = tool_error(EX_OSERR, "out of memory");
    if (status == 0)
        status = parse_ids(&l, argc - first_id, argv + first_id);
    if (status == 0)
        l.store = tool_store(l.settings, l.url, true, &status);
    if (l.store)
        status = ask(&l);
    if (status == 0)
        status = print_all(&l);
    store_close(&l.store);
    arena_free(&l.arena);
    if (l.psl)
        psl_free(l.psl);
    settings_unref(&l.settings);
    return status;
}
