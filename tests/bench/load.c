/* SPDX-License-Identifier: BSD-2-Clause */
/* A load of mail for one milter, one message per connection:
 *
 *     load SOCKET ENVELOPES CONNECTIONS SECONDS [WORD]
 *                                                    as many as it takes, CONNECTIONS at a time; prints one line:
 *                                                    messages, failures, how many got a field with WORD (dkim=pass),
 *                                                    seconds, p50 and p99 in us
 *     load SOCKET ENVELOPES CONNECTIONS idle         holds connections after HELO, or in the middle of a body: prints
 *     load SOCKET ENVELOPES CONNECTIONS message      "held" and ends with its standard input
 *
 * A line of ENVELOPES is FILE IP NAME HELO SENDER RCPT..., FILE a message with CRLF. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include "mta.h"
#include "rfc5322.h"
#include "sbuf.h"

#define INPUT_MAX_BYTES (64u << 20)
#define MAX_CONNECTIONS 1000

struct load {
    const char *socket, *word;
    struct envelope *envelopes;
    size_t envelope_count;
    int64_t end_us;
};

struct worker {
    pthread_t thread;
    const struct load *load;
    size_t number;
    int64_t *took_us; /* of each message */
    size_t count, cap, failed, passed;
    const char *error;
};

static void die(int status, const char *what, const char *why)
{
    fprintf(stderr, "load: %s: %s\n", what, why);
    exit(status);
}

static void *need(void *memory)
{
    if (!memory)
        die(EX_OSERR, "memory", "there is no more");
    return memory;
}

static int64_t clock_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* What is to be sent. All of it lives until the end of the process. */

static struct span read_file(const char *path)
{
    struct sbuf text;
    char part[4096];
    size_t n;
    FILE *f = fopen(path, "rb");
    if (!f)
        die(EX_NOINPUT, path, strerror(errno));
    sbuf_init(&text, INPUT_MAX_BYTES);
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        sbuf_add(&text, part, n);
    if (ferror(f) || text.failed)
        die(EX_NOINPUT, path, "cannot be read");
    fclose(f);
    return sbuf_span(&text);
}

static char *copy(struct span s)
{
    return need(strndup(s.p, s.len));
}

/* a field's lines parted by LF, as Postfix sends them */
static char *without_cr(struct span value)
{
    char *text = copy(value), *to = text;
    for (const char *from = text; *from; from++)
        if (*from != '\r')
            *to++ = *from;
    *to = '\0';
    return text;
}

static struct mail read_mail(const char *path)
{
    struct mail mail = {0};
    struct span rest = read_file(path);
    struct field field;
    int rc;
    while ((rc = rfc5322_next_field(&rest, &field)) == 1) {
        mail.fields = need(realloc(mail.fields, (mail.field_count + 1) * sizeof *mail.fields));
        mail.fields[mail.field_count++] =
            (struct mail_field){copy(field.name), without_cr(field.value)};
    }
    if (rc != 0)
        die(EX_DATAERR, path, "a line of the header is no field");
    mail.body = rest;
    return mail;
}

static struct envelope read_envelope(struct span line)
{
    struct envelope e = {0};
    struct span word;
    const char **parts[] = {&e.ip, &e.name, &e.helo, &e.sender};
    span_split(&line, ' ', &word);
    char *file = copy(word);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && span_split(&line, ' ', &word); i++)
        *parts[i] = copy(word);
    while (e.rcpt_count < ENVELOPE_MAX_RCPTS && span_split(&line, ' ', &word))
        e.rcpts[e.rcpt_count++] = copy(word);
    if (!e.rcpt_count)
        die(EX_DATAERR, file, "its envelope is not FILE IP NAME HELO SENDER RCPT...");
    e.mail = read_mail(file);
    free(file);
    return e;
}

static void read_envelopes(struct load *load, const char *path)
{
    struct span rest = read_file(path), line;
    while (span_split(&rest, '\n', &line) && line.len) {
        load->envelopes =
            need(realloc(load->envelopes, (load->envelope_count + 1) * sizeof *load->envelopes));
        load->envelopes[load->envelope_count++] = read_envelope(line);
    }
    if (!load->envelope_count)
        die(EX_DATAERR, path, "names no message");
}

