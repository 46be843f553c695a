/* SPDX-License-Identifier: BSD-2-Clause */
/* Journals for tests of whole programs, and a learner that follows one as the daemon's does.
 *
 *   journal_maker write DIR WRITER SEED COUNT   appends COUNT random records
 *   journal_maker judge DIR WRITER SEED COUNT   ... the same, judged otherwise by vouch: see records_judge
 *   journal_maker relabel DIR WRITER SEED COUNT ... the same, but that one label says the contrary
 *   journal_maker many DIR WRITER COUNT N       ... letters of N authors and N hosts, for measuring
 *   journal_maker labelled DIR WRITER COUNT N   ... COUNT letters, each with its label a minute later; those
 *                                               behind the first N have the contrary one
 *   journal_maker learn DIR STORE BATCH         learns every journal in the tree to its end
 */
#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "learn.h"
#include "learn_records.h"
#include "record_append.h"

static void fail_with(const char *what)
{
    fprintf(stderr, "journal_maker: %s\n", what);
    exit(1);
}

static uint64_t number(const char *text)
{
    uint64_t n;
    if (span_uint(span_of(text), INT32_MAX, &n) != 0)
        fail_with(text);
    return n;
}

static void report(void *arg, bool trouble, const char *text)
{
    (void)arg;
    if (trouble)
        fail_with(text);
}

static struct journal *open_journal(const char *dir, const char *writer)
{
    char error[600];
    struct journal_options o = {.dir = dir,
                                .writer = writer,
                                .sync = JOURNAL_INTERVAL,
                                .interval_ms = 1000,
                                .segment_bytes = 1 << 20,
                                .segment_age_s = 86400,
                                .memory_bytes = 1 << 20,
                                .lock_wait_ms = 10000,
                                .must = true,
                                .report = report};
    struct journal *j = journal_open(&o, error, sizeof error);
    if (!j)
        fail_with(error);
    return j;
}

static void append(struct journal *j, const struct record *r)
{
    if (record_append(j, r, NULL) != 0)
        fail_with("a record cannot be written");
}

static void judge(struct records *records)
{
    uint64_t random = 99;
    for (size_t i = 0; i < records->count; i++)
        records_judge(records->arena, records->list[i], &random);
}

/* The last label that a person gave. */
static void relabel(struct records *records)
{
    size_t i = records->count;
    while (i > 0 && (records->list[i - 1]->kind != RECORD_LABEL ||
                     records->list[i - 1]->labels->source != LABEL_PERSON ||
                     records->list[i - 1]->labels->verdict == LABEL_NONE))
        i--;
    if (i == 0)
        fail_with("no label");
    struct label *label = (struct label *)(uintptr_t)records->list[i - 1]->labels;
    label->verdict = label->verdict == LABEL_GOOD ? LABEL_BAD : LABEL_GOOD;
}

static void write_random(struct journal *j, uint64_t seed, uint64_t count,
                         void (*change)(struct records *records))
{
    struct records records;
    struct arena *arena = arena_new((size_t)1 << 30);
    records_make(&records, arena, seed, count);
    if (change)
        change(&records);
    for (size_t i = 0; i < records.count; i++)
        append(j, records.list[i]);
    arena_free(&arena);
}

