/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch stats: the journals, the model, and how far it is behind them. */
#include "config.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "journal_reader.h"
#include "learn.h"
#include "tool.h"

static const char usage[] =
    "Usage: vouch stats [OPTION]...\n"
    "Shows the model, each journal, and how many of its records the model has not learnt.\n\n"
    "  --config FILE   settings to find the store and the journals in\n"
    "  --journal DIR   the journals\n"
    "  --json          one JSON object\n"
    "  --store URL     the store\n"
    "  --help          this text\n\n"
    "Exit status: 0 done; 64 usage, 69 the store cannot be reached (the rest is shown), 74 the\n"
    "journals cannot be read, 78 configuration.\n";

/* One journal. */
struct journal_stats {
    char *writer;
    struct journal_writer_info info; /* but for path and writer */
    uint64_t records;
    bool known; /* how far the model is */
    struct learn_lag lag;
};

struct stats {
    const char *config, *url, *dir;
    bool json;
    struct settings *settings;
    struct store *store; /* NULL: it cannot be opened */
    int64_t now_us;
    struct journal_stats *list;
    size_t count;
    bool answered; /* by the store, each time */
    uint64_t keys; /* of the active version */
    char version[STORE_VERSION_MAX + 1];
    char state[300];
};

static int set_option(void *arg, int option, const char *value)
{
    struct stats *s = arg;
    if (option == 'c')
        s->config = value;
    else if (option == 'J')
        s->dir = value;
    else if (option == 's')
        s->url = value;
    else
        s->json = true;
    return 0;
}

/* 0: go on; otherwise *status_r is the exit status. */
static int parse_options(struct stats *s, int argc, char **argv, int *status_r)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"journal", required_argument, NULL, 'J'},
        {"json", no_argument, NULL, 'j'},         {"store", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    if (tool_options(argc, argv, options, usage, set_option, s, status_r) != 0)
        return -1;
    return tool_no_arguments(argc, argv, status_r);
}

/* journal_writers' each */
static int add_journal(void *arg, const struct journal_writer_info *info)
{
    struct stats *s = arg;
    struct journal_stats *list = realloc(s->list, (s->count + 1) * sizeof *list);
    if (!list)
        return VOUCH_E_NOMEM;
    s->list = list;
    struct journal_stats j = {.writer = strdup(info->writer),
                              .info = *info,
                              .records = journal_count_after(info->path, 0)};
    if (!j.writer)
        return VOUCH_E_NOMEM;
    j.info.path = j.info.writer = NULL;
    j.known = s->answered && learn_lag(s->store, info->path, info->writer, s->now_us, &j.lag) == 0;
    s->answered &= j.known;
    s->list[s->count++] = j;
    return 0;
}

/* store_versions' each */
static int look_at_version(void *arg, const struct store_version_info *info)
{
    struct stats *s = arg;
    if (!info->active)
        return 0;
    snprintf(s->version, sizeof s->version, "%s", info->name);
    s->keys = info->keys;
    return 0;
}

static void print_journal(const struct journal_stats *j)
{
    char time[32] = "never";
    if (j->info.last_time_us)
        record_time(j->info.last_time_us, time);
    fputs("journal ", stdout);
    tool_print_safe(stdout, j->writer);
    printf(": %" PRIu64 " records in %" PRIu64 " segments, %" PRIu64 " bytes, the last %s; ",
           j->records, j->info.segments, j->info.bytes, time);
    if (!j->known)
        puts("how much of it is learnt is not known");
    else if (j->lag.records == 0)
        puts("all learnt");
    else
        printf("%" PRIu64 " not learnt, the oldest for %" PRId64 " s\n", j->lag.records,
               j->lag.seconds);
}

static void print(const struct stats *s)
{
    if (s->answered)
        printf("model %s: %" PRIu64 " keys (%s)\n", s->version, s->keys, s->state);
    else
        printf("model: not known (%s)\n", s->state);
    for (size_t i = 0; i < s->count; i++)
        print_journal(&s->list[i]);
}

static json_t *number(bool known, uint64_t n)
{
    return known ? json_integer((json_int_t)n) : json_null();
}

static json_t *json_journal(const struct journal_stats *j)
{
    char time[32];
    bool any = j->info.last_time_us != 0;
    if (any)
        record_time(j->info.last_time_us, time);
    return json_pack("{s:s, s:I, s:o, s:I, s:I, s:o, s:o}", "writer", j->writer, "records",
                     (json_int_t)j->records, "last_time", any ? json_string(time) : json_null(),
                     "segments", (json_int_t)j->info.segments, "bytes", (json_int_t)j->info.bytes,
                     "lag_records", number(j->known, j->lag.records), "lag_seconds",
                     number(j->known, (uint64_t)j->lag.seconds));
}

static int print_json(const struct stats *s)
{
    json_t *journals = json_array();
    for (size_t i = 0; i < s->count; i++)
        json_array_append_new(journals, json_journal(&s->list[i]));
    json_t *o = json_pack("{s:{s:o, s:o, s:s}, s:o}", "model", "version",
                          s->answered ? json_string(s->version) : json_null(), "keys",
                          number(s->answered, s->keys), "state", s->state, "journals", journals);
    int rc = o ? json_dumpf(o, stdout, JSON_COMPACT) : -1;
    json_decref(o);
    putchar('\n');
    return rc == 0 ? 0 : tool_error(EX_OSERR, "out of memory");
}

static int stats(struct stats *s)
{
    char error[512] = "out of memory";
    const char *dir = s->dir ? s->dir : s->settings->journal_dir;
    int status = 0;
    s->now_us = clock_wall_us();
    s->answered = s->store && store_versions(s->store, look_at_version, s) == 0;
    int rc = *dir ? journal_writers(dir, add_journal, s, error, sizeof error) : 0;
    if (s->store)
        store_state(s->store, s->state, sizeof s->state);
    if (rc != 0)
        status = tool_error(rc == VOUCH_E_IO ? EX_IOERR : EX_OSERR, "%s", error);
    if (s->json && status == 0)
        status = print_json(s);
    else if (status == 0)
        print(s);
    if (status == 0 && s->store && !s->answered)
        status = tool_error(EX_UNAVAILABLE, "the model cannot be asked (%s)", s->state);
    return status;
}

int tool_stats(int argc, char **argv)
{
    struct stats s = {0};
    int status = 0;
    if (parse_options(&s, argc, argv, &status) != 0)
        return status;
    s.settings = tool_settings(s.config, &status);
    if (!s.settings)
        return status;
    snprintf(s.state, sizeof s.state, "it cannot be opened");
    s.store = tool_store(s.settings, s.url, true, &status);
    if (s.store || status == EX_UNAVAILABLE) { /* the journals are there all the same */
        int rc = stats(&s);
        status = rc ? rc : status;
    }
    store_close(&s.store);
    for (size_t i = 0; i < s.count; i++)
        free(s.list[i].writer);
    free(s.list);
    settings_unref(&s.settings);
    return status;
}