/* Sending it. */

static bool transact(struct mta *m, const struct load *load, const struct envelope *e,
                     bool *passed_r)
{
    char answer;
    return mta_open(m, load->socket) && mta_greet(m, e) && mta_send_envelope(m) &&
           mta_send_content(m, SIZE_MAX) && mta_finish(m, load->word, &answer, passed_r);
}

static void keep(struct worker *w, int64_t took_us)
{
    if (w->count == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 1024;
        w->took_us = need(realloc(w->took_us, w->cap * sizeof *w->took_us));
    }
    w->took_us[w->count++] = took_us;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    const struct load *load = w->load;
    struct mta *m = need(mta_new());
    for (size_t next = w->number; clock_us() < load->end_us; next++) {
        bool passed = false;
        int64_t started = clock_us();
        if (transact(m, load, &load->envelopes[next % load->envelope_count], &passed)) {
            keep(w, clock_us() - started);
        } else {
            w->failed++;
            w->error = mta_error(m);
        }
        w->passed += passed;
        mta_close(m);
    }
    mta_free(&m);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void report(const struct worker *workers, size_t n, double seconds)
{
    struct worker all = {0};
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < workers[i].count; k++)
            keep(&all, workers[i].took_us[k]);
        all.failed += workers[i].failed;
        all.passed += workers[i].passed;
        all.error = workers[i].error ? workers[i].error : all.error;
    }
    if (!all.count)
        die(EX_UNAVAILABLE, "no message went through", all.error ? all.error : "no time");
    if (all.failed)
        fprintf(stderr, "load: %zu messages failed: %s\n", all.failed, all.error);
    qsort(all.took_us, all.count, sizeof *all.took_us, by_value);
    printf("%zu %zu %zu %.4f %lld %lld\n", all.count, all.failed, all.passed, seconds,
           (long long)all.took_us[all.count / 2], (long long)all.took_us[all.count * 99 / 100]);
}

static void run(struct load *load, size_t connections, double seconds)
{
    struct worker *workers = need(calloc(connections, sizeof *workers));
    int64_t started = clock_us();
    load->end_us = started + (int64_t)(seconds * 1e6);
    for (size_t i = 0; i < connections; i++) {
        workers[i].load = load;
        workers[i].number = i * load->envelope_count / connections;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            die(EX_OSERR, "thread", "cannot be started");
    }
    for (size_t i = 0; i < connections; i++)
        pthread_join(workers[i].thread, NULL);
    report(workers, connections, (double)(clock_us() - started) / 1e6);
}

static void hold(const struct load *load, size_t connections, bool in_message)
{
    struct mta **held = need(calloc(connections, sizeof *held));
    char byte;
    for (size_t i = 0; i < connections; i++) {
        const struct envelope *e = &load->envelopes[i % load->envelope_count];
        struct mta *m = held[i] = need(mta_new());
        bool ok = mta_open(m, load->socket) && mta_greet(m, e);
        if (ok && in_message)
            ok = mta_send_envelope(m) && mta_send_content(m, e->mail.body.len / 2);
        if (!ok || !mta_flush(m))
            die(EX_UNAVAILABLE, load->socket, mta_error(m));
    }
    puts("held");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    for (size_t i = 0; i < connections; i++)
        mta_free(&held[i]);
}

int main(int argc, char **argv)
{
    struct load load = {0};
    uint64_t connections;
    if (argc < 5 || argc > 6 || span_uint(span_of(argv[3]), MAX_CONNECTIONS, &connections) != 0 ||
        connections == 0)
        die(EX_USAGE, "usage", "load SOCKET ENVELOPES CONNECTIONS SECONDS|idle|message [WORD]");
    load.socket = argv[1];
    load.word = argc > 5 ? argv[5] : "dkim=pass";
    read_envelopes(&load, argv[2]);
    if (strcmp(argv[4], "idle") == 0 || strcmp(argv[4], "message") == 0)
        hold(&load, connections, argv[4][0] == 'm');
    else
        run(&load, connections, strtod(argv[4], NULL));
    return EX_OK;
}