static void write_many(struct journal *j, uint64_t count, uint64_t subjects)
{
    uint64_t random = 1;
    struct arena *arena = arena_new(1 << 20);
    for (uint64_t i = 0; i < count; i++) {
        char local[32], domain[64], id[60];
        uint64_t n = records_random(&random) % subjects;
        struct record *r = records_letter(arena, (int64_t)i);
        uint8_t ip[] = {11, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
        snprintf(local, sizeof local, "user%u", (unsigned)(n % 97));
        snprintf(domain, sizeof domain, "d%u.example", (unsigned)(n / 3));
        records_author(arena, r, local, domain);
        records_message(r)->env.ip = ipaddr_make(IP_V4, ip);
        snprintf(id, sizeof id, "00000000-0000-7000-8000-%012llx", (unsigned long long)i);
        memcpy(r->id, id, RECORD_ID_TEXT - 1);
        append(j, r);
        arena_reset(arena);
    }
    arena_free(&arena);
}

/* Good mail comes from 60 authors, mostly proven; bad mail from wherever, and more often fails a check. */
static struct record *make_letter(struct arena *arena, uint64_t *random, uint64_t i, bool good)
{
    char domain[64], id[60];
    uint64_t source = records_random(random) % (good ? 60 : 5000), chance = records_random(random);
    struct record *r = records_letter(arena, (int64_t)i * 300);
    struct evidence *ev = records_evidence(r);
    uint8_t ip[] = {11, good ? 1 : 2, (uint8_t)(source >> 4), (uint8_t)source};
    snprintf(domain, sizeof domain, "%s%u.example", good ? "good" : "bad", (unsigned)source);
    records_author(arena, r, "user", arena_strdup(arena, domain));
    records_message(r)->env.ip = ipaddr_make(IP_V4, ip);
    if (chance % 100 < (good ? 5 : 60))
        ev->iprev.result = AUTH_FAIL;
    if (chance / 128 % 100 < (good ? 10 : 70))
        ev->spf.result = AUTH_FAIL;
    if (chance / 65536 % 100 < (good ? 10 : 80))
        ev->dkim_count = 0;
    if (ev->spf.result != AUTH_PASS && ev->dkim_count == 0)
        ev->dmarc.result = AUTH_FAIL;
    snprintf(id, sizeof id, "00000000-0000-7000-8000-%012llx", (unsigned long long)i);
    memcpy(r->id, id, RECORD_ID_TEXT - 1);
    return r;
}

static void write_labelled(struct journal *j, uint64_t count, uint64_t right)
{
    uint64_t random = 7;
    struct arena *arena = arena_new(1 << 20);
    for (uint64_t i = 0; i < count; i++) {
        bool good = records_random(&random) % 5 < 3;
        struct record *r = make_letter(arena, &random, i, good);
        append(j, r);
        append(j, records_label(arena, r, LABEL_PERSON,
                                good == (i < right) ? LABEL_GOOD : LABEL_BAD, 60));
        arena_reset(arena);
    }
    arena_free(&arena);
}

struct follower {
    struct learn_options options;
    uint64_t learnt;
};

static int learn_one(void *arg, const struct journal_writer_info *info)
{
    struct follower *f = arg;
    int rc = 0;
    struct learner *l = learner_new(&f->options, info->path, info->writer);
    while (l && (rc = learner_step(l)) > 0)
        f->learnt += (uint64_t)rc;
    if (!l || rc != 0)
        fail_with(l ? learner_error(l) : "out of memory");
    learner_free(&l);
    return 0;
}

static void learn(const char *dir, const char *url, size_t batch)
{
    char error[600];
    struct settings *s = settings_default();
    struct store_options o = {.half_life = s->trust.half_life, .connect_timeout_ms = 2000};
    struct follower f = {.options = {.settings = s, .batch = batch}};
    f.options.store = store_open(url, &o, error, sizeof error);
    if (!f.options.store || journal_writers(dir, learn_one, &f, error, sizeof error) != 0)
        fail_with(error);
    printf("%llu\n", (unsigned long long)f.learnt);
    store_close(&f.options.store);
    settings_unref(&s);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "learn") == 0) {
        learn(argv[2], argv[3], number(argv[4]));
        return 0;
    }
    if (argc != 6)
        fail_with("write|judge|relabel DIR WRITER SEED COUNT, many|labelled DIR WRITER COUNT "
                  "N, learn DIR STORE BATCH");
    struct journal *j = open_journal(argv[2], argv[3]);
    if (strcmp(argv[1], "write") == 0)
        write_random(j, number(argv[4]), number(argv[5]), NULL);
    else if (strcmp(argv[1], "judge") == 0)
        write_random(j, number(argv[4]), number(argv[5]), judge);
    else if (strcmp(argv[1], "relabel") == 0)
        write_random(j, number(argv[4]), number(argv[5]), relabel);
    else if (strcmp(argv[1], "labelled") == 0)
        write_labelled(j, number(argv[4]), number(argv[5]));
    else
        write_many(j, number(argv[4]), number(argv[5]));
    if (journal_flush(j) != 0)
        fail_with("the journal cannot be written");
    journal_close(&j);
    return 0;
}
