/* SPDX-License-Identifier: BSD-2-Clause */
/* What the journal costs: an append (in the kernel, or on the disk when it returns), sealing, and
 * reading sealed and open segments.
 *
 *     tests/bench/journal DIR [RECORDS [BYTES [interval|always [THREADS]]]]
 *
 * DIR must not exist: it is made, and left for a look. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "journal.h"
#include "journal_reader.h"
#include "record_avro.h"

#define SAMPLES_MAX 1000000u

struct load {
    struct journal *j;
    uint64_t count;
    size_t bytes;
    unsigned seed;
    int32_t *took_ns;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* An erasure whose text is of that many letters, which do not repeat. */
static size_t make_datum(struct sbuf *out, size_t bytes, unsigned *seed)
{
    char text[4096];
    struct record r = {.kind = RECORD_ERASURE, .time_us = clock_wall_us(), .erased = text};
    const uint8_t random[10] = {(uint8_t)*seed};
    size_t n = bytes < sizeof text ? bytes : sizeof text - 1;
    for (size_t i = 0; i < n; i++)
        text[i] = i % 4 ? "etaoinsh"[rand_r(seed) % 8] : ' ';
    text[n] = '\0';
    record_id(r.id, r.time_us, random);
    sbuf_reset(out);
    return record_encode(out, &r) == 0 ? out->len : 0;
}

static void *append(void *arg)
{
    struct load *l = arg;
    struct sbuf datum;
    char id[40];
    sbuf_init(&datum, RECORD_BYTES_MAX);
    make_datum(&datum, l->bytes, &l->seed);
    for (uint64_t i = 0; i < l->count; i++) {
        int n = snprintf(id, sizeof id, "%08x-%" PRIu64, l->seed, i);
        int64_t begin = now_ns();
        if (journal_append(l->j, sbuf_span(&datum), span_make(id, (size_t)n), span_make(id, 8),
                           begin / 1000, NULL) != 0)
            exit(1);
        if (i < SAMPLES_MAX)
            l->took_ns[i] = (int32_t)(now_ns() - begin);
    }
    sbuf_clear(&datum);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void read_all(const char *path, const char *what)
{
    char error[300];
    struct journal_entry e;
    uint64_t n = 0, bytes = 0;
    struct journal_reader *r = journal_reader_open(path, 0, error, sizeof error);
    double cpu = cpu_s();
    int64_t begin = now_ns();
    while (r && journal_reader_next(r, &e) == 1) {
        n++;
        bytes += e.datum.len;
    }
    double s = (double)(now_ns() - begin) / 1e9;
    printf("read %s: %" PRIu64 " records, %.0f a second (%.0f a second of CPU), %.0f MB/s\n", what,
           n, (double)n / s, (double)n / (cpu_s() - cpu), (double)bytes / s / 1e6);
    journal_reader_close(&r);
}

static void print(void *arg, bool trouble, const char *text)
{
    (void)arg;
    fprintf(stderr, "%s%s\n", trouble ? "! " : "", text);
}

static struct journal *open_journal(const struct journal_options *o)
{
    char error[500];
    struct journal *j = journal_open(o, error, sizeof error);
    if (!j) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    return j;
}

int main(int argc, char **argv)
{
    uint64_t records = argc > 2 ? strtoull(argv[2], NULL, 10) : 200000;
    size_t bytes = argc > 3 ? strtoull(argv[3], NULL, 10) : 1500;
    bool always = argc > 4 && strcmp(argv[4], "always") == 0;
    unsigned threads = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 1;
    if (argc < 2 || threads == 0 || threads > 256) {
        fprintf(stderr, "usage: %s DIR [RECORDS [BYTES [interval|always [THREADS]]]]\n", argv[0]);
        return 64;
    }
    struct journal_options o = {.dir = argv[1],
                                .writer = "bench",
                                .sync = always ? JOURNAL_ALWAYS : JOURNAL_INTERVAL,
                                .interval_ms = 100,
                                .segment_bytes = UINT64_MAX,
                                .memory_bytes = 1 << 20,
                                .must = true,
                                .report = print};
    struct load loads[256];
    pthread_t ids[256];
    char path[4096];
    snprintf(path, sizeof path, "%s/bench", argv[1]);
    struct journal *j = open_journal(&o);
    double cpu = cpu_s();
    int64_t begin = now_ns();
    for (unsigned i = 0; i < threads; i++) {
        loads[i] =
            (struct load){j, records / threads, bytes, i + 1, calloc(SAMPLES_MAX, sizeof(int32_t))};
        if (!loads[i].took_ns || pthread_create(&ids[i], NULL, append, &loads[i]) != 0)
            return 1;
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    double s = (double)(now_ns() - begin) / 1e9;
    size_t n = loads[0].count < SAMPLES_MAX ? (size_t)loads[0].count : SAMPLES_MAX;
    qsort(loads[0].took_ns, n, sizeof(int32_t), by_value);
    printf("append (%s, %u threads): %.0f a second; p50 %.1f us, p99 %.1f us, p99.9 %.1f us; CPU "
           "%.1f us a record\n",
           always ? "always" : "interval", threads, (double)records / s,
           loads[0].took_ns[n / 2] / 1e3, loads[0].took_ns[n * 99 / 100] / 1e3,
           loads[0].took_ns[n * 999 / 1000] / 1e3, (cpu_s() - cpu) / (double)records * 1e6);
    journal_close(&j);
    read_all(path, "open");
    o.segment_bytes = 1;
    cpu = cpu_s();
    begin = now_ns();
    j = open_journal(&o);
    snprintf(path + strlen(path), sizeof path - strlen(path), "/%020d.open", 1);
    while (access(path, F_OK) == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    *strrchr(path, '/') = '\0';
    journal_close(&j);
    printf("recover and seal: %.2f s, CPU %.2f s\n", (double)(now_ns() - begin) / 1e9,
           cpu_s() - cpu);
    read_all(path, "sealed");
    for (unsigned i = 0; i < threads; i++)
        free(loads[i].took_ns);
    return 0;
}
