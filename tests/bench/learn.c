/* SPDX-License-Identifier: BSD-2-Clause */
/* What learning costs: writes a journal of made-up mail and learns it into each store named.
 *
 *   learn [-n RECORDS] [-b BATCH] [-l PERCENT] [-d DIR] STORE...
 *
 * STORE is lmdb: (in DIR), memory:, or a URL. Senders follow Zipf's law: a few write much, most of
 * 50,000 domains once in a while. PERCENT of the records are labels. CPU is this process's own: beside
 * Redis there is the server's. The Organizational Domains are those of the public suffix list. */
#include "config.h"
#include <inttypes.h>
#include <libpsl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "journal.h"
#include "learn.h"
#include "learn_records.h"
#include "record_avro.h"

#define DOMAINS 50000

struct bench {
    size_t records, batch;
    unsigned labels; /* percent */
    const char *dir;
    char tree[300], path[320], writer[300];
    struct settings *settings;
    struct psl_ctx_st *psl;
    uint64_t random;
};

static double cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double peak_mib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss / 1024;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "learn: %s\n", what);
    exit(1);
}

/* 0 to n - 1, each so often as 1 / (k + 1) */
static unsigned zipf(struct bench *b, unsigned n)
{
    double u = (double)(records_random(&b->random) >> 11) * 0x1p-53;
    unsigned k = (unsigned)pow(n, u) - 1;
    return k < n ? k : n - 1;
}

static struct record *mail(struct bench *b, struct arena *a, size_t i)
{
    struct record *r = records_letter(a, (int64_t)i);
    struct message *m = records_message(r);
    struct evidence *ev = records_evidence(r);
    unsigned d = zipf(b, DOMAINS), user = zipf(b, 200), host = zipf(b, 8);
    const char *org = arena_printf(a, "sender%u.example", d);
    const char *domain = d % 3 ? org : arena_printf(a, "news.%s", org);
    const char *name = arena_printf(a, "mx%u.%s", host, org);
    char ip[40];
    snprintf(ip, sizeof ip, "%u.%u.%u.%u", 100 + d % 100, d / 100 % 250, d / 25000, 1 + host);
    if (ipaddr_parse(span_of(ip), &m->env.ip) != 0)
        die(ip);
    m->env.name = m->env.helo = name;
    m->env.sender = arena_printf(a, "b%u@%s", user, org);
    m->sender_domain = org;
    m->env.rcpts[0] = arena_printf(a, "user%u@example.net", zipf(b, 2000));
    records_author(a, r, arena_printf(a, "user%u", user), domain);
    ev->dkim[0].domain = ev->spf.domain = org;
    ev->dmarc.domain = domain;
    ev->iprev.name = ev->spf_helo.domain = name;
    return r;
}

static void put(struct journal *j, struct sbuf *buf, const struct record *r)
{
    sbuf_reset(buf);
    if (record_encode(buf, r) != 0 ||
        journal_append(j, sbuf_span(buf), span_of(r->id), SPAN_NONE, r->time_us, NULL) != 0)
        die("cannot append to the journal");
}

static void write_journal(struct bench *b)
{
    char error[512];
    struct sbuf buf;
    struct arena *a = arena_new(1 << 24);
    snprintf(b->tree, sizeof b->tree, "%s/journal", b->dir);
    snprintf(b->path, sizeof b->path, "%s/bench", b->tree);
    const struct journal_options o = {.dir = b->tree,
                                      .writer = "bench",
                                      .interval_ms = 1000,
                                      .segment_bytes = 64 << 20,
                                      .segment_age_s = 3600,
                                      .memory_bytes = 1 << 20,
                                      .must = true};
    struct journal *j = journal_open(&o, error, sizeof error);
    if (!j)
        die(error);
    sbuf_init(&buf, RECORD_BYTES_MAX);
    double began = cpu();
    for (size_t i = 0; i < b->records; i++) {
        arena_reset(a);
        struct record *r = mail(b, a, i);
        bool label = records_random(&b->random) % 100 < b->labels;
        put(j, &buf, label ? records_label(a, r, LABEL_PERSON, LABEL_BAD, 60) : r);
    }
    snprintf(b->writer, sizeof b->writer, "%s", journal_writer(j));
    journal_close(&j);
    printf("journal: %zu records, made, encoded and appended in %.1f us each\n", b->records,
           (cpu() - began) / (double)b->records * 1e6);
    sbuf_clear(&buf);
    arena_free(&a);
}

static void learn_into(struct bench *b, const char *url)
{
    char path[400], error[512];
    const struct store_options so = {.half_life = b->settings->trust.half_life};
    if (strcmp(url, "lmdb:") == 0) {
        snprintf(path, sizeof path, "%s/model", b->dir);
        if (mkdir(path, 0700) != 0)
            die("cannot make the model's directory");
        snprintf(path, sizeof path, "lmdb:%s/model", b->dir);
        url = path;
    }
    struct store *s = store_open(url, &so, error, sizeof error);
    if (!s)
        die(error);
    const struct learn_options o = {.store = s,
                                    .settings = b->settings,
                                    .psl = b->psl,
                                    .batch = b->batch ? b->batch : learn_batch_for(url)};
    struct learner *l = learner_new(&o, b->path, b->writer);
    double began = cpu();
    int64_t wall = clock_us();
    size_t steps = 0;
    for (int rc; l && (rc = learner_step(l)) != 0; steps++)
        if (rc < 0)
            die(learner_error(l));
    double used = cpu() - began, took = (double)(clock_us() - wall) / 1e6;
    printf("%-28s %9zu records  %6.1f us CPU each  %7.0f/s CPU  %7.0f/s wall  %6.0f a step  "
           "%.0f MiB\n",
           url, b->records, used / (double)b->records * 1e6, (double)b->records / used,
           (double)b->records / took, (double)b->records / (double)steps, peak_mib());
    learner_free(&l);
    store_close(&s);
}

int main(int argc, char **argv)
{
    char made[] = "/tmp/vouch-bench-XXXXXX";
    struct bench b = {.records = 100000, .random = 1, .labels = 5};
    for (int option; (option = getopt(argc, argv, "n:b:l:d:")) != -1;) {
        if (option == 'n')
            b.records = strtoull(optarg, NULL, 10);
        else if (option == 'b')
            b.batch = strtoull(optarg, NULL, 10);
        else if (option == 'l')
            b.labels = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'd')
            b.dir = optarg;
        else
            die("usage: learn [-n RECORDS] [-b BATCH] [-l PERCENT] [-d DIR] STORE...");
    }
    if (!b.dir && !(b.dir = mkdtemp(made)))
        die("cannot make a directory");
    b.settings = settings_default();
    b.psl = psl_load_file(PUBLIC_SUFFIX_LIST);
    if (!b.settings || !b.psl)
        die("no settings, or no public suffix list");
    write_journal(&b);
    for (int i = optind; i < argc; i++)
        learn_into(&b, argv[i]);
    printf("(in %s, to be removed by hand)\n", b.dir);
    settings_unref(&b.settings);
    psl_free(b.psl);
    return 0;
}
